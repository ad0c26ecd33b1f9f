"""`signalen fleet rollout`: carries out the next step of a rollout, and takes one back, with commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing, rollout
from signalen_toolkit.fleet.changes import pushing, requests
from signalen_toolkit.fleet.changes.kept import InTree, kept
from signalen_toolkit.fleet.changes.ways import RolloutResult, Ways
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.gates import gates
from signalen_toolkit.fleet.listing import PULL_REQUESTS, Fleet, Member
from signalen_toolkit.fleet.operations import Bump
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.rollout import BACK, DONE, GOING, RUNNING, STOPPED, Rollout, RolloutStep
from signalen_toolkit.fleet.run import run
from signalen_toolkit.fleet.selection import releases
from signalen_toolkit.git import branches
from signalen_toolkit.git.run import git


def go(root: Path, release: str, ways: Ways, *, yes: bool = False, at: str = "") -> RolloutResult:
    """Carry out the next step of a rollout, where its gates are open; else say what it waits for.

    Raises UsageError where another rollout is on its way, or the fleet is in no Git repository.
    """
    with alone(root):
        fleet = _fleet(root)
        at = at or rollout.now()
        if fleet.changes == PULL_REQUESTS:
            return requests.go(fleet, release, ways, at, yes=yes)
        fleet = pushing.renewed(fleet)
        found = rollout.begun(rollout.read(root), release, at)
        step = rollout.next_step(fleet, found)
        if step is None:
            return _finished(fleet, found)
        waits = gates.closed(fleet, found, step, ways, at, yes=yes)
        if waits:
            return RolloutResult((f"release {release} does not go on yet:", *waits), fine=False, waits=True)
        return _carried_out(fleet, found, step, ways, at)


def newest(root: Path, ways: Ways, *, yes: bool = False) -> RolloutResult:
    """Go on with the release that is on its way; where none is, with the newest that the toolkit knows.

    For a pipeline on a schedule: it does not begin anew what a person stopped or took back. Raises UsageError as `go`.
    """
    found = kept(_fleet(root)).read()
    release = catalog().releases[0]
    if found is not None and found.state in (STOPPED, GOING):
        word = "is stopped" if found.state == STOPPED else "is being taken back"
        return RolloutResult((f"release {found.release} {word}",), fine=False, waits=True)
    if found is not None and found.state == BACK and found.release == release:
        said = f"release {release} was taken back: name it to begin anew"
        return RolloutResult((said,), fine=False, waits=True)
    if found is not None and found.state == RUNNING:
        release = found.release
    return go(root, release, ways, yes=yes)


def stop(root: Path) -> RolloutResult:
    """Stop a rollout: no step begins until a person resumes it or takes it back."""
    return _turned(root, RUNNING, STOPPED, "stopped")


def resume(root: Path) -> RolloutResult:
    """Let a rollout that was stopped go on."""
    return _turned(root, STOPPED, RUNNING, "goes on")


def status(root: Path) -> str:
    """Say how far a rollout is, as Git knows it."""
    fleet = listing.read(root)
    return rollout.described(fleet, kept(fleet).read())


def back(root: Path, ways: Ways) -> RolloutResult:
    """Give each municipality the release back that it had, the last step first.

    One that has another release by now is left as it is. Where one cannot be changed, the rest is, and the next call
    goes on.
    """
    with alone(root):
        fleet = _fleet(root)
        if fleet.changes == PULL_REQUESTS:
            return requests.back(fleet, ways)
        fleet = pushing.renewed(fleet)
        found = rollout.read(root)
        if found is None or found.state == BACK:
            raise UsageError("there is no rollout to take back")
        outcomes: list[MemberOutcome] = []
        going = found.state == GOING
        InTree(fleet).keep(replace(found, state=GOING), f"Release {found.release} gaat terug")
        for step in reversed(found.steps):
            outcomes += _undone(fleet, found, step, ways, going=going)
        outcomes = pushing.pushed(fleet, outcomes)
        failed = [one for one in outcomes if one.end is not Ending.FINE]
        now = replace(found, state=GOING if failed else BACK)
        InTree(fleet).keep(now, f"Neem release {found.release} terug")
        said = (
            "taken back in part: mend the others, and say --back again"
            if failed
            else "taken back; a database that was migrated stays so"
        )
        return pushing.with_state_pushed(
            fleet, RolloutResult((f"release {found.release}: {said}",), tuple(outcomes), not failed)
        )


def _turned(root: Path, before: str, after: str, word: str) -> RolloutResult:
    with alone(root):
        fleet = pushing.renewed(_fleet(root))
        place = kept(fleet)
        found = place.read()
        if found is None or found.state != before:
            raise UsageError(f"there is no rollout that is {before}")
        place.keep(replace(found, state=after), f"Release {found.release}: {after}")
        return pushing.with_state_pushed(fleet, RolloutResult((f"release {found.release} {word}",)))


def _fleet(root: Path) -> Fleet:
    """Read a fleet that can be rolled out in. Raises UsageError."""
    fleet = listing.read(root)
    if not fleet.rings:
        raise UsageError("fleet.yaml has no rings: write which municipalities get a release first")
    if not branches.is_in_repository(root):
        raise UsageError("a rollout is remembered in Git, and the fleet is in no Git repository: make one of it first")
    return fleet


def _finished(fleet: Fleet, found: Rollout) -> RolloutResult:
    if found.state != DONE:
        InTree(fleet).keep(replace(found, state=DONE), f"Release {found.release} is overal")
    return pushing.with_state_pushed(fleet, RolloutResult((f"release {found.release} is everywhere",)))


def _carried_out(fleet: Fleet, found: Rollout, step: RolloutStep, ways: Ways, at: str) -> RolloutResult:
    """Give a ring the release in one environment. What was before is written down before anything changes."""
    members = [one for one in fleet.members if one.ring == step.ring]
    wanted, before, outcomes = [], dict(step.before), []
    for member in members:
        try:
            present(fleet, member)
            pushing.renew(fleet, member)
        except UsageError as error:
            outcomes.append(MemberOutcome(member.name, Ending.FAILED, without_contents(str(error))))
            continue
        has = releases(fleet, member).get(step.environment)
        dirty = _dirty(fleet.folder(member)) if has is not None else ""
        if has is None or (has == found.release and not (dirty and member.name in before)):
            continue  # without that environment, or done before
        if dirty and has != found.release:  # else it is what a run left that was interrupted
            outcomes.append(MemberOutcome(member.name, Ending.FAILED, dirty))
            continue
        before.setdefault(member.name, has)
        wanted.append(member)
    begun = found.with_step(replace(step, before=before))
    rollout.write(fleet.root, begun)
    work = Bump(found.release, step.environment, False, ways.charts, ways.offline)
    outcomes += _worked(fleet, wanted, work, f"Signalen {found.release} in {step.environment}", ways)
    outcomes = pushing.pushed(fleet, outcomes, before)
    fine = all(one.end is Ending.FINE for one in outcomes)
    now = begun.with_step(replace(step, before=before, done=at if fine else ""))
    last = fine and rollout.next_step(fleet, now) is None
    InTree(fleet).keep(
        replace(now, state=DONE) if last else now, f"Release {found.release}: {step.environment} van ring {step.ring}"
    )
    what = f"{step.environment} of ring '{step.ring}'"
    said = [f"release {found.release} is in {what}" if fine else f"release {found.release} is not in all of {what} yet"]
    said += [f"release {found.release} is everywhere"] if last else []
    return pushing.with_state_pushed(fleet, RolloutResult(tuple(said), tuple(outcomes), fine))


def _undone(fleet: Fleet, found: Rollout, step: RolloutStep, ways: Ways, *, going: bool) -> Iterator[MemberOutcome]:
    """Take one step back; with `going`, what is not committed may be what a run left that was interrupted."""
    by_version: dict[str, list[Member]] = {}
    for name, version in step.before.items():
        member = next((one for one in fleet.members if one.name == name), None)
        if member is None:
            yield MemberOutcome(name, Ending.FINE, "is not in the fleet any more")
        elif going and (has := releases(fleet, member).get(step.environment)) in (version, found.release):
            if has == found.release or _dirty(fleet.folder(member)):
                by_version.setdefault(version, []).append(member)
        elif (has := releases(fleet, member).get(step.environment)) != found.release:
            yield MemberOutcome(name, Ending.FINE, f"{step.environment} has {has or 'no release'}, and is left so")
        elif dirty := _dirty(fleet.folder(member)):
            yield MemberOutcome(name, Ending.FAILED, dirty)
        else:
            by_version.setdefault(version, []).append(member)
    for version, members in by_version.items():
        work = Bump(version, step.environment, True, ways.charts, ways.offline)
        yield from _worked(fleet, members, work, f"Signalen terug naar {version} in {step.environment}", ways)


def _worked(fleet: Fleet, members: Sequence[Member], work: Bump, message: str, ways: Ways) -> Iterator[MemberOutcome]:
    """Do it in each municipality, and commit: those with a repository of their own each, the others together."""
    by_name = {one.name: one for one in members}
    ours = []
    for one in run(fleet, members, work, None, ways.processes):
        member = by_name[one.name]
        if one.end is Ending.FINE and member.repository:
            branches.commit(fleet.folder(member), [FORM_FILE, CLUSTERS, CHARTS_LOCK], message)
        elif one.end is Ending.FINE:
            ours.append(member)
        yield one
    if ours:
        paths = [f"{one.path}/{part}" for one in ours for part in (FORM_FILE, CLUSTERS, CHARTS_LOCK)]
        branches.commit(fleet.root, [*paths, rollout.FILE], f"{message}: {', '.join(one.name for one in ours)}")


def _dirty(folder: Path) -> str:
    """Say why a municipality cannot be changed and committed, if it cannot."""
    done = git(folder, "status", "--porcelain", "--", ".")
    if done.code != 0:
        return "is in no Git repository"
    return "has changes that are not committed: commit them, or take them back" if done.output.strip() else ""
