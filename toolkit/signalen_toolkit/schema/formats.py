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
    """Tell whether a text is five fields of cron, as Kubernetes takes them, and does not mean every minute."""
    fields = text.split(" ")
    if len(fields) != len(_CRON_FIELDS) or fields[0] == "*":
        return False
    return all(_is_of_cron(field, *span) for field, span in zip(fields, _CRON_FIELDS, strict=True))


def _is_of_cron(field: str, first: int, last: int) -> bool:
    for part in field.split(","):
        found = _CRON.fullmatch(part)
        if found is None:
            return False
        begin, end = int(found[1] or first), int(found[2] or found[1] or last)
        if not first <= begin <= end <= last:
            return False
    return True


FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "uri": (is_url, "a URL such as https://example.nl"),
    "email": (is_email, "an e-mail address such as meldingen@example.nl"),
    "hostname": (is_hostname, "a host name such as meldingen.example.nl"),
    "date": (is_date, "a date such as 2025-12-31"),
    "cron": (is_cron, "minute (not *), hour, day, month and day of the week (0-6) of cron, such as 30 1 * * *"),
}
