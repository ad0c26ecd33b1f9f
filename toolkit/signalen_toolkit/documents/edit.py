"""Changes settings in the text of a form, and nothing else in it.

No round trip through a writer of YAML: each change replaces, inserts or cuts the characters at the positions of the
one value, so comments, order, quotes and line endings around it stay to the byte. After each change the text is read
again; where the data differ in more or less than the change, it is refused, and a person has to make it. So strange
YAML (aliases, merges, tags) costs a message, never a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.base.versions import is_version
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.positions import (
    RefusedError,
    Span,
    after_key,
    below_comments,
    child,
    content_end,
    indentation,
    line_break,
    line_end,
    next_line,
    own_keys,
    own_step,
    step,
)
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import Below, below, inline, is_plain, quoted

Place = tuple[str | int, ...]

_BOM: Final = "\ufeff"


class Edit(NamedTuple):
    """The characters from `start` up to `end` make way for `text`."""

    start: int
    end: int
    text: str


def set_values(text: str, changes: Mapping[tuple[str | int, ...], Any], file: str = FORM_FILE) -> str:
    """Return the text with plain data put at each path, given in the order in which they are to be written.

    A value that stands there already is left as it is written; a missing key is added at the end of its map, with
    the maps around it. `file` is the name in problems. Raises ProblemsError where the text cannot be read, or a
    change cannot be made without changing something else.
    """
    for path, value in changes.items():
        text = _changed(text, path, file, value)
    return text


def remove(text: str, paths: Iterable[tuple[str | int, ...]], file: str = FORM_FILE) -> str:
    """Return the text without the keys at these paths; one that is not there is no fault. Raises as `set_values`."""
    for path in paths:
        text = _changed(text, path, file)
    return text


_REMOVED: Final = object()


def _changed(text: str, path: Place, file: str, value: Any = _REMOVED) -> str:
    mark = _BOM if text.startswith(_BOM) else ""
    before = reader.parse(text.removeprefix(_BOM), file)
    if before.root is None or before.problems:
        raise ProblemsError(before.problems)
    try:
        wanted = _with(before.data, path, value)
        if _same(wanted, before.data):
            return text
        edits = _removal(before, path) if value is _REMOVED else [_setting(before, path, value)]
    except RefusedError as refused:
        raise ProblemsError([_problem(before, path, str(refused))]) from refused
    result = before.text
    for edit in sorted(edits, reverse=True):
        result = result[: edit.start] + edit.text + result[edit.end :]
    after = reader.parse(result, file)
    if after.problems or not _same(after.data, wanted):
        raise ProblemsError([_problem(before, path, "it cannot be changed without changing something else")])
    return mark + result


def _problem(doc: Document, path: Place, reason: str) -> Problem:
    message = f"'{dotted(path)}' was not changed: {reason}"
    return doc.problem("cannot-edit", message, path, hint="change it by hand")


def _with(data: Any, path: Place, value: Any) -> Any:
    """Return a copy of the data with the change made, to compare what comes out of the text with."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(data, list):
        if isinstance(key, int) and 0 <= key < len(data) and (rest or value is not _REMOVED):
            return [_with(one, rest, value) if index == key else one for index, one in enumerate(data)]
        if value is _REMOVED and rest:
            return data
        raise RefusedError("an item of a list can be changed, not added or removed")
    if not isinstance(data, dict | None) or not isinstance(key, str):
        if value is _REMOVED:
            return data
        raise RefusedError("what stands around it is not a map")
    known = data or {}
    if value is _REMOVED:
        if key not in known:
            return data
        if not rest:
            return {name: one for name, one in known.items() if name != key}
    return {**known, key: _with(known.get(key), rest, value)}


