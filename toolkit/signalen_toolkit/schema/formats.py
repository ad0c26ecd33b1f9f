"""The formats of text that a schema may ask for, checked without another package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from signalen_toolkit.schema import addresses, names, telephones, times

_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)(M|G|T|Mi|Gi|Ti)")
_FACTORS = {"M": 1000**2, "G": 1000**3, "T": 1000**4, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
_LARGEST = 100 * 1024**4  # bytes: the largest volume that clouds rent out


def is_volume_size(text: str) -> bool:
    """Tell whether a text is the size of a volume that somewhere can be had: at most 100Ti."""
    found = _SIZE.fullmatch(text)
    return found is not None and 0 < float(found[1]) * _FACTORS[found[2]] <= _LARGEST


FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "uri": (addresses.is_url, "a URL such as https://example.nl"),
    "map-url": (addresses.is_map_url, "a URL such as https://example.nl/{z}/{x}/{y}.png"),
    "link": (addresses.is_link, "a URL such as https://example.nl, or a path on the site such as /about"),
    "email": (addresses.is_email, "an e-mail address such as meldingen@example.nl"),
    "hostname": (addresses.is_hostname, "a host name such as meldingen.example.nl"),
    "server": (addresses.is_server, "the name of a server such as mq.example.nl or mq.example.nl:5671"),
    "mirror": (addresses.is_mirror, "a server such as registry.example.nl, with or without a port and a path"),
    "date": (times.is_date, "a date such as 2025-12-31"),
    "cron": (times.is_cron, "minute (not *), hour, day, month and day of the week (0-6) of cron, such as 30 1 * * *"),
    "duration": (times.is_duration, "a time of at least a second, such as 10m or 1h30m"),
    "git-branch": (addresses.is_git_branch, "the name of a branch, as `git check-ref-format --branch` allows it"),
    "git-url": (addresses.is_git_url, "the address of a Git repository, such as https://git.example.nl/signalen.git"),
    "phone": (telephones.is_dutch_phone, "a number that can be dialled, such as 14 073 or 073 615 51 55"),
    "volume-size": (is_volume_size, "the size of a volume such as 10Gi, at most 100Ti"),
    "label-key": (
        names.is_label_key,
        "the name of a label: letters, digits, '.', '_' and '-', after a domain and '/' or not",
    ),
}
