"""What a change of a repository does on the cluster: its trees before and after it, each through Helm, compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diff import diff as differing
from signalen_toolkit.diff import form_ahead
from signalen_toolkit.diff.diff import Difference
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.validation.kubernetes_versions import kubernetes_versions


def difference(
    directory: Path,
    from_: str | None,
    to: str | None,
    options: Options,
    report: Callable[[str], object] = lambda _: None,
    remark: Callable[[str], object] = lambda _: None,
    now: Mapping[str, bytes] | None = None,
) -> Difference:
    """Return what changes between two revisions; without `to`, up to what the form says now, or up to the files `now`.

    `report` is told what takes time, `remark` what a person has to know of the form as it is.
    Raises UsageError where a revision, Helm or a chart is missing, or a release cannot be rendered.
    """
    versions, default = kubernetes_versions(directory)

    def make(releases: Sequence[HelmRelease], locks: Locks) -> Mapping[HelmRelease, Sequence[Object]]:
        with renderer(options, versions, default_version=default, locks=locks, report=report) as work:
            return work.all(releases)

    if now is None and not to and (work_tree := form_ahead.work_tree(directory, catalog())):
        now = work_tree.files
        if work_tree.remark:
            remark(work_tree.remark)
    try:
        return differing.diff(directory, from_, to, make, catalog().release_formats, now)
    except HelmError as error:
        raise UsageError(f"Helm cannot render one of the releases: {error.message}") from error
