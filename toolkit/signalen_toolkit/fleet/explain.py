"""`signalen explain`: which file sets a value of a form, what that hides, and what each environment has at last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.hiding import MASK
from signalen_toolkit.diagnostics.places import Place, dotted
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents.data import at
from signalen_toolkit.documents.layers import layers_of
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.repository.set_option import schema_at, setting_place
from signalen_toolkit.validation.check import check
from signalen_toolkit.validation.rules.access import secrets

_LONGEST: Final = 100  # letters of a value that are shown
_ENVIRONMENTS: Final = "environments"


@dataclass(frozen=True, slots=True)
class SettingPlace:
    """A place in a file at which a setting is given. `hidden` tells that it does not count, but for maps."""

    file: str
    line: int
    column: int
    setting: str
    value: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a setting is given, the one that counts most first, and what each environment has at last."""

    setting: str
    places: tuple[SettingPlace, ...]
    environments: dict[str, str]


def explain(folder: Path, setting: str, charts: Catalog) -> Explanation:
    """Tell where a setting of the form in a folder comes from.

    A setting of an environment may also stand at the top of the form, and one at the top may be hidden by it: both are
    told. Raises UsageError for what is no setting, ProblemsError where a file cannot be read.
    """
    place = setting_place(setting)
    inner, environment = _inner(place)
    source = read_form(folder)
    if source.data is None:
        raise ProblemsError(source.problems)
    config, _ = check(source, charts, folder)
    known = [one.name for one in config.environments]
    if environment and environment not in known:
        raise UsageError(f"there is no environment '{environment}'; the form has {', '.join(known) or 'none'}")
    if schema_at(place) is None and source.node(place) is None:
        raise UsageError(f"'{setting}' is no setting of the form: docs/form.md has them all")
    secret = [*secrets.places(source.data)]
    names = [environment] if environment else known
    own = [(_ENVIRONMENTS, name, *inner) for name in names] if inner else [place]
    found = [one for path in dict.fromkeys((*own, inner)) if path for one in _given(source, path, secret)]
    ends = {
        one.name: _value(_completed(one, inner), any(_within(place, hidden) for hidden in secret))
        for one in config.environments
        if one.name in names and inner
    }
    return Explanation(dotted(place), tuple(found), ends)


def text(found: Explanation) -> str:
    """Say it to a person."""
    lines = [f"{found.setting}"]
    shown = [(f"{one.file}:{one.line}:{one.column}", one) for one in found.places]
    width = max((len(where) for where, _ in shown), default=0)
    for where, one in shown:
        what = "hidden" if one.hidden else "sets"
        lines.append(f"  {where:{width}}  {what:6}  {one.setting}: {one.value}")
    if not shown:
        lines.append("  no file sets it: it is the default, or follows from other settings")
    lines += [f"  {name} has {value}" for name, value in found.environments.items()]
    return "\n".join(lines)


def _inner(place: Place) -> tuple[Place, str]:
    """Return a setting as it stands at the top, and the environment that was named, if any."""
    if place[0] == _ENVIRONMENTS:
        return place[2:], str(place[1]) if len(place) > 1 else ""
    return place, ""


def _given(source: Document, place: Place, secret: list[Place]) -> Iterator[SettingPlace]:
    """Yield where a setting stands at one place of the form, layer by layer from the one that counts most."""
    hidden = False
    for layer in layers_of(source):
        if _is_cut(layer, place):
            hidden_here, hidden = hidden, True
        else:
            hidden_here = hidden
        node = Document.node(layer, place)
        if node is None:
            continue
        position = layer.position(place)
        is_secret = any(_within(place, one) for one in secret)
        yield SettingPlace(
            layer.file, position.line, position.column, dotted(place), _value(node.data, is_secret), hidden_here
        )
        hidden = hidden or not isinstance(node.data, dict)


def _is_cut(layer: Document, place: Place) -> bool:
    """Tell whether a layer has something on the way to a place that is no map, and so hides what is below it."""
    return any(
        (node := Document.node(layer, place[:length])) is not None and not isinstance(node.data, dict)
        for length in range(1, len(place))
    )


def _within(place: Place, secret: Place) -> bool:
    length = min(len(place), len(secret))
    return place[:length] == secret[:length]


def _completed(environment: Any, inner: Place) -> Any:
    if inner in (("domain",), ("production",), ("version",)):
        return getattr(environment, str(inner[0]))
    return at(environment.settings, *inner)


def _value(value: Any, is_secret: bool) -> str:
    if is_secret:
        return MASK * 8
    written = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"
