"""Characters that nobody sees: a space that is none to YAML, or a letter without a shape.

They come along when a text is copied from a page or a word processor. YAML takes them for a part of a key or a value,
so that what looks right is not, and the message of whatever stumbles over it helps nobody.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document

REASONS: Final = {
    "invisible-character": "what nobody sees changes a key or a value, and makes two that look the same differ",
}

# Spaces that YAML takes for letters, and what has no width. What joins letters and emoji (U+200C, U+200D) is seen.
_UNSEEN: Final = re.compile(
    "[\u00a0\u00ad\u034f\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200b\u200e\u200f\u202f\u205f"
    "\u2060-\u2064\u206a-\u206f\u3000\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_COMMENT: Final = re.compile(r"(?:^|[ \t])#")
_MOST: Final = 20  # that are named; whoever has more sees what is the matter


def invisible(document: Document) -> Iterator[Problem]:
    """Yield the characters in a form that nobody sees, outside comments, each with its place.

    Inside a text of more words it is a warning: a space at which no line breaks may be meant there.
    """
    found = list(_UNSEEN.finditer(document.text))
    if not found:
        return
    spans = sorted(_spans(document.root)) if document.root else []
    starts = [start for start, _, _ in spans]
    said = 0
    for match in found:
        offset, node = match.start(), None
        index = bisect_right(starts, offset) - 1
        if index >= 0 and offset < spans[index][1]:
            node = spans[index][2]
        elif _is_in_comment(document.text, offset):
            continue
        said += 1
        if said > _MOST:
            return
        yield document.source.problem(
            "invisible-character",
            f"nobody sees this character: {_name(match[0])}",
            offset,
            offset + 1,
            hint="write an ordinary space" if match[0].isspace() else "remove it",
            severity=Severity.WARNING
            if node is not None and _is_in_words(document.text, offset, node)
            else Severity.ERROR,
        )


def _spans(root: Node) -> Iterator[tuple[int, int, Node]]:
    """Yield where the scalars are that are values."""
    queue = [root]
    while queue:
        node = queue.pop()
        if node.children:
            queue += node.children.values()
        elif node.style in ("plain", "quoted", "text"):
            yield node.start, node.end, node


def _is_in_words(text: str, offset: int, node: Node) -> bool:
    """Tell whether a character stands between two words of a text."""
    value = str(node.data)
    around = text[max(node.start, offset - 1) : offset], text[offset + 1 : min(node.end, offset + 2)]
    return " " in value and all(one.isalnum() or one in ",.;:!?()€'\"-" for one in around if one) and all(around)


def _is_in_comment(text: str, offset: int) -> bool:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return _COMMENT.search(line) is not None


def _name(character: str) -> str:
    return f"{unicodedata.name(character, 'a character without a name').lower()} (U+{ord(character):04X})"
