"""What the commands for one repository do, as work in a municipality: each by the very function of that command.

A piece of work is called with the name of a municipality and its folder, in a process of its own; so it is an object
that can be sent there, and imports what it needs when it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics import reporters
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, has_errors, seen_from_here
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome, judged

if TYPE_CHECKING:
    from signalen_toolkit.helm.charts.sources import Sources
    from signalen_toolkit.helm.options import Options

_CURRENT: Final = "clusters/ is up to date"


@dataclass(frozen=True, slots=True)
class Check:
    """`signalen check`."""

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Check the form in a folder."""
        from signalen_toolkit.validation.check import check_file

        problems = check_file(folder / FORM_FILE, catalog())[1]
        return judged(name, problems, reporters.summary(problems))


@dataclass(frozen=True, slots=True)
class Render:
    """`signalen render`, or with `only_check` its `--check`."""

    only_check: bool = False

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Render the form in a folder."""
        from signalen_toolkit.rendering import tree
        from signalen_toolkit.rendering.render import render
        from signalen_toolkit.validation.check import check_file

        with alone(folder):
            config, problems = check_file(folder / FORM_FILE, catalog())
            if has_errors(problems):
                raise ProblemsError(problems)
            files = render(config, catalog())
            changes = tree.compare(folder, files) if self.only_check else tree.put(folder, files)
            stands = not changes or (not self.only_check and not tree.compare(folder, files))
        stale = self.only_check and bool(changes)
        number = len(changes.written) + len(changes.removed)
        files_ = f"{number} file{'' if number == 1 else 's'}"
        said = f"clusters/ is stale: {files_}" if stale else f"{files_} changed" if changes else _CURRENT
        end = Ending.PROBLEMS if stale else Ending.FINE
        text = tree.diff(folder, changes) if stale else ""
        then = _CURRENT if changes and stands else ""
        return MemberOutcome(name, end, said, tuple(problems), text, stands=stands, then=then)


@dataclass(frozen=True, slots=True)
class StatusOf:
    """`signalen status`; with options for Helm, the points of `signalen haven` too.

    `rendered` tells of a municipality, by name, whether it is known that its tree is what its form says.
    """

    haven: Options | None = None
    rendered: Callable[[str], bool] | None = None

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Look where each environment of the form in a folder stands."""
        from signalen_toolkit.fleet.glance.certificates import in_files
        from signalen_toolkit.repository.status import status

        found = status(folder, is_current=self.rendered is not None and self.rendered(name))
        data: dict[str, Any] = {**asdict(found), "certificates": [asdict(one) for one in in_files(folder)]}
        if self.haven and found.environments:
            data["haven"] = self._points(folder, self.haven, [row.environment for row in found.environments])
        releases = ", ".join(f"{row.environment} {row.version}" for row in found.environments) or "no environments"
        stale = [row.environment for row in found.environments if row.tree != "clean"]
        wrong = f"; {found.errors} error{'' if found.errors == 1 else 's'}" if found.errors else ""
        said = f"{releases}{wrong}" + (f"; clusters/ of {', '.join(stale)} is stale" if stale and not wrong else "")
        end = Ending.PROBLEMS if found.errors or stale else Ending.FINE
        points = data.get("haven", {}).items()
        for environment, one in points:
            met = one.get("problem") or f"{one['met']} of {one['met'] + one['not_met']} points"
            said += f"; Haven, {environment}: {met}"
        stands = end is Ending.FINE and not any("problem" in one for _, one in points)
        return MemberOutcome(name, end, said, data=data, stands=stands)

    def around(self) -> Iterator[str]:
        """Yield what the outcome depends on beside the fleet."""
        if self.haven:
            yield from _around(self.haven, None)

    def _points(self, folder: Path, options: Options, environments: list[str]) -> dict[str, dict[str, Any]]:
        """Count the points of Haven of each environment; where nobody can tell, say why."""
        from signalen_toolkit.haven.haven import Status, haven

        try:
            reports = haven(folder, catalog(), options)
        except (UsageError, OSError) as error:
            return {one: {"problem": without_contents(str(error))} for one in environments}
        except ProblemsError as error:
            return {one: {"problem": reporters.summary(error.problems)} for one in environments}
        return {
            one.environment: {
                "met": len(one.of(Status.MET)),
                "not_met": len(one.of(Status.NOT_MET)),
                "not_applicable": len(one.of(Status.NOT_APPLICABLE)),
            }
            for one in reports
        }


