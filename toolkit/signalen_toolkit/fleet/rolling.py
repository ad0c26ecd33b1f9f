"""`signalen fleet rollout`: carries out the next step of a rollout, and takes one back, with commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from signalen_toolkit.base import processes
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS, FORM_FILE
from signalen_toolkit.base.processes import TooMuchError, TooSlowError
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing, rollout
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.operations import Bump
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.rollout import BACK, DONE, GOING, RUNNING, STOPPED, Rollout, RolloutStep
from signalen_toolkit.fleet.run import run
from signalen_toolkit.fleet.selection import releases
from signalen_toolkit.git import branches
from signalen_toolkit.git.run import git

_SECONDS: Final = 120.0  # for one question about health
_LARGEST: Final = 2**20


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """What was done: `said` in lines, the outcomes by municipality, and whether all that was asked for is done."""

    said: tuple[str, ...]
    outcomes: tuple[MemberOutcome, ...] = ()
    fine: bool = True


@dataclass(frozen=True, slots=True)
class Ways:
    """How a step is carried out: the program that tells health, where charts come from, and how many at once."""

    health: str = ""
    charts: Path | None = None
    offline: bool = False
    processes: int = 0


def go(root: Path, release: str, ways: Ways, *, yes: bool = False, at: str = "") -> RolloutResult:
    """Carry out the next step of a rollout, where its gates are open; else say what it waits for.

    Raises UsageError where another rollout is on its way, or the fleet is in no Git repository.
    """
    with alone(root):
        fleet = _fleet(root)
        at = at or rollout.now()
        found = rollout.begun(rollout.read(root), release)
        step = rollout.next_step(fleet, found)
        if step is None:
            return _finished(root, found)
        waits = rollout.waits_for(fleet, found, step, at, yes=yes)
        if not waits and not step.before:
            waits = [*_unwell(fleet, found, ways)]
        if waits:
            return RolloutResult((f"release {release} does not go on yet:", *waits), fine=False)
        return _carried_out(fleet, found, step, ways, at)


def stop(root: Path) -> RolloutResult:
    """Stop a rollout: no step begins until a person resumes it or takes it back."""
    return _turned(root, RUNNING, STOPPED, "stopped")


def resume(root: Path) -> RolloutResult:
    """Let a rollout that was stopped go on."""
    return _turned(root, STOPPED, RUNNING, "goes on")


def back(root: Path, ways: Ways) -> RolloutResult:
    """Give each municipality the release back that it had, the last step first.

    One that has another release by now is left as it is. Where one cannot be changed, the rest is, and the next call
    goes on.
    """
    with alone(root):
        fleet = _fleet(root)
        found = rollout.read(root)
        if found is None or found.state == BACK:
            raise UsageError("there is no rollout to take back")
        outcomes: list[MemberOutcome] = []
        going = found.state == GOING
        rollout.write(root, replace(found, state=GOING))
        _commit(root, [rollout.FILE], f"Release {found.release} gaat terug")
        for step in reversed(found.steps):
            outcomes += _undone(fleet, found, step, ways, going=going)
        failed = [one for one in outcomes if one.end is not Ending.FINE]
        now = replace(found, state=GOING if failed else BACK)
        rollout.write(root, now)
        _commit(root, [rollout.FILE], f"Neem release {found.release} terug")
        said = (
            "taken back in part: mend the others, and say --back again"
            if failed
            else "taken back; a database that was migrated stays so"
        )
        return RolloutResult((f"release {found.release}: {said}",), tuple(outcomes), not failed)


def _turned(root: Path, before: str, after: str, word: str) -> RolloutResult:
    with alone(root):
        _fleet(root)
        found = rollout.read(root)
        if found is None or found.state != before:
            raise UsageError(f"there is no rollout that is {before}")
        rollout.write(root, replace(found, state=after))
        _commit(root, [rollout.FILE], f"Release {found.release}: {after}")
        return RolloutResult((f"release {found.release} {word}",))


def _fleet(root: Path) -> Fleet:
    """Read a fleet that can be rolled out in. Raises UsageError."""
    fleet = listing.read(root)
    if not fleet.rings:
        raise UsageError("fleet.yaml has no rings: write which municipalities get a release first")
    if not branches.is_in_repository(root):
        raise UsageError("a rollout is remembered in Git, and the fleet is in no Git repository: make one of it first")
    return fleet


def _finished(root: Path, found: Rollout) -> RolloutResult:
    if found.state != DONE:
        rollout.write(root, replace(found, state=DONE))
        _commit(root, [rollout.FILE], f"Release {found.release} is overal")
    return RolloutResult((f"release {found.release} is everywhere",))


def _carried_out(fleet: Fleet, found: Rollout, step: RolloutStep, ways: Ways, at: str) -> RolloutResult:
    """Give a ring the release in one environment. What was before is written down before anything changes."""
    members = [one for one in fleet.members if one.ring == step.ring]
    wanted, before, outcomes = [], dict(step.before), []
    for member in members:
        try:
            present(fleet, member)
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
    fine = all(one.end is Ending.FINE for one in outcomes)
    now = begun.with_step(replace(step, before=before, done=at if fine else ""))
    last = fine and rollout.next_step(fleet, now) is None
    rollout.write(fleet.root, replace(now, state=DONE) if last else now)
    _commit(fleet.root, [rollout.FILE], f"Release {found.release}: {step.environment} van ring {step.ring}")
    what = f"{step.environment} of ring '{step.ring}'"
    said = [f"release {found.release} is in {what}" if fine else f"release {found.release} is not in all of {what} yet"]
    said += [f"release {found.release} is everywhere"] if last else []
    return RolloutResult(tuple(said), tuple(outcomes), fine)


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
            _commit(fleet.folder(member), [FORM_FILE, CLUSTERS, CHARTS_LOCK], message)
        elif one.end is Ending.FINE:
            ours.append(member)
        yield one
    if ours:
        paths = [f"{one.path}/{part}" for one in ours for part in (FORM_FILE, CLUSTERS, CHARTS_LOCK)]
        _commit(fleet.root, [*paths, rollout.FILE], f"{message}: {', '.join(one.name for one in ours)}")


def _commit(folder: Path, paths: Sequence[str], message: str) -> None:
    branches.commit(folder, paths, message)


def _dirty(folder: Path) -> str:
    """Say why a municipality cannot be changed and committed, if it cannot."""
    done = git(folder, "status", "--porcelain", "--", ".")
    if done.code != 0:
        return "is in no Git repository"
    return "has changes that are not committed: commit them, or take them back" if done.output.strip() else ""


def _unwell(fleet: Fleet, found: Rollout, ways: Ways) -> Iterator[str]:
    """Yield who is not healthy of the ring that has the release last, where that has to be."""
    last = rollout.last_done(fleet, found)
    if last is None or not rollout.ring_of(fleet, last.ring).health:
        return
    if not ways.health:
        raise UsageError(
            f"ring '{last.ring}' has to be healthy, and nobody knows: name a program that tells it with --health"
        )
    for member in fleet.members:
        if member.ring == last.ring and last.environment in releases(fleet, member):
            told = {
                "SIGNALEN_MUNICIPALITY": member.name,
                "SIGNALEN_ENVIRONMENT": last.environment,
                "SIGNALEN_RELEASE": found.release,
                "SIGNALEN_FOLDER": str(fleet.folder(member).resolve()),
            }
            if complaint := _complaint(ways.health, told, fleet.root):
                yield f"{last.environment} of {member.name} is not healthy: {complaint}"


def _complaint(program: str, told: Mapping[str, str], folder: Path) -> str:
    """Return what a program says of health where it does not say that all is well (exit code 0)."""
    try:
        done = processes.run(
            [program], environment={**variables(), **told}, folder=folder, timeout=_SECONDS, limit=_LARGEST
        )
    except TooSlowError:
        return f"{program} did not answer in {_SECONDS:.0f} seconds"
    except TooMuchError:
        return f"{program} said too much"
    if done.code == 0:
        return ""
    said = (done.output + done.errors).decode(errors="replace").strip().splitlines()
    return said[0] if said else f"{program} ended with {done.code}"
