"""Which versions of charts and images a change brings, read from the objects before and after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import at, maps, text
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


def versions_between(before: Sequence[Object], after: Sequence[Object]) -> Iterator[VersionChange]:
    """Yield what has another version in one environment: charts by release, images by repository."""
    environment = (after or before)[0].environment
    charts = [{release: (chart, version) for release, chart, version in _charts(side)} for side in (before, after)]
    for release in sorted({*charts[0], *charts[1]}):
        (old_name, old), (new_name, new) = (side.get(release, ("", "")) for side in charts)
        if (old_name, old) != (new_name, new):
            yield VersionChange(environment, "chart", new_name or old_name, release, old, new)
    images = [_images(side) for side in (before, after)]
    for repository in sorted({*images[0], *images[1]}):
        old, new = (", ".join(sorted(side.get(repository, ()))) for side in images)
        if old != new:
            yield VersionChange(environment, "image", repository.rpartition("/")[2], repository, old, new)


def _charts(found: Iterable[Object]) -> Iterator[tuple[str, str, str]]:
    """Yield release, chart and version of what tells Flux or Argo CD to install a chart."""
    for obj in found:
        chart = at(obj.data, "spec", "chart", "spec")
        if obj.kind == "HelmRelease":
            name = text(obj.data, "spec", "releaseName") or obj.name
            yield name, text(chart, "chart"), str(at(chart, "version") or "")
        elif obj.kind == "Application":
            for _, source in maps(obj.data, "spec", "sources"):
                if "chart" in source:
                    name = text(source, "helm", "releaseName") or obj.name
                    yield name, text(source, "chart"), str(source.get("targetRevision", ""))


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


def downgrades(versions: Iterable[VersionChange], after: Sequence[Object]) -> Iterator[Finding]:
    """Yield a warning for each chart that goes back to an older version; `after` are the objects of then."""
    for one in versions:
        known = is_version(one.before) and is_version(one.after)
        if one.kind == "chart" and known and parse(one.after) < parse(one.before):
            obj = next(obj for obj in after if any(name == one.of for name, _, _ in _charts([obj])))
            message = f"the chart {one.name} goes back from {one.before} to {one.after}"
            hint = "what a newer version changed in the database stays changed; the older one may not understand it"
            yield Finding("downgrade", message, obj, hint=hint, severity=Severity.WARNING)
