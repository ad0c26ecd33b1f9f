"""An edit of the form together with the tree that is rendered from it: made, checked, and put in place.

One process at a time (`base.files.alone`), from reading the form to the last step; a person who is asked something
meanwhile is asked before, and what was agreed to is worked out once more.

The order on disk: the new tree and the new form are written aside, then the form takes its place, in one step that
notices an edit which somebody saved meanwhile, with the lock of charts, then the tree does. What is likely to fail (a
full disk, a file of a person in the way) fails before anything has changed. Killed between the last two steps, the new
form stands beside the old tree, which `signalen render --check` reports, and which the same command or `signalen
render` completes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import changed_meanwhile
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.base.together import together
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.differences import unified
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, did_you_mean, has_errors
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.reader import read_text as read_text
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.git import enclosing
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.rendering.tree import Changes
from signalen_toolkit.validation.check import check

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """A form as text, read, completed and checked."""

    text: str
    document: Document
    config: Config
    problems: tuple[Problem, ...]

    def environment(self, name: str) -> Environment:
        """Return an environment by its name, or raise UsageError."""
        for environment in self.config.environments:
            if environment.name == name:
                return environment
        known = [environment.name for environment in self.config.environments]
        hint = did_you_mean(name, known) or f"the form has {', '.join(known) or 'none'}"
        raise UsageError(f"there is no environment '{name}'; {hint}")


@dataclass(frozen=True, slots=True)
class FormChange:
    """An edit that may be put in place: the form before and after it, and the new tree, which has no errors."""

    directory: Path
    before: Side
    after: Side
    files: Mapping[str, str]
    changes: Changes

    def __bool__(self) -> bool:
        return self.before.text != self.after.text or bool(self.changes)

    @property
    def diff(self) -> str:
        """The edit of the form as a unified diff; empty where there is none."""
        old, new = (side.text.replace("\r\n", "\n") for side in (self.before, self.after))
        return unified(old, new, f"a/{FORM_FILE}", f"b/{FORM_FILE}")


def read(directory: Path, charts: Catalog) -> Side:
    """Read the form of a repository. Raises UsageError or ProblemsError where it cannot be read at all."""
    side = _side(read_text(directory, FORM_FILE), directory, charts)
    if side.document.data is None:
        raise ProblemsError(side.problems)
    return side


def revise(
    directory: Path,
    before: Side,
    charts: Catalog,
    change: Callable[[str], str],
    despite: Callable[[Problem], bool] = lambda _: False,
    images: Mapping[str, bytes] = MappingProxyType({}),
) -> FormChange:
    """Make an edit, check the form as it becomes and render it; nothing is written.

    `despite` tells the errors that are no reason against it, for whoever takes care of what they warn of. `images` are
    files that are to come with it, by path.
    Raises ProblemsError where the edit cannot be made or leaves the form with errors, UsageError where a file of a
    person stands in the way of a rendered one.
    """
    after = _side(change(before.text), directory, charts, images)
    if has_errors([one for one in after.problems if not despite(one)]):
        raise ProblemsError(after.problems)
    rendered = render(after.config, charts)
    return FormChange(directory, before, after, rendered, tree.compare(directory, rendered))


def put(revision: FormChange, also: Mapping[str, bytes] = MappingProxyType({})) -> Changes:
    """Write the form and the tree, and return what changed in the tree; repeated, it has no effect.

    `also` are files that change with them, by path: all are written, or none.
    For whoever has the turn since the form was read. Raises UsageError where a person changed the form in the meantime,
    OSError where the disk cannot be written; then nothing is.
    """
    directory = revision.directory
    old, new = revision.before.text.encode(), revision.after.text.encode()
    form = beneath.real(directory, FORM_FILE)
    with tree.prepared(directory, revision.files) as made, together(directory) as files:
        if new != old:
            files.write(form, new, old)
        elif beneath.read(directory, form) != old:
            raise changed_meanwhile(directory / FORM_FILE)
        for path, text in also.items():
            files.write(path, text, beneath.read(directory, path))
        files.take_place()
        made.take_place()
    return made.changes


def tree_summary(changes: Changes) -> str:
    """Count what changes in the tree, per environment: `clusters/acceptance: 3 files changed, 1 removed`."""
    paths = {**dict.fromkeys(changes.written, 0), **dict.fromkeys(changes.removed, 1)}
    counts: dict[str, list[int]] = {}
    for path, kind in sorted(paths.items()):
        counts.setdefault("/".join(path.split("/")[:2]), [0, 0])[kind] += 1
    lines = []
    for folder, (written, removed) in counts.items():
        parts = [f"{written} file{'' if written == 1 else 's'} written"] if written else []
        parts += [f"{removed} removed"] if removed else []
        lines.append(f"{folder}: {', '.join(parts)}")
    return "\n".join(lines) or "clusters/ stays as it is"


def with_versions(side: Side, wanted: Mapping[str, str]) -> dict[Place, str]:
    """Return which settings give environments these versions, each where its version stands now.

    An environment that takes its version from the top of the form gets one of its own, unless all that do so go to
    the same version: then the top changes.
    """
    places: dict[Place, str] = {}
    data = side.document.data
    names = [environment.name for environment in side.config.environments]
    inherit = [name for name in names if side.document.node(("environments", name, "version")) is None]
    together = "version" in data and all(name in wanted for name in inherit)
    together = together and len({wanted.get(name) for name in inherit}) == 1
    for name, version in wanted.items():
        if name in inherit and together:
            places["version",] = version
        else:
            places["environments", name, "version"] = version
    return places


def check_downgrade(side: Side, wanted: Mapping[str, str]) -> None:
    """Raise ProblemsError where an environment would go back to an older version."""
    problems = []
    for name, version in wanted.items():
        environment = side.environment(name)
        written = str(environment.settings.get("version", ""))
        now = written if is_version(written) else environment.version
        if is_version(version) and parse(version) < parse(now):
            own: Place = ("environments", name, "version")
            place = own if side.document.node(own) is not None else ("version",)
            message = f"'{name}' would go back from release {now} to {version}"
            hint = "a database is only ever migrated forward; with a backup to put back, add --allow-downgrade"
            problems.append(side.document.problem("downgrade", message, place, hint=hint))
    if problems:
        raise ProblemsError(problems)


def _side(text: str, directory: Path, charts: Catalog, images: Mapping[str, bytes] = MappingProxyType({})) -> Side:
    source = read_form(directory, content=text)
    config, problems = check(source, charts, directory, images=images, lies=enclosing.place(directory))
    return Side(text, source, config, tuple(problems))
