"""Many files below a folder at once, without a way from the top to each of them: as `beneath`, through no link."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from signalen_toolkit.base.beneath import DEEPEST, NEW, FolderEntry, content, opened, parent, put, step
from signalen_toolkit.diagnostics.problems import UsageError


def contents(root: Path, path: str, most: Callable[[str], int | None]) -> Iterator[tuple[FolderEntry, bytes]]:
    """Yield all that is below a folder as `walk` does, each file with its content, of which `most` bytes are read.

    Of what is no file, the content is empty. Nothing where there is no such folder. Raises as `walk` and `read` do.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened(root, path))
        except FileNotFoundError:
            return
        yield from _below(root, folder, path, most, 1)


def _below(
    root: Path, folder: int, path: str, most: Callable[[str], int | None], depth: int
) -> Iterator[tuple[FolderEntry, bytes]]:
    if depth > DEEPEST:
        raise UsageError(f"{root / path} is more than {DEEPEST} folders deep, which no repository is")
    for name in sorted(os.listdir(folder)):  # an open folder
        inner = f"{path}/{name}" if path else name
        entry = FolderEntry(inner, os.lstat(name, dir_fd=folder))
        yield entry, content(folder, name, root, inner, most(inner)) if entry.is_file else b""
        if entry.is_folder:
            deeper = step(folder, name, root, inner)
            try:
                yield from _below(root, deeper, inner, most, depth + 1)
            finally:
                os.close(deeper)


def create_all(root: Path, files: Mapping[str, bytes]) -> None:
    """Write new files, with the folders that they lack. Raises as `create` does."""
    for _, paths in by_folder(files):
        with parent(root, paths[0], make=True) as (folder, _):
            for path in paths:
                put(folder, path.rpartition("/")[2], files[path], NEW, root, path)


def by_folder(paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield folders, each with those of the paths that are in it."""
    split = sorted(path.rpartition("/") for path in paths)
    for above, some in groupby(split, key=lambda one: one[0]):
        yield above, ["".join(one) for one in some]
