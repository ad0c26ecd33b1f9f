"""Versions of releases, charts and applications: three numbers with dots."""

from __future__ import annotations

import re
from functools import lru_cache

Version = tuple[int, int, int]

_THREE_NUMBERS = re.compile(r"v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


@lru_cache(maxsize=256)  # the same few are compared again and again
def parse(text: str) -> Version:
    """Return the three numbers of `4.23.0` or `v4.23.0`, ready to compare; ValueError for anything else.

    Signalen publishes no pre-releases: a suffix is refused rather than put in a doubtful order.
    """
    match = _THREE_NUMBERS.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a version such as 4.23.0")
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def is_version(text: str) -> bool:
    """Tell whether a text is a version; image tags such as `latest` and commit hashes are not."""
    return _THREE_NUMBERS.fullmatch(text) is not None


def between(version: str, since: str | None, until: str | None) -> bool:
    """Tell whether a version lies between two others, both included; None is open."""
    numbers = parse(version)
    return (since is None or parse(since) <= numbers) and (until is None or numbers <= parse(until))
