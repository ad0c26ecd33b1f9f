"""A release that goes through a fleet ring by ring: what is done, what may be next, and what it takes.

A ring gets the release in one environment after the other, and then the next ring does. Each of these is a step. What
is done stands in `rollout.yaml` in the fleet's own Git repository, committed with what was done; so whoever has that
knows, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from signalen_toolkit.base import beneath
from signalen_toolkit.base.versions import is_version
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import machine
from signalen_toolkit.documents.data import at, mapping, maps, text, texts
from signalen_toolkit.fleet.listing import Fleet, Ring

FILE: Final = "rollout.yaml"
RUNNING: Final = "running"
STOPPED: Final = "stopped"
DONE: Final = "done"
GOING: Final = "going back"
BACK: Final = "back"
_STATES: Final = (RUNNING, STOPPED, DONE, GOING, BACK)
_LARGEST: Final = 2**24
_HEAD: Final = "# Written by `signalen fleet rollout`: how far a release is. It is no file to be edited.\n"


@dataclass(frozen=True, slots=True)
class RolloutProposal:
    """A pull request, by its branch: it gives these municipalities that release.

    It is written down before it is made, and is `opened` once it is there; `address` is empty where nobody knows it.
    """

    branch: str
    members: tuple[str, ...]
    release: str
    opened: bool = False
    address: str = ""


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """A ring and an environment that begun or were done. `before` has the release of each municipality before it.

    `done` is when it was done, in UTC (ISO 8601), empty while it is not. `proposals` are its pull requests.
    """

    ring: str
    environment: str
    before: Mapping[str, str] = field(default_factory=dict)
    done: str = ""
    proposals: tuple[RolloutProposal, ...] = ()

    def proposal(self, member: str, release: str) -> RolloutProposal | None:
        """Return the newest pull request that gives a municipality a release, or None."""
        own = [one for one in self.proposals if member in one.members and one.release == release]
        return own[-1] if own else None

    def with_proposal(self, proposal: RolloutProposal) -> RolloutStep:
        """Return it with a pull request as that is now."""
        if proposal.branch in [one.branch for one in self.proposals]:
            now = tuple(proposal if one.branch == proposal.branch else one for one in self.proposals)
            return replace(self, proposals=now)
        return replace(self, proposals=(*self.proposals, proposal))


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a release is. `begun` is when it began, which tells it from another of the same release."""

    release: str
    state: str
    steps: tuple[RolloutStep, ...] = ()
    begun: str = ""

    def step(self, ring: str, environment: str) -> RolloutStep | None:
        """Return a step that begun, or None."""
        return next((one for one in self.steps if (one.ring, one.environment) == (ring, environment)), None)

    def with_step(self, step: RolloutStep) -> Rollout:
        """Return it with a step as it is now."""
        others = [one for one in self.steps if (one.ring, one.environment) != (step.ring, step.environment)]
        return replace(self, steps=(*others, step))


def read(root: Path) -> Rollout | None:
    """Return the rollout of a fleet, None where there was none. Raises UsageError where it cannot be read."""
    raw = beneath.read(root, FILE, _LARGEST)
    return parsed(raw, str(root / FILE)) if raw is not None else None


def parsed(raw: bytes, name: str) -> Rollout:
    """Read what `written` gave. Raises UsageError, with the name of the file, where it is anything else."""
    try:
        data = machine.load(raw.decode())
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{name} cannot be read: take it back from Git") from error
    steps = tuple(
        RolloutStep(
            text(one, "ring"),
            text(one, "environment"),
            {str(member): str(version) for member, version in mapping(one, "before").items()},
            text(one, "done"),
            tuple(_proposal(proposal) for _, proposal in maps(one, "pullRequests")),
        )
        for _, one in maps(data, "steps")
    )
    found = Rollout(text(data, "release"), text(data, "state"), steps, text(data, "begun"))
    times = all(not one.done or _time(one.done) for one in steps)
    if not is_version(found.release) or found.state not in _STATES or not times:
        raise UsageError(f"{name} is not what was written there: take it back from Git")
    return found


def write(root: Path, found: Rollout) -> None:
    """Put a rollout in the place of what was known of it."""
    beneath.write(root, FILE, written(found))


def written(found: Rollout) -> bytes:
    """Return a rollout as the text of a file."""
    data = {
        "release": found.release,
        "state": found.state,
        "begun": found.begun,
        "steps": [
            {
                "ring": one.ring,
                "environment": one.environment,
                "done": one.done,
                "before": dict(one.before),
                **({"pullRequests": [_as_data(proposal) for proposal in one.proposals]} if one.proposals else {}),
            }
            for one in found.steps
        ],
    }
    return (_HEAD + yaml.safe_dump(data, sort_keys=False)).encode()


