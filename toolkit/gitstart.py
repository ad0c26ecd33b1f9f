"""The first commit of a configuration repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from toolkit.problems import UsageError

# Who commits where nobody told Git who they are.
_NOBODY: Final = ("-c", "user.name=Signalen Toolkit", "-c", "user.email=signalen-toolkit@localhost")
# A first commit asks for no passphrase, and no hook of another project has a say in it.
_QUIETLY: Final = ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", "-c", "user.useConfigOnly=true")
# Git sets these for its hooks; they would lead to another repository.
_ELSEWHERE: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


def require() -> None:
    """Raise UsageError where there is no Git."""
    if shutil.which("git") is None:
        raise UsageError(
            "git is not installed, and the repository is made with it: install it from your system's packages"
            " (apt install git, brew install git), or use --no-git"
        )


def work_tree(directory: Path) -> str:
    """Return the root of the Git work tree that a folder is in, or an empty text."""
    done = _git(directory, "rev-parse", "--show-toplevel")
    if "dubious ownership" in done.stderr:
        raise UsageError(f"{directory} is in a Git repository of another user; use --no-git and commit there")
    return done.stdout.strip() if done.returncode == 0 else ""


def commit(directory: Path, branch: str, message: str) -> None:
    """Make a repository of a folder, with all files in a first commit."""
    _must(directory, "init", "--quiet")
    _must(directory, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    known = all(
        _git(directory, *_QUIETLY, "var", f"GIT_{who}_IDENT").returncode == 0 for who in ("AUTHOR", "COMMITTER")
    )
    author = () if known else _NOBODY
    _must(directory, "add", "--all", "--force")
    _must(directory, *_QUIETLY, *author, "commit", "--quiet", "--no-verify", "--message", message)


def _must(directory: Path, *arguments: str) -> None:
    done = _git(directory, *arguments)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise UsageError(f"git could not make the repository, nothing was written: {said}; --no-git leaves it out")


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    environment["LC_ALL"] = "C"
    return subprocess.run(  # noqa: S603  # no shell, and the arguments are ours
        ["git", "-C", str(directory), *arguments],  # noqa: S607  # whichever git the person has
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
