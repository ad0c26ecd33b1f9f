"""The lines of a text that may be YAML and may be broken: where each ends, and which stand below another one."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

_INDENT: Final = re.compile(r"(?:[ \t]|-(?=[ \t]))*+(?=\S)")
_ITEM: Final = re.compile(r"[ \t]*+-[ \t]")
_FAR: Final = 8  # lines: what is further away is no part of the same variable


class Indentation:
    """A text by its lines. A dash of a list counts as indentation; time and memory grow with the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._indents = [self._indent(start) for start in self._starts]
        self._after = self._next_not_below()

    def start(self, offset: int) -> int:
        """Return where the line of an offset begins."""
        return self._starts[self._number(offset)]

    def end(self, offset: int) -> int:
        """Return where the line of an offset ends, before its break."""
        return self._end(self._number(offset))

    def end_of_block(self, offset: int) -> int:
        """Return where the last line ends that stands below the line of an offset; its own end where there is none."""
        number = self._number(offset)
        return self._end(self._after[number] - 1)

    def end_of_next(self, offset: int) -> int:
        """Return where the next line ends that is not empty."""
        number = self._number(offset) + 1
        while number < len(self._starts) and self._indents[number] is None:
            number += 1
        return self._end(min(number, len(self._starts) - 1))

    def item(self, offset: int) -> tuple[int, int]:
        """Return where the item of a list is that an offset is in, as far as that is near."""
        number = self._number(offset)
        first, last = number, number + 1
        while first > max(0, number - _FAR) and not self._is_item(first):
            first -= 1
        while last < min(len(self._starts), number + _FAR) and not self._is_item(last):
            last += 1
        return self._starts[first], self._end(last - 1)

    def _number(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _end(self, number: int) -> int:
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self.text)
        return end - 1 if end > self._starts[number] and self.text[end - 1] == "\r" else end

    def _indent(self, start: int) -> int | None:
        """Return how far a line is indented; None for an empty one."""
        match = _INDENT.match(self.text, start)
        return match.end() - start if match and "\n" not in match[0] else None

    def _is_item(self, number: int) -> bool:
        return _ITEM.match(self.text, self._starts[number]) is not None

    def _next_not_below(self) -> list[int]:
        """Return for each line the number of the next one that is not below it."""
        result, waiting = [len(self._starts)] * len(self._starts), list[tuple[int, int]]()
        for number, indent in enumerate(self._indents):
            if indent is None:
                result[number] = number + 1
                continue
            while waiting and waiting[-1][1] >= indent:
                result[waiting.pop()[0]] = number
            waiting.append((number, indent))
        return result
