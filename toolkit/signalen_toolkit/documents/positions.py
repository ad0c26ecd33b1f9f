"""Where a value begins and ends in the text of a form, for whoever changes that text.

The positions that a reader of YAML gives are those of values. A change needs more: where the colon behind a key is,
on which line a block ends that has comments below it, and which keys a map has itself rather than from elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document

Span = tuple[int, int]

_COLON: Final = re.compile(r"[ \t]*:")
_BREAK: Final = re.compile(r"\r\n|\n|\r")
_LINE: Final = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")


class RefusedError(Exception):
    """A change that cannot be made in this text; says why."""


def child(node: Node, part: str | int) -> Node | None:
    """Return what a map or list has itself at a key; None where it has nothing, or only through `<<`."""
    found = node.children.get(part)
    if found is None:
        return None
    if node.style == "alias":
        raise RefusedError("it is repeated from elsewhere by an alias")
    return found if _inside(node, node.keys[part]) else None


def own_keys(node: Node) -> list[str]:
    """Return the keys that stand in a map itself, in their order in the text."""
    own = [str(key) for key, span in node.keys.items() if key in node.children and _inside(node, span)]
    return sorted(own, key=lambda key: node.keys[key])


def _inside(node: Node, span: Span) -> bool:
    return node.start <= span[0] and span[1] <= node.end


def after_key(doc: Document, key: Span) -> int:
    """Return the place behind the colon of a key."""
    found = _COLON.match(doc.text, key[1])
    if found is None:
        raise RefusedError("its key has no colon behind it")
    return found.end()


def content_end(doc: Document, node: Node, key: Span) -> int:
    """Return where the last character of a value stands; comments and empty lines below it are not part of it."""
    if node.style == "text":
        return _text_end(doc, node, key)
    if node.style == "block":
        if isinstance(node.data, dict):
            own = own_keys(node)
            if not own:
                raise RefusedError("a map near it has no keys of its own")
            return content_end(doc, node.children[own[-1]], node.keys[own[-1]])
        last = len(node.data) - 1
        return content_end(doc, node.children[last], node.keys[last])
    if node.start < node.end:
        return node.end
    colon = _COLON.match(doc.text, key[1])
    return colon.end() if colon else key[1]


def _text_end(doc: Document, node: Node, key: Span) -> int:
    """Return the end of a block text: its lines are empty, or as far to the right as its first one."""
    header = _LINE.match(doc.text, node.start)
    if header is None:
        raise RefusedError("it is a text over several lines")
    explicit = re.match(r"[|>][-+]?[1-9]", header[1])
    keep = re.match(r"[|>][1-9]?\+", header[1])
    least = indentation(doc, key[0]) + 1 if explicit else 0
    end, at = header.end(1), header.end()
    while at < len(doc.text) and (line := _LINE.match(doc.text, at)) is not None:
        wide = len(line[1]) - len(line[1].lstrip(" "))
        if line[1].strip():
            least = least or wide
            if wide < least:
                break
            end = line.end(1)
        elif keep:
            end = line.end(1)
        at = line.end()
    return end


def indentation(doc: Document, offset: int) -> int:
    """Return how many characters stand before a place on its line."""
    return doc.source.position(offset)[1] - 1


def step(doc: Document) -> int:
    """Return by how many spaces the form indents: what its first map within a map does, or 2."""
    pending = [doc.root] if doc.root else []
    while pending:
        node = pending.pop(0)
        for key in own_keys(node) if node.style == "block" and isinstance(node.data, dict) else ():
            below = node.children[key]
            if wide := own_step(doc, below, node.keys[key]):
                return wide
            pending.append(below)
    return 2


def own_step(doc: Document, node: Node, key: Span) -> int:
    """Return how much further to the right a block map stands than its key; 0 where there is no telling."""
    if node.style != "block" or not isinstance(node.data, dict) or not (own := own_keys(node)):
        return 0
    return max(0, indentation(doc, node.keys[own[0]][0]) - indentation(doc, key[0]))


def below_comments(text: str, end: int, indent: int) -> int:
    """Return the end of the comments below a place that stand further to the right than `indent`.

    They belong to what ends there: settings that are not filled in, mostly. A comment that is not further to the
    right is about what follows.
    """
    at = next_line(text, end)
    while at is not None:
        stop = line_end(text, at)
        line = text[at:stop]
        if line.strip():
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= indent:
                break
            end = stop
        at = next_line(text, stop)
    return end


def line_end(text: str, offset: int) -> int:
    """Return the end of the line that a place is on, before its line break."""
    found = _BREAK.search(text, offset)
    return found.start() if found else len(text)


def next_line(text: str, offset: int) -> int | None:
    """Return where the next line begins; None where the text ends without a line break."""
    found = _BREAK.search(text, offset)
    return found.end() if found else None


def line_break(text: str, offset: int) -> str:
    """Return the line break nearest to a place, so that a new line ends as its neighbours do."""
    found = _BREAK.search(text, offset) or _BREAK.search(text)
    return found.group() if found else "\n"
