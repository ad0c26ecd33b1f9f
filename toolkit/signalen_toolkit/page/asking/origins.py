"""What holds for a setting that is not filled in, and where that comes from; and where it is another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, is_leaf, kind_of
from signalen_toolkit.page.asking.places import ENVIRONMENTS, environment_of, setting_of
from signalen_toolkit.page.asking.texts import shown
from signalen_toolkit.page.draft.workplace import Opened

_LONGEST: Final = 120


class From(StrEnum):
    """Where the value of a setting comes from that is not filled in here."""

    TOP = "top"  # as in all environments
    DERIVED = "derived"  # it follows from others
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Fallback:
    """What holds without an answer: its text (empty where there is nothing to show), and where it comes from."""

    text: str
    source: From
    why: str = ""


def origin(opened: Opened, place: Place, schema: Schema) -> Fallback | None:
    """Return what holds for a setting where nothing is filled in; None where there is nothing to tell."""
    kind = kind_of(schema)
    if kind in (FieldKind.SECTION, FieldKind.PAIRS, FieldKind.YAML) or any(isinstance(part, int) for part in place):
        return None
    name, inner = environment_of(place), setting_of(place)
    if name and (top := at(opened.draft.data, *inner)) is not None and inner:
        text = "" if inner in opened.secrets else _text(top, schema)
        return Fallback(text, From.TOP)
    values = [_text(value_in(one, inner), schema) for one in opened.environments if name in ("", one.name)]
    value = values[0] if values and len(set(values)) == 1 else ""
    if why := str(schema.get("x-derived", "")):
        # A value that is filled in is itself what was completed: what would follow without it nobody knows.
        return Fallback("" if opened.given(place) is not None else value, From.DERIVED, why)
    if "default" in schema:
        return Fallback(_text(schema["default"], schema), From.DEFAULT)
    return None


def elsewhere(opened: Opened, place: Place, schema: Schema) -> list[tuple[str, str]]:
    """List the environments that have another value for a setting of the top, with that value."""
    if environment_of(place) or not is_leaf(kind_of(schema)) or any(isinstance(part, int) for part in place):
        return []
    given = opened.draft.data.get(ENVIRONMENTS)
    found = {str(name): at(own, *place) for name, own in given.items()} if isinstance(given, Mapping) else {}
    return [
        (name, "" if (ENVIRONMENTS, name, *place) in opened.secrets else _text(value, schema))
        for name, value in found.items()
        if value is not None
    ]


def value_in(environment: Environment, inner: Place) -> Any:
    """Return the value of a setting in a completed environment."""
    own = {
        "domain": environment.domain,
        "production": environment.production,
        "version": environment.version,
        "hosts": environment.hosts,
    }
    if inner and inner[0] in own:
        return at(own, *inner)
    return at(environment.settings, *inner)


def _text(value: Any, schema: Schema) -> str:
    if isinstance(value, list) and not value:
        return ""
    text = (
        ", ".join(map(str, value))
        if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value)
        else shown(value, schema)
    )
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
