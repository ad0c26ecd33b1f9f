"""The toolkit's own lock: every package that it needs, in one version, with the hash of each file (`data/pylock.toml`).

It is PEP 751's. `.ci/lock.py` in the source writes it; an installed toolkit has it, and makes requirements of it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError

LOCK: Final = "data/pylock.toml"
_EXTRA: Final = re.compile(r"'([a-z]+)' in extras")
_PART: Final = re.compile(r"(?<! or )(?: and )?\(?'[a-z]+' in extras(?: or '[a-z]+' in extras)*\)?$")


def requirements(extras: Iterable[str], lock: Path = PACKAGE / LOCK) -> list[str]:
    """Return the lines of a requirements file for the toolkit's packages, without the toolkit itself.

    Raises UsageError where the lock cannot be read.
    """
    wanted = frozenset(extras)
    return [line for package in _packages(lock) if _is_for(package, wanted) for line in _lines(package)]


def _packages(lock: Path) -> list[Mapping[str, Any]]:
    try:
        found: list[Mapping[str, Any]] = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"the lock of the toolkit cannot be read ({lock}): install the toolkit again") from error
    return found


def _is_for(package: Mapping[str, Any], extras: frozenset[str]) -> bool:
    own = _EXTRA.findall(package.get("marker", ""))
    return not own or not extras.isdisjoint(own)


def _lines(package: Mapping[str, Any]) -> Iterator[str]:
    marker = _PART.sub("", package.get("marker", ""))
    hashes = sorted(wheel["hashes"]["sha256"] for wheel in package["wheels"])
    yield f"{package['name']}=={package['version']}{f' ; {marker}' if marker else ''} \\"
    yield from continued(hashes)


def continued(hashes: Iterable[str]) -> Iterator[str]:
    """Yield the lines with hashes below a requirement."""
    *first, last = [f"    --hash=sha256:{one}" for one in hashes]
    yield from (f"{line} \\" for line in first)
    yield last


if __name__ == "__main__":  # for the container image, which has nothing but this package when it asks
    say("\n".join(requirements(sys.argv[1:])))
