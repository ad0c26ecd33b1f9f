"""The work tree of a repository: whether everything in it is in Git, and which files Git follows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from toolkit.problems import UsageError

# What Git's hooks set would lead to another repository.
_ELSEWHERE: Final = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE")


def require_clean(directory: Path) -> None:
    """Raise UsageError where a folder holds what is not committed, for then Git could not give it back."""
    if _git(directory, "rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
        raise UsageError(f"{directory} has no commit yet: commit its files first, so that nothing can get lost")
    done = _git(directory, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    if done.returncode != 0:
        raise UsageError(f"git status failed: {' '.join(done.stderr.decode(errors='replace').split())}")
    if found := _names(done.stdout):
        some = ", ".join(name[3:] for name in found[:3]) + (" and others" if len(found) > 3 else "")
        hint = "commit or stash first, so that nothing can get lost"
        undo = "what an update that was broken off has left: git stash --include-untracked"
        raise UsageError(f"{directory} has changes that are not committed ({some}); {hint}; {undo}")


def tracked(directory: Path) -> list[str]:
    """List the files below a folder that Git follows, by path from the folder."""
    return _names(_git(directory, "ls-files", "-z").stdout)


def _names(listing: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listing.split(b"\0") if name]


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    environment["LC_ALL"] = "C"
    return subprocess.run(  # noqa: S603  # no shell, and the arguments are ours
        ["git", "-C", str(directory), *arguments],  # noqa: S607  # whichever git the person has
        env=environment,
        capture_output=True,
        check=False,
    )
