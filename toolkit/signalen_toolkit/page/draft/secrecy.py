"""What of a form is not shown and not kept: secrets in plain text, by the rule of the form and by their shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from signalen_toolkit.diagnostics.hiding import MASK, hidden
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.rewrite import NOTHING, difference
from signalen_toolkit.documents.scalars import Below, below, inline
from signalen_toolkit.validation.rules.access import secrets

DOTS = MASK * 8


def has_secret(value: Any, place: Place) -> bool:
    """Tell whether a value at a place holds a secret, by its shape or by the names in it and of it."""
    if value is None or value is NOTHING or isinstance(value, bool):
        return False
    key = str(place[-1]) if place and isinstance(place[-1], str) else "x"
    text = below(Below({key: value}, 0))
    return bool(secrets.places({key: value})) or hidden(text) != text


def among(datas: Iterable[Mapping[str, Any]]) -> frozenset[Place]:
    """Return the places at which any of several forms has a secret."""
    return frozenset(place for data in datas for place in secrets.places(data))


def concerns(place: Place, known: Iterable[Place]) -> bool:
    """Tell whether a secret stands at a place, below it, or is the whole of which the place is a part."""
    return any(one[: len(place)] == place or place[: len(one)] == one for one in known)


def coming(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Place]:
    """Return the places at which new data have a secret that the old had not, the deepest first."""
    found = [one.path for one in difference(old, new) if one.new is not NOTHING and has_secret(one.new, one.path)]
    found += [place for place in secrets.places(new) if at(new, *place) != at(old, *place)]
    return sorted(dict.fromkeys(found), key=len, reverse=True)


def shown(value: Any, place: Place, known: Iterable[Place]) -> str:
    """Return a value on one line, dots where it holds a secret, and nothing where there is none."""
    if value is None or value is NOTHING:
        return ""
    if concerns(place, known) or has_secret(value, place):
        return DOTS
    return value if isinstance(value, str) else inline(value)


def masked(text: str, datas: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of forms with dots for their secrets, wherever they stand in it."""
    for data in datas:
        for secret in _texts(data):
            text = text.replace(secret, DOTS)
    return hidden(text)


def _texts(data: Mapping[str, Any]) -> Iterator[str]:
    for place in secrets.places(data):
        value = str(at(data, *place))
        yield value
        yield inline(value).strip('"')
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) > 3)
