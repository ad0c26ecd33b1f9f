"""A second work tree of a repository, in which something is changed while the first stays as a person has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signalen_toolkit.git.run import git, must


@contextmanager
def work_tree(directory: Path, commit: str, place: Path) -> Iterator[Path]:
    """Give a work tree of a commit at `place`, which is not there yet; it is on no branch, and goes at the end.

    What is committed there stays in the repository as long as a branch or a remote has it. Raises UsageError.
    """
    must(directory, "worktree", "prune")  # those of a run that was killed
    must(directory, "worktree", "add", "--quiet", "--detach", str(place), commit)
    try:
        yield place
    finally:
        git(directory, "worktree", "remove", "--force", str(place))


def begin_anew(place: Path, commit: str) -> None:
    """Let a work tree aside be a commit again, whatever was changed in it. Raises UsageError."""
    must(place, "reset", "--quiet", "--hard", commit)
