"""Overrides that fit the schema of a chart, and of which Kubernetes refuses what is made: names, labels, images."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.model import Form
from signalen_toolkit.schema.names import is_label, is_label_key, is_label_value, is_subdomain
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.overrides.overrides import once, overrides

# Charts call such maps `podAnnotations`, `commonLabels`, `nodeSelector`, …
_ANNOTATIONS: Final = re.compile(r"(?:.*A|a)nnotations")
_LABELS: Final = re.compile(r"(?:pod|common|extra|service|custom)?[Ll]abels|nodeSelector|matchLabels")
# What Prometheus, Alertmanager and the site mean by these words is their own.
_OTHERS: Final = frozenset({"alerting", "config", "externalLabels", "groups", "rules", "structuredConfig"})
_IMAGE_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:@sha256:[0-9a-f]{64})?")
_IMAGE_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/-]*[A-Za-z0-9])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_WORDS: Final = "letters, digits, '-', '_' and '.', at most 63"
_SMALL: Final = "small letters, digits, '-' and '.'"
# By the key: what it is, what it may be, and whether a text is that.
_BY_KEY: Final[Mapping[str, tuple[str, str, Callable[[str], bool]]]] = {
    **dict.fromkeys(
        ("className", "existingClaim", "existingSecret", "priorityClassName", "secretName", "storageClass"),
        ("an object", _SMALL, is_subdomain),
    ),
    **dict.fromkeys(("ingressClassName", "storageClassName"), ("an object", _SMALL, is_subdomain)),
    **dict.fromkeys(("fullnameOverride", "nameOverride"), ("what a chart makes", f"{_SMALL}, at most 63", is_label)),
}


@rule("override-value", "the cluster refuses what is made of it, and with that the whole release")
def override_value(form: Form) -> Iterator[Problem]:
    """Reports overrides that cannot be the name of a label, annotation, object, variable or image."""
    yield from once(_wrong(form))


def _wrong(form: Form) -> Iterator[Problem]:
    for _, _, place in overrides(form):
        for inner, what, words in _inside(at(form.document.data, *place), ()):
            shown = brief(str(inner[-1] if what.endswith("name") else at(form.document.data, *place, *inner)))
            yield form.document.problem(
                "override-value",
                f"'{shown}' cannot be {what}",
                (*place, *inner),
                at="key" if what.endswith("name") else "value",
                hint=f"it may have {words}",
            )


def _inside(value: Any, path: Place) -> Iterator[tuple[Place, str, str]]:
    """Yield what is wrong within the values of a chart: where, what it cannot be, and what it may have."""
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _inside(child, (*path, index))
        return
    for key, child in value.items() if isinstance(value, Mapping) else ():
        inner, name = (*path, key), str(key)
        if name in _OTHERS:
            continue
        if isinstance(child, Mapping) and _ANNOTATIONS.fullmatch(name):
            yield from _keys(child, inner, "an annotation's name", lambda text: is_label_key(text.lower()))
        elif isinstance(child, Mapping) and _LABELS.fullmatch(name):
            yield from _keys(child, inner, "a label's name", is_label_key)
            for label, text in child.items():
                if isinstance(text, str) and "{{" not in text and not is_label_value(text):
                    yield (*inner, label), "the value of a label", _WORDS
        elif isinstance(child, Mapping) and name == "env":
            yield from _keys(child, inner, "a variable's name", lambda text: _VARIABLE.fullmatch(text) is not None)
        elif isinstance(child, str):
            yield from _text(name, child, inner)
        else:
            yield from _inside(child, inner)


def _keys(
    data: Mapping[Any, Any], path: Place, what: str, fits: Callable[[str], bool]
) -> Iterator[tuple[Place, str, str]]:
    yield from (((*path, key), what, _WORDS) for key in data if isinstance(key, str) and not fits(key))


def _text(key: str, text: str, path: Place) -> Iterator[tuple[Place, str, str]]:
    if not text or "{{" in text:
        return
    if key in _BY_KEY and not _BY_KEY[key][2](text):
        yield path, f"the name of {_BY_KEY[key][0]}", _BY_KEY[key][1]
    elif "image" in map(str, path) and key == "tag" and not _IMAGE_TAG.fullmatch(text):
        yield path, "the tag of an image", "letters, digits, '-', '_' and '.', at most 128"
    elif "image" in map(str, path) and key in ("registry", "repository") and not _IMAGE_NAME.fullmatch(text):
        yield path, "the name of an image", "letters, digits, '-', '_', '.' and '/'"
