"""All checks on the objects of one environment: the one entry for `signalen verify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from toolkit.objects import (
    Finding,
    Object,
    amsterdam,
    api_versions,
    backend,
    frontend_config,
    hosts,
    identity,
    network,
    passwords,
    permissions,
    pod_references,
    pod_security,
    references,
    schemas,
    selectors,
    services,
    workloads,
)
from toolkit.objects.cluster import cluster
from toolkit.objects.context import Context

# A new subject is a module with `check` and `REASONS`, and a line here.
_MODULES: Final = (
    schemas,
    api_versions,
    identity,
    references,
    pod_references,
    selectors,
    hosts,
    network,
    permissions,
    workloads,
    pod_security,
    passwords,
    frontend_config,
    backend,
    services,
    amsterdam,
)
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    dict(sorted((rule, reason) for module in _MODULES for rule, reason in module.REASONS.items()))
)


def check_objects(objects: Sequence[Object], context: Context) -> list[Finding]:
    """Return what is wrong with the objects of one environment, in the order of the objects.

    An object may hold anything anywhere. Raises UsageError where the schemas of Kubernetes are missing.
    """
    together = cluster(objects, context)
    found = {
        (id(one.object), one.rule, one.path, one.message): one for module in _MODULES for one in module.check(together)
    }
    order = {id(obj): index for index, obj in enumerate(together.objects)}
    return sorted(found.values(), key=lambda one: (order[id(one.object)], one.path, one.rule, one.message))
