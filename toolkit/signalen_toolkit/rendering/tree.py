"""A rendered tree on disk: compared with what it should be, and replaced as a whole.

A file under `clusters/` that does not carry the header of a rendered file was put there by a person: it stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.beneath import FolderEntry, named
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS, HEADER, is_rendered
from signalen_toolkit.base.whole_folders import by_folder, contents, create_all
from signalen_toolkit.diagnostics.differences import unified
from signalen_toolkit.diagnostics.problems import UsageError

_NEW: Final = f".{CLUSTERS}.new"
_OLD: Final = f".{CLUSTERS}.old"


@dataclass(frozen=True, slots=True)
class Changes:
    """What would change on disk: texts by path for new and changed files, paths for those that go."""

    written: Mapping[str, str]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


def compare(repository: Path, tree: Mapping[str, str]) -> Changes:
    """Tell what differs between the disk and the tree.

    Raises UsageError where something of a person stands in the way of a rendered file, or a link of its folder.
    """
    there = {
        entry.path: (entry.is_file, entry.is_folder, data)
        for entry, data in contents(repository, CLUSTERS, lambda path: None if path in tree else 2 * len(HEADER))
    }
    odd = {path for path, (_, is_folder, _) in there.items() if not is_folder}
    written: dict[str, str] = {}
    for path, text in tree.items():
        if path in there:
            now = there[path][2]
            if now == text.encode():
                continue
            if not is_rendered(now):
                raise _in_the_way(path)
        elif any(above in odd for above in _above(path)):
            beneath.look(repository, path)  # which says what stands where a folder has to be
        written[path] = text
    removed = (path for path, (is_file, _, data) in there.items() if is_file and path not in tree and is_rendered(data))
    return Changes(written, tuple(removed))


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path."""
    while path := path.rpartition("/")[0]:
        yield path


def diff(repository: Path, changes: Changes) -> str:
    """Return the changes as a unified diff, from what is on disk to what should be."""
    paths = sorted({*changes.written, *changes.removed})
    return "".join(_diff_file(repository, path, changes.written.get(path)) for path in paths)


def write(repository: Path, tree: Mapping[str, str]) -> Changes:
    """Bring the disk up to date and return what changed. Nothing is written where nothing changed.

    Killed at any moment, the old tree stands there or the new one: the new one is built aside, from links to the
    files that stay and from new files, and takes the place of the old one in one step. Two processes take turns.
    Raises UsageError as `compare` does, OSError where the disk is full or may not be written.
    """
    with alone(repository):
        return put(repository, tree)


def put(repository: Path, tree: Mapping[str, str]) -> Changes:
    """Do what `write` does, for whoever has the turn in the repository already (`base.files.alone`)."""
    with prepared(repository, tree) as new:
        new.take_place()
        return new.changes


@dataclass(frozen=True, slots=True)
class NewTree:
    """A tree that was built aside."""

    repository: Path
    changes: Changes

    def take_place(self) -> None:
        """Put it in the place of the old one. Raises OSError where that cannot be; then the old one stays."""
        if self.changes:
            _swap(self.repository)


@contextmanager
def prepared(repository: Path, tree: Mapping[str, str]) -> Iterator[NewTree]:
    """Build a tree aside, for whoever has the turn in the repository; it goes where it has not taken its place."""
    _tidy(repository)
    changes = compare(repository, tree)
    try:
        if changes:
            _build(repository, changes)
        yield NewTree(repository, changes)
    finally:
        if changes:
            _tidy(repository)


def _build(repository: Path, changes: Changes) -> None:
    with beneath.opened(repository, _NEW, make=True):
        pass
    if beneath.look(repository, CLUSTERS) is not None:
        _require_writable(repository, CLUSTERS)
    stays: dict[str, FolderEntry] = {}
    for entry in beneath.walk(repository, CLUSTERS):
        if entry.is_folder:
            _require_writable(repository, entry.path)
            with beneath.opened(repository, _aside(entry.path), make=True):
                pass
        elif entry.path not in changes.written and entry.path not in changes.removed:
            stays[entry.path] = entry
    for folder, paths in by_folder(stays):
        _link(repository, folder, [stays[path] for path in paths])
    create_all(repository, {_aside(path): text.encode() for path, text in changes.written.items()})
    for path in changes.removed:
        beneath.prune(repository, _aside(path).rpartition("/")[0], upto=_NEW)


def _aside(path: str) -> str:
    """Return where in the new tree a path of the old one is."""
    return _NEW + path.removeprefix(CLUSTERS)


def _require_writable(repository: Path, path: str) -> None:
    """Raise where nobody could clear a folder of the old tree away, once the new one has taken its place."""
    with beneath.opened(repository, path) as folder:
        if not os.access(".", os.R_OK | os.W_OK | os.X_OK, dir_fd=folder):
            raise PermissionError(13, "Permission denied", str(repository / path))


def _link(repository: Path, place: str, entries: Sequence[FolderEntry]) -> None:
    """Let the new tree have what a folder of the old one has, without a copy where the system can."""
    with beneath.opened(repository, place) as old, beneath.opened(repository, _aside(place), make=True) as folder:
        for entry in entries:
            name, new = entry.path.rpartition("/")[2], _aside(entry.path)
            with named(repository, entry.path):
                try:
                    os.link(name, name, src_dir_fd=old, dst_dir_fd=folder, follow_symlinks=False)
                except OSError:  # a file system without hard links
                    if entry.is_link:
                        os.symlink(os.readlink(name, dir_fd=old), name, dir_fd=folder)
                    else:
                        data = beneath.content(old, name, repository, entry.path)
                        beneath.put(folder, name, data, entry.status.st_mode & 0o777, repository, new, exact=True)


def _swap(repository: Path) -> None:
    with beneath.opened(repository) as top, named(repository / CLUSTERS):
        if beneath.look(repository, CLUSTERS) is None:
            os.rename(_NEW, CLUSTERS, src_dir_fd=top, dst_dir_fd=top)
        elif not beneath.exchange(top, CLUSTERS, top, _NEW):
            # Two steps. `_tidy` undoes the first where a kill comes between them.
            os.rename(CLUSTERS, _OLD, src_dir_fd=top, dst_dir_fd=top)
            os.rename(_NEW, CLUSTERS, src_dir_fd=top, dst_dir_fd=top)


def _tidy(repository: Path) -> None:
    """Clear away what an earlier process left when it was killed."""
    if beneath.look(repository, _OLD) is not None and beneath.look(repository, CLUSTERS) is None:
        beneath.move(repository, _OLD, CLUSTERS)
    for leftover in (_NEW, _OLD):
        beneath.remove_all(repository, leftover)


def _in_the_way(path: str) -> UsageError:
    return UsageError(
        f"{path} was not made by `signalen render`, and a rendered file has to stand there: move it or delete it"
    )


def _diff_file(repository: Path, path: str, text: str | None) -> str:
    data = beneath.read(repository, path)
    before = (data or b"").decode(errors="backslashreplace")
    old = f"a/{path}" if data is not None else "/dev/null"
    return unified(before, text or "", old, f"b/{path}" if text is not None else "/dev/null")