def _same(one: Any, other: Any) -> bool:
    """Compare plain data, in which `1`, `1.0` and `true` are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


# --- set


def _setting(doc: Document, path: Place, value: Any) -> Edit:
    """Find the nearest map around a path that is there, and put the value, or the maps around it, in it."""
    node, key, span, wide = _root(doc), path[0], (0, 0), step(doc)
    for depth, part in enumerate(path):
        below = child(node, part)
        if below is None:
            return _insertion(doc, node, span, path[depth:], value, wide)
        node, key, span = below, part, node.keys[part]
        wide = own_step(doc, node, span) or wide
    return _replacement(doc, node, span, isinstance(key, int), value)


def _root(doc: Document) -> Node:
    if doc.root is None:
        raise RefusedError("the form is empty")
    return doc.root


def _replacement(doc: Document, node: Node, key: Span, item: bool, value: Any) -> Edit:
    if node.start < node.end and node.style in ("plain", "quoted"):
        return Edit(node.start, node.end, _scalar(value, doc.text[node.start : node.end]))
    if node.style in ("flow", "alias"):
        return Edit(node.start, node.end, inline(value))
    if item:
        raise RefusedError("it is written over several lines of a list")
    start = after_key(doc, key)
    return Edit(start, max(start, content_end(doc, node, key)), f" {inline(value)}")


def _scalar(value: Any, old: str) -> str:
    """Write a value in the place of another one, with the same quotes where they can hold it."""
    if isinstance(value, str):
        if old.startswith("'") and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if old.startswith('"'):
            return quoted(value)
        # Numbers with two dots are text in every version of YAML.
        if old[:1] not in "'\"" and is_version(value):
            return value
    return inline(value)


def _insertion(doc: Document, node: Node, key: Span, path: Place, value: Any, wide: int) -> Edit:
    """Add what is missing below a map, or below a key that has nothing yet."""
    if node.style == "alias":
        raise RefusedError("it is repeated from elsewhere by an alias")
    names = [str(part) for part in path]
    if isinstance(node.data, dict):
        return (
            _into_flow(doc, node, names, value) if node.style == "flow" else _into_block(doc, node, names, value, wide)
        )
    if (node.start < node.end and node.style == "plain") or _inside_flow(doc, key):
        return _replacement(doc, node, key, False, _nested(names, value))
    indent = indentation(doc, key[0]) + wide
    return _lines(doc, line_end(doc.text, after_key(doc, key)), indent, _block(names, value, wide))


def _inside_flow(doc: Document, key: Span) -> bool:
    """Tell whether a key stands in a flow map: there a value without text has no line of its own."""
    pending = [_root(doc)]
    while pending:
        node = pending.pop()
        if node.style == "flow" and node.start <= key[0] < node.end:
            return True
        if node.style == "block":
            pending += node.children.values()
    return False


def _into_flow(doc: Document, node: Node, names: list[str], value: Any) -> Edit:
    own = own_keys(node)
    first, rest = names[0], names[1:]
    as_json = bool(own) and doc.text[node.keys[own[0]][0]] == '"'
    entry = f"{quoted(first) if as_json else inline(first)}: {inline(_nested(rest, value))}"
    if not own:
        start = doc.text.index("{", node.start) + 1
        return Edit(start, start, entry)
    last = node.keys[own[-1]]
    end = content_end(doc, node.children[own[-1]], last)
    line = last[0] - indentation(doc, last[0])
    if line > node.start and not doc.text[line : last[0]].strip(" ") and not doc.text[end : line_end(doc.text, end)]:
        return Edit(end, end, f",{line_break(doc.text, end)}{doc.text[line : last[0]]}{entry}")
    # `{key:,` would be read as a text with a colon in it.
    return Edit(end, end, f"{' ' if doc.text[end - 1] == ':' else ''}, {entry}")


def _into_block(doc: Document, node: Node, names: list[str], value: Any, wide: int) -> Edit:
    own = own_keys(node)
    if not own:
        raise RefusedError("the map around it has no keys of its own")
    first, last = node.keys[own[0]], node.keys[own[-1]]
    indent = indentation(doc, first[0])
    end = below_comments(doc.text, content_end(doc, node.children[own[-1]], last), indent)
    return _lines(doc, end, indent, _block(names, value, wide))


def _lines(doc: Document, end: int, indent: int, added: list[str]) -> Edit:
    """Add lines after the one on which something ends."""
    newline = line_break(doc.text, end)
    lines = [" " * indent + line for line in added]
    start = next_line(doc.text, end)
    if start is None:
        at = len(doc.text)
        return Edit(at, at, newline + newline.join(lines))
    return Edit(start, start, "".join(line + newline for line in lines))


def _block(names: list[str], value: Any, wide: int) -> list[str]:
    name, rest = inline(names[0]), names[1:]
    if rest:
        return [f"{name}:", *(" " * wide + line for line in _block(rest, value, wide))]
    if isinstance(value, Mapping) and value:
        return [f"{name}:", *(" " * wide + line for key in value for line in _block([str(key)], value[key], wide))]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and item for item in value):
        return f"{name}:{below(Below(value, wide))}".split("\n")
    return [f"{name}: {value if isinstance(value, str) and is_plain(value) else inline(value)}"]


def _nested(names: list[str], value: Any) -> Any:
    for name in reversed(names):
        value = {name: value}
    return value


# --- remove


def _removal(doc: Document, path: Place) -> list[Edit]:
    owner, outer = _root(doc), (0, 0)
    for part in path[:-1]:
        below = child(owner, part)
        if below is None:
            raise RefusedError("it is repeated from elsewhere")
        owner, outer = below, owner.keys[part]
    key = path[-1]
    node = child(owner, key)
    if node is None:
        raise RefusedError("it is repeated from elsewhere")
    span = owner.keys[key]
    end = content_end(doc, node, span)
    if owner.style == "flow":
        return [_cut_from_flow(doc, owner, key, end)]
    start = span[0] - indentation(doc, span[0])
    if doc.text[start : span[0]].strip(" "):
        raise RefusedError("it stands on one line with something else")
    cut = Edit(start, next_line(doc.text, end) or len(doc.text), "")
    if len(own_keys(owner)) > 1:
        return [cut]
    if not path[:-1] or isinstance(path[-2], int):
        raise RefusedError("nothing would be left around it")
    at = after_key(doc, outer)
    return [Edit(at, at, " {}"), cut]


def _cut_from_flow(doc: Document, owner: Node, key: str | int, end: int) -> Edit:
    own = own_keys(owner)
    at = own.index(str(key))
    start = owner.keys[key][0]
    if at + 1 < len(own):
        return Edit(start, owner.keys[own[at + 1]][0], "")
    if at:
        before = own[at - 1]
        start = content_end(doc, owner.children[before], owner.keys[before])
    return Edit(start, end, "")
