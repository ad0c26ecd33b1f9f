"""What the commands for one repository do, as work in a municipality: each by the very function of that command.

A piece of work is called with the name of a municipality and its folder, in a process of its own; so it is an object
that can be sent there, and imports what it needs when it works.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, has_errors
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome, counted, judged
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.helm.options import Options
from signalen_toolkit.repository.charts_lock import sources_of

_CURRENT: Final = "clusters/ is up to date"


@dataclass(frozen=True, slots=True)
class Check:
    """`signalen check`."""

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Check the form in a folder."""
        from signalen_toolkit.validation.check import check_file

        problems = check_file(folder / FORM_FILE, catalog())[1]
        return judged(name, problems, counted(problems))


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
    """`signalen status`."""

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Look where each environment of the form in a folder stands."""
        from signalen_toolkit.repository.status import status

        found = status(folder)
        releases = ", ".join(f"{row.environment} {row.version}" for row in found.environments) or "no environments"
        stale = [row.environment for row in found.environments if row.tree != "clean"]
        wrong = f"; {found.errors} error{'' if found.errors == 1 else 's'}" if found.errors else ""
        said = f"{releases}{wrong}" + (f"; clusters/ of {', '.join(stale)} is stale" if stale and not wrong else "")
        end = Ending.PROBLEMS if found.errors or stale else Ending.FINE
        return MemberOutcome(name, end, said, data=asdict(found), stands=end is Ending.FINE)


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

        found = bump(
            folder,
            self.version or None,
            self.environment,
            allow_downgrade=self.allow_downgrade,
            sources=_sources(self.charts, offline=self.offline),
        )
        done = ", ".join(one.environment for one in found.bumped)
        said = f"{done} to {found.version}" if done else f"is on {found.version} already"
        return judged(name, list(found.problems), said, text=found.text)


def _sources(charts: Path | None, *, offline: bool) -> Sources:
    return sources_of(Options(charts=charts, offline=offline, variables=variables()))
