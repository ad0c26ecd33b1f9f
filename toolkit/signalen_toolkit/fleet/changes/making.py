"""Pull requests of a rollout, made: the change in a work tree aside, its commit, what is written down, the opening."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS, FORM_FILE
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.changes import proposing
from signalen_toolkit.fleet.changes.homes import Home
from signalen_toolkit.fleet.changes.kept import Kept
from signalen_toolkit.fleet.changes.ways import Ways
from signalen_toolkit.fleet.listing import CLONES, Fleet, Member
from signalen_toolkit.fleet.operations import Bump
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.rollout import Rollout, RolloutProposal, RolloutStep
from signalen_toolkit.fleet.run import run
from signalen_toolkit.git import aside, branches

_FILES: Final = (FORM_FILE, CLUSTERS, CHARTS_LOCK)


@dataclass
class Course:
    """How far one call came: the rollout as it is by now, what became of each municipality, and who waits."""

    found: Rollout
    place: Kept
    outcomes: list[MemberOutcome] = field(default_factory=list)
    waiting: bool = False
    homes: dict[Path, Home] = field(default_factory=dict)

    def note(self, step: RolloutStep, message: str) -> None:
        """Keep a step as it is now."""
        self.found = self.found.with_step(step)
        self.place.keep(self.found, message)

    def tell(self, member: str, end: Ending, said: str) -> None:
        """Note what became of a municipality."""
        self.outcomes.append(MemberOutcome(member, end, without_contents(said)))

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong; something may be waiting."""
        return all(one.end is Ending.FINE for one in self.outcomes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pull request that is to be opened: for these municipalities of one repository, to that release."""

    home: Home
    members: tuple[Member, ...]
    release: str
    branch: str


def open_all(
    fleet: Fleet, course: Course, step: RolloutStep, wanted: Sequence[Wanted], ways: Ways, *, back: bool = False
) -> None:
    """Make, write down, push and open pull requests; what is wrong with one stops no other."""
    if not wanted:
        if step != course.found.step(step.ring, step.environment):
            course.found = course.found.with_step(step)
        return
    with _aside(fleet, wanted, course) as (mirror, wanted):
        made: list[tuple[Wanted, tuple[str, ...], str]] = []
        for one in wanted:
            names, commit = _committed(mirror, one, step, ways, course, back=back)
            if names:
                made.append((one, names, commit))
                step = step.with_proposal(RolloutProposal(one.branch, names, one.release))
        message = f"Release {course.found.release}: {step.environment} van ring {step.ring}"
        course.note(step, message)
        for one, names, commit in made:
            title = _title(one, step, back=back)
            text = f"Ring {step.ring}: {', '.join(names)}. Gemaakt door `signalen fleet rollout`."
            try:
                address = proposing.opened(one.home, commit, one.branch, title, text)
            except UsageError as error:
                for name in names:
                    course.tell(name, Ending.FAILED, str(error))
                continue
            course.waiting = True
            step = step.with_proposal(RolloutProposal(one.branch, names, one.release, True, address))
            course.found = course.found.with_step(step)
            for name in names:
                course.tell(name, Ending.FINE, f"proposed: {address or one.branch}")
        course.note(step, message)


def _committed(
    mirror: Fleet, one: Wanted, step: RolloutStep, ways: Ways, course: Course, *, back: bool
) -> tuple[tuple[str, ...], str]:
    """Change the municipalities of a pull request aside, and return which could be changed, and the commit of that."""
    work = Bump(one.release, step.environment, back, ways.charts, ways.offline)
    changed = []
    for outcome in run(mirror, one.members, work, None, ways.processes):
        if outcome.end is Ending.FINE:
            changed.append(outcome.name)
        else:
            course.outcomes.append(outcome)
    names = tuple(member.name for member in one.members if member.name in changed)
    title = _title(one, step, back=back)
    if one.members[0].repository:
        folder, paths = mirror.folder(one.members[0]), [*_FILES]
    else:
        folder, title = mirror.root, f"{title}: {', '.join(names)}"
        paths = [f"{member.path}/{part}" for member in one.members if member.name in names for part in _FILES]
    commit = branches.commit(folder, paths, title) if names else ""
    aside.begin_anew(folder, one.home.delivered)  # the next one is not to have this one's
    return names, commit


def _title(one: Wanted, step: RolloutStep, *, back: bool) -> str:
    return f"Signalen {'terug naar ' if back else ''}{one.release} in {step.environment}"


@contextmanager
def _aside(fleet: Fleet, wanted: Sequence[Wanted], course: Course) -> Iterator[tuple[Fleet, list[Wanted]]]:
    """Give the fleet anew in a folder aside, with what can be changed: each repository at its delivered branch."""
    with ExitStack() as stack:
        above = Path(stack.enter_context(TemporaryDirectory(prefix="signalen-rollout-")))
        root = stack.enter_context(aside.work_tree(fleet.root, "HEAD", above / "fleet"))
        (root / CLONES).mkdir(exist_ok=True)
        mirror, able = replace(fleet, root=root), []
        for one in wanted:
            member = one.members[0]
            try:
                if member.repository:
                    stack.enter_context(aside.work_tree(one.home.folder, one.home.delivered, mirror.folder(member)))
            except UsageError as error:
                course.tell(member.name, Ending.FAILED, str(error))
                continue
            able.append(one)
        yield mirror, able
