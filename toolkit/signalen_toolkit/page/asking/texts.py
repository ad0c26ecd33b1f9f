"""A value as a person sees it in a field, and what a person typed as a value.

What cannot be read as what the schema wants stays a text: then the check says what is wrong with it, in its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from signalen_toolkit.documents import reader
from signalen_toolkit.documents.scalars import Below, below, inline
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, kind_of


class _Empty:
    """Stands for a field in which nothing is filled in."""

    def __repr__(self) -> str:
        return "empty"


EMPTY: Final = _Empty()

_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,15}")
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,15}[.,][0-9]{1,12}")


def shown(value: Any, schema: Schema) -> str:
    """Return a value as the text of its field; empty where there is none."""
    if value is None or value is EMPTY:
        return ""
    if kind_of(schema) is FieldKind.YAML:
        return below(Below(value, 0)).strip("\n ") if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else inline(value)


def typed(text: str, schema: Schema) -> Any:
    """Return what a person filled in as a value; EMPTY for nothing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        return EMPTY
    match kind_of(schema):
        case FieldKind.SWITCH:
            return {"true": True, "false": False}.get(text, text)
        case FieldKind.NUMBER:
            return _number(text)
        case FieldKind.YAML:
            return _yaml(text)
        case _:
            return text


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else text


def _yaml(text: str) -> Any:
    """Read raw values; what is no map stays the text that it is, for the check to report."""
    document = reader.parse(text + "\n", "")
    return document.data if isinstance(document.data, Mapping) and not document.problems else text
