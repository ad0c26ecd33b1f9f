"""A repository that is built beside its place, and put there as a whole or not at all."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.rendering import tree

STAGING: Final = ".signalen-new"


def lay(staging: Path, target: Path) -> list[str]:
    """Move what was built into a folder that exists, or put everything back as it was."""
    kept: list[str] = []
    moves: list[tuple[Path, Path]] = []
    for source in sorted(path for path in staging.rglob("*") if path.is_file()):
        path = source.relative_to(staging)
        if path.parts[0] in (CLUSTERS, ".git"):
            continue
        if path.parts[0] == "assets" and (target / path).exists():
            kept.append(path.as_posix())
            continue
        _check_way(target, path)
        moves.append((source, target / path))
    files = {
        path.relative_to(staging).as_posix(): path.read_text(encoding="utf-8")
        for path in (staging / CLUSTERS).rglob("*")
        if path.is_file()
    }
    tree.compare(target, files)
    if (staging / ".git").exists():
        moves.append((staging / ".git", target / ".git"))
    _move(moves, aside=staging / ".replaced", then=lambda: tree.write(target, files))
    return [f"kept {', '.join(kept)} as {'it was' if len(kept) == 1 else 'they were'}"] if kept else []


def _check_way(target: Path, path: Path) -> None:
    """Raise where a file or folder of a person is of the wrong kind to be written to."""
    if (target / path).is_dir():
        raise UsageError(f"{path} is a folder, and a file has to stand there: move it or delete it")
    for parent in path.parents:
        if (target / parent).exists() and not (target / parent).is_dir():
            raise UsageError(f"{parent} is a file, and a folder has to stand there: move it or delete it")


def _move(moves: Sequence[tuple[Path, Path]], *, aside: Path, then: Callable[[], object]) -> None:
    with ExitStack() as undo:
        aside.mkdir()
        for number, (source, target) in enumerate(moves):
            for parent in reversed([parent for parent in target.parents if not parent.exists()]):
                parent.mkdir()
                undo.callback(parent.rmdir)
            if target.exists():
                target.rename(aside / str(number))
                undo.callback((aside / str(number)).rename, target)
            source.rename(target)
            undo.callback(target.rename, source)
        then()
        undo.pop_all()


@contextmanager
def staging_at(path: Path) -> Iterator[Path]:
    """Give a path for a folder to build in; what is there before, a killed process left."""
    shutil.rmtree(path, ignore_errors=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def terminable() -> Iterator[None]:
    """Let a request to end (SIGTERM) tidy up like Ctrl-C does. Signals can only be caught in the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as signal wants it
        raise SystemExit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
