"""A repository that is built beside its place, and put there as a whole or not at all."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.rendering import tree

STAGING: Final = ".signalen-new"


def lay(target: Path) -> list[str]:
    """Move what was built in a folder that exists (below `STAGING`) into it, or put everything back as it was."""
    built = [entry.path.removeprefix(f"{STAGING}/") for entry in beneath.walk(target, STAGING) if entry.is_file]
    kept: list[str] = []
    moves: list[str] = []
    files: dict[str, str] = {}
    for path in built:
        top = path.partition("/")[0]
        if top == ".git":
            continue
        if top == CLUSTERS:
            files[path] = (beneath.read(target, f"{STAGING}/{path}") or b"").decode()
            continue
        stands = beneath.look(target, path)  # raises for a link or file on the way
        if stands is not None and top == "assets":
            kept.append(path)
            continue
        if stands is not None and not stands.is_file:
            raise UsageError(f"{path} is {stands}, and a file has to stand there: move it or delete it")
        moves.append(path)
    tree.compare(target, files)
    if beneath.look(target, f"{STAGING}/.git") is not None:
        moves.append(".git")
    _move(target, moves, then=lambda: tree.write(target, files))
    return [f"kept {', '.join(kept)} as {'it was' if len(kept) == 1 else 'they were'}"] if kept else []


def _move(target: Path, moves: Sequence[str], *, then: Callable[[], object]) -> None:
    with ExitStack() as undo:
        for number, path in enumerate(moves):
            undo.callback(_prune_above, target, path)
            if beneath.look(target, path) is not None:
                aside = f"{STAGING}/.replaced/{number}"
                beneath.move(target, path, aside)
                undo.callback(beneath.move, target, aside, path)
            beneath.move(target, f"{STAGING}/{path}", path)
            undo.callback(beneath.move, target, path, f"{STAGING}/{path}")
        then()
        undo.pop_all()


def _prune_above(target: Path, path: str) -> None:
    with suppress(FileNotFoundError):
        beneath.prune(target, PurePosixPath(path).parent.as_posix())


@contextmanager
def staging_at(folder: Path, name: str) -> Iterator[Path]:
    """Give a new folder to build in, in another one; what is there before, a killed process left."""
    beneath.remove_all(folder, name)
    try:
        with beneath.opened(folder, name, make=True):
            pass
        yield folder / name
    finally:
        beneath.remove_all(folder, name)


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
