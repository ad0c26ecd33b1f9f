"""The text of one file, and where in it a problem stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from signalen_toolkit.diagnostics.places import dotted as dotted
from signalen_toolkit.diagnostics.problems import Problem, Severity

# Only what YAML itself calls a line break, so that our line numbers are those of an editor.
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_MOST_SHOWN = 2**18  # characters of a text; a form has some thousands
CUT = "…"  # where a text goes on that is too long for a message


def brief(text: str, length: int = 60) -> str:
    """Put a text of a person on one line and cut it, so that it fits in a message."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + CUT


class Position(NamedTuple):
    """Where something stands: line and columns from 1, in characters; `end_column` is exclusive and on that line."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True)
class Source:
    """A text and the name under which it is shown. Offsets count characters from 0.

    What is looked at is `text`; what is shown to anybody is `shown`, without secrets. `broken` says that the text
    cannot be read, so that nobody knows where a value ends.
    """

    file: str
    text: str
    broken: bool = False

    @cached_property
    def shown(self) -> str:
        """The text with dots in the place of every secret, letter by letter.

        Of a long one it is dots alone: to look for secrets in it takes longer than to read it.
        """
        from signalen_toolkit.diagnostics.hiding import hidden, masked  # only where something is wrong

        if len(self.text) > _MOST_SHOWN:
            return masked(self.text, [(0, len(self.text))])
        return hidden(self.text, broken=self.broken)

    @cached_property
    def _shown_lines(self) -> list[str]:
        return _LINE_BREAK.split(self.shown)

    def excerpt(self, start: int, end: int) -> str:
        """Return a part of the text that may stand in a message; empty where it would show a secret."""
        return self.text[start:end] if self.shown[start:end] == self.text[start:end] else ""

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their breaks; problems share these strings, however many stand on a line."""
        return _LINE_BREAK.split(self.text)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of an offset, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int) -> int:
        """Return where a line (from 1) starts."""
        return self._starts[line - 1]

    def span(self, start: int, end: int | None = None) -> Position:
        """Return where the characters `start` up to `end` stand, cut at the end of the first line.

        Without `end` it is one character.
        """
        line, column = self.position(start)
        text = self.lines[line - 1]
        width = len(text[column - 1 : column - 1 + (1 if end is None else end - start)].rstrip(" \t"))
        return Position(line, column, column + max(width, 1))

    def problem(
        self,
        rule: str,
        message: str,
        start: int,
        end: int | None = None,
        *,
        path: Sequence[str | int] = (),
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Make a problem of the characters `start` up to `end`, as `span` has them."""
        line, column, end_column = self.span(start, end)
        return Problem(
            rule=rule,
            message=message,
            file=self.file,
            line=line,
            column=column,
            end_column=end_column,
            severity=severity,
            place=tuple(path),
            hint=hint,
            source=self._shown_lines[line - 1],
        )
