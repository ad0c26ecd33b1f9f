"""Texts on which an expression would take longer than their length, made of the expression itself.

What makes a matcher go back is a part that repeats, on a text of many repetitions behind which nothing fits; and where
a search begins anew at each character, a text of many begins. So each part that repeats is drawn once, repeated, and
put behind what leads to it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]  # the parser of the library itself
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final

# Characters, and the seconds that no expression takes for them: one that doubles its time with each ends early, and one
# that goes over a single character again and again shows in the longest only.
_SIZES: Final = {20: 0.08, 28: 0.08, 200: 0.08, 2_000: 0.03, 20_000: 0.08, 80_000: 0.2}
_ENDS: Final = ("", "\0", "\n!", " ", "a")


def slowest(expression: re.Pattern[str], methods: Iterable[str]) -> tuple[str, float]:
    """Return the repeated text on which an expression is too slow, with the seconds; nothing where there is none.

    `methods` is how it is used: `search`, `match` or `fullmatch`.
    """
    for text in sorted(set(_texts(expression))):
        for method in methods:
            if seconds := _too_slow(getattr(expression, method), text):
                return text, seconds
    return "", 0.0


def _too_slow(find: Callable[[str], object], part: str) -> float:
    for end in _ENDS:
        for size, slow in _SIZES.items():
            text = part * (size // len(part)) + end
            seconds = _seconds(find, text)
            if slow < seconds < 1:  # something else may have had the processor's caches
                seconds = min(seconds, _seconds(find, text), _seconds(find, text))
            if seconds > slow:
                return seconds
    return 0.0


def _seconds(find: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    find(text)
    return time.process_time() - start


def _texts(expression: re.Pattern[str]) -> Iterator[str]:
    """Yield what may be repeated: each part that repeats, alone and behind what stands before it, and two in a row."""
    whole = _parser.parse(expression.pattern, expression.flags & ~re.DEBUG)
    loops: list[str] = []
    for before, loop in _loops(list(whole), ""):
        loops.append(loop)
        yield from (text for text in (loop, before + loop, loop + before) if text)
    yield from (text for text in _drawn(list(whole)) if text)
    yield from (one + other for one in loops[:12] for other in loops[:12] if one + other)


def _loops(nodes: list[Any], before: str) -> Iterator[tuple[str, str]]:
    """Yield each part that repeats, as drawn, with what is drawn before it."""
    for kind, what in nodes:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            most, inner = what[1], list(what[2])
            if most > 20:
                yield from ((before, text) for text in _drawn(inner))
            yield from _loops(inner, before)
        elif kind == sre.SUBPATTERN:
            yield from _loops(list(what[3]), before)
        elif kind == sre.ATOMIC_GROUP:
            yield from _loops(list(what), before)
        elif kind == sre.BRANCH:
            for branch in what[1]:
                yield from _loops(list(branch), before)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _loops(list(what[1]), before)
        before += next(iter(_drawn([(kind, what)])), "")


def _drawn(nodes: list[Any]) -> list[str]:
    """Return some texts that fit."""
    texts = [""]
    for kind, what in nodes:
        texts = [text + one for text in texts for one in _one(kind, what)][:6]
    return texts


def _one(kind: Any, what: Any) -> list[str]:
    match kind:
        case sre.LITERAL:
            return [chr(what)]
        case sre.NOT_LITERAL:
            return ["b" if chr(what) == "a" else "a"]
        case sre.ANY:
            return ["a", " "]
        case sre.IN:
            return _of_class(what)
        case sre.BRANCH:
            return [text for branch in what[1] for text in _drawn(list(branch))[:2]][:8]
        case sre.SUBPATTERN:
            return _drawn(list(what[3]))
        case sre.ATOMIC_GROUP:
            return _drawn(list(what))
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            least, _, inner = what
            return [text * max(least, 1) for text in _drawn(list(inner))[:3]] + ([""] if least == 0 else [])
    return [""]


def _of_class(parts: list[Any]) -> list[str]:
    found: list[str] = []
    negated = parts[0][0] == sre.NEGATE
    for kind, what in parts:
        if kind == sre.LITERAL:
            found.append(chr(what))
        elif kind == sre.RANGE:
            found += [chr(what[0]), chr(what[1])]
        elif kind == sre.CATEGORY:
            found += {"SPACE": [" ", "\n"], "DIGIT": ["0"], "WORD": ["a", "_", "0"]}.get(
                str(what).rpartition("_")[2], []
            )
            if "NOT" in str(what):
                found = ["a", "-"] if "SPACE" in str(what) else [" ", "-"]
    if negated:
        return [one for one in ("a", " ", "-", ".", "0") if not any(one == other for other in found)][:3]
    return list(dict.fromkeys(found))[:4] or ["a"]
