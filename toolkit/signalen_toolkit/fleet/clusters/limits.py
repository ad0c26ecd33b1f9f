"""How much of a cluster a tenant may use: what its pods ask for, so many times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.volumes import volumes
from signalen_toolkit.kubernetes.quantity import amount

# For what runs now and then beside that: jobs, hooks of charts, and whatever has no requests of its own.
_BESIDE: Final = {"requests.cpu": "500m", "requests.memory": "1Gi", "limits.memory": "2Gi", "pods": "10"}
_GIBI: Final = Decimal(2**30)


def asked(environment: Environment) -> dict[str, dict[str, str]]:
    """Return what the workloads of an environment ask for, by namespace and by what a ResourceQuota calls it.

    Counted in cores, bytes and pods.
    """
    found: dict[str, dict[str, Decimal]] = {}
    for component in environment.components:
        sums = found.setdefault(environment.namespaces[component.name], {key: _of(_BESIDE[key]) for key in _BESIDE})
        for workload in component.workloads:
            pods = Decimal(int(environment.settings["replicas"].get(workload.name, 1)))
            wanted = environment.settings["resources"].get(workload.name, {})
            sums["pods"] += pods
            sums["requests.cpu"] += pods * _of(at(wanted, "requests", "cpu"))
            sums["requests.memory"] += pods * _of(at(wanted, "requests", "memory"))
            sums["limits.memory"] += pods * _of(at(wanted, "limits", "memory") or at(wanted, "requests", "memory"))
    storage = sum((_of(size) for size in volumes(environment).values()), Decimal())
    if not environment.settings["sync"]["manifests"]:  # what a person puts beside it may have volumes of its own
        found.setdefault(environment.namespace, {})["requests.storage"] = storage
    return {name: {what: str(number) for what, number in sums.items()} for name, sums in found.items()}


def with_proxies(asks: Mapping[str, str], proxy: Mapping[str, Any]) -> dict[str, str]:
    """Return what a namespace asks for where each of its pods has a proxy beside it; `proxy` are its resources."""
    pods = Decimal(asks.get("pods", "0"))
    own = {"requests.cpu": at(proxy, "requests", "cpu"), "requests.memory": at(proxy, "requests", "memory")}
    own["limits.memory"] = at(proxy, "limits", "memory") or own["requests.memory"]
    more = {what: str(Decimal(asks.get(what, "0")) + pods * _of(amount_)) for what, amount_ in own.items()}
    return {**asks, **more}


def quota(asked_for: Mapping[str, str], headroom: float, own: Mapping[str, str], *, balancers: int) -> dict[str, str]:
    """Return the hard limits of a ResourceQuota for one namespace.

    `own` are limits that somebody chose, which count more. `balancers` are the Services of type LoadBalancer that the
    tenant may have: what comes in from outside comes in by what the cluster has once.
    """
    factor = Decimal(str(headroom))
    limits = {what: _written(what, Decimal(number) * factor) for what, number in asked_for.items()}
    limits |= {"services.loadbalancers": str(balancers), "services.nodeports": str(balancers)}
    return dict(sorted({**limits, **own}.items()))


def _written(what: str, number: Decimal) -> str:
    """Write a sum as a person reads it: whole pods and gibibytes, cores by the tenth."""
    if what == "pods":
        return str(math.ceil(number))
    if what.endswith(".cpu"):
        return f"{math.ceil(number * 10) * 100}m"
    return f"{math.ceil(number / _GIBI)}Gi"


def _of(quantity: Any) -> Decimal:
    return amount(quantity) or Decimal()
