"""`signalen promote`: gives one environment what was accepted in another: its release and its image tags.

Nothing else goes along: domains, secrets, features and resources belong to the environment that has them. Either
`promote` at once; or first `plan`, which writes nothing and says what would change, then, if a person agrees, `put`.
While the person thinks, others may work in the repository: `put` plans again, and does what was agreed to or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.files import alone, changed_meanwhile
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, UsageError
from signalen_toolkit.documents import edit
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository import charts_lock
from signalen_toolkit.repository.change import FormChange, Place, Side
from signalen_toolkit.repository.release_notes import Notes, notes

_IMAGE: Final = ("repository", "tag")


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion would do; false where there is nothing to do. `text` has the diff and the summary."""

    source: str
    target: str
    notes: Notes
    revision: FormChange
    problems: tuple[Problem, ...]
    text: str
    allow_downgrade: bool

    def __bool__(self) -> bool:
        return bool(self.revision)


def plan(
    directory: Path,
    source: str,
    target: str,
    *,
    allow_downgrade: bool = False,
    charts: Catalog | None = None,
) -> Promotion:
    """Tell what a promotion from one environment to another would change; nothing is written.

    Raises ProblemsError where the form would have errors, where the target would go back to an older release, or
    where the form is written in a way that cannot be changed safely; UsageError for wrong use.
    """
    charts = charts or catalog()
    before = revision.read(directory, charts)
    accepted, other = before.environment(source), before.environment(target)
    if source == target:
        raise UsageError(f"'{source}' cannot be promoted to itself")
    own = before.document.node(("environments", target, "version")) is not None
    wanted = (
        {}
        if accepted.version == other.version and (own or "version" in before.document.data)
        else {target: accepted.version}
    )
    if not allow_downgrade:
        revision.check_downgrade(before, wanted)
    changes: dict[Place, Any] = {**revision.with_versions(before, wanted), **_images(accepted, other)}
    gone = list(_removed(before, accepted, other))
    made = revision.revise(directory, before, charts, lambda text: edit.set_values(edit.remove(text, gone), changes))
    said = notes(before.config, made.after.config, target, charts)
    text = "\n".join(_text(source, said, made))
    return Promotion(source, target, said, made, made.after.problems, text, allow_downgrade)


def promote(
    directory: Path,
    source: str,
    target: str,
    *,
    allow_downgrade: bool = False,
    charts: Catalog | None = None,
    sources: Sources | None = None,
) -> Promotion:
    """Plan a promotion and carry it out, without a question; raises as `plan` and `revision.put` do."""
    with alone(directory):
        found = plan(directory, source, target, allow_downgrade=allow_downgrade, charts=charts)
        if not found:
            return found
        locked = charts_lock.plan(directory, found.revision.files, charts or catalog(), sources)
        revision.put(found.revision, locked.files())
    remarks = locked.lacks()
    return replace(found, text="\n".join([found.text, *remarks]))


def put(agreed: Promotion, charts: Catalog | None = None, sources: Sources | None = None) -> Promotion:
    """Write form and tree as planned, and charts.lock where there are `sources`; `text` is what there is to say of it.

    Raises as `revision.put` does, UsageError where the plan is another by now.
    """
    directory = agreed.revision.directory
    with alone(directory):
        now = plan(directory, agreed.source, agreed.target, allow_downgrade=agreed.allow_downgrade, charts=charts)
        if now.text != agreed.text:
            raise changed_meanwhile(directory)
        locked = charts_lock.plan(directory, now.revision.files, charts or catalog(), sources)
        revision.put(now.revision, locked.files())
    remarks = locked.lacks()
    return replace(now, text="\n".join(remarks))


def _images(accepted: Environment, other: Environment) -> dict[Place, str]:
    """Return the image settings of the one environment that the other has not, or has otherwise."""
    return {
        ("environments", other.name, "overrides", component, "image", key): value
        for component, images in _overridden(accepted).items()
        for key, value in images.items()
        if _overridden(other).get(component, {}).get(key) != value
    }


def _removed(side: Side, accepted: Environment, other: Environment) -> Iterator[Place]:
    """Yield what the target has of images and the source has not, with the maps that would be left empty."""
    kept = _overridden(accepted)
    data = side.document.data
    empty: dict[Place, set[str]] = {}
    for component, images in _overridden(other).items():
        for key in images:
            if key not in kept.get(component, {}):
                place: Place = ("environments", other.name, "overrides", component, "image", key)
                while len(place) > 3:
                    gone = empty.setdefault(place[:-1], set())
                    gone.add(str(place[-1]))
                    if gone != set(at(data, *place[:-1]) or ()):
                        break
                    place = place[:-1]
                yield place


def _overridden(environment: Environment) -> dict[str, dict[str, str]]:
    """Return the repository and tag of images that the form gives an environment, by component."""
    found = {}
    for component, values in environment.settings.get("overrides", {}).items():
        image = values.get("image") if isinstance(values, Mapping) else None
        if isinstance(image, Mapping):
            found[component] = {key: image[key] for key in _IMAGE if key in image}
    return found


def _text(source: str, said: Notes, made: FormChange) -> Iterator[str]:
    if not made:
        yield f"{said.environment} has what {source} has: release {said.after}, and the same images"
        return
    yield from said.lines()
    if made.diff:
        yield ""
        yield made.diff.rstrip("\n")
    yield ""
    yield revision.tree_summary(made.changes)
