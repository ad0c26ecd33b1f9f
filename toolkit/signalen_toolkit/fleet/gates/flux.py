"""What Flux says of an environment, read with kubectl: ready, and with the very commit and the very charts.

https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status and
https://fluxcd.io/flux/components/helm/helmreleases/#helmrelease-status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from signalen_toolkit.documents.data import at, mapping, maps, text
from signalen_toolkit.fleet.gates.delivered import Delivered, condition, live
from signalen_toolkit.kubernetes.kubectl import Kubectl
from signalen_toolkit.kubernetes.model import Object

_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
_HELM: Final = "helm.toolkit.fluxcd.io"
_REVISION: Final = re.compile(r"(?:.*@)?sha(?:1|256):([0-9a-f]{40,64})")  # main@sha1:<commit>


def complaints(there: Delivered, cluster: Kubectl) -> Iterator[str]:
    """Yield what is not as it has to be. Raises UsageError where no cluster answers, NotPermittedError."""
    kustomizations, releases = there.of(_KUSTOMIZE, "Kustomization"), there.of(_HELM, "HelmRelease")
    if not kustomizations or not releases:
        yield f"clusters/{there.environment} has nothing of Flux: it is delivered in another way"
        return
    for one, found in live(cluster, kustomizations, f"kustomizations.{_KUSTOMIZE}"):
        if found is None:
            yield f"there is no Kustomization {one.namespace}/{one.name}"
            continue
        revision = _REVISION.fullmatch(text(found, "status", "lastAppliedRevision"))
        said = _not_ready(found) or there.lacks(revision[1] if revision else "")
        if said:
            yield f"Kustomization {one.name}: {said}"
    for one, found in live(cluster, releases, f"helmreleases.{_HELM}"):
        said = "is not there" if found is None else _not_ready(found) or _other_chart(one, found)
        if said:
            yield f"HelmRelease {one.name}: {said}"


def _not_ready(found: dict[str, Any]) -> str:
    if mapping(found, "spec").get("suspend") is True:
        return "is suspended"
    if at(found, "metadata", "generation") != at(found, "status", "observedGeneration"):
        return "changed, and Flux has not looked at it since"
    ready = condition(found, "Ready")
    if ready.get("status") == "True":
        return ""
    return str(ready.get("message") or ready.get("reason") or "is not ready")


def _other_chart(one: Object, found: dict[str, Any]) -> str:
    """Say whether what was deployed last is another version of the chart than the tree has."""
    wanted = text(one.data, "spec", "chart", "spec", "version")
    _, newest = next(iter(maps(mapping(found, "status"), "history")), ((), {}))
    has, state = text(newest, "chartVersion"), text(newest, "status")
    if has != wanted:
        return f"has chart version {has or 'unknown'}, and is to have {wanted}"
    return "" if state == "deployed" else f"is {state or 'in no known state'}"
