"""Commits of a rollout that are pushed, where `fleet.yaml` says so: to the branch that each repository delivers.

What could not be pushed is pushed the next time. A repository that refuses holds up its own municipality alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.changes.homes import Home, home_of, home_of_fleet
from signalen_toolkit.fleet.changes.ways import RolloutResult
from signalen_toolkit.fleet.listing import PULL_REQUESTS, PUSHED, Fleet, Member
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.git import branches


def renewed(fleet: Fleet) -> Fleet:
    """Bring the work tree of the fleet to its branch at the remote, where what is committed is to go there.

    Raises UsageError where it cannot be reached, holds what is not committed, or went another way than the remote. Only
    commits may be made of what is there, so it may be what a run left that was killed: then it stays as it is.
    """
    if fleet.changes == PULL_REQUESTS or (fleet.changes == PUSHED and branches.is_clean(fleet.root)):
        home = home_of_fleet(fleet)
        branches.renew(home.folder, home.branch, home.own)
        return listing.read(fleet.root)
    return fleet


def renew(fleet: Fleet, member: Member) -> None:
    """Bring the clone of a municipality with a repository of its own to its branch. Raises UsageError as `renewed`."""
    if not member.repository:
        return
    if fleet.changes == PULL_REQUESTS or (fleet.changes == PUSHED and branches.is_clean(fleet.folder(member))):
        home = home_of(fleet, member)
        branches.renew(home.folder, home.branch, home.own)


def pushed(fleet: Fleet, outcomes: Sequence[MemberOutcome], also: Iterable[str] = ()) -> list[MemberOutcome]:
    """Push the clones of municipalities, and return the outcomes with what was refused.

    Those of the outcomes are pushed, and those that are named: they may have a commit of before.
    """
    if fleet.changes != PUSHED:
        return [*outcomes]
    ends = {one.name: one for one in outcomes}
    for member in fleet.members:
        if not member.repository or (member.name not in ends and member.name not in also):
            continue
        if (before := ends.get(member.name)) and before.end is not Ending.FINE:
            continue
        if failure := _pushed(fleet, member):
            ends[member.name] = replace(
                before or MemberOutcome(member.name, Ending.FAILED, ""), end=Ending.FAILED, said=failure
            )
    return [*ends.values()]


def with_state_pushed(fleet: Fleet, done: RolloutResult) -> RolloutResult:
    """Push the fleet's own repository, with how far the rollout is, and say where that is refused."""
    if fleet.changes != PUSHED:
        return done
    home = home_of_fleet(fleet)
    failure = _push(home)
    if not failure:
        return done
    return replace(done, said=(*done.said, f"{failure}; the next call pushes it"), fine=False)


def _pushed(fleet: Fleet, member: Member) -> str:
    try:
        return _push(home_of(fleet, member))
    except UsageError as error:
        return without_contents(str(error))


def _push(home: Home) -> str:
    failure = branches.push(home.folder, home.branch, home.own)
    return f"{home.url} does not take the commit: {failure}" if failure else ""
