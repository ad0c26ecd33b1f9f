"""Helm releases → the objects that Helm makes of them, each with its chart, several at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.charts import sources as charts
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.charts.sources import Chart, Sources
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.output import objects_in
from signalen_toolkit.helm.program import Engine
from signalen_toolkit.kubernetes.model import Object


class Renderer:
    """Renders releases, with the Kubernetes version (`1.34`) of each environment, each release once.

    In a `with` statement: who leaves that, for whatever reason, stops every Helm that still runs.
    """

    def __init__(
        self,
        engine: Engine,
        stop: threading.Event,
        sources: Sources,
        locks: Locks,
        timeout: float,
        version: Callable[[str], str],
    ) -> None:
        self.charts: dict[ChartReference, Chart] = {}
        self._engine = engine
        self._stop = stop
        self._sources = sources
        self._locks = locks
        self._timeout = timeout
        self._version = version
        self._running: dict[HelmRelease, Future[list[Object]]] = {}
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def begin(self, releases: Iterable[HelmRelease]) -> None:
        """Start to render releases whose charts are at hand and are the locked ones; the others wait for `start`."""
        for release in releases:
            chart = self.charts.get(release.chart) or charts.at_hand(release.chart, self._sources)
            if chart is not None and self._locks.check(chart) is None:
                self._submit(release, chart)

    def start(self, releases: Iterable[HelmRelease]) -> None:
        """Start to render releases, in their order and no more at once than there are cores.

        Charts that are not at hand are fetched first. Raises UsageError where one cannot be had, ProblemsError where
        one is not what charts.lock says: nothing is made of any then.
        """
        wanted = list(releases)
        for reference in dict.fromkeys(release.chart for release in wanted):
            if reference not in self.charts:
                self.charts[reference] = charts.obtain(reference, self._sources)
        if moved := [problem for chart in self.charts.values() if (problem := self._locks.check(chart))]:
            raise ProblemsError(moved)
        for release in wanted:
            self._submit(release, self.charts[release.chart])

    def objects(self, release: HelmRelease) -> list[Object]:
        """Wait for the objects of a release that was started. Raises HelmError and UsageError."""
        return self._running[release].result()

    def all(self, releases: Iterable[HelmRelease]) -> dict[HelmRelease, list[Object]]:
        """Return the objects of releases. Raises what `start` and `objects` do."""
        wanted = list(dict.fromkeys(releases))
        self.start(wanted)
        return {release: self.objects(release) for release in wanted}

    def _submit(self, release: HelmRelease, chart: Chart) -> None:
        self.charts[release.chart] = chart
        if release not in self._running:
            self._running[release] = self._pool.submit(self._work, release, chart)

    def _work(self, release: HelmRelease, chart: Chart) -> list[Object]:
        version = self._version(release.environment)
        return objects_in(self._engine(chart.path, release, version, (), self._timeout), release)


def renderer(
    options: Options,
    kubernetes_versions: Mapping[str, str],
    *,
    default_version: str,
    locks: Locks | None = None,
    report: Callable[[str], object] = lambda _: None,
) -> Renderer:
    """Return what renders releases with these options. Raises UsageError where there is no Helm."""
    locks = locks or Locks()
    stop = threading.Event()
    if options.engine == "library":
        from signalen_toolkit.helm.in_process import library_engine

        engine = library_engine(stop)
    else:
        engine = helm.program_engine(options.helm(), stop)
    sources = Sources(
        options.cache(),
        folder=options.charts,
        offline=options.offline,
        access=charts.access(options.variables),
        locked=locks.digests,
        helm=options.helm,
        report=report,
    )

    def version(environment: str) -> str:
        return kubernetes_versions.get(environment, default_version)

    return Renderer(engine, stop, sources, locks, options.timeout, version)
