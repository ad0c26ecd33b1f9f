"""A place in a file: the keys and numbers that lead to it, and how a person says that."""

from __future__ import annotations

import re
from collections.abc import Sequence

Place = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[^\s.\[\]\"]+")


def dotted(place: Sequence[str | int]) -> str:
    """Write a place in a form as a person says it: `map.bounds[0]`, `overrides.backend["a.b"]`."""
    words = ""
    for part in place:
        if isinstance(part, int):
            words += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            words += f".{part}" if words else part
        else:
            words += f'["{part}"]'
    return words
