"""`signalen bump`: another release of Signalen in the form, with what that changes, checked before it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signalen_toolkit.base.files import alone
from signalen_toolkit.base.versions import is_version
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, UsageError
from signalen_toolkit.documents import edit
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.rendering.tree import Changes
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository import charts_lock
from signalen_toolkit.repository.change import FormChange, Side
from signalen_toolkit.repository.release_notes import Notes, notes


@dataclass(frozen=True, slots=True)
class BumpResult:
    """What was done: the environments with their notes, what changed in the tree, and the warnings that are left."""

    version: str
    bumped: tuple[Notes, ...]
    already: tuple[str, ...]
    changes: Changes
    problems: tuple[Problem, ...]
    text: str


def bump(
    directory: Path,
    version: str | None = None,
    environment: str | None = None,
    *,
    allow_downgrade: bool = False,
    charts: Catalog | None = None,
    sources: Sources | None = None,
) -> BumpResult:
    """Bring environments to a release, write form and tree, and return what changed; repeated, it has no effect.

    `sources` are where charts come from: with them, charts.lock goes along.

    Raises ProblemsError (nothing is written) where the form would have errors, where an environment would go back,
    or where the form is written in a way that cannot be changed safely; UsageError for wrong use.
    """
    charts = charts or catalog()
    target = (version or charts.releases[0]).strip().removeprefix("v")
    if not is_version(target):
        raise UsageError(f"'{version}' is not how a release of Signalen is written, for example {charts.releases[0]}")
    with alone(directory):
        before = revision.read(directory, charts)
        names = _targets(before, environment)
        wanted = {name: target for name in names if not _has(before, name, target)}
        if not allow_downgrade:
            revision.check_downgrade(before, wanted)
        places = revision.with_versions(before, wanted)
        made = revision.revise(directory, before, charts, lambda text: edit.set_values(text, places))
        locked = charts_lock.plan(directory, made.files, charts, sources)
        changes = revision.put(made, locked.files())
    remarks = locked.lacks()
    bumped = tuple(notes(before.config, made.after.config, name, charts) for name in wanted)
    already = tuple(name for name in names if name not in wanted)
    text = "\n".join([*_text(target, bumped, already, made, changes), *remarks])
    return BumpResult(target, bumped, already, changes, made.after.problems, text)


def _targets(side: Side, environment: str | None) -> list[str]:
    if environment is not None:
        return [side.environment(environment).name]
    every = side.config.environments
    if not every:
        raise UsageError("the form has no environments")
    return [one.name for one in every if not one.production] or [one.name for one in every]


def _has(side: Side, name: str, version: str) -> bool:
    """Tell whether an environment is on a version that is written in the form, and not only there by default."""
    environment = side.environment(name)
    return environment.settings.get("version") == version and environment.version == version


def _text(
    version: str, bumped: tuple[Notes, ...], already: tuple[str, ...], made: FormChange, changes: Changes
) -> Iterator[str]:
    for name in already:
        yield f"{name}: is on {version} already"
    for one in bumped:
        yield from one.lines()
    if made.diff:
        yield "changed municipality.yaml"
    if made.diff or changes:
        yield revision.tree_summary(changes)
