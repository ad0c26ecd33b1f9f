"""The forms of a time: a day, a time of cron, and how long something takes."""

from __future__ import annotations

import re
from datetime import date

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CRON = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([1-9][0-9]?))?")
# The first and last number of minute, hour, day, month and day of the week: Kubernetes calls Sunday 0, and not 7.
_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_DAYS = {month: 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in range(1, 13)}
_PART = re.compile(r"(?<![0-9])([0-9]++)(ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_LONGEST_TEXT = 40  # characters: Python refuses to make a number of thousands of them
_LONGEST = 2**63 // 10**6  # milliseconds: Go counts nanoseconds


def is_date(text: str) -> bool:
    """Tell whether a text is a day that exists, as 2025-12-31."""
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_cron(text: str) -> bool:
    """Tell whether a text is five fields of cron, as Kubernetes takes them, that comes, and not every minute."""
    found = _fields(text)
    return found is not None and len(found[0]) <= _CRON_FIELDS[0][1] and _comes(text, found)


def never_comes(text: str) -> bool:
    """Tell whether a text is five fields of cron, in numbers, that name no day that there is, such as 31 February."""
    found = _fields(text)
    return found is not None and not _comes(text, found)


def _fields(text: str) -> list[set[int]] | None:
    """Return the numbers that each of the five fields of cron stands for; None where a field is not one."""
    fields = text.split(" ")
    if len(fields) != len(_CRON_FIELDS):
        return None
    found = [_of_cron(field, *span) for field, span in zip(fields, _CRON_FIELDS, strict=True)]
    return found if all(found) else None


def _comes(text: str, found: list[set[int]]) -> bool:
    # Where both the day of the month and that of the week are said, each of them comes. A step is no star.
    said = not any(part in ("*", "*/1") for part in text.rpartition(" ")[2].split(","))
    _, _, days, months, _ = found
    return said or any(day <= _DAYS[month] for month in months for day in days)


def is_duration(text: str) -> bool:
    """Tell whether a text is a time of at least a second, as Go reads it: `1h30m`. Its longest is 292 years."""
    if not _DURATION.fullmatch(text) or len(text) > _LONGEST_TEXT:
        return False
    return 1_000 <= sum(int(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text)) < _LONGEST


def _of_cron(field: str, first: int, last: int) -> set[int]:
    """Return the numbers that a field of cron stands for; none where it is not one."""
    numbers: set[int] = set()
    for part in field.split(","):
        found = _CRON.fullmatch(part)
        if found is None:
            return set()
        begin = int(found[1] or first)
        # A step from a number goes on to the last one.
        end = int(found[2] or (last if found[3] else found[1] or last))
        if not first <= begin <= end <= last:
            return set()
        numbers.update(range(begin, end + 1, int(found[3] or 1)))
    return numbers
