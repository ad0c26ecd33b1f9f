"""What a draft does on the cluster, before it is saved: `signalen diff` of the tree that would be rendered of it."""

from __future__ import annotations

from signalen_toolkit.diagnostics.problems import ProblemsError, has_errors
from signalen_toolkit.diff import form_ahead, report
from signalen_toolkit.diff.difference import difference
from signalen_toolkit.language.choice import translator
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render


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
    found = difference(directory, "HEAD", None, opened.place.options, now=files)
    return report.write(found, "text", colour=False, words=translator(language)).strip() if found else ""
