"""The first commit of a configuration repository."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.run import git, said

# Who commits where nobody told Git who they are.
_NOBODY: Final = ("-c", "user.name=Signalen Toolkit", "-c", "user.email=signalen-toolkit@localhost")
# A first commit asks for no passphrase, and no hook of another project has a say in it.
_QUIETLY: Final = ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", "-c", "user.useConfigOnly=true")


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
    if b"dubious ownership" in done.stderr:
        raise UsageError(f"{directory} is in a Git repository of another user; use --no-git and commit there")
    return done.stdout.decode(errors="surrogateescape").strip() if done.returncode == 0 else ""


def commit(directory: Path, branch: str, message: str) -> None:
    """Make a repository of a folder, with all files in a first commit."""
    _must(directory, "init", "--quiet")
    _must(directory, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    asked = (git(directory, *_QUIETLY, "var", f"GIT_{who}_IDENT") for who in ("AUTHOR", "COMMITTER"))
    known = all(done.returncode == 0 for done in asked)
    author = () if known else _NOBODY
    _must(directory, "add", "--all", "--force")
    _must(directory, *_QUIETLY, *author, "commit", "--quiet", "--no-verify", "--message", message)


def _must(directory: Path, *arguments: str) -> None:
    done = git(directory, *arguments)
    if done.returncode != 0:
        raise UsageError(
            f"git could not make the repository, nothing was written: {said(done)}; --no-git leaves it out"
        )
