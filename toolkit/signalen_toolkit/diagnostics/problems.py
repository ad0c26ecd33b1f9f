"""A problem: one finding about one place in one file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from signalen_toolkit.diagnostics.places import Place, dotted


class Severity(StrEnum):
    """How bad a problem is: an error stops a render, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    `line` and `column` count from 1, in characters; `end_column` is exclusive and on the same line.
    `place` is the place in the form (`path` as a person says it), `source` the text of the line.
    """

    rule: str
    message: str
    file: str
    line: int = 1
    column: int = 1
    end_column: int = 1
    severity: Severity = Severity.ERROR
    place: Place = ()
    hint: str = ""
    source: str = ""

    @property
    def path(self) -> str:
        """The place in the form, in words: `environments.acceptance.domain`."""
        return dotted(self.place)


class ProblemsError(Exception):
    """Work that cannot go on because of problems in a person's input; the command line prints them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class UsageError(Exception):
    """Wrong use or a broken environment: no such file, no git, a folder in the way (exit code 2)."""


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Sort by file and position and drop exact repetitions."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda p: (p.file, p.line, p.column, p.severity, p.rule, p.message),
    )


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether any problem is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def did_you_mean(wrong: object, known: Iterable[object]) -> str:
    """Return the hint `did you mean 'x'?` for the nearest known word, or an empty string."""
    near = nearest(wrong, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(wrong: object, known: Iterable[object]) -> str:
    """Return the known word that is most like a wrong one, or an empty string."""
    from difflib import get_close_matches  # only where something is wrong

    by_lower = {str(word).lower(): str(word) for word in known}
    near = get_close_matches(str(wrong).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""
