"""The files of a revision, read from Git itself: neither the work tree nor the index is touched or trusted."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.run import failed, found, git, must

# Where an own main branch is looked for, when the remote does not say which it is.
_MAIN: Final = ("refs/heads/main", "refs/remotes/origin/main", "refs/heads/master", "refs/remotes/origin/master")
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_FILES: Final = (b"100644", b"100755")  # not links and submodules, which are no text


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and how a person calls it."""

    commit: str
    name: str

    def __str__(self) -> str:
        """As messages have it: `main (5f96cb1)`."""
        short = self.commit[:7]
        return short if self.commit.startswith(self.name) else f"{self.name} ({short})"


def require(directory: Path) -> None:
    """Raise UsageError where there is no Git, no such folder, or no repository around it."""
    if shutil.which("git") is None:
        raise UsageError("git is not installed, and revisions are read with it: install it from your system's packages")
    if not directory.is_dir():
        raise UsageError(f"there is no folder {directory}")
    done = git(directory, "rev-parse", "--is-inside-work-tree")
    if done.code != 0 and b"not a git repository" not in done.errors:
        raise failed(directory, done, ("rev-parse",))
    if done.output.strip() != b"true":
        raise UsageError(f"{directory} is not in the work tree of a Git repository, so there is no revision to compare")


def revision(directory: Path, name: str) -> Revision:
    """Find the commit that a branch, tag or hash stands for."""
    done = git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    commit = done.output.decode(errors="replace").strip()
    if done.code == 0 and _COMMIT.fullmatch(commit):
        return Revision(commit, name)
    hint = "see `git log` and `git branch --all`"
    if _is_shallow(directory):
        hint = "this clone is shallow; fetch the rest with `git fetch --unshallow` (in CI: a fetch depth of 0)"
    elif name == "HEAD":
        hint = "the repository has no commit yet"
    raise UsageError(f"there is no revision '{name}'; {hint}")


def base(directory: Path, branch: str = "") -> Revision:
    """Find the commit at which HEAD left the main branch; on the main branch that is HEAD itself.

    `branch` is the one that the cluster follows; without it the main branch is looked for.
    """
    head, main = revision(directory, "HEAD"), _main(directory, branch)
    if not main:
        raise UsageError(
            f"there is no {f'branch {branch}' if branch else 'main branch (origin/HEAD, main or master)'} to compare"
            " with: name a revision with --from, or fetch the branch first (in CI: a fetch depth of 0)"
        )
    done = found(directory, "merge-base", head.commit, main)
    short = main.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    if done is not None:
        return Revision(done.decode().split()[0], short)
    if _is_shallow(directory):
        raise UsageError(
            f"this clone is shallow and does not go back to where HEAD left {short}: `git fetch --unshallow`"
            " (in CI: a fetch depth of 0), or name a revision with --from"
        )
    raise UsageError(f"HEAD and {short} have no commit in common: name a revision with --from")


def files(directory: Path, commit: str, folder: str) -> dict[str, bytes]:
    """Return the content of the YAML files under `folder` of a directory in a commit, by path from the directory.

    Raises UsageError where Git cannot read them.
    """
    top = Path(must(directory, "rev-parse", "--show-toplevel").decode(errors="surrogateescape").removesuffix("\n"))
    prefix = must(directory, "rev-parse", "--show-prefix").removesuffix(b"\n")
    within = os.fsdecode(prefix) + folder
    listed = list(_entries(must(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{within}/")))
    blobs = _contents(top, [hash_ for hash_, _ in listed])
    return {os.fsdecode(path.removeprefix(prefix)): blobs[hash_] for hash_, path in listed}


def file(directory: Path, commit: str, path: str) -> bytes | None:
    """Return the content of one file of a directory in a commit, or None where it has none (a link is none).

    Raises UsageError where Git cannot read it.
    """
    entry = must(directory, "ls-tree", "-z", commit, "--", path)
    hashes = [hash_ for hash_, _ in _entries(entry, b"")]
    return _contents(directory, hashes)[hashes[0]] if hashes else None


def _entries(listing: bytes, suffix: bytes = b".yaml") -> Iterator[tuple[str, bytes]]:
    """Yield hash and path from what `git ls-tree -z` prints: `<mode> <type> <hash>TAB<path>NUL`."""
    for entry in filter(None, listing.split(b"\0")):
        about, _, path = entry.partition(b"\t")
        mode, _, hash_ = about.split()
        if mode in _FILES and path.endswith(suffix):
            yield hash_.decode(), path


def _contents(directory: Path, hashes: list[str]) -> dict[str, bytes]:
    """Read blobs from `git cat-file --batch`: `<hash> blob <size>LF<content>LF` for each."""
    output = must(directory, "cat-file", "--batch", stdin="".join(f"{one}\n" for one in hashes).encode())
    blobs: dict[str, bytes] = {}
    start = 0
    for hash_ in hashes:
        end = output.index(b"\n", start)
        about = output[start:end].split()
        if len(about) != 3:
            raise UsageError(f"Git has lost the object {hash_}; see `git fsck`")
        size = int(about[2])
        blobs[hash_] = output[end + 1 : end + 1 + size]
        start = end + 1 + size + 1
    return blobs


def _main(directory: Path, branch: str) -> str:
    remote = found(directory, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD") or b""
    # What was fetched goes before a branch of one's own, which may be behind.
    named = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
    for name in named if branch else (remote.decode(errors="surrogateescape").strip(), *_MAIN):
        if name.startswith("refs/") and found(directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
            return name
    return ""


def _is_shallow(directory: Path) -> bool:
    return git(directory, "rev-parse", "--is-shallow-repository").output.strip() == b"true"
