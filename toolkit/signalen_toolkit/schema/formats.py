"""The formats of text that a schema may ask for, checked without another package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from urllib.parse import urlsplit

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_EMAIL = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]+@({_LABEL}(?:\.{_LABEL})+)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CRON = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([1-9][0-9]?))?")
# The first and last number of minute, hour, day, month and day of the week: Kubernetes calls Sunday 0, and not 7.
_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_LONGEST = {month: 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in range(1, 13)}  # days
_DURATION = re.compile(r"(?:[0-9]+[smh])+")
_PART = re.compile(r"(?<![0-9])([0-9]++)([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_DURATION = 40  # characters
_NOT_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|[^\x00-\x7f]")
_SCP = re.compile(r"[A-Za-z0-9_.-]+@([A-Za-z0-9.-]+):[^:][\x21-\x7e]*")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_IPV6 = re.compile(r"[0-9a-f.]*+:[0-9a-f:.]*+")
# A number of an area, a mobile or a company (ten digits), the short ones of municipalities (14 and the area), and those
# of information services (8 or 11 digits) and general use.
_PHONE = re.compile(r"0[1-9][0-9]{8}|140[1-9][0-9]{1,2}|0(?:800|900|906|909)(?:[0-9]{4}|[0-9]{7})|112|18[0-9]{2}")


def is_hostname(text: str) -> bool:
    """Tell whether a text is a DNS name, without the dot at the end."""
    return len(text) <= 253 and _HOSTNAME.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Tell whether a text is one bare e-mail address with a domain."""
    local = text.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return len(text) <= 254 and not dots and _EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Tell whether a text is an absolute URL with a host; `<tenant>` left in it makes it none."""
    if not _URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    return (is_hostname(host) or ":" in host) and port != 0


def is_date(text: str) -> bool:
    """Tell whether a text is a day that exists, as 2025-12-31."""
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_cron(text: str) -> bool:
    """Tell whether a text is five fields of cron, as Kubernetes takes them, that comes, and not every minute."""
    fields = text.split(" ")
    if len(fields) != len(_CRON_FIELDS):
        return False
    found = [_of_cron(field, *span) for field, span in zip(fields, _CRON_FIELDS, strict=True)]
    minutes, _, days, months, _ = found
    if not all(found) or len(minutes) == _CRON_FIELDS[0][1] + 1:
        return False
    # A day of the week comes in every month, whatever the day of the month is.
    return not fields[4].startswith("*") or any(day <= _LONGEST[month] for month in months for day in days)


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


def is_duration(text: str) -> bool:
    """Tell whether a text is a time of at least a second, as Go reads it: `1h30m`. Its longest is 292 years."""
    if not _DURATION.fullmatch(text) or len(text) > _LONGEST_DURATION:
        return False
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return 1 <= seconds < 2**63 // 10**9


def is_git_branch(text: str) -> bool:
    """Tell whether a text may be the name of a branch, by the rules of `git check-ref-format`."""
    parts = text.split("/")
    return (
        bool(text)
        and len(text) <= 244
        and not text.startswith("-")
        and not _NOT_IN_REF.search(text)
        and text not in ("@", "HEAD")
        and not text.endswith(".")
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
    )


def is_git_url(text: str) -> bool:
    """Tell whether a text is the address of a Git repository: https://, ssh:// or as scp has it, user@host:path."""
    if not text.isascii() or not _VISIBLE.fullmatch(text):
        return False
    if "://" not in text:
        found = _SCP.fullmatch(text)
        return bool(found) and is_hostname(found[1] if found else "")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    is_host = is_hostname(host) or _IPV6.fullmatch(host) is not None
    return parts.scheme in ("http", "https", "ssh") and is_host and port != 0 and not parts.netloc.endswith(":")


def is_dutch_phone(text: str) -> bool:
    """Tell whether a telephone number can be dialled in the Netherlands.

    Source: the numbering plan for telephone services of the ACM (Nummerplan telefoon- en ISDN-diensten).
    """
    digits = re.sub(r"[ ()-]", "", text)
    national = re.sub(r"^(?:\+|00)31\(?0?", "0", digits)
    return _PHONE.fullmatch(national) is not None


FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "uri": (is_url, "a URL such as https://example.nl"),
    "email": (is_email, "an e-mail address such as meldingen@example.nl"),
    "hostname": (is_hostname, "a host name such as meldingen.example.nl"),
    "date": (is_date, "a date such as 2025-12-31"),
    "cron": (is_cron, "minute (not *), hour, day, month and day of the week (0-6) of cron, such as 30 1 * * *"),
    "duration": (is_duration, "a time of at least a second, such as 10m or 1h30m"),
    "git-branch": (is_git_branch, "the name of a branch, as `git check-ref-format --branch` allows it"),
    "git-url": (is_git_url, "the address of a Git repository, such as https://git.example.nl/signalen.git"),
    "phone": (is_dutch_phone, "a number that can be dialled, such as 14 073 or 073 615 51 55"),
}
