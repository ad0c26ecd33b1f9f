"""`signalen fleet add`: municipalities taken up in a fleet, one or many.

What is answered for all, and for one, comes over the layers of the fleet, and is checked as every form. Written into
the form of a municipality is only what the layers do not say. A municipality is made whole, and then listed: killed
between both, it is listed the next time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.files import replace as write_file
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE, MEMBERS
from signalen_toolkit.diagnostics.places import dotted
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError
from signalen_toolkit.documents import edit, reader
from signalen_toolkit.documents.data import Place, at, merge
from signalen_toolkit.documents.layers import layered
from signalen_toolkit.documents.reader import Document, read_text
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.listing import CLONES, MANY, Fleet
from signalen_toolkit.form.fleet import layers_below
from signalen_toolkit.form.municipalities import by_code, named
from signalen_toolkit.git import enclosing, first_commit
from signalen_toolkit.git.run import must
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.page.elsewhere import submitted_issue
from signalen_toolkit.page.elsewhere.questions import inquiries
from signalen_toolkit.page.elsewhere.submitted_issue import SubmittedSetting
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.answers import Answers
from signalen_toolkit.repository.set_option import SET

_GROUPS: Final = "groups"  # columns of the table that are no settings of the form
_RING: Final = "ring"
_MOST: Final = 10_000  # rows; there are 342 municipalities


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A municipality to be taken up: its own answers (KEY=VALUE), its groups and its ring.

    `origin` is its row or its issue; `submitted` is what it answers in the issue, in place of the answers.
    """

    settings: tuple[str, ...]
    groups: tuple[str, ...] = ()
    ring: str = ""
    origin: str = ""
    submitted: tuple[SubmittedSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a newcomer: where it is, or what is wrong with it; `known` where it was in the fleet already."""

    origin: str
    name: str
    folder: str = ""
    known: bool = False
    problems: tuple[Problem, ...] = ()
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is not in the fleet."""
        return not self.folder


def table(path: Path) -> list[Newcomer]:
    """Read a CSV file with a municipality a row, and in its head settings, `groups` (with spaces between) and `ring`.

    An empty cell is no answer. Raises UsageError where it is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","  # as spreadsheets in Dutch write it
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Newcomer] = []
    try:
        if not any(name.partition(".")[0] == "municipality" for name in rows.fieldnames or ()):
            raise UsageError(f"{path} has no column 'municipality': its first line names the settings")
        for row in rows:
            if None in row or len(found) >= _MOST:
                raise UsageError(f"{path}:{rows.line_num} has more cells than the first line, or is one of too many")
            cells = {key: (value or "").strip() for key, value in row.items()}
            own = tuple(f"{key}={value}" for key, value in cells.items() if value and key not in (_GROUPS, _RING))
            if own:
                groups = tuple(cells.get(_GROUPS, "").split())
                found.append(Newcomer(own, groups, cells.get(_RING, ""), f"{path}:{rows.line_num}"))
    except csv.Error as error:
        raise UsageError(f"{path}:{rows.line_num} is not CSV: {error}") from error
    return found


def issue(path: Path) -> Newcomer:
    """Read the text of an issue that was made with the form of `signalen form --issue-form`.

    Raises UsageError where it is none, or does not say which municipality it is.
    """
    try:
        body = path.read_bytes()[: 4 * submitted_issue.LARGEST + 1].decode("utf-8-sig")
        found = submitted_issue.settings_in(body)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return Newcomer((), origin=str(path), submitted=tuple(found))


def add(
    root: Path,
    shared: Document | None,
    newcomers: Sequence[Newcomer],
    *,
    sources: Sources | None,
    toolkit: Mapping[str, Any],
) -> Iterator[Added]:
    """Take up municipalities, and yield what became of each; what is wrong with one stops no other.

    `shared` are answers for all. Raises UsageError or ProblemsError where the fleet itself cannot be read.
    """
    listing.read(root)
    for newcomer in newcomers:
        with alone(root):  # for one at a time, so that another who works here comes in between
            try:
                yield _add(listing.read(root), shared, newcomer, sources, toolkit)
            except ProblemsError as error:
                yield Added(newcomer.origin, _called(newcomer), problems=_at_questions(newcomer, error.problems))
            except (UsageError, OSError) as error:
                yield Added(newcomer.origin, _called(newcomer), error=str(error))


def _add(
    fleet: Fleet, shared: Document | None, newcomer: Newcomer, sources: Sources | None, toolkit: Mapping[str, Any]
) -> Added:
    given = answering.read(shared, newcomer.settings)
    for one in newcomer.submitted:
        line = f"{dotted(one.place)}={' '.join(one.written.split())}"
        given = given.answered(one.place, one.value, line, (newcomer.origin, one.line))
    name = _name(given)
    known = next((one for one in fleet.members if one.name == name), None)
    folder = f"{CLONES if fleet.shape == MANY else MEMBERS}/{name}"
    target = fleet.root / folder
    if known is not None:
        return Added(newcomer.origin, name, known.path, known=True)
    _check_entry(fleet, newcomer)
    if not (target / FORM_FILE).exists():
        if fleet.shape == MANY:
            _make_apart(target, given, sources, toolkit)
        else:
            _make_within(fleet.root, name, given, newcomer, sources)
    entry: dict[str, Any] = {}
    if newcomer.groups:
        entry["groups"] = [*newcomer.groups]
    if newcomer.ring:
        entry["ring"] = newcomer.ring
    if fleet.shape == MANY:
        entry["repository"] = at(reader.read_in(target, FORM_FILE).data, "repository", "url")
    write_listing(fleet.root, (MEMBERS, name), entry)
    return Added(newcomer.origin, name, folder)


def write_listing(root: Path, place: tuple[str, ...], value: Any) -> None:
    """Change `fleet.yaml`, for whoever has the turn in its folder. Raises ProblemsError where that is not safe."""
    text = edit.set_values(read_text(root, FLEET_FILE), {place: value}, FLEET_FILE)
    write_file(root / beneath.real(root, FLEET_FILE), text.encode())


def _make_apart(target: Path, given: Answers, sources: Sources | None, toolkit: Mapping[str, Any]) -> None:
    """Make a repository, in a clone of one that is empty yet: the fleet's own repository is around it."""
    if not target.exists():
        target.mkdir(parents=True)
    if not (target / ".git").exists():
        must(target, "init", "--quiet")
    if not first_commit.is_fresh(target.resolve()):
        raise UsageError(f"{target} is a repository with commits and without a form: give it one, or remove it")

    def answered(images: Path) -> Answers:
        return scaffold.complete_answers(given, images, ask=False)

    scaffold.make(target, answered, force=False, git=True, sources=sources, toolkit=toolkit)


def _make_within(root: Path, name: str, given: Answers, newcomer: Newcomer, sources: Sources | None) -> None:
    target = root / MEMBERS / name
    below = layers_below(root, newcomer.groups)
    path = enclosing.place(target)
    if path and at(given.data, "repository", "path") is None:
        given = given.answered(("repository", "path"), path, f"repository.path={path}", ("its folder", 1))
    whole = layered([given.document, *below])
    if whole.problems:
        raise ProblemsError(whole.problems)
    laid = replace(given, document=whole)
    data: Mapping[str, Any] = {}
    for layer in reversed(below):
        data = merge(data, layer.data or {})

    def answered(images: Path) -> Answers:
        return scaffold.complete_answers(laid, images, ask=False)

    scaffold.make(target, answered, force=False, git=False, sources=sources, below=data)


def _check_entry(fleet: Fleet, newcomer: Newcomer) -> None:
    rings = [one.name for one in fleet.rings]
    if newcomer.ring and newcomer.ring not in rings:
        raise UsageError(f"there is no ring '{newcomer.ring}' in {FLEET_FILE}; it has {', '.join(rings) or 'none'}")


def _name(given: Answers) -> str:
    code, name = (at(given.data, "municipality", key) for key in ("code", "name"))
    found = by_code(code) if isinstance(code, str) else None
    if found is None and isinstance(name, str) and len(matching := named(name)) == 1:
        found = matching[0]
    if found is None:
        raise UsageError("which municipality it is, is missing or unknown: give municipality.code, such as GM0796")
    return found.slug


def _at_questions(newcomer: Newcomer, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Say of problems with an issue at which of its questions they are."""
    if not newcomer.submitted:
        return tuple(problems)
    asked: dict[Place, str] = {one.place: submitted_issue.label(one, Words("nl")) for one in inquiries()}
    asked |= {one.place: one.question for one in newcomer.submitted}
    found = []
    for problem in problems:
        # What stands in a list is told at the question for it, else at that for the list.
        places = (problem.place[:length] for length in range(len(problem.place), 0, -1))
        question = next((asked[place] for place in places if place in asked), "")
        said = "; ".join(filter(None, (problem.hint, f"the question is '{question}'" if question else "")))
        # What is in a layer of the fleet is told there.
        file = newcomer.origin if problem.file in (SET, FORM_FILE) else problem.file
        found.append(replace(problem, file=file, hint=said))
    return tuple(found)


def _called(newcomer: Newcomer) -> str:
    if newcomer.submitted:
        return next((str(one.value) for one in newcomer.submitted if one.place[0] == "municipality"), "?")
    said = (one.partition("=") for one in newcomer.settings)
    return next((value for key, _, value in said if key.partition(".")[0] == "municipality"), "?")
