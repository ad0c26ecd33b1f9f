"""Puts what a list or a map holds in another order, adds to a list and takes out of it; each part keeps its comments.

As in `documents.edit`, characters move and nothing is written anew that was there: a part of a list or map is its lines
with the comments above it, and those that stand further to the right below it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.positions import (
    RefusedError,
    after_key,
    below_comments,
    child,
    content_end,
    indentation,
    line_break,
    next_line,
)
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import Below, below

Place = tuple[str | int, ...]

_DASH: Final = re.compile(r"[ ]*-[ \t]+")


def with_order(text: str, path: Place, keys: Sequence[str], file: str = FORM_FILE) -> str:
    """Return the text with the keys of the map at a path in another order; they must be the keys that it has.

    Raises ProblemsError where the text cannot be read, or the map is written in a way that cannot be parted.
    """
    document = _read(text, file)
    try:
        node, key = _found(document, path)
        _require(isinstance(node.data, dict) and sorted(node.data) == sorted(keys), "it has other keys than these")
        if list(node.data) == list(keys):
            return text
        parts = _Parts.of(document, node, key)
        made = parts.joined([parts.texts[parts.keys.index(one)] for one in keys])
    except RefusedError as refused:
        raise _refused(document, path, str(refused)) from refused
    return _checked(document, path, made, {one: node.data[one] for one in keys})


def with_items(
    text: str, path: Place, sources: Sequence[int | None], items: Sequence[Any], file: str = FORM_FILE
) -> str:
    """Return the text with other items in the list at a path.

    `sources` says of each new item which of the old ones it is, None for one that is written anew from `items`.
    Raises as `with_order` does.
    """
    document = _read(text, file)
    try:
        node, key = _found(document, path)
        _require(isinstance(node.data, list) and bool(node.data) and bool(sources), "one of both lists is empty")
        parts = _Parts.of(document, node, key)
        wide = indentation(document, _dash(document, node, 0))
        texts = [
            parts.texts[source] if source is not None else _new(item, wide, parts.newline)
            for source, item in zip(sources, items, strict=True)
        ]
        made = parts.joined(texts)
    except RefusedError as refused:
        raise _refused(document, path, str(refused)) from refused
    wanted = [node.data[source] if source is not None else item for source, item in zip(sources, items, strict=True)]
    return _checked(document, path, made, wanted)


class _Parts:
    """The lines of a block list or map, cut into those of each item or key."""

    def __init__(self, document: Document, keys: list[str | int], bounds: list[int]) -> None:
        text = document.text
        self.keys = keys
        self.newline = line_break(text, bounds[0])
        self._before, self._after = text[: bounds[0]], text[bounds[-1] :]
        self.texts = [text[start:end] for start, end in pairwise(bounds)]
        if self.texts and not self.texts[-1].endswith(("\n", "\r")):
            self.texts[-1] += self.newline

    @classmethod
    def of(cls, document: Document, node: Node, key: tuple[int, int] | None) -> _Parts:
        """Cut a list or map. Raises RefusedError where it does not stand on lines of its own."""
        if node.style != "block":
            raise RefusedError("it does not stand on lines of its own")
        keys = sorted(node.children, key=lambda one: node.keys[one])
        is_list = isinstance(node.data, list)
        starts = [_dash(document, node, int(one)) if is_list else node.keys[one][0] for one in keys]
        column = indentation(document, starts[0])
        for start in starts:
            line = start - indentation(document, start)
            if indentation(document, start) != column or document.text[line:start].strip(" "):
                raise RefusedError("its parts do not stand on lines of their own")
        first = next_line(document.text, after_key(document, key)) if key else starts[0] - column
        bounds = [first if first is not None else starts[0]]
        for one in keys:
            end = below_comments(document.text, content_end(document, node.children[one], node.keys[one]), column)
            bounds.append(next_line(document.text, end) or len(document.text))
        if bounds != sorted(bounds) or any(start < bound for start, bound in zip(starts, bounds, strict=False)):
            raise RefusedError("its parts stand within each other")
        return cls(document, keys, bounds)

    def joined(self, texts: Sequence[str]) -> str:
        """Return the whole text with other parts in place of these."""
        return self._before + "".join(texts) + self._after


def _require(fits: bool, reason: str) -> None:
    if not fits:
        raise RefusedError(reason)


def _found(document: Document, path: Place) -> tuple[Node, tuple[int, int] | None]:
    node, key = document.root, None
    for part in path:
        below_ = child(node, part) if node is not None else None
        if node is None or below_ is None:
            raise RefusedError("it is not there")
        key = node.keys[part] if isinstance(part, str) else None
        node = below_
    if node is None:
        raise RefusedError("it is not there")
    return node, key


def _dash(document: Document, node: Node, index: int) -> int:
    """Return where the dash of an item stands; only one on the line on which its value begins is looked for."""
    start = node.children[index].start
    line = start - indentation(document, start)
    found = _DASH.fullmatch(document.text, line, start)
    if found is None:
        raise RefusedError("its items do not begin on the line of their dash")
    return line + document.text[line:start].index("-")


def _new(item: Any, wide: int, newline: str) -> str:
    return "".join(f"{line}{newline}" for line in below(Below([item], wide)).lstrip("\n").split("\n"))


def _read(text: str, file: str) -> Document:
    document = reader.parse(text, file)
    if document.root is None or document.problems or text.startswith("\ufeff"):
        raise ProblemsError(document.problems or [document.problem("cannot-edit", "this file cannot be changed", ())])
    return document


def _checked(document: Document, path: Place, made: str, wanted: Any) -> str:
    after = reader.parse(made, document.file)
    value: Any = after.data
    if not after.problems:
        for part in path:
            value = value[part]
        # Written out, so that the order of keys counts, and 1, 1.0 and true are three values.
        if repr(value) == repr(wanted) and repr(_without(after.data, path)) == repr(_without(document.data, path)):
            return made
    raise _refused(document, path, "it cannot be changed without changing something else")


def _without(data: Any, path: Place) -> Any:
    """Return data with nothing in the place of what stands at a path."""
    if not path:
        return None
    if isinstance(data, dict):
        return {key: _without(value, path[1:]) if key == path[0] else value for key, value in data.items()}
    return [_without(value, path[1:]) if index == path[0] else value for index, value in enumerate(data)]


def _refused(document: Document, path: Place, reason: str) -> ProblemsError:
    message = f"'{dotted(path)}' was not changed: {reason}"
    return ProblemsError([document.problem("cannot-edit", message, path, hint="change it by hand")])
