"""A draft: what the form said when somebody began to change it, and what it is to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.rewrite import NOTHING, DataChange, difference
from signalen_toolkit.page.asking.texts import EMPTY
from signalen_toolkit.page.draft import edits


@dataclass(frozen=True, slots=True)
class FormDraft:
    """The text of the form that a draft began with (empty for a new one), and its data as they are to become.

    `images` are the files that were uploaded, by their path in the repository. `seen` are the pages that somebody has
    gone through, whose open questions are mistakes from then on.
    """

    base: str
    data: Mapping[str, Any]
    images: Mapping[str, bytes] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()

    @property
    def base_document(self) -> Document:
        """The form that it began with."""
        return read(self.base)

    @property
    def base_data(self) -> Mapping[str, Any]:
        """What that form said."""
        return self.base_document.data or {}

    @property
    def changes(self) -> list[DataChange]:
        """What differs from the form that it began with; a list is one value."""
        return list(difference(self.base_data, self.data))

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to save."""
        return bool(self.images) or repr(self.base_data) != repr(self.data)

    def with_data(self, data: Any) -> FormDraft:
        """Return the draft with other data; a section of the base in which nothing is left is an empty one."""
        found = dict(data) if isinstance(data, Mapping) else {}
        return replace(self, data=dict(self._kept(found)))

    def _kept(self, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in self.base_data.items():
            if key in data:
                yield key, data[key]
            elif isinstance(value, Mapping):
                yield key, {}  # comments may stand in it
        yield from ((key, value) for key, value in data.items() if key not in self.base_data)

    def based_on(self, text: str) -> FormDraft:
        """Return the draft with its changes made to another text of the form."""
        data: Any = read(text).data or {}
        for change in self.changes:
            value = EMPTY if change.new is NOTHING else change.new
            data = edits.with_value(data, change.path, value)
        return replace(self, base=text).with_data(data)


@dataclass(frozen=True, slots=True)
class Clash:
    """A setting that is another one in the form by now, and yet another one in the draft."""

    place: Place
    theirs: Any
    mine: Any


def clashes(draft: FormDraft, text: str) -> list[Clash]:
    """List what a draft changes that was changed in the form as well, to something else."""
    theirs = {change.path: change.new for change in difference(draft.base_data, read(text).data or {})}
    found = []
    for change in draft.changes:
        for path, new in theirs.items():
            within = path[: len(change.path)] == change.path or change.path[: len(path)] == path
            if within and not (path == change.path and repr(new) == repr(change.new)):
                place = min(path, change.path, key=len)
                found.append(Clash(place, at(read(text).data, *place), at(draft.data, *place)))
    return list({one.place: one for one in found}.values())


@lru_cache(maxsize=8)
def read(text: str) -> Document:
    """Read the text of a form; callers must not change what they get."""
    return reader.parse(text, FORM_FILE) if text else Document(FORM_FILE, "", {})
