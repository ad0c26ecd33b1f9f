"""A rendered tree on disk: compared with what it should be, and replaced as a whole.

A file under `clusters/` that does not carry the header of a rendered file was put there by a person: it stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base.files import alone, exchange
from signalen_toolkit.base.layout import CLUSTERS, HEADER, is_rendered
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

    Raises UsageError where something of a person stands in the way of a rendered file.
    """
    written: dict[str, str] = {}
    for path, text in tree.items():
        target = repository / path
        if target.is_file() and not target.is_symlink():
            now = target.read_bytes()
            if now == text.encode():
                continue
            if not is_rendered(now):
                raise _in_the_way(path)
        elif target.is_symlink() or target.exists():
            raise _in_the_way(path)
        written[path] = text
    removed = tuple(path for path in _rendered(repository) if path not in tree)
    return Changes(written, removed)


def diff(repository: Path, changes: Changes) -> str:
    """Return the changes as a unified diff, from what is on disk to what should be."""
    paths = sorted({*changes.written, *changes.removed})
    return "".join(_diff_file(repository / path, path, changes.written.get(path)) for path in paths)


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
            _swap(self.repository / CLUSTERS, self.repository / _NEW, self.repository / _OLD)


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
    new = repository / _NEW
    if (repository / CLUSTERS).is_dir():
        shutil.copytree(repository / CLUSTERS, new, symlinks=True, copy_function=_link)
    for path, text in changes.written.items():
        target = new / Path(path).relative_to(CLUSTERS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # it is a link to the old file, which must not change
        target.write_bytes(text.encode())
    for path in changes.removed:
        target = new / Path(path).relative_to(CLUSTERS)
        target.unlink()
        for folder in target.parents:
            if folder == new or any(folder.iterdir()):
                break
            folder.rmdir()


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def _swap(current: Path, new: Path, old: Path) -> None:
    if not current.exists():
        new.rename(current)
    elif not exchange(current, new):
        # Two steps. `_tidy` undoes the first where a kill comes between them.
        current.rename(old)
        new.rename(current)


def _tidy(repository: Path) -> None:
    """Clear away what an earlier process left when it was killed."""
    current, new, old = repository / CLUSTERS, repository / _NEW, repository / _OLD
    if old.exists() and not current.exists():
        old.rename(current)
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)


def _rendered(repository: Path) -> Iterator[str]:
    for path in sorted((repository / CLUSTERS).rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if is_rendered(file.read(2 * len(HEADER))):
                    yield path.relative_to(repository).as_posix()


def _in_the_way(path: str) -> UsageError:
    return UsageError(
        f"{path} was not made by `signalen render`, and a rendered file has to stand there: move it or delete it"
    )


def _diff_file(target: Path, path: str, text: str | None) -> str:
    before = target.read_text(encoding="utf-8") if target.is_file() else ""
    old = f"a/{path}" if target.is_file() else "/dev/null"
    return unified(before, text or "", old, f"b/{path}" if text is not None else "/dev/null")