@dataclass(frozen=True, slots=True)
class Bump:
    """`signalen bump`."""

    version: str
    environment: str | None
    allow_downgrade: bool
    charts: Path | None
    offline: bool

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Bring environments of the form in a folder to a release."""
        from signalen_toolkit.repository.bump import bump

        with _told_from(folder):
            found = bump(
                folder,
                self.version or None,
                self.environment,
                allow_downgrade=self.allow_downgrade,
                sources=_sources(self.charts, offline=self.offline),
            )
        done = ", ".join(one.environment for one in found.bumped)
        said = f"{done} to {found.version}" if done else f"is on {found.version} already"
        return judged(name, seen_from_here(folder, found.problems), said, text=found.text)


def _around(options: Options, schemas: Path | None) -> Iterator[str]:
    """Yield what running Helm and checking what it makes depend on beside the fleet."""
    from signalen_toolkit.verify.inputs import around

    yield repr((options, schemas))
    yield from around(options, schemas)


@contextmanager
def _told_from(folder: Path) -> Iterator[None]:
    """Raise what is told from within a folder with each file as whoever started us finds it."""
    try:
        yield
    except ProblemsError as error:
        raise ProblemsError(seen_from_here(folder, error.problems)) from error


def _sources(charts: Path | None, *, offline: bool) -> Sources:
    from signalen_toolkit.helm.options import Options
    from signalen_toolkit.repository.charts_lock import sources_of

    return sources_of(Options(charts=charts, offline=offline, variables=variables()))


@dataclass(frozen=True, slots=True)
class Verify:
    """`signalen verify`."""

    options: Options
    schemas: Path | None
    locked: bool

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Run every release of the form in a folder through Helm, and check what comes out."""
        from signalen_toolkit.verify.verify import verify

        problems = verify(folder, catalog(), self.options, schemas=self.schemas, locked=self.locked)
        return judged(name, seen_from_here(folder, problems), reporters.summary(problems))

    def around(self) -> Iterator[str]:
        """Yield what the outcome depends on beside the fleet."""
        yield repr(self.locked)
        yield from _around(self.options, self.schemas)


@dataclass(frozen=True, slots=True)
class DiffOf:
    """`signalen diff`."""

    options: Options
    since: str | None
    until: str | None

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Tell what a change does on the cluster."""
        from signalen_toolkit.diff import report
        from signalen_toolkit.diff.difference import difference

        found = difference(folder, self.since, self.until, self.options)
        text = report.write(found, "text") if found else ""
        return MemberOutcome(name, Ending.FINE, report.summary(found) if found else "nothing changes", text=text)


@dataclass(frozen=True, slots=True)
class Promote:
    """`signalen promote --yes`."""

    source: str
    target: str
    allow_downgrade: bool
    charts: Path | None
    offline: bool

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Give one environment what was accepted in another."""
        from signalen_toolkit.repository.promote import promote

        sources = _sources(self.charts, offline=self.offline)
        with _told_from(folder):
            found = promote(folder, self.source, self.target, allow_downgrade=self.allow_downgrade, sources=sources)
        said = f"{self.target} has what {self.source} has" + ("" if found else " already")
        return judged(name, seen_from_here(folder, found.problems), said, text=found.text if found else "")


@dataclass(frozen=True, slots=True)
class Update:
    """`signalen update`, or with `only_check` its `--check`."""

    only_check: bool

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Bring a repository to the template of the installed toolkit."""
        from signalen_toolkit.repository.update import summary, update

        with _told_from(folder):
            found = update(folder, only_check=self.only_check)
        open_ = not found.is_current if self.only_check else bool(found.conflicts)
        ending = Ending.PROBLEMS if open_ or has_errors(found.problems) else Ending.FINE
        said = "is up to date" if found.is_current else "is not up to date" if self.only_check else "updated"
        if found.conflicts and not self.only_check:
            said = f"choose between the marks in {', '.join(found.conflicts)}"
        text = "" if found.is_current else summary(found, only_check=self.only_check)
        return MemberOutcome(name, ending, said, tuple(seen_from_here(folder, found.problems)), text)


@dataclass(frozen=True, slots=True)
class SecretsCheck:
    """`signalen secrets check`."""

    environments: tuple[str, ...]
    decrypt: bool
    program: str | None

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Check the secrets of a repository."""
        from signalen_toolkit.secrets.check import check

        found = check(folder, catalog(), self.environments, decrypt=self.decrypt, program=self.program)
        problems = seen_from_here(folder, found.problems)
        locked = f"; the values of {', '.join(found.locked)} were not looked at" if found.locked else ""
        return judged(name, problems, reporters.summary(problems) + locked)


@dataclass(frozen=True, slots=True)
class HavenOf:
    """`signalen haven`."""

    options: Options
    environment: str | None
    strict: bool
    accepted: tuple[str, ...]

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Report which points of Haven the workloads of the form in a folder meet."""
        from signalen_toolkit.haven import haven as reporting
        from signalen_toolkit.haven import report

        reports = reporting.haven(folder, catalog(), self.options, environment=self.environment)
        short = self.strict and reporting.falls_short(reports, self.accepted)
        said = "; ".join(f"{one.environment}: {report.summary(one)}" for one in reports)
        text = report.write(reports, "text") if short else ""
        return MemberOutcome(name, Ending.PROBLEMS if short else Ending.FINE, said, text=text)
