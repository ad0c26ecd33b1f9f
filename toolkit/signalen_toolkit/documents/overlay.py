"""A document as it would be with other data: the same text and positions, without writing and reading it again.

Whoever checks what a person is typing needs an answer before the next key: a check of this costs what a check costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document

Span = tuple[int, int]


def overlaid(document: Document, data: Mapping[str, Any]) -> Document:
    """Return the document with other data; what is new or changed stands where the nearest key around it stands."""
    root = _node(data, document.root, (0, 0))
    return replace(document, data=root.data, root=root)


def _node(value: Any, old: Node | None, key: Span) -> Node:
    if old is not None and type(old.data) is type(value) and repr(old.data) == repr(value):
        return old
    start = old.start if old is not None else key[0]
    below: dict[str | int, Any]
    if isinstance(value, Mapping):
        below = dict(value)
    elif isinstance(value, list):
        below = dict(enumerate(value))
    else:
        return Node(start, start, "plain", value)  # without width: how it was written says nothing of what it is
    known = old.children if old is not None else {}
    spans = old.keys if old is not None else {}
    children = {name: _node(child, known.get(name), spans.get(name, key)) for name, child in below.items()}
    plain = {name: child.data for name, child in children.items()}
    return Node(
        start,
        start,
        "block",
        [*plain.values()] if isinstance(value, list) else plain,
        children,
        {name: spans.get(name, key) for name in below},
    )
