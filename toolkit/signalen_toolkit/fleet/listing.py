"""`fleet.yaml`: which municipalities a fleet has, where each of them is, and in which ring.

A municipality is in a folder of the fleet's own repository, or in a repository of its own, of which there is a clone in
`repositories/`, which Git does not keep. Everything else is done in that folder as in any repository.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.cache import keep, own, recalled
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FLEET_FILE, MEMBERS
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import (
    Problem,
    ProblemsError,
    Severity,
    UsageError,
    did_you_mean,
    has_errors,
    ordered,
)
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import mapping, text, texts
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.verify.inputs import toolkit_key

CLONES: Final = "repositories"  # a clone for each municipality with a repository of its own
ONE: Final = "one-repository"
MANY: Final = "many-repositories"
_SOAK: Final = re.compile(r"([0-9]{1,4})([mhd])")
COMMITS: Final = "commits"
PUSHED: Final = "pushed-commits"
PULL_REQUESTS: Final = "pull-requests"
PROGRAM: Final = "program"  # health, as `health: true` has it
# A form is a page long, and the limits of its reader are against what somebody else hands in. This list is the
# operator's own, and a program writes in it too: 10,000 municipalities with groups and a ring have some 90,000 values.
_MOST_VALUES: Final = 300_000
_DEFAULT_ENVIRONMENTS: Final = ("acceptance", "production")
_CONTEXT: Final = "{municipality}-{environment}"

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fleet-ring": "a municipality in a ring that is not there would never get a release",
        "fleet-folder": "a municipality that is not listed is checked, rendered and upgraded by nobody",
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    """A municipality of a fleet. `repository` is the address of its own repository, empty where it is in this one.

    `context` is that of kubectl for its clusters, with a place for the environment; empty where it is as for all.
    """

    name: str
    groups: tuple[str, ...]
    ring: str
    repository: str
    context: str = ""

    @property
    def path(self) -> str:
        """Its folder, from that of the fleet."""
        return f"{CLONES if self.repository else MEMBERS}/{self.name}"


@dataclass(frozen=True, slots=True)
class Ring:
    """What it takes to go on after a ring: seconds that a release has to run there, a person's yes, green pipelines.

    `health` is who says whether what runs is healthy: empty for nobody, else `PROGRAM` or as `fleet.yaml` has it.
    """

    name: str
    soak: int
    approval: bool
    health: str
    pipelines: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """What `fleet.yaml` says. `rings` and `environments` are in the order in which a release reaches them.

    `changes` is what a rollout makes: `COMMITS`, `PUSHED` or `PULL_REQUESTS`. `context` is that of kubectl, with places
    for the municipality and the environment.
    """

    root: Path
    shape: str
    environments: tuple[str, ...]
    rings: tuple[Ring, ...]
    members: tuple[Member, ...]
    changes: str = COMMITS
    context: str = _CONTEXT

    def member(self, name: str) -> Member:
        """Return a municipality by its name. Raises UsageError where there is none."""
        found = next((one for one in self.members if one.name == name), None)
        if found is None:
            names = [one.name for one in self.members]
            raise UsageError(
                f"{FLEET_FILE} has no '{name}'; {did_you_mean(name, names) or 'see `signalen fleet status`'}"
            )
        return found

    def folder(self, member: Member) -> Path:
        """Return the folder of a municipality."""
        return self.root / member.path


def read(root: Path) -> Fleet:
    """Read the fleet in a folder. Raises UsageError where there is none, ProblemsError where `fleet.yaml` is wrong."""
    fleet, problems = checked(root)
    if has_errors(problems):
        raise ProblemsError(problems)
    return fleet


def checked(root: Path) -> tuple[Fleet, list[Problem]]:
    """Read the fleet in a folder, and say what is wrong in its `fleet.yaml`. Raises UsageError where there is none."""
    if beneath.look(root, FLEET_FILE) is None:
        raise UsageError(f"there is no {FLEET_FILE} in {root}: go to a fleet, or make one with `signalen fleet new`")
    raw = reader.raw_in(root, FLEET_FILE)
    key = hashlib.sha256(b"\0".join((toolkit_key().encode(), raw))).hexdigest()
    folder = own(variables(), "fleet")
    # What is right stays right: to read it with the place of everything in it takes long, and to remember it does not.
    place = folder / "listing.json" if folder else None
    kept = recalled(place, key) if place else None
    if isinstance(kept, dict) and not any(_strangers(fleet := _fleet(root, kept), Document(FLEET_FILE, ""))):
        return fleet, []
    return _read(root, raw, place, key)


def _read(root: Path, raw: bytes, place: Path | None, key: str) -> tuple[Fleet, list[Problem]]:
    """Read the text of a `fleet.yaml`, and keep in a place what it says, if that is right."""
    from signalen_toolkit.schema.validate import compiled, schema_problems  # as long as to read what is remembered

    document = reader.parse(raw, str(root / FLEET_FILE), most=_MOST_VALUES)
    problems = [*document.problems, *schema_problems(document, compiled(fleet_schema()), what=FLEET_FILE)]
    fleet = _fleet(root, document.data)
    if not problems and place:
        keep(place, key, document.data)
    if not has_errors(problems):
        problems += _strangers(fleet, document)
    return fleet, ordered(problems)


@cache
def fleet_schema() -> dict[str, Any]:
    """Return the schema of `fleet.yaml`; callers must not change it."""
    found: dict[str, Any] = json.loads((PACKAGE / "schemas" / "fleet.schema.json").read_text(encoding="utf-8"))
    return found


def _fleet(root: Path, data: Any) -> Fleet:
    rings = tuple(
        Ring(str(name), _seconds(text(one, "soak")), _says(one, "approval"), _health(one), _says(one, "pipelines"))
        for name, one in mapping(data, "rings").items()
    )
    last = rings[-1].name if rings else ""
    members = tuple(
        Member(
            str(name),
            tuple(texts(one, "groups")),
            text(one, "ring") or last,
            text(one, "repository"),
            text(one, "context"),
        )
        for name, one in mapping(data, MEMBERS).items()
    )
    environments = tuple(texts(data, "environments")) or _DEFAULT_ENVIRONMENTS
    changes = text(data, "changes") or COMMITS
    context = text(data, "context") or _CONTEXT
    return Fleet(root, text(data, "shape") or ONE, environments, rings, members, changes, context)


def _says(data: Any, key: str) -> bool:
    return isinstance(data, Mapping) and data.get(key) is True


def _health(data: Any) -> str:
    return PROGRAM if _says(data, "health") else text(data, "health")


def _seconds(written: str) -> int:
    found = _SOAK.fullmatch(written)  # what is written otherwise, the schema has refused
    return int(found[1]) * {"m": 60, "h": 3600, "d": 86400}[found[2]] if found else 0


def _strangers(fleet: Fleet, document: Document) -> Iterator[Problem]:
    """Report rings that are not there, and folders that are not listed."""
    rings = {one.name for one in fleet.rings}
    for member in fleet.members:
        if member.ring and member.ring not in rings:
            message = f"there is no ring '{member.ring}'"
            hint = did_you_mean(member.ring, rings) or "add it to 'rings'"
            yield document.problem("fleet-ring", message, (MEMBERS, member.name, "ring"), hint=hint)
    listed = {one.name for one in fleet.members if not one.repository}
    for entry in beneath.listed(fleet.root, MEMBERS):
        name = entry.path.rpartition("/")[2]
        if entry.is_folder and name not in listed and not name.startswith("."):
            message = f"'{name}' has a folder in {MEMBERS}/, and {FLEET_FILE} does not list it there"
            hint = f"write '{name}: {{}}', or remove the folder"
            yield document.problem("fleet-folder", message, (MEMBERS,), hint=hint, severity=Severity.WARNING)
