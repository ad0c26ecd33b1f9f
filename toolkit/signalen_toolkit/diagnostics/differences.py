"""Two versions of a text as a unified diff, as `diff -u` writes it, without the secrets in them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from signalen_toolkit.diagnostics.hiding import hidden


def unified(before: str, after: str, old_name: str, new_name: str, *, context: int = 3) -> str:
    """Return what differs; empty where nothing does. What differs in a secret alone shows as two lines with dots."""
    matcher = SequenceMatcher(None, _split(before), _split(after))
    ends = [f"{line}\n" for line in _lines(matcher, _split(hidden(before)), _split(hidden(after)), context)]
    return "".join([f"--- {old_name}\n", f"+++ {new_name}\n", *ends]) if ends else ""


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]


def _lines(matcher: SequenceMatcher[str], old: list[str], new: list[str], context: int) -> Iterator[str]:
    for group in matcher.get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i1:i2])
            else:
                yield from (f"-{line}" for line in old[i1:i2])
                yield from (f"+{line}" for line in new[j1:j2])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
