"""What a draft does on the cluster, before it is saved: `signalen diff` of the tree that would be rendered of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, has_errors
from signalen_toolkit.diff import diff, form_ahead, report
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.language.choice import translator
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.verify.pipeline import kubernetes_versions


def on_cluster(opened: Opened, language: str) -> str:
    """Return what changes on the cluster, object by object, as text in a language; empty where nothing does.

    Raises ProblemsError for a draft with errors, UsageError where charts, Helm or a commit to compare with are missing.
    """
    if has_errors(opened.problems):
        raise ProblemsError(opened.problems)
    directory, charts = opened.place.directory, opened.place.charts
    made = tree.compare(directory, render(opened.config, charts))
    files = {path: data for path, data in form_ahead.on_disk(directory).items() if path not in made.removed}
    files |= {path: text.encode() for path, text in made.written.items()}
    versions, default = kubernetes_versions(directory)

    def make(releases: Sequence[HelmRelease], locks: Locks) -> Mapping[HelmRelease, Sequence[Object]]:
        with renderer(opened.place.options, versions, default_version=default, locks=locks) as work:
            return work.all(releases)

    try:
        found = diff.diff(directory, "HEAD", None, make, charts.release_formats, files)
    except HelmError as error:
        raise UsageError(f"Helm cannot render one of the releases: {error.message}") from error
    return report.write(found, "text", colour=False, words=translator(language)).strip() if found else ""
