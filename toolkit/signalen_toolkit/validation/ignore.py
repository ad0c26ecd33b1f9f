"""What a person wants to hear no more: `ignore` in the form, each entry with a rule, a place and a reason.

A warning can be silenced, and what `signalen verify` finds in objects, warning or error. What stops the work cannot: an
error of a form, of which no tree can be made that is right, and what Helm itself refuses. An entry that is about such
an error, about no known rule, or about nothing at all (any more) is a problem itself, so that none is left behind.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import Problem, Severity, did_you_mean
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import maps, text
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.schema import validate

REASONS: Final[Mapping[str, str]] = {
    "ignore-refused": "what stops a render or Helm is not gone because nobody mentions it",
    "ignore-rule": "a rule that does not exist silences nothing",
    "ignore-unused": "what is silenced in vain would silence the next mistake at that place",
}
_MOST: Final = 200  # entries; the schema refuses more
# What cannot be read, or is not as the schema wants it, and what is wrong with an entry itself.
_ALWAYS_ERRORS: Final = frozenset({*reader.REASONS, *validate.REASONS, *REASONS})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `ignore`: the number of it in the list, the rule, and the place as a person wrote it."""

    index: int
    rule: str
    place: str

    def is_about(self, rule: str, *places: str) -> bool:
        """Tell whether it silences what a rule says of one of these places, or of what is inside it."""
        return rule == self.rule and any(
            one == self.place or one.startswith((f"{self.place}.", f"{self.place}[")) for one in places
        )


def entries(document: Document) -> list[Entry]:
    """Return the entries of a form; what its schema refuses is none."""
    return [
        Entry(int(place[-1]), text(one, "rule"), text(one, "place"))
        for place, one in islice(maps(document.data, "ignore"), _MOST)
        if text(one, "rule") and text(one, "place")
    ]


def without_ignored(document: Document, problems: Iterable[Problem], own: Collection[str]) -> list[Problem]:
    """Return problems of a form but for the warnings that it ignores, and what is wrong with what it ignores.

    `own` are the rules that were looked at.
    """
    found, all_entries = [*problems], entries(document)
    left = [one for one in found if one.severity is Severity.ERROR or not _silenced(all_entries, one)]
    return [*left, *(wrong for entry in all_entries for wrong in _wrong(document, entry, found, own))]


def unused(document: Document, rules: Collection[str], used: Collection[Entry]) -> Iterator[Problem]:
    """Warn of entries about these rules that are not among those which silenced something."""
    for entry in entries(document):
        if entry.rule in rules and entry not in used:
            yield _unused(document, entry)


@cache
def verify_rules() -> Mapping[str, bool]:
    """Return the ids of what `signalen verify` finds, and whether that is in an object, and so can be ignored.

    They are from a table, since the checks take long to import.
    """
    with (PACKAGE / "data" / "verify_rules.csv").open(encoding="utf-8", newline="") as file:
        return {one["rule"]: one["in_objects"] == "yes" for one in csv.DictReader(file)}


def _silenced(all_entries: Iterable[Entry], problem: Problem) -> bool:
    return any(entry.is_about(problem.rule, problem.path) for entry in all_entries)


def _wrong(document: Document, entry: Entry, problems: list[Problem], own: Collection[str]) -> Iterator[Problem]:
    about = [one.severity for one in problems if entry.is_about(one.rule, one.path)]
    if entry.rule not in own and entry.rule not in verify_rules():
        hint = did_you_mean(entry.rule, [*own, *verify_rules()]) or "write the id that stands between brackets"
        yield document.problem("ignore-rule", f"there is no rule '{entry.rule}'", _place(entry, "rule"), hint=hint)
    elif entry.rule in _ALWAYS_ERRORS or not verify_rules().get(entry.rule, True) or Severity.ERROR in about:
        message = f"what '{entry.rule}' says is an error, and only a warning can be ignored"
        yield document.problem("ignore-refused", message, _place(entry, "rule"), hint="mend what it is about")
    elif entry.rule in own and not about:
        yield _unused(document, entry)


def _unused(document: Document, entry: Entry) -> Problem:
    message = f"nothing is found by '{entry.rule}' at '{entry.place}'"
    hint = "remove the entry, or change its place"
    return document.problem("ignore-unused", message, _place(entry, "place"), hint=hint, severity=Severity.WARNING)


def _place(entry: Entry, key: str) -> tuple[str | int, ...]:
    return ("ignore", entry.index, key)
