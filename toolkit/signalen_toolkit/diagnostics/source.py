"""The text of one file, and where in it a problem stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from signalen_toolkit.diagnostics.problems import Problem, Severity

# Only what YAML itself calls a line break, so that our line numbers are those of an editor.
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_PLAIN_KEY = re.compile(r"[^\s.\[\]\"]+")


def dotted(path: Sequence[str | int]) -> str:
    """Write a place in a form as a person says it: `map.bounds[0]`, `overrides.backend["a.b"]`."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            words += f".{part}" if words else part
        else:
            words += f'["{part}"]'
    return words


def brief(text: str, length: int = 60) -> str:
    """Put a text of a person on one line and cut it, so that it fits in a message."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


@dataclass(frozen=True)
class Source:
    """A text and the name under which it is shown. Offsets count characters from 0."""

    file: str
    text: str

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
        """Make a problem of the characters `start` up to `end`, cut at the end of the first line.

        Without `end` it is one character.
        """
        line, column = self.position(start)
        source = self.lines[line - 1]
        width = len(source[column - 1 : column - 1 + (1 if end is None else end - start)].rstrip())
        return Problem(
            rule=rule,
            message=message,
            file=self.file,
            line=line,
            column=column,
            end_column=column + max(width, 1),
            severity=severity,
            path=dotted(path),
            hint=hint,
            source=source,
        )
