"""What the checks need to know of an environment that its objects do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signalen_toolkit.form.config import Environment, municipality_of
from signalen_toolkit.form.needed_secrets import needed_in

_AMSTERDAM = "GM0363"


@dataclass(frozen=True, slots=True)
class Context:
    """One environment, as its form and the catalog have it.

    `namespace` is that of the environment itself, `namespaces` are all of those in which its components are installed,
    `ingress_namespace` is that of the ingress controller. `hosts` and `app_versions` are by component. `secrets` are
    the Secrets that a person makes, with their keys; `secret_namespaces` says where each is, if not in the namespace of
    the environment, and `same_as` which of them hold one value, both as `<secret>/<key>`. `claims` are the volumes that
    the form names and that are there already. `schemas` is a folder with schemas of custom resources, laid out as
    `<group>/<kind>_<version>.json`.
    """

    namespace: str
    namespaces: frozenset[str] = frozenset()
    ingress_namespace: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    kubernetes_version: str = ""
    pod_security: str = "baseline"
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    secret_namespaces: Mapping[str, str] = field(default_factory=dict)
    same_as: Mapping[str, str] = field(default_factory=dict)
    is_amsterdam: bool = False
    claims: frozenset[str] = frozenset()
    app_versions: Mapping[str, str] = field(default_factory=dict)
    schemas: Path | None = None

    def owns(self, namespace: str) -> bool:
        """Tell whether a namespace is the environment's: all that is in it is known here."""
        return namespace == self.namespace or namespace in self.namespaces


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
        namespaces=frozenset(environment.namespaces[component.name] for component in environment.components),
        hosts=environment.hosts,
        kubernetes_version=str(cluster.get("kubernetesVersion", "")),
        pod_security=str(cluster.get("podSecurity", "baseline")),
        secrets=secrets,
        secret_namespaces=homes,
        same_as=same,
        is_amsterdam=found is not None and found.code == _AMSTERDAM,
        claims=frozenset(
            str(storage[volume]["existingClaim"])
            for volume in ("media", "exports")
            if storage.get(volume, {}).get("existingClaim")
        ),
        app_versions={
            component.name: component.app_version(environment.version) for component in environment.components
        },
        schemas=schemas,
    )