def _proposal(data: Any) -> RolloutProposal:
    opened = at(data, "opened") is True
    return RolloutProposal(
        text(data, "branch"), tuple(texts(data, "members")), text(data, "release"), opened, text(data, "address")
    )


def _as_data(one: RolloutProposal) -> dict[str, Any]:
    return {
        "branch": one.branch,
        "members": [*one.members],
        "release": one.release,
        "opened": one.opened,
        "address": one.address,
    }


def now() -> str:
    """Return the time as it is written."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def begun(before: Rollout | None, release: str, when: str = "") -> Rollout:
    """Return the rollout of a release: the one that goes on, or a new one that begins now.

    Raises UsageError where another release is on its way, or a person stopped this one.
    """
    if not is_version(release):
        raise UsageError(f"'{release}' is not how a release of Signalen is written, for example 4.23.0")
    if before is None or before.state == BACK or (before.state == DONE and before.release != release):
        return Rollout(release, RUNNING, begun=when)
    if before.release != release:
        raise UsageError(f"release {before.release} is on its way: let it go on, or take it --back first")
    if before.state == GOING:
        raise UsageError(f"release {release} is being taken back: say --back again until all have what they had")
    if before.state == STOPPED:
        raise UsageError(f"the rollout of {release} is stopped: go on with --resume, or take it --back")
    return before


def next_step(fleet: Fleet, found: Rollout) -> RolloutStep | None:
    """Return the first step that is not done, in the order of rings and environments; None where all are."""
    for ring in fleet.rings:
        for environment in fleet.environments:
            step = found.step(ring.name, environment) or RolloutStep(ring.name, environment)
            if not step.done:
                return step
    return None


def last_done(fleet: Fleet, found: Rollout) -> RolloutStep | None:
    """Return the last step that was done, in the order of rings and environments."""
    order = [(ring.name, environment) for ring in fleet.rings for environment in fleet.environments]
    done = [one for one in (found.step(*names) for names in order) if one is not None and one.done]
    return done[-1] if done else None


def waits_for(fleet: Fleet, found: Rollout, step: RolloutStep, when: str, *, yes: bool) -> list[str]:
    """Return what is still to happen before a step may begin, but for what has to be asked (`gates`).

    A step that begun goes on: what it took, was there.
    """
    if step.before:
        return []
    ring, before = ring_of(fleet, step.ring), last_done(fleet, found)
    reasons = []
    if before is not None and any(one.ring == before.ring for one in fleet.members):  # else nobody has it there
        left = ring_of(fleet, before.ring).soak - (_time(when) - _time(before.done))
        if left > 0:
            where = f"{before.environment} of ring '{before.ring}'"
            reasons.append(f"{where} has the release since {before.done}: wait {_duration(left)} more")
    first = found.step(step.ring, fleet.environments[0]) is None
    if ring.approval and first and not yes:
        reasons.append(f"ring '{ring.name}' begins with a person's yes: add --yes")
    return reasons


def ring_of(fleet: Fleet, name: str) -> Ring:
    """Return a ring by its name. Raises UsageError where `fleet.yaml` has it no more."""
    found = next((one for one in fleet.rings if one.name == name), None)
    if found is None:
        raise UsageError(f"fleet.yaml has no ring '{name}' any more, and a rollout is in it: put it back, or go --back")
    return found


def described(fleet: Fleet, found: Rollout | None) -> str:
    """Say how far a rollout is, step by step."""
    if found is None:
        return "no release was rolled out yet"
    lines = [f"release {found.release}: {found.state}"]
    for ring in fleet.rings:
        for environment in fleet.environments:
            step = found.step(ring.name, environment)
            number = f"{len(step.before)} changed" if step else ""
            state = f"done {step.done} ({number})" if step and step.done else f"begun ({number})" if step else "to come"
            lines.append(f"  {ring.name} {environment}: {state}")
            lines += [f"    {_told(one)}" for one in (step.proposals if step else ())]
    return "\n".join(lines)


def _told(one: RolloutProposal) -> str:
    where = one.address or f"branch {one.branch}"
    return f"{', '.join(one.members)} to {one.release}: {where if one.opened else 'pull request not opened yet'}"


def _time(written: str) -> float:
    try:
        return datetime.fromisoformat(written).timestamp()
    except ValueError:
        return 0.0


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    parts: list[tuple[int, Any]] = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m")]
    return " ".join(f"{number}{unit}" for number, unit in parts if number)
