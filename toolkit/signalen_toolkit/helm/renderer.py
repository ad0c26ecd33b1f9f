"""Helm releases → the objects that Helm makes of them, each with its chart, several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.charts import sources as charts
from signalen_toolkit.helm.charts.sources import Chart, Sources
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.helm.program import Engine
from signalen_toolkit.kubernetes.model import Object

Running = Mapping[HelmRelease, "Future[list[Object] | HelmError]"]


@dataclass(frozen=True, slots=True)
class Options:
    """How releases are rendered: the options that `signalen verify` and `signalen diff` share.

    `charts` is a folder with charts; without it they come from the cache, or are fetched unless `offline`. `program`
    is the Helm that a person named. `engine` is `program`, or `library` for Helm in this process. `timeout` is in
    seconds, for one release.
    """

    charts: Path | None = None
    offline: bool = False
    program: str | None = None
    engine: str = "program"
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders releases, with the Kubernetes version (`1.34`) of each environment."""

    engine: Engine
    sources: Sources
    timeout: float
    kubernetes_versions: Mapping[str, str]
    default_version: str
    obtained: dict[ChartReference, Chart] = field(default_factory=dict)

    def obtain(self, references: Iterable[ChartReference]) -> dict[ChartReference, Chart]:
        """Fetch the charts that are not there yet. Raises UsageError where one cannot be had."""
        for reference in references:
            if reference not in self.obtained:
                self.obtained[reference] = charts.obtain(reference, self.sources)
        return self.obtained

    def text(self, release: HelmRelease) -> str:
        """Return what Helm prints for a release. Raises HelmError and UsageError."""
        chart = self.obtain([release.chart])[release.chart]
        version = self.kubernetes_versions.get(release.environment, self.default_version)
        return self.engine(chart.path, release, version, (), self.timeout)

    def start(self, releases: Iterable[HelmRelease], component: Callable[[HelmRelease], str]) -> Running:
        """Start to render, and return what will have the objects of each release, or why there are none.

        `component` names what makes them. In the order of the releases, and no more at once than there are cores.
        """
        wanted = list(releases)
        self.obtain(release.chart for release in wanted)

        def work(release: HelmRelease) -> list[Object] | HelmError:
            try:
                return list(_objects(self.text(release), release, component(release)))
            except HelmError as error:
                return error

        pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, len(wanted) or 1))
        running = {release: pool.submit(work, release) for release in wanted}
        pool.shutdown(wait=False)
        return running


def renderer(
    options: Options,
    kubernetes_versions: Mapping[str, str],
    *,
    default_version: str,
    locked: Mapping[ChartReference, str] | None = None,
    report: Callable[[str], object] = lambda _: None,
) -> Renderer:
    """Return what renders releases with these options. Raises UsageError where there is no Helm."""
    if options.engine == "library":
        from signalen_toolkit.helm.library import in_process_engine

        engine = in_process_engine()
    else:
        engine = helm.program_engine(helm.find(options.program))
    sources = Sources(
        charts.cache_folder(),
        folder=options.charts,
        offline=options.offline,
        access=charts.access(),
        locked=locked or {},
        helm=lambda: helm.find(options.program),
        report=report,
    )
    return Renderer(engine, sources, options.timeout, kubernetes_versions, default_version)


def _objects(text: str, release: HelmRelease, component: str) -> Iterable[Object]:
    """Read what Helm printed; each object follows a comment that names its template."""
    import yaml

    try:
        for part in text.split("\n---"):
            source = next((line[10:].strip() for line in part.splitlines() if line.startswith("# Source: ")), "")
            for data in load_all(part):
                yield Object(release.environment, component, source, data, release.namespace)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1} of its document)" if mark else ""
        raise HelmError(f"helm printed something that is not YAML{place}", raw=text[:2000]) from error
