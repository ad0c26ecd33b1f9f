"""What the checks need to know of an environment, from its form and the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.needed_secrets import needed_in
from signalen_toolkit.kubernetes.context import Context

AMSTERDAM: Final = "amsterdam"  # the trait of the municipality whose defaults upstream has
_AMSTERDAM: Final = "GM0363"


def context_of(
    environment: Environment,
    values: Mapping[str, Mapping[str, Any]],
    schemas: Path | None = None,
) -> Context:
    """Return the context of an environment; `values` are the Helm values of its releases by component.

    A Secret or a key with a condition counts where the values meet it.
    """
    settings, cluster, storage = environment.settings, environment.settings["cluster"], environment.settings["storage"]
    found = municipality_of(settings["municipality"])
    secrets: dict[str, frozenset[str]] = {}
    homes: dict[str, str] = {}
    same: dict[str, str] = {}
    for secret in needed_in(environment, values):
        secrets[secret.name] = frozenset(one.key.name for one in secret.keys)
        homes[secret.name] = secret.namespace
        same |= {one.path: one.key.same_as for one in secret.keys if one.key.same_as}
    return Context(
        namespace=environment.namespace,
        ingress_namespace=str(cluster.get("ingressNamespace", "")),
        gateway_namespace=str(cluster["gateway"].get("podsNamespace", "")),
        namespaces=frozenset(environment.namespaces[component.name] for component in environment.components),
        hosts=environment.hosts,
        kubernetes_version=str(cluster.get("kubernetesVersion", "")),
        pod_security=str(cluster.get("podSecurity", "baseline")),
        secrets=secrets,
        secret_namespaces=homes,
        same_as=same,
        traits=frozenset({AMSTERDAM} if found is not None and found.code == _AMSTERDAM else ()),
        claims=frozenset(
            str(volume["existingClaim"])
            for volume in (storage.get("media", {}), storage.get("exports", {}), settings["classification"])
            if volume.get("existingClaim")
        ),
        services=frozenset(
            str(settings[service].get("host", "")).partition(":")[0].partition(".")[0]
            for service in ("database", "queue", "search")
            if "operatorNamespace" in settings[service] or _may_have(settings, service)
        ),
        app_versions={
            component.name: component.app_version(environment.version) for component in environment.components
        },
        registry=str(settings["images"]["registry"]),
        pull_secrets=frozenset(map(str, settings["images"]["pullSecrets"])),
        schemas=schemas,
    )


def _may_have(settings: Mapping[str, Any], service: str) -> bool:
    """Tell whether a managed service may be there beside the repository: of a name for it, `check` warns."""
    return settings[service]["provider"] == "managed" and not settings["sync"]["manifests"]
