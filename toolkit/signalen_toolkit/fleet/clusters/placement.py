"""`clusters.yaml`: the clusters that municipalities of a fleet share, and which environments stand in each.

A municipality with a cluster of its own needs none of this: its cluster follows its own tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import CLUSTERS_FILE
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, did_you_mean, has_errors, ordered
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import Place, at, mapping, text, texts
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.fleet.listing import Fleet
from signalen_toolkit.schema.validate import Compiled, compiled, schema_problems

ALL: Final = "all"
_BRANCH: Final = "main"
_HEADROOM: Final = 2.0

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster-municipality": "who is not in the fleet has no form that could be rendered for a cluster",
        "cluster-name": "two clusters in one folder of the fleet would take each other's files away",
        "cluster-twice": "two clusters that hold one environment would both send its mail and answer for its host",
    }
)


@dataclass(frozen=True, slots=True)
class SharedCluster:
    """A cluster that municipalities share.

    `namespace` is that of its tool, `context` that of kubectl (empty where nobody said). `holds` has for each
    environment the municipalities that stand there by name, or None for all that have it. `headroom` is how many times
    what its pods ask for a municipality may use, `quotas` what differs from that, by municipality and resource.
    `prioritises` says that its tool can give every pod a PriorityClass.
    """

    name: str
    delivery: str
    namespace: str
    context: str
    holds: Mapping[str, tuple[str, ...] | None]
    headroom: float
    quotas: Mapping[str, Mapping[str, str]]
    prioritises: bool

    def has(self, municipality: str, environment: str) -> bool:
        """Tell whether an environment is to stand here."""
        names = self.holds.get(environment, ())
        return names is None or municipality in names

    def place(self, municipality: str, environment: str) -> Place:
        """Return where `clusters.yaml` says that an environment stands here."""
        names = self.holds.get(environment) or ()
        place = ("clusters", self.name, "holds", environment)
        return (*place, names.index(municipality)) if municipality in names else place


@dataclass(frozen=True, slots=True)
class Placement:
    """What `clusters.yaml` says. `secret` is what Flux signs in with at the repository of the fleet, empty for none."""

    document: Document
    url: str
    branch: str
    secret: str
    clusters: tuple[SharedCluster, ...]

    def cluster(self, name: str) -> SharedCluster:
        """Return a cluster by its name. Raises UsageError where there is none."""
        names = [one.name for one in self.clusters]
        if name not in names:
            hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
            raise UsageError(f"{CLUSTERS_FILE} has no cluster '{name}'; {hint}")
        return self.clusters[names.index(name)]


def is_there(root: Path) -> bool:
    """Tell whether a fleet says which clusters its municipalities share."""
    return beneath.look(root, CLUSTERS_FILE) is not None


def read(fleet: Fleet, charts: Catalog) -> Placement:
    """Read which cluster holds whom.

    Raises UsageError where the fleet does not say so, ProblemsError where `clusters.yaml` is wrong.
    """
    if not is_there(fleet.root):
        raise UsageError(f"there is no {CLUSTERS_FILE} in {fleet.root}: it says which cluster holds whom")
    document = reader.read_in(fleet.root, CLUSTERS_FILE)
    problems = [*document.problems, *schema_problems(document, _schema(), what=CLUSTERS_FILE)]
    if has_errors(problems):
        raise ProblemsError(ordered(problems))
    placement = _placement(document, charts)
    problems += [*_strangers(fleet, placement), *_twice(fleet, placement), *_alike(placement)]
    if has_errors(problems):
        raise ProblemsError(ordered(problems))
    return placement


@cache
def clusters_schema() -> dict[str, Any]:
    """Return the schema of `clusters.yaml`; callers must not change it."""
    found: dict[str, Any] = json.loads((PACKAGE / "schemas" / "clusters.schema.json").read_text(encoding="utf-8"))
    return found


@cache
def _schema() -> Compiled:
    return compiled(clusters_schema())


def _placement(document: Document, charts: Catalog) -> Placement:
    data = document.data
    homes = tuple(_home(str(name), one, charts) for name, one in mapping(data, "clusters").items())
    branch = text(data, "repository", "branch") or _BRANCH
    return Placement(document, text(data, "repository", "url"), branch, text(data, "repository", "secret"), homes)


def _home(name: str, data: Any, charts: Catalog) -> SharedCluster:
    delivery = text(data, "delivery")
    holds = {
        str(environment): None if names == ALL else tuple(texts(data, "holds", environment))
        for environment, names in mapping(data, "holds").items()
    }
    quotas = {
        str(who): {str(what): str(amount) for what, amount in limits.items()}
        for who, limits in mapping(data, "quotas").items()
    }
    tool = charts.delivery(delivery)
    namespace = text(data, "namespace") or tool.namespace
    headroom = float(at(data, "headroom") or _HEADROOM)
    context = text(data, "context")
    return SharedCluster(name, delivery, namespace, context, holds, headroom, quotas, tool.changes_charts)


def _alike(placement: Placement) -> Iterator[Problem]:
    """Report a cluster that has the folder of what another has once."""
    for home in placement.clusters:
        if home.name.removesuffix("-shared") in [one.name for one in placement.clusters if one is not home]:
            message = f"'{home.name}' is the folder of what '{home.name.removesuffix('-shared')}' has once"
            place = ("clusters", home.name)
            yield placement.document.problem("cluster-name", message, place, at="key", hint="choose another name")


def _strangers(fleet: Fleet, placement: Placement) -> Iterator[Problem]:
    """Report municipalities that the fleet has not."""
    known = [one.name for one in fleet.members]
    for home in placement.clusters:
        named = [(name, environment) for environment, names in home.holds.items() for name in names or ()]
        for name, environment in named:
            if name not in known:
                place = home.place(name, environment)
                yield placement.document.problem(*_stranger(name, place), hint=_hint(name, known))
        for name in home.quotas:
            if name not in known:
                place = ("clusters", home.name, "quotas", name)
                yield placement.document.problem(*_stranger(name, place), at="key", hint=_hint(name, known))


def _stranger(name: str, place: Place) -> tuple[str, str, Place]:
    return "cluster-municipality", f"the fleet has no municipality '{name}'", place


def _hint(name: str, known: Sequence[str]) -> str:
    return did_you_mean(name, known) or "take it up with `signalen fleet add`, or leave it out"


def _twice(fleet: Fleet, placement: Placement) -> Iterator[Problem]:
    """Report environments that stand in two clusters."""
    environments = dict.fromkeys(name for home in placement.clusters for name in home.holds)
    for member in fleet.members:
        for environment in environments:
            homes = [one for one in placement.clusters if one.has(member.name, environment)]
            for other in homes[1:]:
                message = f"{environment} of '{member.name}' stands in '{homes[0].name}' already"
                named = f"name those that stand here, in place of '{ALL}'"
                hint = named if other.holds[environment] is None else "choose one of both"
                place = other.place(member.name, environment)
                yield placement.document.problem("cluster-twice", message, place, hint=hint)
