"""What Argo CD says of an environment, read with kubectl: synced and healthy, at the very commit and chart.

https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ and the ApplicationStatus of its API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from signalen_toolkit.documents.data import mapping, maps, text, texts
from signalen_toolkit.fleet.gates.delivered import Delivered, live
from signalen_toolkit.kubernetes.kubectl import Kubectl
from signalen_toolkit.kubernetes.model import Object

GROUP: Final = "argoproj.io"
_BUSY: Final = ("Running", "Terminating")


def complaints(there: Delivered, cluster: Kubectl) -> Iterator[str]:
    """Yield what is not as it has to be. Raises UsageError where no cluster answers, NotPermittedError."""
    applications = there.of(GROUP, "Application")
    if not applications:
        yield f"clusters/{there.environment} has nothing of Argo CD: it is delivered in another way"
        return
    for one, found in live(cluster, applications, f"applications.{GROUP}"):
        said = "is not there" if found is None else _not_well(found) or _other_revision(one, found, there)
        if said:
            yield f"Application {one.name}: {said}"


def sources(data: Any) -> list[Any]:
    """Return the sources of an Application, of which there may be one or several."""
    spec = mapping(data, "spec")
    return [one for _, one in maps(spec, "sources")] or [mapping(spec, "source")]


def _not_well(found: dict[str, Any]) -> str:
    status = mapping(found, "status")
    health, sync = text(status, "health", "status"), text(status, "sync", "status")
    phase = text(status, "operationState", "phase")
    if sync != "Synced":
        return f"is {sync or 'of no known state'}, and not Synced"
    if health != "Healthy":
        return f"is {health or 'of no known health'}: {text(status, 'health', 'message') or 'see Argo CD'}"
    if phase in _BUSY:
        return "is being synced"
    return "" if phase in ("Succeeded", "") else f"was not synced: {text(status, 'operationState', 'message')}"


def _other_revision(one: Object, found: dict[str, Any], there: Delivered) -> str:
    """Compare what each source was synced to with the chart or the commit that the tree has."""
    sync = mapping(found, "status", "sync")
    revisions = texts(sync, "revisions") or [text(sync, "revision")]
    wanted = sources(one.data)
    if len(revisions) != len(wanted):
        return "has another number of sources than it is to have"
    for source, has in zip(wanted, revisions, strict=True):
        if text(source, "chart") and has != text(source, "targetRevision"):
            return f"has chart version {has or 'unknown'}, and is to have {text(source, 'targetRevision')}"
        if not text(source, "chart") and (said := there.lacks(has)):
            return said
    return ""
