"""What kind of field a setting is: its schema decides, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

Schema = Mapping[str, Any]

_FEW: Final = 6  # choices that are shown all at once
_LONG: Final = 260  # characters of a text for which one line is too short


class FieldKind(StrEnum):
    """How a setting is asked."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    SWITCH = "switch"
    RADIOS = "radios"
    SELECT = "select"
    COLOR = "color"
    IMAGE = "image"
    YAML = "yaml"
    SECTION = "section"
    LIST = "list"
    ROW = "row"  # a list of as many values as its schema has
    PAIRS = "pairs"


def kind_of(schema: Schema) -> FieldKind:
    """Tell the kind of a setting from its schema, whose references have been followed."""
    types = schema.get("type")
    match types[0] if isinstance(types, list) else types:
        case "object" if "x-values" in schema:
            return FieldKind.YAML
        case "object":
            return FieldKind.SECTION if "properties" in schema else FieldKind.PAIRS
        case "array":
            return FieldKind.ROW if "prefixItems" in schema else FieldKind.LIST
        case "boolean":
            return FieldKind.SWITCH
        case "integer" | "number":
            return FieldKind.NUMBER
        case _:
            return _of_text(schema)


def _of_text(schema: Schema) -> FieldKind:
    pattern = str(schema.get("pattern", ""))
    if "enum" in schema:
        return FieldKind.RADIOS if len(schema["enum"]) <= _FEW else FieldKind.SELECT
    if pattern.startswith("^#("):
        return FieldKind.COLOR
    if "(svg|png)" in pattern:
        return FieldKind.IMAGE
    longest = schema.get("maxLength", 0)
    single = "format" in schema or bool(pattern)
    return FieldKind.LONG if longest > _LONG and not single else FieldKind.TEXT


def is_leaf(kind: FieldKind) -> bool:
    """Tell whether a field of this kind has one value of its own."""
    return kind not in (FieldKind.SECTION, FieldKind.LIST, FieldKind.ROW, FieldKind.PAIRS)
