"""One line of a file as a terminal shows it, with carets under a part of it."""

from __future__ import annotations

import unicodedata
from typing import Final

from signalen_toolkit.diagnostics.characters import visible

WIDEST: Final = 100  # characters of a line that an excerpt shows
_BEFORE: Final = 40  # characters that stay visible before the carets of a longer one
_TAB: Final = "    "
_BREAKS: Final = str.maketrans("\n\t\u240d", "   ")


def plain(text: str) -> str:
    """Replace characters that are not seen, or that a terminal would act upon, by visible ones; line breaks by a space.

    A file that is checked must not be able to move the cursor or to hide text of the report.
    """
    if text.isascii() and text.isprintable():
        return text  # most
    return visible(text.replace("\r\n", " ")).translate(_BREAKS)


def width(text: str) -> int:
    """Count the columns of a text: 2 for East Asian wide characters and emoji, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def excerpt(source: str, column: int, end_column: int) -> tuple[str, int, int]:
    """Return the line to show, how many columns stand before the carets, and how many carets.

    `column` and `end_column` count characters from 1. A line longer than WIDEST is cut to what stands
    around the carets.
    """
    start, end = column - 1, max(end_column - 1, column)
    first = start - _BEFORE if len(source) > WIDEST and start > WIDEST - _BEFORE else 0
    last = first + WIDEST
    lead, tail = "…" * (first > 0), "…" * (last < len(source))
    before = width(lead + _display(source[first:start]))
    carets = width(_display(source[start : min(end, last)]))
    return lead + _display(source[first:last]) + tail, before, max(carets, 1)


def _display(text: str) -> str:
    return plain(text.replace("\t", _TAB))
