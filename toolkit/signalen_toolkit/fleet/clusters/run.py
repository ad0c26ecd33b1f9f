"""`signalen fleet clusters`: the clusters of a fleet, rendered, in one step for all of them.

A municipality whose form cannot be read keeps what its clusters have of it; a cluster in which tenants cannot stand
beside each other keeps all that it has. Neither holds up another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS, is_rendered
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, has_errors, ordered
from signalen_toolkit.fleet.clusters import checks
from signalen_toolkit.fleet.clusters.placement import Placement, SharedCluster
from signalen_toolkit.fleet.clusters.rendering import TENANTS, Resident, rendered
from signalen_toolkit.fleet.clusters.shared import Shared, folder_of, shared
from signalen_toolkit.fleet.clusters.tenants import Tenancy, Tenant
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.memory import Memory
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.run import run
from signalen_toolkit.git import enclosing
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.tree import Changes


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of it. `kept` are the clusters that keep what they have, `failed` the municipalities without a form.

    `files` are the texts of all clusters by path; by cluster, `once` is what it has once, and `wrong` what is wrong.
    """

    changes: Changes
    diff: str
    files: Mapping[str, str]
    homes: Mapping[str, Sequence[Resident]]
    once: Mapping[str, Shared]
    wrong: Mapping[str, Sequence[Problem]]
    failed: Sequence[MemberOutcome]
    kept: Sequence[str]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with any cluster."""
        return ordered(problem for found in self.wrong.values() for problem in found)

    @property
    def fine(self) -> bool:
        """Whether every cluster is as `clusters.yaml` and the forms say."""
        return not self.failed and not self.kept and not has_errors(self.problems)


def render(
    fleet: Fleet,
    placement: Placement,
    charts: Catalog,
    environment: Mapping[str, str],
    *,
    only_check: bool = False,
    processes: int = 0,
) -> Rendering:
    """Render the clusters of a fleet, and write them; with `only_check` nothing is written.

    Raises UsageError where something of a person stands in the way of a rendered file.
    """
    members = [one for one in fleet.members if any(_is_in(one, home) for home in placement.clusters)]
    memory = Memory(fleet, "clusters", environment, asked=tuple)
    found = {one.name: one for one in run(fleet, members, Tenancy(), memory, processes)}
    failed = [found[one.name] for one in members if found[one.name].end is not Ending.FINE]
    with alone(fleet.root):
        before = _on_disk(fleet)
        files: dict[str, str] = {}
        homes: dict[str, Sequence[Resident]] = {}
        shares: dict[str, Shared] = {}
        problems: dict[str, Sequence[Problem]] = {}
        kept: list[str] = []
        prefix = f"{place}/" if (place := enclosing.place(fleet.root)) else ""
        for home in placement.clusters:
            residents = [*_residents(fleet, home, found, before)]
            tenants = _tenants(residents)
            once = shared(placement, home, tenants, prefix, charts, fleet.root)
            wrong = [*_absent(placement, home, found), *checks.check(placement, home, tenants), *once.problems]
            homes[home.name], shares[home.name], problems[home.name] = residents, once, wrong
            if has_errors(wrong):
                kept.append(home.name)
                own = tuple(f"{CLUSTERS}/{name}/" for name in (home.name, folder_of(home)))
                files |= {path: text for path, text in before.items() if path.startswith(own)}
            else:
                files |= {
                    **rendered(fleet, placement, home, residents, once, prefix, charts.folder),
                    **once.files,
                }
        changes = tree.compare(fleet.root, files) if only_check else tree.put(fleet.root, files)
    diff = tree.diff(fleet.root, changes) if only_check else ""
    return Rendering(changes, diff, files, homes, shares, problems, failed, kept)


def tenants_of(found: MemberOutcome | None) -> dict[str, Tenant]:
    """Return the tenants in an outcome, by environment; none where the form cannot be read."""
    data: Mapping[str, Any] = found.data if found else {}
    return {name: Tenant(**one) for name, one in data.items()}


def _is_in(member: Member, home: SharedCluster) -> bool:
    return any(home.has(member.name, environment) for environment in home.holds)


def _residents(
    fleet: Fleet, home: SharedCluster, found: Mapping[str, MemberOutcome], before: Mapping[str, str]
) -> Iterator[Resident]:
    for environment in home.holds:
        for member in fleet.members:
            outcome = found.get(member.name)
            if outcome is None or not home.has(member.name, environment):
                continue
            tenant = tenants_of(outcome).get(environment)
            files = {} if outcome.end is Ending.FINE else _files_of(home, member, environment, before)
            if tenant or files:
                yield Resident(member.name, environment, member.ring, tenant, files)


def _files_of(home: SharedCluster, member: Member, environment: str, before: Mapping[str, str]) -> dict[str, str]:
    folder = f"{CLUSTERS}/{home.name}/"
    own = f"{folder}{TENANTS}/{member.name}/{environment}/"
    return {path.removeprefix(folder): text for path, text in before.items() if path.startswith(own)}


def _tenants(residents: Sequence[Resident]) -> list[Tenant]:
    return [one.tenant for one in residents if one.tenant]


def _absent(placement: Placement, home: SharedCluster, found: Mapping[str, MemberOutcome]) -> Iterator[Problem]:
    """Report environments that `clusters.yaml` names and the form has not."""
    for environment, names in home.holds.items():
        for name in names or ():
            outcome = found[name]
            if outcome.end is Ending.FINE and environment not in outcome.data:
                there = ", ".join(map(str, outcome.data)) or "none"
                message = f"'{name}' has no environment '{environment}'"
                place = home.place(name, environment)
                yield placement.document.problem("cluster-environment", message, place, hint=f"it has {there}")


def _on_disk(fleet: Fleet) -> dict[str, str]:
    """Return the rendered files of all clusters, by path."""
    found = {}
    for entry in beneath.walk(fleet.root, CLUSTERS):
        data = beneath.read(fleet.root, entry.path) if entry.is_file else None
        if data is not None and is_rendered(data):
            found[entry.path] = data.decode(errors="replace")
    return found
