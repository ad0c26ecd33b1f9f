"""All checks on the objects of one environment: the one entry for `signalen verify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from signalen_toolkit.kubernetes import selectors
from signalen_toolkit.kubernetes.checks import (
    argocd_permissions,
    hosts,
    images,
    names,
    network_policies,
    pod_references,
    references,
    schemas,
    values,
    workloads,
)
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.pod_security import baseline as pod_security
from signalen_toolkit.kubernetes.schemas import api_versions
from signalen_toolkit.verify.signalen import amsterdam, backend, frontend_config, passwords, services

# A new subject is a module with `check` and `REASONS`, and a line here.
_MODULES: Final = (
    schemas,
    api_versions,
    names,
    values,
    references,
    pod_references,
    selectors,
    hosts,
    network_policies,
    argocd_permissions,
    workloads,
    images,
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
        (one.object, one.rule, one.path, one.message): one for module in _MODULES for one in module.check(together)
    }
    order = {obj: index for index, obj in enumerate(together.objects)}
    return sorted(found.values(), key=lambda one: (order[one.object], one.path, one.rule, one.message))
