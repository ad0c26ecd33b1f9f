"""Branches of a repository as a person works on them: where it is, a new branch, a commit of some files, a push."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.first_commit import author_options
from signalen_toolkit.git.run import failed, git, must, remotely, said

_REMOTE: Final = "origin"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def is_in_repository(directory: Path) -> bool:
    """Tell whether a folder is in the work tree of a repository."""
    return git(directory, "rev-parse", "--is-inside-work-tree").output.strip() == b"true"


def is_work_tree(directory: Path) -> bool:
    """Tell whether a folder is in the work tree of a repository that has a commit."""
    done = git(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return done.code == 0 and is_in_repository(directory)


def current(directory: Path) -> str:
    """Return the name of the branch that is checked out; empty where none is."""
    done = git(directory, "symbolic-ref", "--quiet", "--short", "HEAD")
    return done.output.decode(errors="replace").strip() if done.code == 0 else ""


def exists(directory: Path, branch: str) -> bool:
    """Tell whether there is a branch of this name, here or at the remote as it was last seen."""
    names = (f"refs/heads/{branch}", f"refs/remotes/{_REMOTE}/{branch}")
    return any(git(directory, "show-ref", "--verify", "--quiet", name).code == 0 for name in names)


def is_name(branch: str) -> bool:
    """Tell whether Git takes a text as the name of a branch."""
    return bool(branch) and git(Path.cwd(), "check-ref-format", "--branch", branch).code == 0


def begin(directory: Path, branch: str) -> None:
    """Make a branch of where the repository is, and go there; the files stay as they are. Raises UsageError."""
    must(directory, "switch", "--quiet", "--create", branch)


def leave(directory: Path, before: str, branch: str) -> None:
    """Go back from a new branch that holds nothing of its own, and remove it; the files stay as they are."""
    if git(directory, "rev-parse", before).output == git(directory, "rev-parse", branch).output:
        must(directory, "symbolic-ref", "HEAD", f"refs/heads/{before}")
        git(directory, "branch", "--quiet", "--delete", branch)


def unstage(directory: Path, paths: Sequence[str]) -> None:
    """Let the index have these files as the last commit has them."""
    for path in paths:
        git(directory, "reset", "--quiet", "--", path)


def commit(directory: Path, paths: Sequence[str], message: str, author: str = "") -> str:
    """Commit these files and folders and no others, and return the commit; empty where nothing of them changed.

    Hooks of the repository do not run. Raises UsageError with what Git complains about.
    """
    there = [path for path in paths if (directory / path).exists() or _is_tracked(directory, path)]
    must(directory, "add", "--all", "--", *there)
    if git(directory, "diff", "--cached", "--quiet", "--", *there).code == 0:
        return ""
    by = ("--author", author) if author else ()
    done = git(directory, *author_options(directory), "commit", "--quiet", "--message", message, *by, "--", *there)
    if done.code != 0:
        complaint = " ".join((done.output + done.errors).decode(errors="replace").split())
        raise UsageError(f"git commit failed: {complaint}")
    return must(directory, "rev-parse", "HEAD").decode().strip()


def remote_address(directory: Path) -> str:
    """Return the address of the remote; empty where there is none."""
    done = git(directory, "remote", "get-url", _REMOTE)
    return done.output.decode(errors="replace").strip() if done.code == 0 else ""


def push(directory: Path, branch: str, own: Mapping[str, str] = _NOTHING) -> str:
    """Push a branch to the remote, and return what went wrong, if anything. `own` is as for `remotely`."""
    done = remotely(directory, "push", "--quiet", "--set-upstream", _REMOTE, branch, own=own)
    return "" if done.code == 0 else said(done) or "git push failed"


def renew(directory: Path, branch: str, own: Mapping[str, str] = _NOTHING) -> None:
    """Fetch from the remote, and bring the work tree to a branch as it is there. `own` is as for `remotely`.

    Raises UsageError where the work tree holds what is not committed, or the branch here went another way.
    """
    if not is_clean(directory):
        raise UsageError(f"{directory} has changes that are not committed")
    fetch(directory, own)
    must(directory, "switch", "--quiet", branch)
    must(directory, "merge", "--quiet", "--ff-only", f"{_REMOTE}/{branch}")


def is_clean(directory: Path) -> bool:
    """Tell whether every file that Git follows is as it was committed."""
    return not git(directory, "status", "--porcelain", "--untracked-files=no").output.strip()


def fetch(directory: Path, own: Mapping[str, str] = _NOTHING) -> None:
    """Fetch all branches of the remote, and forget those that it has no more. Raises UsageError."""
    every = f"+refs/heads/*:refs/remotes/{_REMOTE}/*"  # also in a clone of a pipeline, which knows one
    arguments = ("fetch", "--quiet", "--prune", _REMOTE, every)
    if (done := remotely(directory, *arguments, own=own)).code != 0:
        raise failed(directory, done, arguments)


def at_remote(directory: Path, branch: str) -> str:
    """Return the commit of a branch at the remote as it was last fetched; empty where it has none."""
    return _commit_of(directory, f"refs/remotes/{_REMOTE}/{branch}")


def head(directory: Path) -> str:
    """Return the commit that is checked out; empty where there is none yet."""
    return _commit_of(directory, "HEAD")


def last_change(directory: Path) -> str:
    """Return the newest commit that changed anything in a folder; empty where there is none."""
    done = git(directory, "log", "-1", "--format=%H", "--", ".")
    return done.output.decode(errors="replace").strip() if done.code == 0 else ""


def holds(directory: Path, commit: str, other: str) -> bool | None:
    """Tell whether a commit is another or comes after it; None where the repository does not know one of them."""
    done = git(directory, "merge-base", "--is-ancestor", other, commit)
    return {0: True, 1: False}.get(done.code)


def default(directory: Path, own: Mapping[str, str] = _NOTHING) -> str:
    """Ask the remote for its default branch. Raises UsageError where it cannot be reached, or has none."""
    arguments = ("ls-remote", "--symref", _REMOTE, "HEAD")
    done = remotely(directory, *arguments, own=own)
    if done.code != 0:
        raise failed(directory, done, arguments)
    first = done.output.decode(errors="replace").partition("\n")[0].split()
    if first[:1] != ["ref:"]:
        raise UsageError(f"the repository of {directory} has no default branch: push one first")
    return first[1].removeprefix("refs/heads/")


def _commit_of(directory: Path, name: str) -> str:
    done = git(directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return done.output.decode(errors="replace").strip() if done.code == 0 else ""


def _is_tracked(directory: Path, path: str) -> bool:
    return bool(must(directory, "ls-files", "-z", "--", path))
