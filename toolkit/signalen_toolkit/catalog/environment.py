"""Which environment variables the code of an application reads, by version: environment.csv of a component.

A variable is listed if what it says is used; one that lands in a setting that nothing looks at is not.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signalen_toolkit.base.versions import between, is_version
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import UsageError


class KnownVariable(NamedTuple):
    """One line of environment.csv.

    `since` and `until` are the first and the last version of the application that reads it, of those that a release
    which can be rendered has; empty is open. `default` is what the last of them takes where it is not set. `unfit`
    says why it may not be left at that: it is `amsterdam`'s, `unsafe`, or `wrong` in a cluster such as we set up.
    `setting` is the place in the chart's values that it is written from, if there is one beside `env`.
    """

    name: str
    since: str
    until: str
    default: str
    unfit: str
    setting: str
    note: str

    def in_version(self, app: str) -> bool:
        """Tell whether a version of the application reads it; a tag that is no version counts as the newest."""
        if not is_version(app):
            return not self.until
        return between(app, self.since or None, self.until or None)


def variables(component: Component) -> Mapping[str, KnownVariable]:
    """Return what is known of a component's variables, by name. It is shared: do not change it."""
    return _read(component.folder / "environment.csv")


def reads(component: Component, release: str, name: str) -> bool:
    """Tell whether the application reads a variable in a Signalen release.

    Raises UsageError for a variable that is not listed: a template that asks for it has it wrong.
    """
    variable = variables(component).get(name)
    if variable is None:
        raise UsageError(f"environment.csv of {component.name} does not list {name}")
    return variable.in_version(component.app_version(release))


def does_nothing(component: Component, release: str, place: Sequence[str | int]) -> bool:
    """Tell whether a place in the values only sets a variable that the application does not read in a release."""
    written = ".".join(map(str, place))
    return any(
        written in (f"env.{one.name}", one.setting) and not one.in_version(component.app_version(release))
        for one in variables(component).values()
    )


@cache
def _read(path: Path) -> Mapping[str, KnownVariable]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: KnownVariable(**row) for row in csv.DictReader(file)}
