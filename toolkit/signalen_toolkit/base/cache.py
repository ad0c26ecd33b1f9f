"""Folders in the user's cache that nobody else can fill: what is found there is believed, and some of it is run."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.files import replace
from signalen_toolkit.base.layout import FORM_FILE

_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_OF_A_REPOSITORY: Final = (".git", FORM_FILE)


def own(environment: Mapping[str, str], name: str) -> Path | None:
    """Return our folder of this name in the user's cache (XDG_CACHE_HOME, else ~/.cache), made where it was not there.

    None where nothing can be kept, or where what is kept might be somebody else's: a folder of another user, or one in
    a repository, with which it came. One of ours in which others might write is closed to them; what is in it counts
    only if `is_ours`.
    """
    user = _user()
    given = Path(environment.get("XDG_CACHE_HOME", ""))
    home = given if given.is_absolute() else user and user / ".cache"
    if home is None or _is_in_repository(home, user):
        return None
    try:
        place = home / "signalen"
        for folder in (place, *(place / part for part in reversed(Path(name).parents) if part.parts), place / name):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _closed(folder):
                return None
    except OSError:
        return None
    return place / name


def own_or_passing(environment: Mapping[str, str], name: str) -> Path:
    """Return what `own` does, or else a folder that goes with this process. Raises OSError where none can be made."""
    return own(environment, name) or _passing() / name


def is_ours(path: Path) -> bool:
    """Tell whether a file or folder itself, no link to one, is of this user, and nobody else may write in it."""
    status = os.lstat(path)
    return not stat.S_ISLNK(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS


def recalled(place: Path, key: str) -> Any:
    """Return what was kept in a file of ours under this key, as plain data; None where there is nothing under it."""
    try:
        if not is_ours(place):
            return None
        kept = json.loads(place.read_text(encoding="utf-8"))
        return kept["value"] if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def keep(place: Path, key: str, value: Any) -> None:
    """Keep plain data in a file of ours under a key, in the place of what was there.

    Where that cannot be (a full or read-only disk, what is no plain data), the next run works it out again; so it does
    where only half of it is there.
    """
    with suppress(OSError, TypeError, ValueError):
        replace(place, json.dumps({"key": key, "value": value}).encode(), mode=0o600, durable=False)


def _closed(folder: Path) -> bool:
    """Close a folder of ours to others; tell whether it is one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            return False
        if status.st_mode & _OTHERS:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~_OTHERS)
        return True
    finally:
        os.close(descriptor)


def _user() -> Path | None:
    """Return the home of the user, where they have one."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def _is_in_repository(folder: Path, user: Path | None) -> bool:
    """Tell whether a folder is in a repository. The home of the user may be one, of settings: that is their own."""
    for parent in (folder, *folder.parents):
        if parent == user:
            return False
        if any(os.path.lexists(parent / name) for name in _OF_A_REPOSITORY):
            return True
    return False


@cache
def _passing() -> Path:
    folder = tempfile.mkdtemp(prefix="signalen-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
