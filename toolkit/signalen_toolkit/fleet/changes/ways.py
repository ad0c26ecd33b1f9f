"""How a rollout is asked for, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signalen_toolkit.fleet.outcome import MemberOutcome


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """What was done: `said` in lines, the outcomes by municipality, and whether all that was asked for is done.

    With `waits` nothing is wrong, and it goes on by itself or by a person: time has to pass, a pull request be merged.
    """

    said: tuple[str, ...]
    outcomes: tuple[MemberOutcome, ...] = ()
    fine: bool = True
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """How a step is carried out: the program that tells health, where charts come from, and how many at once."""

    health: str = ""
    charts: Path | None = None
    offline: bool = False
    processes: int = 0
