"""When each municipality of a fleet was changed last, as Git knows it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from signalen_toolkit.base.layout import MEMBERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.git import enclosing
from signalen_toolkit.git.run import must

_COMMITS: Final = 64  # at a time: what Git prints of a commit on every file of every municipality is large
_AT_ONCE: Final = 8
# A merge is one change, of the day on which it was merged.
_LOG: Final = ("log", "--first-parent", "-m", "--no-show-signature", "--no-renames")


def last_changes(fleet: Fleet) -> dict[str, int]:
    """Return when each municipality was changed last, in seconds since 1970: of the newest commit on its folder.

    Whoever is in no Git repository, or has no commit in it, is left out; so is whose last change is before what a
    shallow clone has. Those of the fleet's own repository are found in one walk through its history.
    """
    found = _in_one(fleet.root, {one.name for one in fleet.members if not one.repository})
    apart = [one for one in fleet.members if one.repository]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for member, when in zip(apart, pool.map(lambda one: _alone(fleet, one), apart), strict=True):
            if when:
                found[member.name] = when
    return found


def _in_one(root: Path, names: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    if not names or enclosing.root(root) is None:
        return found
    try:
        for when, changed in _commits(root):
            for name in changed & (names - found.keys()):
                found[name] = when
            if len(found) == len(names):
                break
    except UsageError:  # no commit yet, or a repository into which Git does not look: nobody knows
        return found
    return found


def _commits(root: Path) -> Iterator[tuple[int, set[str]]]:
    """Yield commits from the newest, each with the names of the municipalities in which it changed something."""
    shallow = _is_shallow(root)
    start = "HEAD"
    while start:
        # From the folder of the fleet, which need not be the top of its repository.
        arguments = (*_LOG, f"-{_COMMITS}", "--format=%x01%H %P %ct", "--name-only", "-z", "--relative", start, "--")
        output = must(root, *arguments, MEMBERS).decode(errors="surrogateescape")
        start = ""
        for commit in output.split("\x01")[1:]:
            head, _, names = commit.partition("\0")
            own, *parents, when = head.split()
            start = f"{own}~1" if parents else ""
            if parents or not shallow:  # what a shallow clone begins with, looks as if it had made everything
                paths = (path.lstrip("\n").split("/") for path in names.split("\0"))
                yield int(when), {path[1] for path in paths if len(path) > 2}  # municipalities/name/…


def _alone(fleet: Fleet, member: Member) -> int:
    """Return when the clone of a municipality was changed last; 0 where nobody knows."""
    folder = fleet.folder(member)
    if not (folder / ".git").exists():
        return 0
    try:
        return int(must(folder, *_LOG, "-1", "-s", "--format=%ct") or 0)
    except UsageError:  # no commit yet, or a repository into which Git does not look
        return 0


def _is_shallow(folder: Path) -> bool:
    return must(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
