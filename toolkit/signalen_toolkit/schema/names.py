"""The names that Kubernetes takes: of objects, labels and annotations.

Source: "Object Names and IDs" and "Labels and Selectors" in the documentation of Kubernetes.
"""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_IS_LABEL = re.compile(_LABEL)
_IS_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_IS_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def is_label(text: str) -> bool:
    """Tell whether a text is one part of a DNS name, of small letters (RFC 1123): what a namespace is called."""
    return len(text) <= 63 and _IS_LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Tell whether a text is a DNS name of small letters: what most objects are called."""
    return len(text) <= 253 and _IS_SUBDOMAIN.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Tell whether a text can be the name of a label or annotation: `name`, or `example.nl/name`."""
    prefix, slash, name = text.rpartition("/")
    return _IS_WORD.fullmatch(name) is not None and (is_subdomain(prefix) if slash else True)


def is_label_value(text: str) -> bool:
    """Tell whether a text can be the value of a label."""
    return not text or _IS_WORD.fullmatch(text) is not None
