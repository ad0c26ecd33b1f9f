"""Files written so that whoever looks finds the old one or the new one, whole; and folders worked in by turns."""

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
    with _aside(path, data, mode) as new:
        os.link(new, path)  # unlike a rename, this refuses where something stands there


def replace(path: Path, data: bytes, *, mode: int | None = None, expected: bytes | None = None) -> None:
    """Put content in the place of a file, as a whole or not at all. Raises OSError where it cannot be written.

    Where nothing is said of its mode, the file keeps the one that it has; a new one is for everybody to read. With
    `expected`, what the file has to hold still: raises as `take_place` does.
    """
    with prepared(path, data, mode=mode) as aside:
        if expected is None:
            aside.replace(path.resolve())
        else:
            take_place(aside, path, expected)


def take_place(aside: Path, path: Path, expected: bytes) -> None:
    """Let a file take the place of another one, if that still holds what was read from it.

    The two change places in one step, and only then is looked at what came out: so there is no moment at which an
    edit that somebody saves is written over. Raises UsageError where there was one; then it stands where it stood.
    """
    target = path.resolve()
    require(path, expected)
    if not exchange(aside, target):  # a system that cannot: an edit that is saved between these lines is lost
        aside.replace(target)
    elif aside.read_bytes() != expected:
        exchange(aside, target)
        raise changed_meanwhile(path)


def require(path: Path, expected: bytes) -> None:
    """Raise UsageError where a file does not hold any more what was read from it."""
    if not path.is_file() or path.read_bytes() != expected:
        raise changed_meanwhile(path)


def changed_meanwhile(path: Path) -> UsageError:
    """Make the error for a file or folder in which somebody worked while we did."""
    return UsageError(f"{path} was changed in the meantime; nothing is written, run the command again")


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; False where the system cannot."""
    import ctypes  # only a change needs it

    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    here, both = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of linux/fs.h
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(here, names[0], here, names[1], both) == 0)
    if hasattr(libc, "renamex_np"):  # macOS; 2 is RENAME_SWAP of sys/stdio.h
        return bool(libc.renamex_np(*names, 2) == 0)
    return False


@contextmanager
def prepared(path: Path, data: bytes, *, mode: int | None = None) -> Iterator[Path]:
    """Write content to a file beside another one, on the disk, ready to take its place; it goes where it has not."""
    target = path.resolve()  # what a link points at changes, not the link
    if mode is None:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    with _aside(target, data, mode) as aside:
        yield aside


def aside_of(name: str) -> str:
    """Return the pattern of the names under which a file is written before it takes its place."""
    return f".{name}.*.new"


@contextmanager
def _aside(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)  # the owner's alone
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
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
