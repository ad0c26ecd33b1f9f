"""Whether what runs of a ring is healthy, by whom `fleet.yaml` names for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base import processes
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.processes import TooMuchError, TooSlowError
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.clusters import placement
from signalen_toolkit.fleet.clusters.placement import SharedCluster
from signalen_toolkit.fleet.gates import argocd, flux, statuses
from signalen_toolkit.fleet.gates.delivered import Delivered, delivered
from signalen_toolkit.fleet.listing import PROGRAM, Fleet, Member
from signalen_toolkit.kubernetes import kubectl
from signalen_toolkit.kubernetes.kubectl import Kubectl, NotPermittedError

_SECONDS: Final = 120.0  # for one question to a program
_LARGEST: Final = 2**20
_AT_ONCE: Final = 8  # clusters that are asked
_BY_CLUSTER: Final[Mapping[str, Callable[[Delivered, Kubectl], Iterator[str]]]] = {
    "flux": flux.complaints,
    "argocd": argocd.complaints,
}


@dataclass(frozen=True, slots=True)
class HealthQuestion:
    """Who is asked whether a release runs well in an environment; `program` is that of `health: true`."""

    by: str
    release: str
    environment: str
    program: str = ""


def unwell(fleet: Fleet, members: Sequence[Member], question: HealthQuestion) -> Iterator[str]:
    """Yield who is not healthy, and why.

    Raises UsageError where nobody can be asked at all: a program is not named, or kubectl is missing; ProblemsError
    where `clusters.yaml` is wrong.
    """
    if not members:
        return
    if question.by == PROGRAM and not question.program:
        raise UsageError("what runs has to be healthy, and nobody knows: name a program that tells it with --health")
    homes: Sequence[SharedCluster] = ()
    if question.by in _BY_CLUSTER:
        kubectl.find(variables())
        homes = placement.read(fleet, catalog()).clusters if placement.is_there(fleet.root) else ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda one: _asked(fleet, one, question, homes), members)
        for member, complaint in zip(members, found, strict=True):
            if complaint:
                yield f"{question.environment} of {member.name} is not healthy: {complaint}"


def _asked(fleet: Fleet, member: Member, question: HealthQuestion, homes: Sequence[SharedCluster]) -> str:
    """Return the first complaint about a municipality; what cannot be known is one."""
    try:
        if question.by == PROGRAM:
            return _complaint(question, member, fleet.folder(member).resolve(), fleet.root)
        there = delivered(fleet, member, question.environment)
        if question.by in _BY_CLUSTER:
            given = variables()
            cluster = Kubectl(kubectl.find(given), given, context_of(fleet, member, question.environment, homes))
            return next(_BY_CLUSTER[question.by](there, cluster), "")
        return next(statuses.complaints(there), "")
    except UsageError as error:
        return without_contents(str(error))
    except NotPermittedError as error:
        return f"nobody knows, for this may not be asked: {error.asked}"


def context_of(fleet: Fleet, member: Member, environment: str, homes: Sequence[SharedCluster]) -> str:
    """Return the context of kubectl for an environment: the municipality's own, that of its cluster, or as for all."""
    shared = (one.context for one in homes if one.context and one.has(member.name, environment))
    pattern = member.context or next(shared, fleet.context)
    return pattern.replace("{municipality}", member.name).replace("{environment}", environment)


def _complaint(question: HealthQuestion, member: Member, folder: Path, root: Path) -> str:
    """Return what a program says of health where it does not say that all is well (exit code 0)."""
    program = question.program
    told = {
        "SIGNALEN_MUNICIPALITY": member.name,
        "SIGNALEN_ENVIRONMENT": question.environment,
        "SIGNALEN_RELEASE": question.release,
        "SIGNALEN_FOLDER": str(folder),
    }
    try:
        done = processes.run(
            [program], environment={**variables(), **told}, folder=root, timeout=_SECONDS, limit=_LARGEST
        )
    except TooSlowError:
        return f"{program} did not answer in {_SECONDS:.0f} seconds"
    except TooMuchError:
        return f"{program} said too much"
    if done.code == 0:
        return ""
    said = (done.output + done.errors).decode(errors="replace").strip().splitlines()
    return said[0] if said else f"{program} ended with {done.code}"
