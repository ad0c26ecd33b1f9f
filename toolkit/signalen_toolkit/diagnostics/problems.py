"""A problem: one finding about one place in one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from signalen_toolkit.diagnostics.places import Place, dotted

MOST: Final = 200  # problems of one kind that are told at once
TOO_MANY: Final = "too-many-problems"


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


def the_first(problems: Iterable[Problem], *, cut: bool = False) -> Iterator[Problem]:
    """Yield the first problems of one kind; where there are more, an error takes the place of the rest.

    `cut` says that there are more than those that are given.
    """
    last = None
    for number, last in enumerate(problems, 1):
        if number > MOST:
            cut = True
            break
        yield last
    if last and cut:
        message, hint = "there are more problems of this kind", "mend those above first; the others are told then"
        yield replace(last, rule=TOO_MANY, message=message, hint=hint, severity=Severity.ERROR)


def seen_from_here(folder: Path, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of the repository in a folder, with each file as whoever started us finds it."""
    return [
        problem
        if (path := Path(problem.file)).is_absolute() or path.is_relative_to(folder)
        else replace(problem, file=os.path.normpath(folder / path))
        for problem in problems
    ]


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
