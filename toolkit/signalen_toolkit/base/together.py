"""Files of a repository that change together: all of them or none, and none over what somebody saved meanwhile.

What is to be written is written aside first, so that a full disk stops it before anything has changed. Then each file
changes places with its new content in one step, and only then is looked at what came out: there is no moment at which
an edit is written over. Where one step fails, those before it are taken back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.beneath import named
from signalen_toolkit.base.files import changed_meanwhile

_NO_LINKS: Final = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)  # of a file system without hard links
ASIDE: Final = ".signalen.new"  # the folder for what is to take a place; a killed process leaves it, the next clears it


class Together:
    """The changes of one repository, for whoever has the turn in it (`base.files.alone`)."""

    def __init__(self, root: Path, aside: int) -> None:
        self._root = root
        self._aside = aside
        self._steps: list[Callable[[ExitStack], None]] = []
        self._undo = ExitStack()
        self._emptied: list[str] = []
        self._count = 0

    def write(self, path: str, data: bytes, expected: bytes | None, *, mode: int = beneath.NEW) -> None:
        """Prepare that a file gets this content; `expected` is what it holds now, None where there is none.

        The file keeps its mode; a new one has `mode`, without what the person's umask takes away. Raises UsageError
        where a link or folder stands there or on the way, OSError where the disk is full or may not be written.
        """
        shown = self._root / path
        new, kept = self._name(), None
        with suppress(FileNotFoundError), beneath.parent(self._root, path) as (folder, name):
            kept = beneath.mode_of(folder, name, shown)
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
                raise PermissionError(13, "Permission denied", str(shown))
        with named(shown):
            beneath.create(self._root, f"{ASIDE}/{new}", data, mode=kept or mode, exact=kept is not None, durable=True)

        def step(undo: ExitStack) -> None:
            if expected is None:
                self._put_new(path, new, undo)
            else:
                self._put_over(path, new, expected, undo)

        self._steps.append(step)

    def remove(self, path: str, expected: bytes) -> None:
        """Prepare that a file goes, if it holds this then; the folders that become empty go too."""

        def step(undo: ExitStack) -> None:
            old = self._name()
            with beneath.parent(self._root, path) as (folder, name), named(self._root / path):
                os.rename(name, old, src_dir_fd=folder, dst_dir_fd=self._aside)
            undo.callback(beneath.move, self._root, f"{ASIDE}/{old}", path)
            self._require(old, expected, path)
            self._emptied.append(PurePosixPath(path).parent.as_posix())

        self._steps.append(step)

    def take_place(self) -> None:
        """Carry all of it out. Raises UsageError where a file does not hold any more what was read from it."""
        for step in self._steps:
            step(self._undo)

    def take_back(self) -> None:
        """Give every file what it had before."""
        self._undo.close()
        self._emptied.clear()

    def finish(self) -> None:
        """Remove the folders that became empty."""
        for folder in self._emptied:
            with suppress(FileNotFoundError):
                beneath.prune(self._root, folder)

    def _put_new(self, path: str, new: str, undo: ExitStack) -> None:
        undo.callback(_prune_above, self._root, path)
        with beneath.parent(self._root, path, make=True) as (folder, name), named(self._root / path):
            try:
                os.link(new, name, src_dir_fd=self._aside, dst_dir_fd=folder)  # unlike a rename, it writes over nothing
            except FileExistsError as error:
                raise changed_meanwhile(self._root / path) from error
            except OSError as error:
                if error.errno not in _NO_LINKS or beneath.look(self._root, path) is not None:
                    raise
                os.rename(new, name, src_dir_fd=self._aside, dst_dir_fd=folder)
        undo.callback(beneath.remove, self._root, path)

    def _put_over(self, path: str, new: str, expected: bytes, undo: ExitStack) -> None:
        try:
            with beneath.parent(self._root, path) as (folder, name):
                if beneath.content(folder, name, self._root, path) != expected:
                    raise changed_meanwhile(self._root / path)
                if beneath.exchange(self._aside, new, folder, name):
                    undo.callback(self._back, new, path)
                    self._require(new, expected, path)
                    return
                old = self._name()  # a system that cannot: for a moment, nothing stands there
                with named(self._root / path):
                    os.rename(name, old, src_dir_fd=folder, dst_dir_fd=self._aside)
                    undo.callback(beneath.move, self._root, f"{ASIDE}/{old}", path)
                    self._require(old, expected, path)
                    os.rename(new, name, src_dir_fd=self._aside, dst_dir_fd=folder)
        except FileNotFoundError as error:
            raise changed_meanwhile(self._root / path) from error

    def _back(self, new: str, path: str) -> None:
        with beneath.parent(self._root, path) as (folder, name):
            beneath.exchange(self._aside, new, folder, name)

    def _require(self, name: str, expected: bytes, path: str) -> None:
        """Raise where what was put aside is not what it was taken for."""
        if beneath.content(self._aside, name, self._root, path) != expected:
            raise changed_meanwhile(self._root / path)

    def _name(self) -> str:
        self._count += 1
        return str(self._count)


def _prune_above(root: Path, path: str) -> None:
    with suppress(FileNotFoundError):
        beneath.prune(root, PurePosixPath(path).parent.as_posix())


@contextmanager
def together(root: Path) -> Iterator[Together]:
    """Give what changes files of a repository together: where an error leaves this, all of them are as they were."""
    beneath.remove_all(root, ASIDE)
    try:
        with beneath.opened(root, ASIDE, make=True) as aside:
            changes = Together(root, aside)
            try:
                yield changes
            except BaseException:
                changes.take_back()
                raise
            changes.finish()
    finally:
        beneath.remove_all(root, ASIDE)
