"""A form as the rules see it: its text with positions, what it was completed to, and the files it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from signalen_toolkit.base import beneath
from signalen_toolkit.base.beneath import FolderEntry
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, Severity, UsageError
from signalen_toolkit.documents.data import Place, text
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form import config
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.form.rendered import Rendered

# More than any image may have; a larger file is reported by its rule, and is not read further.
_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Form:
    """A form that could be read.

    `config` is built from what is right in it: values that the schema refuses are left out. `assets` holds the
    files in the repository that the form names; a file that does not exist is not in it. `rendered` are the facts of
    each environment that was rendered before, also of one that is no longer in the form. `lies` is its folder, from the
    top of the Git repository around it; None where there is none, or nobody knows where the form is to lie.
    `overridden` tells where an override stands that has the last word on a setting of an environment; `config` then has
    its value.
    """

    document: Document
    config: Config
    charts: Catalog
    rendered: Mapping[str, Rendered] = field(default_factory=dict)
    lies: str | None = None
    overridden: Mapping[tuple[str, Place], Place] = field(default_factory=dict)

    @property
    def assets(self) -> Mapping[str, bytes]:
        """The files that the form names, by path."""
        return self.config.assets

    def place(self, environment: Environment | None, *path: str | int) -> Place:
        """Return where a setting of an environment stands in the file.

        That is in an override of it, else in the environment itself, else at the top, else (for a default) where it
        would stand at the top.
        """
        if environment is not None:
            for length in range(len(path), 0, -1) if self.overridden else ():
                over = self.overridden.get((environment.name, path[:length]))
                if over is not None and self.document.node(place := (*over, *path[length:])) is not None:
                    return place
            own: Place = ("environments", environment.name, *path)
            if self.document.node(own) is not None or path[:1] in (("domain",), ("production",)):
                return own
        return path

    def given(self, environment: Environment, *path: str | int) -> bool:
        """Tell whether a person wrote this setting, for this environment or at the top."""
        return self.document.node(self.place(environment, *path)) is not None

    def problem(
        self,
        rule: str,
        message: str,
        environment: Environment | None,
        *path: str | int,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        at: Literal["key", "value"] = "value",
    ) -> Problem:
        """Make a problem of a setting, at the place where it is written."""
        place = self.place(environment, *path)
        return self.document.problem(rule, message, place, hint=hint, severity=severity, at=at)

    def texts(self) -> Iterator[tuple[Place, str]]:
        """Yield every text that stands in the file, with its place."""
        yield from _texts(self.document.data, ())


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, (*place, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*place, index))


def find(path: Path) -> list[Path]:
    """Return the forms that a path stands for: the file itself, or every form in a folder and below it.

    Raises UsageError when there is none, and where a folder is too deep; OSError where one cannot be looked into.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    found = sorted(path / entry.path for entry in beneath.walk(path, hidden=False) if _is_form(entry))
    if not found:
        raise UsageError(f"there is no {FORM_FILE} in {path}; name a form, or make one with `signalen new`")
    return found


def followed_branch(directory: Path) -> str:
    """Return the branch that the form in a folder says the cluster follows; empty where it says none."""
    if beneath.look(directory, FORM_FILE) is None:
        return ""
    return text(read_form(directory).data, "repository", "branch")


def _is_form(entry: FolderEntry) -> bool:
    return PurePosixPath(entry.path).name == FORM_FILE and not entry.is_folder


def read_assets(folder: Path, form: Mapping[str, Any]) -> dict[str, bytes]:
    """Read the files that a form (plain data, right by the schema) names, from the repository's folder.

    A link that leads out of the repository counts as no file: what it points at is not the municipality's.
    """
    return {name: data for name in config.asset_paths(form) if (data := _read(folder.resolve(), name)) is not None}


def _read(folder: Path, name: str) -> bytes | None:
    try:
        path = beneath.real(folder, name)
        entry = beneath.look(folder, path)
    except UsageError:
        return None
    return beneath.read(folder, path, _MOST_BYTES) if entry is not None and entry.is_file else None
