"""What the template made of a repository's files: kept beside them, so that an update knows what a person changed.

Texts are kept whole, for a merge needs the text that both sides began with; of an image its checksum does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit import __version__
from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import TEMPLATE_STATE
from signalen_toolkit.diagnostics.problems import UsageError

_NUMBERS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")
_LARGEST: Final = 2**24  # bytes; what the template makes is below one hundredth of it
_ABOUT: Final = "What the template was when this repository was made or last updated; `signalen update` needs it."


@dataclass(frozen=True, slots=True)
class Origin:
    """The version of the toolkit, and each file as the template had it: its text, or the checksum of its bytes."""

    toolkit: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)

    def is_as_made(self, path: str, now: bytes) -> bool:
        """Tell whether a file is still what the template made of it."""
        made = self.files.get(path)
        return made == (now if isinstance(made, bytes) else hashlib.sha256(now).hexdigest())


def text(files: Mapping[str, bytes]) -> str:
    """Return what is kept of files as the template makes them."""
    kept = {path: _kept(data) for path, data in sorted(files.items())}
    whole = {"about": _ABOUT, "toolkit": __version__, "files": kept}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def read(directory: Path) -> Origin | None:
    """Return what was kept in a repository; None where nothing was. Raises UsageError where it cannot be read."""
    content = beneath.read(directory, TEMPLATE_STATE, _LARGEST)
    if content is None:
        return None
    try:
        data = json.loads(content.decode())
        files = {name: _made(made) for name, made in data["files"].items()}
        version = str(data["toolkit"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = f"take it back from Git: git checkout HEAD -- {TEMPLATE_STATE}"
        raise UsageError(f"{TEMPLATE_STATE} is not as the toolkit wrote it; {hint}") from error
    for name in files:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or ".git" in inside.parts:
            raise UsageError(f"{TEMPLATE_STATE} names '{name}', which is no file of this repository")
    return Origin(version, files)


def require_known(directory: Path) -> None:
    """Raise UsageError where a newer toolkit than this one made or updated a repository.

    What this one would write, might be without what that one knows. One that an older toolkit made is as good as any.
    """
    origin = read(directory)
    if origin is not None and _numbers(origin.toolkit) > _numbers(__version__):
        raise UsageError(
            f"it was made or updated with toolkit {origin.toolkit}, and this is {__version__}: install that"
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers with which a version begins, to compare: a release to come is taken for the release."""
    found = _NUMBERS.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()


def as_text(data: bytes) -> str | None:
    """Return the text of a file; None where it is none, such as an image."""
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in found else found


def _kept(data: bytes) -> str | dict[str, str]:
    found = as_text(data)
    return {"sha256": hashlib.sha256(data).hexdigest()} if found is None else found


def _made(kept: object) -> str | bytes:
    """Read one entry: a text is kept as bytes here, a checksum as text."""
    if isinstance(kept, str):
        return kept.encode()
    if isinstance(kept, dict) and isinstance(kept["sha256"], str):
        return kept["sha256"]
    raise TypeError("neither a text nor a checksum")
