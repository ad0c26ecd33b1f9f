"""Addresses: whether what is fetched and linked is encrypted, and can be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# Sections with addresses; what is wrong in the first of them lets somebody else in.
_GRAVE: Final = ("dex", "identity", "repository")
_SECTIONS: Final = (*_GRAVE, "links", "logs", "map", "sigmax", "storage")
_HOSTS: Final = (
    ("database", "host"),
    ("dex", "connectors", "host"),
    ("email", "smtp", "host"),
    ("queue", "host"),
    ("search", "host"),
)
_SELF = re.compile(r"(.+\.)?localhost|127(\.[0-9]+){3}|0\.0\.0\.0|::1?", re.IGNORECASE)


@rule("http-address", "without https anybody on the way can read and change what is sent")
def http_address(form: Form) -> Iterator[Problem]:
    """Reports http:// in the addresses of sign-in and repository, and warns of it in all others."""
    for place, inner, text in _addresses(form):
        if text.lower().startswith("http://"):
            grave = inner[0] in _GRAVE
            yield form.document.problem(
                "http-address",
                f"'{inner[-1] if isinstance(inner[-1], str) else inner[0]}' begins with http://",
                place,
                hint=f"write https://{text[7:]}",
                severity=Severity.ERROR if grave else Severity.WARNING,
            )


@rule("local-address", "in a cluster localhost is the pod itself, and in a browser the visitor's own computer")
def local_address(form: Form) -> Iterator[Problem]:
    """Reports localhost and 127.0.0.1 in the addresses of services and links."""
    for place, inner, text in _addresses(form):
        if inner[0] != "identity" and is_local(host_of(text)):
            yield _local(form, place, host_of(text))
    for place, text in form.texts():
        inner = tuple(part for part in _inside(place) if isinstance(part, str))
        if inner in _HOSTS and is_local(host := host_of(f"tcp://{text}")):
            yield _local(form, place, host)


def host_of(address: str) -> str:
    """Return the host of an address in lower case, or an empty text."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Tell whether a host is the machine itself."""
    return _SELF.fullmatch(host) is not None


def _local(form: Form, place: Place, host: str) -> Problem:
    hint = "write the name under which it is reached from elsewhere"
    return form.document.problem(
        "local-address", f"'{host}' is this very machine, wherever it is read", place, hint=hint
    )


def _addresses(form: Form) -> Iterator[tuple[Place, Place, str]]:
    """Yield every address that stands in the file: its place, its place in the section, and the text."""
    for place, text in form.texts():
        inner = _inside(place)
        if inner and inner[0] in _SECTIONS and "://" in text:
            yield place, inner, text


def _inside(place: Place) -> Place:
    return place[2:] if place[0] == "environments" else place
