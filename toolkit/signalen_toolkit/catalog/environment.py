"""Which environment variables the code of an application reads, by version: environment.csv of a component."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signalen_toolkit.base.versions import between, is_version
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import UsageError


class Variable(NamedTuple):
    """One line: the first and the last version of the application that reads it (empty: no such end), its default."""

    name: str
    since: str
    until: str
    default: str
    description: str


def variables(component: Component) -> Mapping[str, Variable]:
    """Return what is known of a component's variables by name; it is shared, do not change it."""
    return _read(component.folder / "environment.csv")


def reads(component: Component, release: str, name: str) -> bool:
    """Tell whether the application reads a variable in a Signalen release.

    Raises UsageError for a variable that is not listed: a template that asks for it has it wrong.
    """
    variable = variables(component).get(name)
    if variable is None:
        raise UsageError(f"{component.name}/environment.csv does not list {name}")
    version = component.app_version(release)
    return not is_version(version) or between(version, variable.since or None, variable.until or None)


@cache
def _read(path: Path) -> Mapping[str, Variable]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Variable(**row) for row in csv.DictReader(file)}
