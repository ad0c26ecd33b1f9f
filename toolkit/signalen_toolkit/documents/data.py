"""Plain data, read by path: what is not there, or of another kind, is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from signalen_toolkit.diagnostics.places import Place as Place
from signalen_toolkit.diagnostics.places import dotted

Map = Mapping[Any, Any]

# Of what data is made of beside maps: to ask these whether they are a Mapping takes longer than all else.
_OTHERS: Final = frozenset({str, int, float, bool, type(None), list})


def is_map(value: Any) -> TypeGuard[Map]:
    """Tell whether a value is a map, fast."""
    kind = value.__class__
    return kind is dict or (kind not in _OTHERS and isinstance(value, Mapping))


def at(data: Any, *path: str | int) -> Any:
    """Return what stands at a path, or None."""
    for part in path:
        if is_map(data):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def mapping(data: Any, *path: str | int) -> Map:
    """Return the map at a path; an empty one where there is none."""
    value = at(data, *path)
    return value if is_map(value) else {}


def listed(data: Any, *path: str | int) -> list[Any]:
    """Return the list at a path; an empty one where there is none."""
    value = at(data, *path)
    return value if isinstance(value, list) else []


def text(data: Any, *path: str | int) -> str:
    """Return the text at a path; empty where there is none. A number is none: as a name it is a mistake."""
    value = at(data, *path)
    return value if isinstance(value, str) else ""


def texts(data: Any, *path: str | int) -> list[str]:
    """Return the texts in the list at a path."""
    return [value for value in listed(data, *path) if isinstance(value, str)]


def maps(data: Any, *path: str | int) -> Iterator[tuple[Place, Map]]:
    """Yield the maps in the list at a path, each with the path to it."""
    for index, value in enumerate(listed(data, *path)):
        if is_map(value):
            yield (*path, index), value


def keys(data: Any, *path: str | int) -> frozenset[str]:
    """Return the keys of the map at a path, as texts."""
    return frozenset(map(str, mapping(data, *path)))


def leaves(data: Any, path: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every text in data with the path to it."""
    if isinstance(data, str):
        yield path, data
    elif is_map(data):
        for key, value in data.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))


def places_in(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value in data, of maps and lists too."""
    yield place
    if is_map(value):
        for key, child in value.items():
            yield from places_in(child, (*place, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places_in(child, (*place, index))


def place(*path: str | int) -> str:
    """Write a path as messages have it: `spec.containers[0]`, `data["app.json"]`."""
    return dotted([part if isinstance(part, int) else str(part) for part in path])


def without(data: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be laid over `below` to get `data`: what differs, and what is new.

    What `below` has and `data` has not stays where they are merged; nothing here can take it away.
    """
    left: dict[str, Any] = {}
    for key, value in data.items():
        under = below.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            if inner := without(value, under):
                left[key] = inner
        elif key not in below or type(value) is not type(under) or value != under:
            left[key] = value
    return left


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one map over another: maps are merged, anything else is replaced. Neither map is shared or changed."""
    merged = {
        key: (_laid(value, over[key]) if key in over else _copied(value) if is_map(value) else value)
        for key, value in base.items()
    }
    for key, value in over.items():
        if key not in base:
            merged[key] = _laid(None, value)
    return merged


def _copied(data: Map) -> dict[str, Any]:
    return {key: _copied(value) if is_map(value) else value for key, value in data.items()}


def _laid(below: Any, value: Any) -> Any:
    if not is_map(value):
        return value
    return merge(below, value) if is_map(below) else _copied(value)
