"""The repository that is worked on, or is to be made: its form on disk, the drafts of people, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.base.paths import folder
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.overlay import overlaid
from signalen_toolkit.documents.reader import Document, read_text
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.git import enclosing
from signalen_toolkit.helm.options import Options
from signalen_toolkit.page.asking.texts import EMPTY
from signalen_toolkit.page.draft import draft as drafts
from signalen_toolkit.page.draft import edits, secrecy
from signalen_toolkit.page.draft.draft import FormDraft
from signalen_toolkit.page.draft.store import DraftStore
from signalen_toolkit.repository import answers
from signalen_toolkit.repository.answers import FIRST_ENVIRONMENT, Answers
from signalen_toolkit.repository.template_files import PROJECT
from signalen_toolkit.validation.check import check

NEW: Final[dict[str, Any]] = {"environments": {FIRST_ENVIRONMENT: {}}}


@dataclass(frozen=True)
class Workplace:
    """A folder with a form, or one in which a repository is to be made."""

    directory: Path
    store: DraftStore
    charts: Catalog = field(default_factory=catalog)
    read_only: bool = False
    options: Options = field(default_factory=lambda: Options(offline=True))

    @property
    def is_new(self) -> bool:
        """Whether there is no form yet."""
        return not (self.directory / FORM_FILE).exists()

    @property
    def images(self) -> Path:
        """The folder beside whose form the images stand."""
        return folder("municipality-template") / PROJECT if self.is_new else self.directory

    def text(self) -> str:
        """Return the form as it is on disk; empty for a new one.

        Raises UsageError or ProblemsError where it cannot be read.
        """
        if self.is_new:
            return ""
        text = read_text(self.directory, FORM_FILE)
        if drafts.read(text).data is None or drafts.read(text).problems:
            raise ProblemsError(drafts.read(text).problems)
        return text

    def open(self, person: str) -> Opened:
        """Return the draft of a person, or a fresh one of the form as it is; a draft without a change follows the form.

        Raises as `text` does.
        """
        text = self.text()
        kept = self.store.read(person)
        if kept is None or (not kept.is_changed and kept.base != text) or (bool(kept.base) != bool(text)):
            seen = kept.seen if kept else frozenset()
            kept = FormDraft(text, drafts.read(text).data if text else NEW, {}, seen)
        return Opened(self, kept, text)


@dataclass(frozen=True)
class Opened:
    """A draft with all that follows from it. `text` is the form as it is on disk by now."""

    place: Workplace
    draft: FormDraft
    text: str

    @cached_property
    def document(self) -> Document:
        """The draft as a document, for rules to read."""
        data = self.draft.data
        return overlaid(self.draft.base_document, answers.completed(data) if self.place.is_new else data)

    @cached_property
    def _checked(self) -> tuple[Config, list[Problem]]:
        place = self.place
        lies = None if place.is_new else enclosing.place(place.directory)
        return check(self.document, place.charts, place.images, images=self.draft.images, lies=lies)

    @property
    def config(self) -> Config:
        """The draft, completed."""
        return self._checked[0]

    @cached_property
    def problems(self) -> list[Problem]:
        """All that is wrong with the draft; of a new form, a question without an answer too."""
        found = self._checked[1]
        if self.place.is_new:
            found = [*found, *_unanswered(Answers(self.document), found)]
        return found

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments, completed."""
        return self.config.environments

    @property
    def is_behind(self) -> bool:
        """Whether somebody changed the form since the draft began."""
        return self.text != self.draft.base

    @cached_property
    def secrets(self) -> frozenset[Place]:
        """The places at which there is or was a secret in plain text, which is never shown."""
        return secrecy.among((self.draft.data, self.draft.base_data, drafts.read(self.text).data or {}))

    def given(self, place: Place) -> Any:
        """Return what a person filled in at a place, or None."""
        return at(self.draft.data, *place)

    def with_data(self, data: Any) -> tuple[Opened, list[Place]]:
        """Return the draft with other data, and the places at which these have a secret, which is left out of them."""
        draft = self.draft.with_data(data)
        refused = secrecy.coming(self.draft.data, draft.data)
        for place in refused:
            draft = draft.with_data(_restored(draft.data, place, self.given(place)))
        return replace(self, draft=draft), refused

    def keep(self, person: str) -> None:
        """Keep the draft for its person."""
        self.place.store.write(person, self.draft)


def _unanswered(given: Answers, known: Sequence[Problem]) -> Iterator[Problem]:
    """Report the questions of a new form that have no answer, in the words of a key that is missing."""
    said = [problem.place for problem in known if problem.rule == "missing-key"]
    for question in given.unanswered():
        place = question.place
        if "default" in question.schema or any(place[: len(one)] == one[: len(place)] for one in said):
            continue
        yield Problem(
            rule="missing-key",
            message=f"'{place[-1]}' is missing from '{dotted(place[:-1])}'",
            file=FORM_FILE,
            place=place,
            hint=f"{question.schema['description'].rstrip('.')}; for example {place[-1]}: {inline(question.example)}",
        )


def _restored(data: Any, place: Place, value: Any) -> Any:
    return edits.with_value(data, place, EMPTY if value is None else value)
