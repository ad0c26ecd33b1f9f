"""What came of one piece of work in one municipality: small, plain, and the same whoever did it, now or before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from signalen_toolkit.diagnostics.problems import Problem, has_errors
from signalen_toolkit.verify.cache import restored_problem


class Ending(StrEnum):
    """How the work ended: well, with problems in what is the municipality's, or not at all."""

    FINE = "fine"
    PROBLEMS = "problems"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """What came of it. `said` is one line, `text` what the command for one repository prints, `data` facts of it.

    `stands` tells that all is as it should be, so that nothing has to be done again as long as nothing changes; `then`
    is what is said the next time, where it was work that changed clusters/ to what it should be. `is_cluster` tells
    that it is about no municipality, but about a cluster that several share.
    """

    name: str
    end: Ending
    said: str
    problems: tuple[Problem, ...] = ()
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    stands: bool = False
    then: str = ""
    is_cluster: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "problems": [asdict(one) for one in self.problems]}


def restored(kept: Mapping[str, Any]) -> MemberOutcome:
    """Make an outcome of what `as_data` gave, through JSON. Raises KeyError, TypeError, ValueError."""
    problems = tuple(restored_problem(one) for one in kept["problems"])
    return MemberOutcome(**{**kept, "end": Ending(kept["end"]), "problems": problems})


def judged(name: str, problems: list[Problem], said: str, *, text: str = "", data: Any = None) -> MemberOutcome:
    """Return the outcome of work that found these problems."""
    end = Ending.PROBLEMS if has_errors(problems) else Ending.FINE
    return MemberOutcome(name, end, said, tuple(problems), text, data or {}, stands=end is Ending.FINE)
