"""Changes of a form as plain data; whatever is given stays as it is, and what changes is returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.page.asking.texts import EMPTY


def with_value(data: Any, place: Place, value: Any) -> Any:
    """Return data with a value at a place, with the maps around it; EMPTY takes out what is there.

    A map in which nothing is left goes too. What is EMPTY itself is returned where nothing is left at all.
    """
    if not place:
        return value
    key, rest = place[0], place[1:]
    if isinstance(data, list):
        items = [with_value(one, rest, value) if index == key else one for index, one in enumerate(data)]
        return [one for one in items if one is not EMPTY]
    known = dict(data) if isinstance(data, Mapping) else {}
    below = with_value(known.get(key), rest, value)
    if below is EMPTY:
        known.pop(str(key), None)
        return known or EMPTY
    known[str(key)] = below
    return known


def without(data: Any, place: Place) -> Any:
    """Return data without what stands at a place."""
    return with_value(data, place, EMPTY)


def moved(data: Any, place: Place, by: int) -> Any:
    """Return data with an item of a list, or a key of a map, so many places further on."""
    owner, key = at(data, *place[:-1]), place[-1]
    keys: list[Any] = list(range(len(owner))) if isinstance(owner, list) else list(owner or {})
    if key not in keys:
        return data
    index = keys.index(key)
    target = min(max(index + by, 0), len(keys) - 1)
    keys.insert(target, keys.pop(index))
    ordered = [owner[one] for one in keys] if isinstance(owner, list) else {one: owner[one] for one in keys}
    return with_value(data, place[:-1], ordered)


def added(data: Any, place: Place, value: Any, name: str = "") -> Any:
    """Return data with one more item in the list at a place, or a key of that name in the map."""
    owner = at(data, *place)
    if name:
        return with_value(data, (*place, name), value)
    return with_value(data, place, [*(owner if isinstance(owner, list) else []), value])
