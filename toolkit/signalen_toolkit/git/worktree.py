"""The work tree of a repository: whether everything in it is in Git, and which files Git follows."""

from __future__ import annotations

import os
from pathlib import Path

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.run import found, must


def require_clean(directory: Path) -> None:
    """Raise UsageError where a folder holds what is not committed, for then Git could not give it back."""
    if found(directory, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise UsageError(f"{directory} has no commit yet: commit its files first, so that nothing can get lost")
    status = ("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all", "--", ".")
    if changed := _names(must(directory, *status)):
        some = ", ".join(name[3:] for name in changed[:3]) + (" and others" if len(changed) > 3 else "")
        hint = "commit or stash first, so that nothing can get lost"
        undo = "what an update that was broken off has left: git stash --include-untracked"
        raise UsageError(f"{directory} has changes that are not committed ({some}); {hint}; {undo}")


def tracked(directory: Path) -> list[str]:
    """List the files below a folder that Git follows, by path from the folder. Raises UsageError as `untracked`."""
    return _names(must(directory, "ls-files", "-z"))


def untracked(directory: Path, folder: str) -> list[str]:
    """List the files in a folder of a work tree that Git neither follows nor ignores, by path from the work tree.

    Raises UsageError where Git cannot tell.
    """
    return _names(must(directory, "ls-files", "-z", "--others", "--exclude-standard", "--", folder))


def _names(listing: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listing.split(b"\0") if name]
