"""charts.lock of a repository, kept as its form changes: charts that are new in it are fetched, and their digests kept.

Without it, the first pipeline to fetch a chart would decide which one is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signalen_toolkit.base.layout import CHARTS_LOCK
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.charts import sources as chart_sources
from signalen_toolkit.helm.charts.archive import ChartError
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.helm.model import ChartReference
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import releases


def sources_of(options: Options) -> Sources:
    """Return where charts come from with these options."""
    return Sources(
        options.cache(),
        folder=options.charts,
        offline=options.offline,
        access=chart_sources.access(options.variables),
        helm=options.helm,
    )


@dataclass(frozen=True, slots=True)
class NewLock:
    """The lock as it is to become, where it is to; `missing` says of charts why they could not be had."""

    directory: Path
    entries: Mapping[ChartReference, str] | None = None
    missing: tuple[str, ...] = ()

    def files(self) -> dict[str, bytes]:
        """Return its content by path, where that changes."""
        text = None if self.entries is None else lock.changed(self.directory, self.entries)
        return {} if text is None else {CHARTS_LOCK: text}

    def lacks(self) -> list[str]:
        """Say what it lacks."""
        if not self.missing:
            return []
        count = f"{len(self.missing)} chart{'' if len(self.missing) == 1 else 's'}"
        return [f"{CHARTS_LOCK} lacks {count}, run `signalen verify` with a network: {self.missing[0]}"]


def plan(directory: Path, tree: Mapping[str, str], charts: Catalog, sources: Sources | None) -> NewLock:
    """Return charts.lock of a repository for the charts of its tree; nothing is written.

    A chart that is locked is not fetched; one that is no longer used goes. Without `sources` nothing is done.
    Raises ProblemsError for a lock that cannot be read, UsageError for a folder of charts that is none.
    """
    if sources is None:
        return NewLock(directory)
    known = lock.read_lock(directory)
    entries: dict[ChartReference, str] = {}
    missing: list[str] = []
    for reference in dict.fromkeys(release.chart for release in releases(tree, charts.release_formats)):
        if reference in known:
            entries[reference] = known[reference]
            continue
        try:
            chart = chart_sources.obtain(reference, sources)
        except ChartError as error:
            missing.append(str(error))
            continue
        if not chart.is_folder:  # somebody works on it: it has no digest that another computer would find
            entries[reference] = chart.digest
    return NewLock(directory, entries, tuple(missing))
