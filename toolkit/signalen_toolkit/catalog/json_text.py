"""Changes in the text of a JSON file that a person keeps: what does not change keeps its layout.

A writer of JSON would break short lists over lines and the other way round, and a change of one key would be a
difference of hundreds of lines to whoever reviews it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import UsageError

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_WIDE: Final = 100
_decode = json.JSONDecoder().raw_decode


@dataclass(slots=True, eq=False)
class Place:
    """A value with where it stands in the text; `children` of an object or a list, `keys` where a key begins."""

    start: int
    end: int
    value: Any
    children: dict[str | int, Place] = field(default_factory=dict)
    keys: dict[str | int, int] = field(default_factory=dict)

    def get(self, key: str | int) -> Place | None:
        """Return what stands at a key, or None."""
        return self.children.get(key)


@dataclass(slots=True)
class JsonText:
    """A text with changes that are gathered first and made together."""

    text: str
    root: Place = field(init=False)
    _replaced: list[tuple[int, int, str]] = field(default_factory=list)
    _added: dict[int, tuple[Place, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            json.loads(self.text)
        except ValueError as error:
            raise UsageError(f"this is not JSON: {error}") from error
        self.root = _place(self.text, 0)

    def put(self, owner: Place, key: str, value: Any) -> None:
        """Give an object a value at a key: in the place of what is there, else behind its last key."""
        there = owner.get(key)
        if there is None:
            self._added.setdefault(id(owner), (owner, {}))[1][key] = value
        elif there.value != value or isinstance(there.value, bool) != isinstance(value, bool):
            self._replaced.append((there.start, there.end, dumped(value, self._indent(owner.keys[key]))))

    def changed(self) -> str:
        """Return the text with the changes."""
        edits = [*self._replaced, *(self._addition(owner, new) for owner, new in self._added.values())]
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _addition(self, owner: Place, new: dict[str, Any]) -> tuple[int, int, str]:
        if not owner.children:
            indent = self._indent(owner.start)
            return owner.start, owner.end, dumped(new, indent)
        last = next(reversed(owner.children))
        end = owner.children[last].end
        if "\n" not in self.text[owner.start : owner.keys[last]]:
            return end, end, "".join(f", {json.dumps(key)}: {_line(value)}" for key, value in new.items())
        indent = self._indent(owner.keys[last])
        lines = (f",\n{indent}{json.dumps(key)}: {dumped(value, indent)}" for key, value in new.items())
        return end, end, "".join(lines)

    def _indent(self, at: int) -> str:
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" "))]


def dumped(value: Any, indent: str = "") -> str:
    """Write JSON as our files have it: a key a line, short lists of plain values and single references on one line."""
    inner = indent + "  "
    if isinstance(value, dict) and value and set(value) != {"$ref"}:
        lines = (f"{inner}{json.dumps(key, ensure_ascii=False)}: {dumped(one, inner)}" for key, one in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and (any(isinstance(one, dict | list) for one in value) or len(_line(value)) > _WIDE):
        return "[\n" + ",\n".join(f"{inner}{dumped(one, inner)}" for one in value) + f"\n{indent}]"
    return _line(value)


def _line(value: Any) -> str:
    if isinstance(value, dict) and value:
        inside = ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_line(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    return json.dumps(value, ensure_ascii=False)


def _place(text: str, at: int) -> Place:
    at = _skip(text, at)
    if text[at] not in "{[":
        value, end = _decode(text, at)
        return Place(at, end, value)
    is_object = text[at] == "{"
    place = Place(at, at, {} if is_object else [])
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        begin = at
        key: str | int = len(place.children)
        if is_object:
            key, at = _decode(text, at)
            at = _skip(text, at) + 1
        child = _place(text, at)
        place.keys[key], place.children[key] = begin, child
        if is_object:
            place.value[key] = child.value
        else:
            place.value.append(child.value)
        at = _skip(text, child.end)
        at = _skip(text, at + 1) if text[at] == "," else at
    place.end = at + 1
    return place


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
