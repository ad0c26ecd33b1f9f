"""Invisible characters in a text that a person wrote: where they stand, and the text as whoever wrote it saw it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from signalen_toolkit.diagnostics.characters import INVISIBLE, SPACES, character_name, is_space, ordinary
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import Source

RULE: Final = "invisible-character"
_MOST: Final = 100  # that are named one by one
_ORDINARY: Final = dict.fromkeys(map(ord, SPACES), " ")
_BREAKS: Final = str.maketrans("\r", "\n")


class _Run(NamedTuple):
    """Such characters next to each other."""

    start: int
    end: int
    behind_hash: bool  # a '#' stands before it on its line


class Unseen:
    """The invisible characters of one text."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._found = [] if source.text.isascii() else [found.start() for found in INVISIBLE.finditer(source.text)]
        self._in_values: list[tuple[int, int]] = []  # parts of the text, in their order

    @property
    def readable(self) -> str:
        """The text with an ordinary space for each space of another kind, so that places stay what they are."""
        return self._text.translate(_ORDINARY) if self._found else self._text

    def value(self, start: int, end: int, value: str) -> str:
        """Return a value, which stands in a part of the text, as whoever wrote it saw it."""
        first = bisect_left(self._found, start)
        if first == len(self._found) or self._found[first] >= end:
            return value
        self._in_values.append((start, end))
        return ordinary(value)

    def breaks(self) -> bool:
        """Tell whether one may be why the text cannot be read: it stands outside comments, and is no space."""
        return any(not run.behind_hash and not is_space(self._text[run.start]) for run in self._runs())

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each run of them.

        Between the words of a value it is a warning, since a line that does not break there may be meant, and in a
        comment, which nothing reads. Elsewhere it is an error.
        """
        last = 0
        for run in islice(self._runs(), _MOST):
            first, in_value = self._text[run.start], self._is_in_value(run.start)
            message = f"{character_name(first)} stands here"
            hint = "put an ordinary space here" if is_space(first) else "remove it"
            if in_value:
                hint += f"; where it is meant, write \\u{ord(first):04x} between double quotes"
            warns = self._is_between_words(run) if in_value else run.behind_hash
            severity = Severity.WARNING if warns else Severity.ERROR
            yield self._source.problem(RULE, message, run.start, run.end, hint=hint, severity=severity)
            last = run.end
        if left := self._found[bisect_left(self._found, last) :]:
            message = f"there are {len(left)} more of them from here on"
            yield self._source.problem(RULE, message, left[0], left[0] + 1)

    def _runs(self) -> Iterator[_Run]:
        last, behind_hash, end = 0, False, -1
        for index, start in enumerate(self._found):
            if start < end:
                continue
            before = self._text[last:start]
            line = before.translate(_BREAKS).rfind("\n") + 1
            behind_hash = "#" in before[line:] or (behind_hash and not line)
            end = start + 1
            while index + 1 < len(self._found) and self._found[index + 1] == end:
                index, end = index + 1, end + 1
            last = end
            yield _Run(start, end, behind_hash)

    def _is_in_value(self, at: int) -> bool:
        index = bisect_left(self._in_values, (at + 1,)) - 1
        return index >= 0 and at < self._in_values[index][1]

    def _is_between_words(self, run: _Run) -> bool:
        """Tell whether this is what word processors put between or in words: no-break spaces and soft hyphens."""
        around = self._text[max(run.start - 1, 0) : run.start] + self._text[run.end : run.end + 1]
        words = all(one.isalnum() or one in "\u20ac()!?%&,;.\u2019" for one in around)
        return run.end - run.start == 1 and self._text[run.start] in "\u00a0\u00ad\u202f" and words
