"""A rollout by pull requests: one for each municipality with a repository of its own, one for the others of a ring.

What is to be proposed is made in work trees aside, from the branch that is delivered, and written down before it is
pushed. A step is done once that branch has the release in every municipality of the ring: so Git is asked, and neither
the state of a pull request nor the way in which it was merged counts.
"""

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
from signalen_toolkit.fleet import rollout
from signalen_toolkit.fleet.changes import proposing, pushing
from signalen_toolkit.fleet.changes.homes import Home, home_of
from signalen_toolkit.fleet.changes.kept import Kept, kept
from signalen_toolkit.fleet.changes.ways import RolloutResult, Ways
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.gates import gates
from signalen_toolkit.fleet.listing import CLONES, Fleet, Member
from signalen_toolkit.fleet.operations import Bump
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.rollout import BACK, DONE, GOING, Rollout, RolloutProposal, RolloutStep
from signalen_toolkit.fleet.run import run
from signalen_toolkit.fleet.selection import releases
from signalen_toolkit.forge.model import PullState
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


def go(fleet: Fleet, release: str, ways: Ways, at: str, *, yes: bool) -> RolloutResult:
    """Propose the next step, or go on after one that was merged. Raises UsageError as `rolling.go`."""
    fleet = pushing.renewed(fleet)
    place = kept(fleet)
    course = Course(rollout.begun(place.read(), release, at), place)
    while step := rollout.next_step(fleet, course.found):
        waits = gates.closed(fleet, course.found, step, ways, at, yes=yes)
        if waits:
            said = (f"release {release} does not go on yet:", *waits)
            return RolloutResult(said, tuple(course.outcomes), fine=False, waits=True)
        _proposed(fleet, course, step, ways)
        what = f"{step.environment} of ring '{step.ring}'"
        if course.waiting or not course.is_fine:
            said = (f"release {release} is not in all of {what} yet: pull requests wait to be merged",)
            if not course.is_fine:
                said = (f"release {release} is not in all of {what} yet",)
            return RolloutResult(said, tuple(course.outcomes), fine=False, waits=course.is_fine)
        now = course.found.step(step.ring, step.environment) or step
        course.note(replace(now, done=at), f"Release {release}: {step.environment} van ring {step.ring}")
    if course.found.state != DONE:
        course.found = replace(course.found, state=DONE)
        place.keep(course.found, f"Release {release} is overal")
    return RolloutResult((f"release {release} is everywhere",), tuple(course.outcomes))


def back(fleet: Fleet, ways: Ways) -> RolloutResult:
    """Close what is not merged, and propose what each municipality had before: the last step first, one at a time.

    Raises UsageError as `rolling.back`.
    """
    fleet = pushing.renewed(fleet)
    place = kept(fleet)
    found = place.read()
    if found is None or found.state == BACK:
        raise UsageError("there is no rollout to take back")
    course = Course(replace(found, state=GOING), place)
    place.keep(course.found, f"Release {found.release} gaat terug")
    for step in reversed(found.steps):
        _returned(fleet, course, step, ways)
        if course.waiting or not course.is_fine:
            said = f"release {found.release} goes back: say --back again, once this is merged or mended"
            return RolloutResult((said,), tuple(course.outcomes), fine=False, waits=course.is_fine)
    place.keep(replace(course.found, state=BACK), f"Neem release {found.release} terug")
    said = f"release {found.release}: taken back; a database that was migrated stays so"
    return RolloutResult((said,), tuple(course.outcomes))


def _proposed(fleet: Fleet, course: Course, step: RolloutStep, ways: Ways) -> None:
    """Propose a step for all who do not have it yet, and look after what was proposed."""
    release = course.found.release
    new: dict[Path, tuple[Home, list[Member]]] = {}
    unopened: list[RolloutProposal] = []
    before = dict(step.before)
    for member in (one for one in fleet.members if one.ring == step.ring):
        there = _standing(fleet, member, step.environment, course)
        if there is None:
            continue
        home, has = there
        if has == release:
            if member.name in before:
                course.tell(member.name, Ending.FINE, f"{step.environment} has {release}")
            continue
        before.setdefault(member.name, has)
        proposal = step.proposal(member.name, release)
        if proposal is None:
            new.setdefault(home.folder, (home, []))[1].append(member)
        elif proposal.opened:
            _look_after(home, proposal, member, f"{step.environment} has {has}", course)
        elif proposal not in unopened:
            unopened.append(proposal)
    step = replace(step, before=before)
    wanted = [_again(fleet, one, course) for one in unopened]
    for number, (home, members) in enumerate(new.values(), len(step.proposals) + 1):
        name = f"{_prefix(course.found, step)}-{number}"
        wanted.append(Wanted(home, tuple(members), release, name))
    _open(fleet, course, step, wanted, ways)


