"""A rollout by pull requests: one for each municipality with a repository of its own, one for the others of a ring.

What is to be proposed is made in work trees aside, from the branch that is delivered, and written down before it is
pushed. A step is done once that branch has the release in every municipality of the ring: so Git is asked, and neither
the state of a pull request nor the way in which it was merged counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import rollout
from signalen_toolkit.fleet.changes import proposing, pushing
from signalen_toolkit.fleet.changes.homes import Home, home_of
from signalen_toolkit.fleet.changes.kept import kept
from signalen_toolkit.fleet.changes.making import Course, Wanted, open_all
from signalen_toolkit.fleet.changes.ways import RolloutResult, Ways
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.gates import gates
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import Ending
from signalen_toolkit.fleet.rollout import BACK, DONE, GOING, Rollout, RolloutProposal, RolloutStep
from signalen_toolkit.fleet.selection import releases
from signalen_toolkit.forge.model import PullState


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
    names = _names(course.found, step, "")
    wanted += [Wanted(home, tuple(members), release, next(names)) for home, members in new.values()]
    open_all(fleet, course, step, wanted, ways)


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
    names = _names(course.found, step, "-back")
    wanted += [Wanted(home, tuple(members), version, next(names)) for (_, version), (home, members) in new.items()]
    open_all(fleet, course, step, wanted, ways, back=True)


def _names(found: Rollout, step: RolloutStep, word: str) -> Iterator[str]:
    """Yield names for branches of a step that it has not used; when the rollout began tells them from another's."""
    when = "".join(one for one in found.begun if one.isdigit())[:14]
    used = {one.branch for one in step.proposals}
    names = (f"signalen/{found.release}-{when}-{step.ring}-{step.environment}{word}-{number}" for number in count(1))
    return (name for name in names if name not in used)


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
