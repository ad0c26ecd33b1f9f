"""`signalen haven`: which points of Haven and of Pod Security the workloads of each environment meet.

Read from the objects that Helm makes of the form as it is now, as `signalen verify` does, and from nothing else:
what a cluster itself must be, is for the compliancy checker of Haven to say, on that cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, did_you_mean, has_errors
from signalen_toolkit.form.config import Environment
from signalen_toolkit.haven.points import (
    Gap,
    Point,
    Scene,
    access,
    availability,
    ingress,
    network,
    operations,
    pod_security,
    secrets,
    storage,
    workloads,
)
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.context import context_of

# By heading, in the order of the report. A new point is a line in its module.
GROUPS: Final[Mapping[str, tuple[Point, ...]]] = {
    "Pod Security": pod_security.POINTS,
    "Containers": workloads.POINTS,
    "Beschikbaarheid": availability.POINTS,
    "Toegang": (*access.POINTS, *secrets.POINTS),
    "Netwerk": (*network.POINTS, *ingress.POINTS),
    "Opslag": storage.POINTS,
    "Beheer": operations.POINTS,
}
IDS: Final = tuple(point.id for points in GROUPS.values() for point in points)


class Status(StrEnum):
    """How an environment stands on a point."""

    MET = "met"
    NOT_MET = "not-met"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One point in one environment; `objects` is how many were looked at."""

    point: Point
    group: str
    status: Status
    objects: int
    note: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All points of one environment."""

    environment: str
    namespace: str
    kubernetes_version: str
    outcomes: tuple[Outcome, ...]

    def of(self, status: Status) -> list[Outcome]:
        """Return the points with that status."""
        return [one for one in self.outcomes if one.status is status]


def haven(
    repository: Path,
    charts: Catalog,
    options: Options,
    *,
    environment: str | None = None,
    report: Callable[[str], object] = lambda _: None,
) -> list[Report]:
    """Return the report of each environment of the form in a repository, or of one.

    Raises ProblemsError where the form has errors or Helm refuses a release, UsageError where Helm or a chart is
    missing or there is no such environment.
    """
    with pipeline.started(repository, charts, options, report) as (form, work, problems):
        if work is None:
            raise ProblemsError(problems)
        names = [one.name for one in form.config.environments]
        if environment is not None and environment not in names:
            hint = did_you_mean(environment, names) or f"there are {', '.join(names)}"
            raise UsageError(f"there is no environment '{environment}'; {hint}")
        reports = []
        for one in form.config.environments:
            if environment in (None, one.name):
                made = pipeline.made(form, one, work)
                if has_errors(made.problems):  # half of the objects would give half of an answer
                    raise ProblemsError(made.problems)
                reports.append(look(one, made))
    return reports


def look(environment: Environment, made: pipeline.Made) -> Report:
    """Look at the objects of one environment."""
    context = context_of(environment, made.values)
    scene = Scene(cluster(made.objects, context), environment.settings)
    outcomes = (_outcome(point, group, scene) for group, points in GROUPS.items() for point in points)
    return Report(environment.name, context.namespace, context.kubernetes_version, tuple(outcomes))


def require(accepted: Collection[str]) -> None:
    """Raise UsageError for an id that is no point's."""
    for name in accepted:
        if name not in IDS:
            raise UsageError(f"there is no point '{name}'; {did_you_mean(name, IDS) or 'docs/haven.md lists them'}")


def falls_short(reports: Collection[Report], accepted: Collection[str] = ()) -> bool:
    """Tell whether a point is not met that nobody accepted."""
    return any(one.point.id not in accepted for report in reports for one in report.of(Status.NOT_MET))


def _outcome(point: Point, group: str, scene: Scene) -> Outcome:
    seen = point.look(scene)
    met = Status.MET if seen.count else Status.NOT_APPLICABLE
    return Outcome(point, group, Status.NOT_MET if seen.gaps else met, seen.count, seen.note, tuple(seen.gaps))
