"""What every Git server gives, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PullState(StrEnum):
    """How a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What a pipeline or a tool says of a commit. What is not known to be one of the first two is the third."""

    GOOD = "good"
    BAD = "bad"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request: its number, its state, and where people find it."""

    number: int
    state: PullState
    address: str


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What somebody says of a commit. `run` is the address or the number of the run that says so."""

    name: str
    verdict: Verdict
    run: str = ""


class Forge(Protocol):
    """The API for one repository. Everything raises UsageError with what the server refuses."""

    def found(self, branch: str) -> PullRequest | None:
        """Return the newest pull request of a branch, whatever became of it."""

    def opened(self, branch: str, base: str, title: str, text: str) -> PullRequest:
        """Open a pull request of a branch that is there."""

    def close(self, one: PullRequest) -> None:
        """Close a pull request without merging it."""

    def statuses(self, commit: str) -> Iterator[CommitReport]:
        """Yield the statuses that were given to a commit, the newest of each name."""

    def pipelines(self, commit: str, branch: str, /) -> Iterator[CommitReport]:
        """Yield what pipelines say of a commit of a branch, each once, as it says now. Statuses may be among them."""
