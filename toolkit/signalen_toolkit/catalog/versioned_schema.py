"""JSON Schemas that hold every version of something at once.

A property may carry `x-since` and `x-until`: the first and the last version that has it.
This module makes the plain schema of one version, and tells which versions have a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signalen_toolkit.base.versions import between, parse
from signalen_toolkit.schema import lookup

Schema = dict[str, Any]
Span = tuple[str | None, str | None]

# Keywords of JSON Schema whose value is a map from names to schemas, so that a name is not a keyword.
_MAPS = ("properties", "$defs", "patternProperties")


def plain(schema: Mapping[str, Any], version: str, *, partial: bool = False) -> Schema:
    """Return the schema as it is for one version, without the `x-` keywords.

    `partial` drops `required` as well, for data that is merged over a complete whole.
    """
    properties = {
        name: child
        for name, child in schema.get("properties", {}).items()
        if between(version, child.get("x-since"), child.get("x-until"))
    }
    result: Schema = {}
    for keyword, value in schema.items():
        if keyword.startswith("x-"):
            continue
        if keyword == "required" and "properties" in schema:
            required = [name for name in value if name in properties or name not in schema["properties"]]
            if required and not partial:
                result[keyword] = required
        elif keyword in _MAPS:
            children = properties if keyword == "properties" else value
            result[keyword] = {name: _plain(child, version, partial) for name, child in children.items()}
        elif keyword in ("default", "enum", "const", "examples"):
            result[keyword] = value  # data, not schemas
        else:
            result[keyword] = _plain(value, version, partial)
    return result


def _plain(value: Any, version: str, partial: bool) -> Any:
    if isinstance(value, dict):
        return plain(value, version, partial=partial)
    if isinstance(value, list):
        return [_plain(item, version, partial) for item in value]
    return value


def key_versions(schema: Mapping[str, Any], path: Sequence[str | int]) -> Span | None:
    """Return the first and the last version that have the key at a path; None where no version has it.

    A key has at most the versions of the keys above it. Below a map that takes any key, and below a value
    that is passed on unchecked, the span is that of the map.
    """
    since, until = schema.get("x-since"), schema.get("x-until")
    place = schema
    for step in path:
        child = _child(lookup.resolve(schema, place), step)
        if child is None:
            return None
        place = child
        since = max(filter(None, (since, place.get("x-since"))), key=parse, default=None)
        until = min(filter(None, (until, place.get("x-until"))), key=parse, default=None)
    return since, until


def _child(place: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    kinds = place.get("type", ["object", "array"])
    if isinstance(step, int):
        return place.get("items", {}) if "array" in kinds else None
    if "object" not in kinds:
        return None
    child: Mapping[str, Any] | None = place.get("properties", {}).get(step)
    if child is not None:
        return child
    rest = place.get("additionalProperties", True)
    if rest is False:
        return None
    return {} if rest is True else rest
