"""The first commit of a configuration repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.run import failed, git, said

# Who commits where nobody told Git who they are.
_NOBODY: Final = ("-c", "user.name=Signalen Toolkit", "-c", "user.email=signalen-toolkit@localhost")
# A first commit asks for no passphrase.
_QUIETLY: Final = ("-c", "commit.gpgSign=false", "-c", "user.useConfigOnly=true")
# How Git says that a folder is in no work tree.
_OUTSIDE: Final = (b"not a git repository", b"must be run in a work tree")


def require() -> None:
    """Raise UsageError where there is no Git."""
    if shutil.which("git") is None:
        raise UsageError(
            "git is not installed, and the repository is made with it: install it from your system's packages"
            " (apt install git, brew install git), or use --no-git"
        )


def work_tree(directory: Path) -> str:
    """Return the root of the Git work tree that a folder is in, or an empty text."""
    done = git(directory, "rev-parse", "--show-toplevel")
    if done.code == 0:
        return os.fsdecode(done.output.removesuffix(b"\n"))
    if any(words in done.errors for words in _OUTSIDE):
        return ""
    if b"dubious ownership" in done.errors:
        raise UsageError(f"{directory} is in a Git repository of another user; use --no-git and commit there")
    raise failed(directory, done, ("rev-parse",))


def is_fresh(directory: Path) -> bool:
    """Tell whether a folder is the root of a work tree without a commit: a clone of a repository that was just made."""
    root = work_tree(directory)
    return bool(root) and Path(root) == directory and git(directory, "rev-parse", "--verify", "HEAD").code != 0


def commit(directory: Path, branch: str, message: str) -> None:
    """Make a repository of a folder, with all files in a first commit."""
    _must(directory, "init", "--quiet")
    _must(directory, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    _must(directory, "add", "--all", "--force")
    who = author_options(directory)
    _must(directory, *_QUIETLY, *who, "commit", "--quiet", "--no-verify", f"--message={message}")


def author_options(directory: Path) -> tuple[str, ...]:
    """Return the options of Git for who commits: none where Git knows, else that nobody told it."""
    asked = (git(directory, *_QUIETLY, "var", f"GIT_{who}_IDENT") for who in ("AUTHOR", "COMMITTER"))
    return () if all(done.code == 0 for done in asked) else _NOBODY


def _must(directory: Path, *arguments: str) -> None:
    done = git(directory, *arguments)
    if done.code != 0:
        raise UsageError(
            f"git could not make the repository, nothing was written: {said(done)}; --no-git leaves it out"
        )
