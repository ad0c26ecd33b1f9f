"""An issue that was made with the form of a Git host → a new municipality in this repository, or what is wrong with it.

What somebody writes in an issue is a stranger's: it is taken apart as text, and each answer becomes one value of the
form. Nothing of it names a file or a branch, and the title counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.diagnostics.markdown import prose
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity, UsageError, has_errors
from signalen_toolkit.documents.data import at
from signalen_toolkit.documents.overlay import overlaid
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.page.asking.places import pointer
from signalen_toolkit.page.elsewhere.questions import CODE, PlainQuestion, data_of, inquiries
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new
from signalen_toolkit.repository.answers import Answers

MEMBERS: Final = "municipalities"  # the folder in which each has one of its own
LARGEST: Final = 65_536  # characters of an issue
_NONE: Final = ("_No response_", "None", "_Geen antwoord_")
_HEADING: Final = re.compile(r"^### +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What came of an issue: an answer to put in it, in Dutch, and what was made."""

    answer: str
    municipality: Municipality | None = None
    folder: str = ""

    @property
    def is_made(self) -> bool:
        """Whether there is a new municipality."""
        return bool(self.folder)


@dataclass(frozen=True, slots=True)
class SubmittedSetting:
    """A setting that an issue answers: the question, what somebody wrote, and the line on which that stands."""

    place: tuple[str, ...]
    value: Any
    question: str
    written: str
    line: int


def label(one: PlainQuestion, words: Words) -> str:
    """Return the heading under which a question is asked in an issue."""
    return words("municipality:label") if one.place == CODE else words.asked(one.place) or words.place(one.place)


def answers_in(body: str) -> dict[str, str]:
    """Return the answers in the text of an issue, by the names of their inputs.

    Raises UsageError, in Dutch, where a question is answered twice or the text is too long.
    """
    return {name: value for name, (value, _) in _answers(body).items()}


def settings_in(body: str) -> list[SubmittedSetting]:
    """Return the settings that the answers in an issue make, each with where it was answered.

    Raises UsageError, in Dutch, as `answers_in`, and where it is not told which municipality it is.
    """
    words, answers = Words("nl"), _answers(body)
    named, line = answers.get(pointer(CODE), ("", 1))
    (municipality,) = _meant(named, words)
    data = data_of({name: value for name, (value, _) in answers.items()} | {pointer(CODE): municipality.code})
    found: dict[tuple[str, ...], SubmittedSetting] = {}
    for one in inquiries():
        # Of what stands in a list, the list is the setting.
        place = tuple(map(str, takewhile(lambda part: isinstance(part, str), one.place)))
        if place in found or (value := at(data, *place)) is None:
            continue
        written, where = answers.get(one.name, ("", line))
        found[place] = SubmittedSetting(place, value, label(one, words), written, where)
    return [*found.values()]


def _answers(body: str) -> dict[str, tuple[str, int]]:
    """Return each answer with the line on which it begins."""
    if len(body) > LARGEST:
        raise UsageError("De tekst is te lang.")
    text = _without_comments(body.replace("\r\n", "\n").replace("\r", "\n"))
    known = {label(one, Words("nl")): one for one in inquiries()}
    found: dict[str, tuple[str, int]] = {}
    headings = [match for match in _HEADING.finditer(text) if match[1] in known]
    for index, match in enumerate(headings):
        end = headings[index + 1].start() if index + 1 < len(headings) else len(text)
        one, written = known[match[1]], text[match.end() : end]
        if one.name in found:
            raise UsageError(f"De vraag '{prose(match[1])}' is twee keer beantwoord.")
        value = written.strip()
        start = match.end() + len(written) - len(written.lstrip()) if value else match.start()
        found[one.name] = ("" if value in _NONE else _chosen(one, value), text.count("\n", 0, start) + 1)
    return found


def _meant(named: str, words: Words) -> tuple[Municipality]:
    """Return the municipality that somebody names. Raises UsageError, in Dutch, where that is none or several."""
    meant = municipalities.meant_by(named) if named else ()
    if len(meant) != 1:
        key = "empty" if not named else "several" if meant else "unknown"
        raise UsageError(words(f"municipality:{key}", text=prose(named)))
    return (meant[0],)


def _without_comments(text: str) -> str:
    """Return a text without HTML's comments, on the same lines; one that is never closed stays, as Git hosts do."""
    kept, at_ = [], 0
    while (start := text.find("<!--", at_)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept += [text[at_:start], "\n" * text.count("\n", start, end)]
        at_ = end + 3
    return "".join([*kept, text[at_:]])


def _chosen(one: PlainQuestion, value: str) -> str:
    """Return the value that stands behind a choice, which is shown in words."""
    words = Words("nl")
    values = ("true", "false") if one.kind == "switch" else map(str, one.schema.get("enum", ()))
    for candidate in values:
        if value in (candidate, words.value(candidate), words.asked(one.place, f":{candidate}")):
            return candidate
    return value


def take(body: str, root: Path, sources: Sources | None = None) -> TakenUp:
    """Make the municipality that an issue asks for in the repository at `root`, or say in Dutch what is wrong.

    Raises UsageError where the repository itself is in the way.
    """
    words = Words("nl")
    try:
        answers = answers_in(body)
        (municipality,) = _meant(answers.get(pointer(CODE), ""), words)
    except UsageError as error:
        return TakenUp(_refusal([str(error)]))
    target = root / MEMBERS / municipality.slug
    if target.exists():
        return TakenUp(
            _refusal([f"{municipality.name} is er al: wijzig het formulier in {MEMBERS}/{municipality.slug}."])
        )
    data = data_of({**answers, pointer(CODE): municipality.code})
    given = Answers(overlaid(Document(FORM_FILE, "", {}), data))
    try:
        made = new.make(target, lambda images: _checked(given, images), force=False, git=False, sources=sources)
    except ProblemsError as error:
        return TakenUp(_refusal(list(_said(error.problems, words))))
    folder = f"{MEMBERS}/{municipality.slug}"
    warnings = list(_said(made.warnings, words))
    return TakenUp(_welcome(municipality, folder, warnings), municipality, folder)


def _checked(given: Answers, images: Path) -> Answers:
    missing = [one for one in given.unanswered() if "default" not in one.schema]
    problems = [*given.check(images)[1], *answering.unanswered_problems(missing, FORM_FILE)]
    if has_errors(problems):
        raise ProblemsError(problems)
    return given


def _said(problems: Iterable[Problem], words: Words) -> Iterator[str]:
    seen = set()
    for problem in problems:
        if problem.place in seen and problem.rule == "missing-key":
            continue
        seen.add(problem.place)
        if problem.rule == "missing-key":
            yield f"Vul '{prose(words.place(problem.place))}' in."
            continue
        message, hint = words.problem(problem)
        sign = "Let op: " if problem.severity is Severity.WARNING else ""
        yield prose(f"{sign}{words.place(problem.place)}: {message} {hint}".strip())


def _refusal(reasons: list[str]) -> str:
    lines = "\n".join(f"- {reason}" for reason in reasons)
    return f"Er is nog iets niet goed. Wijzig de tekst van deze issue; daarna wordt alles opnieuw bekeken.\n\n{lines}\n"


def _welcome(municipality: Municipality, folder: str, warnings: list[str]) -> str:
    lines = "".join(f"\n- {warning}" for warning in warnings)
    return f"De configuratie van {municipality.name} is gemaakt en gecontroleerd, in `{folder}`.{lines}\n"
