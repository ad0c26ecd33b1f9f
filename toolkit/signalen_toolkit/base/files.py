"""A person's own files, written so that whoever looks finds the old or the new one; and folders worked in by turns."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signalen_toolkit.diagnostics.problems import UsageError


def create(path: Path, data: bytes, *, mode: int) -> None:
    """Write a new file. Raises FileExistsError where there is one, OSError where it cannot be written."""
    with _aside(path, data, mode, durable=True) as new:
        os.link(new, path)  # unlike a rename, this refuses where something stands there


def replace(path: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Put content in the place of a file, as a whole or not at all. Raises OSError where it cannot be written.

    Where nothing is said of its mode, the file keeps the one that it has; a new one is for everybody to read. What a
    link points at changes, not the link: for a repository, where links are somebody else's, there is `base.beneath`.
    What need not be `durable` may be lost, or be half there, after a computer lost its power, and costs no wait.
    """
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    with _aside(target, data, mode, durable=durable) as aside:
        aside.replace(target)


def changed_meanwhile(path: Path) -> UsageError:
    """Make the error for a file or folder in which somebody worked while we did."""
    return UsageError(f"{path} was changed in the meantime; nothing is written, run the command again")


def aside_of(name: str) -> str:
    """Return the pattern of the names under which a file is written before it takes its place."""
    return f".{name}.*.new"


@contextmanager
def _aside(path: Path, data: bytes, mode: int, *, durable: bool) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)  # the owner's alone
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        yield new
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let processes that work in the same folder take turns: each from what it reads to what it writes.

    Whoever has the turn and asks for it again waits for itself for ever. No person is waited for in it.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror or error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
