"""Files below a folder, whatever links stand on the way: no link is followed, so nothing outside is read or written.

A repository is somebody else's, and in Git a folder of it can be a link to anywhere. So a path goes from folder to
folder by open descriptors, each opened as no link (`openat` with O_NOFOLLOW): where a link comes in between at the last
moment, it leads nowhere either. Any POSIX system can do that; `openat2` of Linux is the same in one call.

The folder itself (`root`) is what a person named, and may be reached through links. Paths are relative to it, with `/`.
All raise UsageError for what is no folder on the way, and OSError with the whole path for what the system refuses.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError

DEEPEST: Final = 64  # folders in each other; no repository has so many, and whoever goes down them one by one stumbles
NEW: Final = 0o666  # the mode of a new file, without what the person's umask takes away
SCRIPT: Final = 0o777  # that of a new file to be run
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LEADS_NOWHERE: Final = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
_CHUNK: Final = 2**20


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """What stands somewhere: `is_folder`, or `is_file`, or neither where it is a link or something stranger."""

    path: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Tell whether it is a folder, and no link to one."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        """Tell whether it is a file, and no link to one."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        """Tell whether it is a link."""
        return stat.S_ISLNK(self.status.st_mode)

    def __str__(self) -> str:
        """Name the kind of thing that it is."""
        return "a link" if self.is_link else "a folder" if self.is_folder else "a file" if self.is_file else "no file"


def look(root: Path, path: str) -> FolderEntry | None:
    """Tell what stands at a path, itself and not what it leads to; None where there is nothing."""
    try:
        with parent(root, path) as (folder, name):
            return FolderEntry(path, os.lstat(name, dir_fd=folder))
    except FileNotFoundError:
        return None


def read(root: Path, path: str, largest: int | None = None) -> bytes | None:
    """Return the content of a file, at most `largest` bytes; None where there is none.

    Raises UsageError for a link, a folder and what else is no file.
    """
    try:
        with parent(root, path) as (folder, name):
            return content(folder, name, root, path, largest)
    except FileNotFoundError:
        return None


def content(folder: int, name: str, root: Path, path: str, largest: int | None = None) -> bytes:
    """Return the content of a file in an open folder, at this path below the root.

    Raises as `read` does, FileNotFoundError where there is none.
    """
    # What is no file can make whoever opens it wait for ever.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with named(root, path):
        try:
            descriptor = os.open(name, flags, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
                raise UsageError(f"{root / path} is not a plain file, and nothing else is read: delete it") from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{root / path} is not a plain file, and nothing else is read: delete it")
            data = bytearray()
            while chunk := os.read(descriptor, _CHUNK if largest is None else min(_CHUNK, largest - len(data))):
                data += chunk
            return bytes(data)
        finally:
            os.close(descriptor)


def walk(root: Path, path: str = "", *, hidden: bool = True) -> Iterator[FolderEntry]:
    """Yield all that is below a folder, each folder before what is in it, in the order of the alphabet.

    Into links nobody goes; without `hidden`, what begins with a dot is left out. Nothing where there is no such folder.
    Raises UsageError where it is deeper than `DEEPEST`, or is no folder.
    """
    waiting = [iter(listed(root, path))]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        if not hidden and PurePosixPath(entry.path).name.startswith("."):
            continue
        yield entry
        if entry.is_folder:
            if len(waiting) >= DEEPEST:
                raise UsageError(f"{root / entry.path} is more than {DEEPEST} folders deep, which no repository is")
            waiting.append(iter(listed(root, entry.path)))


def listed(root: Path, path: str = "") -> list[FolderEntry]:
    """Return what is in a folder, in the order of the alphabet; nothing where there is none."""
    before = f"{path}/" if path else ""
    try:
        with opened(root, path) as folder, named(root, path):
            names = sorted(os.listdir(folder))  # noqa: PTH208  # an open folder
            return [FolderEntry(before + name, os.lstat(name, dir_fd=folder)) for name in names]
    except FileNotFoundError:
        return []


def create(root: Path, path: str, data: bytes, *, mode: int = NEW, exact: bool = False, durable: bool = False) -> None:
    """Write a new file, with the folders that it lacks. Raises FileExistsError where something stands there.

    Unless `exact`, its mode is without what the person's umask takes away. With `durable`, it is on the disk when this
    returns.
    """
    with parent(root, path, make=True) as (folder, name):
        put(folder, name, data, mode, root, path, exact=exact, durable=durable)


def write(root: Path, path: str, data: bytes, *, mode: int = NEW) -> None:
    """Put content in the place of a file, as a whole or not at all, with the folders that it lacks.

    The file keeps its mode; a new one has `mode`, without what the person's umask takes away. Raises UsageError where a
    link or folder stands there.
    """
    with parent(root, path, make=True) as (folder, name):
        kept = mode_of(folder, name, root / path)
        new = f".{name}.{secrets.token_hex(6)}.new"
        try:
            put(folder, new, data, mode if kept is None else kept, root, path, exact=kept is not None, durable=True)
            with named(root, path):
                os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(new, dir_fd=folder)
            raise


def mode_of(folder: int, name: str, shown: Path) -> int | None:
    """Return the mode of a file in an open folder, None where there is none. Raises UsageError for another thing."""
    try:
        entry = FolderEntry(name, os.lstat(name, dir_fd=folder))
    except FileNotFoundError:
        return None
    if not entry.is_file:
        raise UsageError(f"{shown} is {entry}, and a file has to stand there: move it or delete it")
    return stat.S_IMODE(entry.status.st_mode)


def put(
    folder: int, name: str, data: bytes, mode: int, root: Path, path: str, *, exact: bool = False, durable: bool = False
) -> None:
    """Write a new file in an open folder, at this path below the root, as `create` does."""
    with named(root, path):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=folder)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            if exact:
                os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(root: Path, path: str, *, upto: str = "") -> None:
    """Remove a file, or a link itself, and the folders that become empty by it, below `upto`.

    Nothing happens where there is none. Raises UsageError where a folder stands there.
    """
    try:
        with parent(root, path) as (folder, name), named(root, path):
            if FolderEntry(path, os.lstat(name, dir_fd=folder)).is_folder:
                raise UsageError(f"{root / path} is a folder, and a file was to be removed: look what it is")
            os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    prune(root, PurePosixPath(path).parent.as_posix(), upto=upto)


def prune(root: Path, path: str, *, upto: str = "") -> None:
    """Remove a folder if it is empty, and those above it, below `upto`. Nothing happens where there is none."""
    while path not in (upto, "", "."):
        try:
            with parent(root, path) as (folder, name):
                try:
                    os.rmdir(name, dir_fd=folder)
                except OSError:
                    return
        except FileNotFoundError:  # with the folders above it
            return
        path = PurePosixPath(path).parent.as_posix()


def remove_all(root: Path, path: str) -> None:
    """Remove what stands at a path: a folder with all that is in it, also what is read-only; of a link, the link."""
    entry = look(root, path)
    if entry is None:
        return
    found = [entry, *(walk(root, path) if entry.is_folder else ())]
    for one in found:
        if one.is_folder and not one.status.st_mode & stat.S_IWUSR:
            with opened(root, one.path) as folder, named(root, one.path):
                os.fchmod(folder, 0o700)
    for above, some in groupby(reversed(found), key=lambda one: one.path.rpartition("/")[0]):
        with opened(root, above) as folder:
            for one in some:
                with named(root, one.path):
                    name = one.path.rpartition("/")[2]
                    (os.rmdir if one.is_folder else os.unlink)(name, dir_fd=folder)


def move(root: Path, source: str, target: str) -> None:
    """Give something another place, with the folders that it lacks; what stood there, if it is no folder, is gone."""
    with parent(root, source) as (here, name), parent(root, target, make=True) as (there, new), named(root, target):
        os.rename(name, new, src_dir_fd=here, dst_dir_fd=there)


def exchange(here: int, one: str, there: int, other: str) -> bool:
    """Let two things in open folders change places in one step; False where the system cannot."""
    import ctypes  # only a change needs it

    libc = ctypes.CDLL(None, use_errno=True)
    names, both = (os.fsencode(one), os.fsencode(other)), 2  # RENAME_EXCHANGE of linux/fs.h
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(here, names[0], there, names[1], both) == 0)
    if hasattr(libc, "renameatx_np"):  # macOS; 2 is RENAME_SWAP of sys/stdio.h
        return bool(libc.renameatx_np(here, names[0], there, names[1], both) == 0)
    return False


def real(root: Path, path: str) -> str:
    """Return where a path leads through the links in it, as a path without them. UsageError where that is outside.

    For the one file that a person may keep elsewhere in the repository and link to: the form.
    """
    if _has_no_links(root, path):
        return path
    try:
        return (root / path).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{root / path} is a link that leads out of {root}: put the file itself there") from None
    except (OSError, RuntimeError) as error:  # a circle
        raise UsageError(f"{root / path} is a link that leads nowhere: put the file itself there") from error


def _has_no_links(root: Path, path: str) -> bool:
    """Tell whether a path is written as short as can be, and is there without any link in it, as nearly all are."""
    parts, place = path.split("/"), str(root)
    if not all(parts) or not {".", ".."}.isdisjoint(parts) or "\0" in path:
        return False
    for part in parts:
        place = f"{place}/{part}"
        try:
            if stat.S_ISLNK(os.lstat(place).st_mode):
                return False
        except OSError:
            return False
    return True


@contextmanager
def opened(root: Path, path: str = "", *, make: bool = False) -> Iterator[int]:
    """Give a folder as an open descriptor; with `make`, it is made where it is not there, and those above it."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or path.startswith("/"):
        raise UsageError(f"{path} leads out of {root}")
    with named(root):
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for number, part in enumerate(parts, 1):
            deeper = step(descriptor, part, root, "/".join(parts[:number]), make=make)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Give the folder that a path is in as an open descriptor, and the name that the path has in it."""
    above, _, name = path.rstrip("/").rpartition("/")
    if name in ("", ".", ".."):
        raise UsageError(f"'{path}' is no name of a file in {root}")
    with opened(root, above or ("/" if path.startswith("/") else ""), make=make) as folder:
        yield folder, name


def step(folder: int, name: str, root: Path, path: str, *, make: bool = False) -> int:
    """Open a folder in an open one, at this path below the root; with `make`, it is made where it is not there.

    Whoever calls closes it. Raises UsageError for a link, or what else is no folder.
    """
    with named(root, path):
        try:
            return os.open(name, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if not make:
                raise
        except OSError as error:
            if error.errno not in _LEADS_NOWHERE:
                raise
            raise UsageError(
                f"{root / path} is {FolderEntry(name, os.lstat(name, dir_fd=folder))}, and a folder has to stand there:"
                " move it or delete it"
            ) from error
        with suppress(FileExistsError):
            os.mkdir(name, 0o777, dir_fd=folder)
    return step(folder, name, root, path)


@contextmanager
def named(path: Path, below: str = "") -> Iterator[None]:
    """Say the whole path in an error of the system, which may have a part of it, or none (a full disk)."""
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, str) and Path(error.filename).is_absolute():
            raise
        raise OSError(error.errno, error.strerror, str(path / below)) from error
