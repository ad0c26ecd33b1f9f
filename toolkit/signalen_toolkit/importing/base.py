"""What the image of an application is configured with by itself: an `app.json` is laid over that.

`chart-templates/<component>/base.csv` has it, as far as it counts for a municipality: the place in the configuration,
the value in JSON, the first and the last version of the application with that value (open where there is no other), and
whose it is: `amsterdam` for what only Amsterdam keeps, `signalen` for texts and links of the makers of Signalen, which
nobody can want; these have no value here. What is left out are addresses on a developer's machine.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from signalen_toolkit.base.versions import between, is_version
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import knows
from signalen_toolkit.documents.data import Place

AMSTERDAM = "amsterdam"
SIGNALEN = "signalen"


@dataclass(frozen=True, slots=True)
class Default:
    """A value that versions of an image have by themselves."""

    path: str
    value: Any
    since: str | None
    until: str | None
    whose: str

    def is_in(self, app: str) -> bool:
        """Tell whether a version of the application has it; a tag that is no version counts as the newest."""
        return between(app, self.since, self.until) if is_version(app) else self.until is None


def base(component: Component, release: str, app: str, *, amsterdam: bool) -> dict[str, Any]:
    """Return the values that a version of the image has by itself, as far as a municipality can want them.

    `release` is the one that will run: what it does not know is left out, for nobody said it.
    """
    found: dict[str, Any] = {}
    for place, one in defaults(component):
        wanted = one.whose in (("", AMSTERDAM) if amsterdam else ("",))
        if wanted and one.is_in(app) and knows(component, release, ".".join(map(str, place))):
            _put(found, place, one.value)
    return found


def owned(component: Component, whose: str) -> list[Place]:
    """List what the image takes from Amsterdam, or from the makers of Signalen, where a file does not say otherwise."""
    return list(dict.fromkeys(place for place, one in defaults(component) if one.whose == whose))


def flips(component: Component, release: str) -> Iterator[tuple[Place, list[Default]]]:
    """Yield what not every version of the image has alike, and a release knows: its place, and the values in order."""
    by_place: dict[Place, list[Default]] = {}
    for place, one in defaults(component):
        by_place.setdefault(place, []).append(one)
    for place, ones in by_place.items():
        if len(ones) > 1 and knows(component, release, ".".join(map(str, place))):
            yield place, ones


def defaults(component: Component) -> tuple[tuple[Place, Default], ...]:
    """Return every default of an image with its place in the values of the chart."""
    own = component.application_config
    return tuple(((own.values, *one.path.split(".")), one) for one in _read(component.folder)) if own else ()


def _put(data: dict[str, Any], place: Place, value: Any) -> None:
    for key in place[:-1]:
        data = data.setdefault(str(key), {})
    data[str(place[-1])] = value


@cache
def _read(folder: Path) -> tuple[Default, ...]:
    path = folder / "base.csv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[Mapping[str, str]] = list(csv.DictReader(file))
    return tuple(
        Default(
            row["path"],
            json.loads(row["value"]) if row["value"] else None,
            row["since"] or None,
            row["until"] or None,
            row["whose"],
        )
        for row in rows
    )
