"""Where it is kept how far a rollout is: in Git, either way.

With commits it is a file beside `fleet.yaml`. With pull requests it is written before anybody merges anything, and the
branch that is delivered may be closed to whoever rolls out: then it has a branch of its own at the remote. Two who
write there at once do not overwrite each other: the second is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import rollout
from signalen_toolkit.fleet.changes.homes import Home, home_of_fleet
from signalen_toolkit.fleet.listing import PULL_REQUESTS, Fleet
from signalen_toolkit.fleet.rollout import Rollout
from signalen_toolkit.git import branches, revisions
from signalen_toolkit.git.first_commit import author_options
from signalen_toolkit.git.run import must, remotely, said

BRANCH: Final = "signalen/rollout"


class Kept(Protocol):
    """Where a rollout is kept."""

    def read(self) -> Rollout | None:
        """Return it; None where there was none. Raises UsageError where it cannot be read."""

    def keep(self, found: Rollout, message: str) -> None:
        """Write it, as a commit with this message. Raises UsageError."""


@dataclass(frozen=True, slots=True)
class InTree:
    """In the work tree of the fleet, committed on the branch that it is on."""

    fleet: Fleet

    def read(self) -> Rollout | None:
        """Return it."""
        return rollout.read(self.fleet.root)

    def keep(self, found: Rollout, message: str) -> None:
        """Write and commit it."""
        rollout.write(self.fleet.root, found)
        branches.commit(self.fleet.root, [rollout.FILE], message)


@dataclass(frozen=True, slots=True)
class OnBranch:
    """On a branch of its own at the remote of the fleet, which was fetched."""

    home: Home

    def read(self) -> Rollout | None:
        """Return it, as it was at the remote when that was last fetched."""
        commit = branches.at_remote(self.home.folder, BRANCH)
        raw = revisions.file(self.home.folder, commit, rollout.FILE) if commit else None
        return rollout.parsed(raw, f"{rollout.FILE} on branch {BRANCH}") if raw is not None else None

    def keep(self, found: Rollout, message: str) -> None:
        """Write it to the remote, unless somebody else did meanwhile."""
        folder, before = self.home.folder, branches.at_remote(self.home.folder, BRANCH)
        content = rollout.written(found)
        if before and revisions.file(folder, before, rollout.FILE) == content:
            return
        blob = must(folder, "hash-object", "-w", "--stdin", stdin=content).decode().strip()
        tree = must(folder, "mktree", stdin=f"100644 blob {blob}\t{rollout.FILE}\n".encode()).decode().strip()
        parents = ("-p", before) if before else ()
        who = author_options(folder)
        commit = must(folder, *who, "commit-tree", tree, *parents, "-m", message).decode().strip()
        name = f"refs/heads/{BRANCH}"
        done = remotely(
            folder,
            *("push", "--quiet", f"--force-with-lease={name}:{before}", "origin", f"{commit}:{name}"),
            own=self.home.own,
        )
        if done.code != 0:
            raise UsageError(f"how far the rollout is cannot be written to {BRANCH}, so it stops here: {said(done)}")
        must(folder, "update-ref", f"refs/remotes/origin/{BRANCH}", commit)


def kept(fleet: Fleet) -> Kept:
    """Return where the rollout of a fleet is kept; what is at a remote is fetched. Raises UsageError."""
    if fleet.changes != PULL_REQUESTS:
        return InTree(fleet)
    home = home_of_fleet(fleet)
    branches.fetch(home.folder, home.own)
    return OnBranch(home)