def _returned(fleet: Fleet, course: Course, step: RolloutStep, ways: Ways) -> None:
    """Take one step back: close the pull requests of who does not have it, and propose the reverse for who has."""
    release = course.found.release
    new: dict[tuple[Path, str], tuple[Home, list[Member]]] = {}
    unopened: list[RolloutProposal] = []
    closed: set[str] = set()
    for name, version in step.before.items():
        member = next((one for one in fleet.members if one.name == name), None)
        if member is None:
            course.tell(name, Ending.FINE, "is not in the fleet any more")
            continue
        there = _standing(fleet, member, step.environment, course)
        if there is None:
            continue
        home, has = there
        forward, reverse = step.proposal(name, release), step.proposal(name, version)
        if has != release:
            if forward and forward.branch not in closed:
                closed.add(forward.branch)
                _withdraw(home, forward, member, course)
            course.tell(name, Ending.FINE, f"{step.environment} has {has}")
        elif reverse is None:
            new.setdefault((home.folder, version), (home, []))[1].append(member)
        elif reverse.opened:
            _look_after(home, reverse, member, f"{step.environment} has {has}", course)
        elif reverse not in unopened:
            unopened.append(reverse)
    wanted = [_again(fleet, one, course) for one in unopened]
    for number, ((_, version), (home, members)) in enumerate(new.items(), len(step.proposals) + 1):
        name = f"{_prefix(course.found, step)}-back-{number}"
        wanted.append(Wanted(home, tuple(members), version, name))
    _open(fleet, course, step, wanted, ways, back=True)


def _prefix(found: Rollout, step: RolloutStep) -> str:
    """Return how the branches of a step begin; when the rollout began tells them from those of another."""
    when = "".join(one for one in found.begun if one.isdigit())[:14]
    return f"signalen/{found.release}-{when}-{step.ring}-{step.environment}"


def _again(fleet: Fleet, one: RolloutProposal, course: Course) -> Wanted:
    """Return a pull request that was written down and is not there, for whose repository was just reached."""
    members = tuple(member for member in fleet.members if member.name in one.members)
    folder = fleet.folder(members[0]) if members[0].repository else fleet.root
    return Wanted(course.homes[folder], members, one.release, one.branch)


def _standing(fleet: Fleet, member: Member, environment: str, course: Course) -> tuple[Home, str] | None:
    """Return the repository of a municipality, and its release in the branch that is delivered.

    None where it has no such environment, or cannot be reached, which is noted.
    """
    folder = fleet.folder(member) if member.repository else fleet.root
    try:
        present(fleet, member)
        pushing.renew(fleet, member)
        if folder not in course.homes:
            course.homes[folder] = home_of(fleet, member)
    except UsageError as error:
        course.tell(member.name, Ending.FAILED, str(error))
        return None
    has = releases(fleet, member).get(environment)
    return None if has is None else (course.homes[folder], has)


def _look_after(home: Home, proposal: RolloutProposal, member: Member, has: str, course: Course) -> None:
    """Say how a pull request stands of a municipality that does not have its release."""
    try:
        now = proposing.standing(home, proposal.branch)
    except UsageError as error:
        course.tell(member.name, Ending.FAILED, str(error))
        return
    where = now.address or proposal.address or proposal.branch
    if now.state is PullState.OPEN:
        course.waiting = True
        course.tell(member.name, Ending.FINE, f"waits to be merged: {where}")
    elif now.state is PullState.CLOSED:
        said = f"{where} was closed without being merged: reopen it, or take the rollout --back"
        course.tell(member.name, Ending.PROBLEMS, said)
    else:
        course.tell(member.name, Ending.PROBLEMS, f"{where} was merged, and {has}: look who changed it since")


def _withdraw(home: Home, proposal: RolloutProposal, member: Member, course: Course) -> None:
    try:
        if todo := proposing.withdraw(home, proposal.branch):
            course.tell(member.name, Ending.FINE, todo)
    except UsageError as error:
        course.tell(member.name, Ending.FAILED, str(error))


def _open(
    fleet: Fleet, course: Course, step: RolloutStep, wanted: Sequence[Wanted], ways: Ways, *, back: bool = False
) -> None:
    """Make, write down, push and open pull requests; what is wrong with one stops no other."""
    if not wanted:
        if step != course.found.step(step.ring, step.environment):
            course.found = course.found.with_step(step)
        return
    with _aside(fleet, wanted, course) as (mirror, wanted):
        made: list[tuple[Wanted, tuple[str, ...], Path]] = []
        for one in wanted:
            names = _committed(mirror, one, step, ways, course, back=back)
            if names:
                made.append((one, names, mirror.folder(one.members[0]) if one.members[0].repository else mirror.root))
                step = step.with_proposal(RolloutProposal(one.branch, names, one.release))
        message = f"Release {course.found.release}: {step.environment} van ring {step.ring}"
        course.note(step, message)
        for one, names, place in made:
            title = _title(one, step, back=back)
            text = f"Ring {step.ring}: {', '.join(names)}. Gemaakt door `signalen fleet rollout`."
            try:
                address = proposing.opened(one.home, place, one.branch, title, text)
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
) -> tuple[str, ...]:
    """Change the municipalities of a pull request aside, commit that, and return which could be changed."""
    work = Bump(one.release, step.environment, back, ways.charts, ways.offline)
    changed = []
    for outcome in run(mirror, one.members, work, None, ways.processes):
        if outcome.end is Ending.FINE:
            changed.append(outcome.name)
        else:
            course.outcomes.append(outcome)
    names = tuple(member.name for member in one.members if member.name in changed)
    if not names:
        return ()
    if one.members[0].repository:
        branches.commit(mirror.folder(one.members[0]), _FILES, _title(one, step, back=back))
    else:
        paths = [f"{member.path}/{part}" for member in one.members if member.name in names for part in _FILES]
        branches.commit(mirror.root, paths, f"{_title(one, step, back=back)}: {', '.join(names)}")
    return names


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
