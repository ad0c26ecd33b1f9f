"""Which versions of charts and images a change brings, read from the objects before and after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import text
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object


@dataclass(frozen=True, slots=True)
class VersionChange:
    """Another version of something: `kind` is chart or image, `of` its release or repository.

    A version is empty where there is none: before it is added, after it is removed.
    """

    environment: str
    kind: str
    name: str
    of: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Installed:
    """What one side of a comparison has in one environment."""

    objects: Sequence[Object]
    releases: Sequence[HelmRelease]


def versions_between(environment: str, before: Installed, after: Installed) -> Iterator[VersionChange]:
    """Yield what has another version in one environment: charts by release, images by repository."""
    charts = [{one.name: (one.chart.name, one.chart.version) for one in side.releases} for side in (before, after)]
    for release in sorted({*charts[0], *charts[1]}):
        (old_name, old), (new_name, new) = (side.get(release, ("", "")) for side in charts)
        if (old_name, old) != (new_name, new):
            yield VersionChange(environment, "chart", new_name or old_name, release, old, new)
    images = [_images(side.objects) for side in (before, after)]
    for repository in sorted({*images[0], *images[1]}):
        old, new = (", ".join(sorted(side.get(repository, ()))) for side in images)
        if old != new:
            yield VersionChange(environment, "image", repository.rpartition("/")[2], repository, old, new)


def _images(found: Sequence[Object]) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for pod in cluster(found, Context("")).pods:
        for container in pod.containers():
            name, _, digest = text(container.data, "image").partition("@")
            path, slash, last = name.rpartition("/")
            last, _, tag = last.partition(":")
            if last:
                version = "@".join(filter(None, (tag, digest))) or "latest"
                result.setdefault(path + slash + last, set()).add(version)
    return result


def downgrades(versions: Iterable[VersionChange], after: Sequence[HelmRelease]) -> Iterator[Finding]:
    """Yield a warning for each chart that goes back to an older version; `after` are the releases of then."""
    for one in versions:
        known = is_version(one.before) and is_version(one.after)
        if one.kind == "chart" and known and parse(one.after) < parse(one.before):
            obj = next(told for release in after if release.name == one.of and (told := release.told_by))
            message = f"the chart {one.name} goes back from {one.before} to {one.after}"
            hint = "what a newer version changed in the database stays changed; the older one may not understand it"
            yield Finding("downgrade", message, obj, hint=hint, severity=Severity.WARNING)
