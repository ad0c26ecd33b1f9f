"""A form in a fleet: one of many municipalities in a repository, which share settings in layers below their forms.

    fleet.yaml                                which municipalities there are, and in which groups
    defaults.yaml                             settings of all
    groups/<group>.yaml                       settings of a group
    municipalities/<name>/municipality.yaml   the form of one

What counts most first: the form, its groups from the last that `fleet.yaml` names to the first, the defaults. Every
command reads a form through here, so that a municipality in a fleet is one like any other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import DEFAULTS, FLEET_FILE, FORM_FILE, GROUPS, MEMBERS, fleet_root
from signalen_toolkit.base.paths import placed
from signalen_toolkit.diagnostics.problems import Problem, UsageError, did_you_mean
from signalen_toolkit.documents import machine, reader
from signalen_toolkit.documents.data import mapping, texts
from signalen_toolkit.documents.layers import layered
from signalen_toolkit.documents.reader import Document

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fleet-layer": "a layer that is not there, or that cannot be read, would leave its settings out without a word",
        "fleet-municipality": "a municipality that the fleet does not know gets no groups, and no release",
    }
)


def read_form(folder: Path, file: str = FORM_FILE, *, name: str | None = None, content: str | None = None) -> Document:
    """Read the form in a folder, or the text that it is to be (`content`), with the layers below it.

    `name` is how messages call it. Raises UsageError where the form cannot be opened, or is a link out of its folder.
    """
    own = reader.read_in(folder, file, name=name) if content is None else reader.parse(content, name or file)
    root = fleet_root(folder) if file == FORM_FILE else None
    return layered([own, *_layers(root, folder, Path(own.file))]) if root else own


def layers_below(root: Path, groups: Sequence[str]) -> list[Document]:
    """Return what is below the form of a municipality in these groups, the one that counts most first.

    Raises UsageError where a group is not there.
    """
    found = []
    for file in (*_names(tuple(groups)), DEFAULTS):
        entry = beneath.look(root, file)
        if entry is not None:
            found.append(_layer(root, file, file, entry.status.st_mtime_ns, entry.status.st_size))
        elif file != DEFAULTS:
            raise UsageError(f"there is no {file}: make it first, with the settings of that group")
    return found


def layer_files(root: Path, member: str) -> list[str]:
    """Return the files that say what is below the form of a municipality, from the folder of the fleet."""
    return [FLEET_FILE, *_names(_groups(root).get(member, ())), DEFAULTS]


def _layers(root: Path, folder: Path, form: Path) -> list[Document]:
    """Return what is below a form, the one that counts most first. Of one that cannot be read, there is its problem."""
    member, up = placed(folder).name, form.parent / ".." / ".."
    fleet = os.path.normpath(up / FLEET_FILE)
    try:
        groups = _groups(root)
    except (yaml.YAMLError, UnicodeDecodeError, UsageError, OSError):
        return [Document(fleet, "", None, (_problem(fleet, "cannot be read, and so nobody knows the groups"),))]
    if member not in groups:
        hint = did_you_mean(member, groups) or f"add '{member}: {{}}' below 'municipalities' in {FLEET_FILE}"
        unknown = Problem("fleet-municipality", f"{FLEET_FILE} does not name '{member}'", fleet, hint=hint)
        found = [Document(fleet, "", None, (unknown,))]
    else:
        found = []
    for file in (*_names(groups.get(member, ())), DEFAULTS):
        shown = os.path.normpath(up / file)
        entry = beneath.look(root, file)
        if entry is not None:
            found.append(_layer(root, file, shown, entry.status.st_mtime_ns, entry.status.st_size))
        elif file != DEFAULTS:
            listing = reader.read_in(root, FLEET_FILE, name=fleet)
            place = (MEMBERS, member, "groups", groups[member].index(Path(file).stem))
            hint = "make that file, or leave the group out"
            problem = listing.problem(
                "fleet-layer", f"there is no {file}, and '{member}' is in that group", place, hint=hint
            )
            found.append(Document(shown, "", None, (problem,)))
    return found


def _names(groups: tuple[str, ...]) -> list[str]:
    return [f"{GROUPS}/{group}.yaml" for group in reversed(groups)]


@lru_cache(maxsize=512)
def _layer(root: Path, file: str, shown: str, *_: int) -> Document:
    """Read a layer, once as long as it stays the same; one that is empty but for comments has no settings."""
    try:
        layer = reader.read_in(root, file, name=shown)
    except UsageError as error:
        return Document(shown, "", None, (_problem(shown, str(error)),))
    if layer.data is None and {one.rule for one in layer.problems} == {"empty-file"}:
        return Document(layer.file, layer.text, {}, (), None)
    return layer


def _groups(root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the groups of each municipality in a fleet. Raises what reading `fleet.yaml` does."""
    entry = beneath.look(root, FLEET_FILE)
    return _groups_in(root, entry.status.st_mtime_ns if entry else 0, entry.status.st_size if entry else 0)


@lru_cache(maxsize=16)
def _groups_in(root: Path, *_: int) -> Mapping[str, tuple[str, ...]]:
    data = machine.load((beneath.read(root, FLEET_FILE, reader.LARGEST) or b"").decode("utf-8-sig"))
    return {str(name): tuple(texts(one, "groups")) for name, one in mapping(data, MEMBERS).items()}


def _problem(file: str, message: str) -> Problem:
    return Problem("fleet-layer", message, file)
