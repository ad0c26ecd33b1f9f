"""Two people at once: a draft brought onto a form that somebody else changed in the meantime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.rewrite import DataChange, difference
from signalen_toolkit.page.asking.texts import EMPTY
from signalen_toolkit.page.draft import draft as drafts
from signalen_toolkit.page.draft import edits
from signalen_toolkit.page.draft.workplace import Opened


def theirs(opened: Opened) -> list[DataChange]:
    """List what others changed in the form since the draft began."""
    return list(difference(opened.draft.base_data, drafts.read(opened.text).data or {}))


def brought_on(opened: Opened, takes_theirs: Mapping[Place, bool]) -> Opened | None:
    """Return the draft as one of the form as it is now; None where it is not said whose value is to stay.

    `takes_theirs` says for each setting that both changed whether the draft gives way.
    """
    found = drafts.clashes(opened.draft, opened.text)
    if any(clash.place not in takes_theirs for clash in found):
        return None
    draft = opened.draft
    for clash in found:
        if takes_theirs[clash.place]:
            # What is as it was is no change of the draft.
            was = at(draft.base_data, *clash.place)
            draft = draft.with_data(edits.with_value(draft.data, clash.place, EMPTY if was is None else was))
    mine = {clash.place: clash.mine for clash in found if not takes_theirs[clash.place]}
    moved = draft.based_on(opened.text)
    for place, value in mine.items():
        moved = moved.with_data(edits.with_value(moved.data, place, EMPTY if value is None else value))
    return replace(opened, draft=moved)
