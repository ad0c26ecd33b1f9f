"""What a draft changes, for people: setting by setting, and as text of the form."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.form.text import form_text
from signalen_toolkit.page.draft import secrecy
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.saving.save import text_of
from signalen_toolkit.schema import lookup


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that changes: its place, and its values as text; empty where it was or will not be filled in."""

    place: Place
    before: str
    after: str


def changed(opened: Opened) -> list[SettingChange]:
    """List what a draft changes."""
    draft = opened.draft
    found = [
        SettingChange(one.path, _text(opened, one.path, one.old), _text(opened, one.path, one.new))
        for one in draft.changes
    ]
    order = list(draft.base_data.get("environments") or {}), list(draft.data.get("environments") or {})
    if sorted(order[0]) == sorted(order[1]) and order[0] != order[1]:
        found.append(SettingChange(("environments",), ", ".join(order[0]), ", ".join(order[1])))
    named = {path for path in draft.images if not any(one.after == path for one in found)}
    return [*found, *(SettingChange(("branding",), path, path) for path in sorted(named))]


def form_of(opened: Opened) -> str:
    """Return the text of the form as it is to become, with dots for secrets.

    Raises ProblemsError where it cannot be written.
    """
    if opened.place.is_new:
        return _masked(opened, form_text(opened.document.data, opened.config))
    return _masked(opened, text_of(opened.draft))


def form_diff(opened: Opened) -> str:
    """Return the unified diff of the form, with dots for secrets. Raises as `form_of` does."""
    old, new = _masked(opened, opened.draft.base), form_of(opened)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{FORM_FILE}", f"b/{FORM_FILE}", lineterm="")
    return "\n".join(lines)


def titles(opened: Opened, title: Callable[[Mapping[str, Any]], str]) -> list[str]:
    """Return the titles of what a draft changes, each once, to propose a message with."""
    found = []
    for one in changed(opened):
        inner = one.place[2:] if one.place[:1] == ("environments",) and len(one.place) > 2 else one.place
        schema = lookup.at(form_schema(), inner if inner and isinstance(inner[0], str) else one.place)
        found.append(str(title(schema) or inner[-1]).lower())
    return list(dict.fromkeys(found))


def _text(opened: Opened, place: Place, value: Any) -> str:
    return secrecy.shown(value, place, opened.secrets)


def _masked(opened: Opened, text: str) -> str:
    """Put dots in the place of every secret of a form, also one that goes."""
    return secrecy.masked(text, (opened.draft.base_data, opened.draft.data))
