"""All that has to be so before a step of a rollout begins."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import rollout
from signalen_toolkit.fleet.changes.ways import Ways
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.gates.health import HealthQuestion, unwell
from signalen_toolkit.fleet.gates.pipelines import not_green
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.rollout import Rollout, RolloutStep
from signalen_toolkit.fleet.selection import releases


def closed(fleet: Fleet, found: Rollout, step: RolloutStep, ways: Ways, at: str, *, yes: bool) -> list[str]:
    """Return what a step waits for; nothing where it may begin, or did. Time and a yes first: they cost nothing.

    Raises UsageError where nobody can be asked.
    """
    if step.before:
        return []
    return rollout.waits_for(fleet, found, step, at, yes=yes) or [*_of_those_who_have_it(fleet, found, ways)]


def _of_those_who_have_it(fleet: Fleet, found: Rollout, ways: Ways) -> Iterator[str]:
    """Yield what is not well in the step that was done last."""
    last = rollout.last_done(fleet, found)
    if last is None:
        return
    ring = rollout.ring_of(fleet, last.ring)
    if not (ring.health or ring.pipelines):
        return
    members = []
    for member in (one for one in fleet.members if one.ring == last.ring):
        try:
            present(fleet, member)
        except UsageError as error:
            yield f"{member.name} cannot be looked at: {without_contents(str(error))}"
            continue
        if last.environment in releases(fleet, member):
            members.append(member)
    yield from _asked(
        fleet, members, HealthQuestion(ring.health, found.release, last.environment, ways.health), ring.pipelines
    )


def _asked(fleet: Fleet, members: list[Member], question: HealthQuestion, pipelines: bool) -> Iterator[str]:
    if pipelines:
        yield from not_green(fleet, members)
    if question.by:
        yield from unwell(fleet, members, question)
