"""`signalen fleet verify`, for what clusters have beside the trees of their tenants: `clusters/` of the fleet.

It is checked as a municipality's tree is: every release of what a cluster has once through Helm, every object against
its schema and the checks on objects. What is checked is what would be rendered now; where another stands on disk, that
is a problem of its own, for the cluster follows what is on disk. Nothing here reaches a cluster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.cache import own
from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS, CLUSTERS_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics import reporters
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import (
    Problem,
    ProblemsError,
    UsageError,
    has_errors,
    ordered,
    seen_from_here,
    the_first,
)
from signalen_toolkit.fleet.clusters import placement, run
from signalen_toolkit.fleet.clusters.placement import SharedCluster
from signalen_toolkit.fleet.clusters.run import Rendering
from signalen_toolkit.fleet.clusters.shared import Shared, folder_of
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome, judged
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.model import ChartReference
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.validation.kubernetes_versions import versions_of
from signalen_toolkit.verify.cache import remembered
from signalen_toolkit.verify.context import context_of
from signalen_toolkit.verify.inputs import around, toolkit_key
from signalen_toolkit.verify.pipeline import Work, made

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster-stale": "a cluster follows what is on disk, and not what clusters.yaml and the forms say by now",
    }
)
_KNOWN: Final = "fleet-clusters"  # the folder in the cache


@dataclass(frozen=True, slots=True)
class ClustersVerify:
    """How the clusters of a fleet are verified: as `signalen verify` is asked. With `again`, nothing is remembered.

    The fleet has to say which clusters there are (`placement.is_there`).
    """

    options: Options
    schemas: Path | None
    locked: bool
    again: bool

    def __call__(self, fleet: Fleet, members: Sequence[Member], processes: int) -> list[MemberOutcome]:
        """Return an outcome for each cluster that holds one of these municipalities, by the name of its folder."""
        try:
            placed = placement.read(fleet, catalog())
            homes = [one for one in placed.clusters if _holds(one, members)]
            if not homes:
                return []
            found = run.render(fleet, placed, catalog(), self.options.variables, only_check=True, processes=processes)
        except ProblemsError as error:
            return [_outcome(CLUSTERS_FILE, error.problems)]
        except (UsageError, OSError) as error:
            return [_failed(CLUSTERS_FILE, error)]
        return [self._one(fleet, home, found, catalog()) for home in homes]

    def _one(self, fleet: Fleet, home: SharedCluster, found: Rendering, charts: Catalog) -> MemberOutcome:
        name = f"{CLUSTERS}/{home.name}"
        problems = [*found.wrong[home.name]]
        if home.name not in found.kept:
            problems += _stale(fleet, home, found)
            folder = None if self.again else own(self.options.variables, _KNOWN)
            look = _Look(fleet, home, found, charts, self)
            try:
                problems += remembered(folder, look.key, look)
            except ProblemsError as error:
                problems += [_in_fleet(one) for one in seen_from_here(fleet.root, error.problems)]
            except (UsageError, OSError) as error:
                return _failed(name, error)
        return _with_absent(_outcome(name, ordered(problems)), home, found)


@dataclass(frozen=True, slots=True)
class _Look:
    """The look at the objects of one cluster, and the key of all that it depends on."""

    fleet: Fleet
    home: SharedCluster
    found: Rendering
    charts: Catalog
    asked: ClustersVerify

    def key(self) -> str | None:
        """Return what tells what is looked at, and how, from any other; None where that cannot be told."""
        try:
            locked = beneath.read(self.fleet.root, CHARTS_LOCK) or b""
            parts = [
                *(str(self.fleet.root.absolute()), self.home.name, toolkit_key(), repr(self.asked), repr(locked)),
                *around(self.asked.options, self.asked.schemas),
                *(part for pair in sorted(self.found.files.items()) for part in pair),
            ]
        except (OSError, UsageError, ValueError):
            return None
        return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()

    def __call__(self) -> list[Problem]:
        """Return what is wrong with what stands in the folder of the cluster, and with what it has once."""
        return [*self._beside(), *self._once()]

    def _beside(self) -> Iterator[Problem]:
        from signalen_toolkit.verify.checks import check_objects

        once = self.found.once[self.home.name].environment
        version = str(once.settings["cluster"]["kubernetesVersion"]) if once else ""
        context = Context(namespace=self.home.namespace, kubernetes_version=version, schemas=self.asked.schemas)
        objects = [*manifests(self.found.files, self.home.name)]
        yield from seen_from_here(self.fleet.root, (_of_file(one) for one in check_objects(objects, context)))

    def _once(self) -> Iterator[Problem]:
        once = self.found.once[self.home.name]
        if once.form is None or once.environment is None:
            return
        yield from self._released(once, once.form, once.environment)

    def _released(self, once: Shared, form: Form, environment: Environment) -> Iterator[Problem]:
        """Yield what Helm cannot make of what the cluster has once, and what is wrong with what it makes."""
        root, asked = self.fleet.root, self.asked
        wanted = releases(once.files, self.charts.release_formats)
        locked = lock.read_lock(root)
        versions, default = versions_of(form.config)
        locks = lock.Locks(locked, only=asked.locked)
        with renderer(asked.options, versions, default_version=default, locks=locks) as helm:
            helm.begin(wanted)
            helm.start(wanted)
            work = Work(once.files, wanted, helm, locked, {environment.name: ([], [])})
            found = made(form, environment, work)
            fetched = lock.updated(locked, helm.charts.values())
        problems = [*found.problems]
        if not has_errors(problems):  # else half of the references would seem to lead nowhere
            from signalen_toolkit.verify.checks import check_objects

            context = context_of(environment, found.values, asked.schemas)
            problems += (_of_form(form, environment, one) for one in check_objects(found.objects, context))
        if not asked.locked and not has_errors(problems):
            lock.write_lock(root, {**self._still(locked), **fetched}, locked)
        yield from problems

    def _still(self, locked: Mapping[ChartReference, str]) -> dict[ChartReference, str]:
        """Return the locked charts of what any cluster has once; all of them where that is not known of each."""
        trees = [one.files for one in self.found.once.values()]
        used = {one.chart for tree in trees for one in releases(tree, self.charts.release_formats)}
        return {chart: digest for chart, digest in locked.items() if chart in used or self.found.kept}


def _holds(home: SharedCluster, members: Sequence[Member]) -> bool:
    return any(home.has(member.name, environment) for environment in home.holds for member in members)


def _stale(fleet: Fleet, home: SharedCluster, found: Rendering) -> list[Problem]:
    """Report the files of a cluster that are not what would be rendered."""
    own_ = tuple(f"{CLUSTERS}/{name}/" for name in (home.name, folder_of(home)))
    changed = sorted(path for path in (*found.changes.written, *found.changes.removed) if path.startswith(own_))
    said = f"it is not what {CLUSTERS_FILE} and the forms say"
    hint = "run `signalen fleet clusters`, and commit what it writes"
    problems = (Problem("cluster-stale", said, path, hint=hint) for path in changed)
    return seen_from_here(fleet.root, the_first(problems))


def _of_file(finding: Finding) -> Problem:
    """Make a problem of a finding on an object that stands in the folder of a cluster."""
    hint = finding.hint or f"change what it is made of, in {CLUSTERS_FILE} or in the form of the tenant"
    return Problem(finding.rule, _message(finding), finding.object.source, severity=finding.severity, hint=hint)


def _of_form(form: Form, environment: Environment, finding: Finding) -> Problem:
    """Make a problem of a finding on what a cluster has once: where `clusters.yaml` says what that is."""
    place = ("overrides", finding.object.component)
    given = finding.object.component and form.given(environment, *place)
    at = form.place(environment, *place) if given else ("environments", environment.name)
    message = f"{_message(finding)} ({finding.object.source})"
    return form.document.problem(finding.rule, message, at, at="key", severity=finding.severity, hint=finding.hint)


def _message(finding: Finding) -> str:
    place = f", {finding.path}" if finding.path else ""
    return f"{finding.object.title}{place}: {finding.message}"


def _in_fleet(problem: Problem) -> Problem:
    """Say of a problem with charts.lock what to do in a fleet."""
    return replace(problem, hint=problem.hint.replace("`signalen verify`", "`signalen fleet verify`"))


def _with_absent(outcome: MemberOutcome, home: SharedCluster, found: Rendering) -> MemberOutcome:
    """Say of which tenants the forms could not be read: what the cluster has of those is what it had."""
    names = [one.name for one in found.failed if any(home.has(one.name, environment) for environment in home.holds)]
    if not names:
        return outcome
    said = f"{outcome.said}; mend the forms of {', '.join(names)} first: it keeps what it has of them"
    return replace(outcome, end=Ending.PROBLEMS, said=said)


def _outcome(name: str, problems: Sequence[Problem]) -> MemberOutcome:
    told = reporters.without_secrets(problems)
    return replace(judged(name, told, reporters.summary(told)), is_cluster=True)


def _failed(name: str, error: UsageError | OSError) -> MemberOutcome:
    return MemberOutcome(name, Ending.FAILED, without_contents(str(error)), is_cluster=True)
