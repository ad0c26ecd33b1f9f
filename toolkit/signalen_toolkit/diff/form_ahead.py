"""The rendered tree as the form would have it: a form that was edited and not yet rendered is shown, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE, MANIFESTS
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.validation.rules.platform.rendered import JUMPS

_WRONG: Final = (
    f"{FORM_FILE} has errors, so this is what {CLUSTERS}/ has and not what the form says: run `signalen check`"
)
_AHEAD: Final = f"{CLUSTERS}/ is behind the form: this is what `signalen render` makes of it"


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The files under clusters/ as they are, or are to become; `remark` says what a person may not expect."""

    files: Mapping[str, bytes]
    remark: str = ""


def work_tree(directory: Path, charts: Catalog) -> WorkTree:
    """Return the tree that the form of a repository stands for, or the one on disk where that cannot be made.

    What cannot go in one step can be rendered all the same: then what it would do is shown, with its dangers. Raises
    UsageError where a file of a person stands in the way of a rendered one.
    """
    now = on_disk(directory)
    if beneath.look(directory, FORM_FILE) is None:
        return WorkTree(now)
    config, problems = check_file(directory / FORM_FILE, charts)
    if any(map(_forbids, problems)):
        return WorkTree(now, _WRONG)
    changes = tree.compare(directory, render(config, charts))
    if not changes:
        return WorkTree(now)
    written = {path: text.encode() for path, text in changes.written.items()}
    return WorkTree({path: data for path, data in now.items() if path not in changes.removed} | written, _AHEAD)


def on_disk(directory: Path) -> dict[str, bytes]:
    """Read what Git would of what is rendered and of a person's own objects: files, and no links."""
    return {
        entry.path: beneath.read(directory, entry.path) or b""
        for top in (CLUSTERS, MANIFESTS)
        for entry in beneath.walk(directory, top)
        if entry.is_file and entry.path.endswith(".yaml")
    }


def _forbids(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR and problem.rule not in JUMPS
