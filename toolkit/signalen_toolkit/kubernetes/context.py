"""What the checks need to know of an environment that its objects do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """One environment, as whoever installs it has it.

    `namespace` is that of the environment itself, `namespaces` are all of those in which its components are installed,
    `ingress_namespace` is that of the ingress controller, and `gateway_namespace` that of the pods of the Gateway, if
    there are any. `hosts` and `app_versions` are by component. `secrets` are the Secrets that a person makes, with
    their keys; `secret_namespaces` says where each is, if not in the namespace of the environment, and `same_as` which
    of them hold one value, both as `<secret>/<key>`. `claims` are the volumes that are there already, `services` the
    Services in the namespace of the environment that an operator makes, or that may be there already. `traits` are what
    else holds of it, for checks of particular applications. `registry` is where all images come from, and
    `pull_secrets` are what they are fetched with, both empty for any. `schemas` is a folder with schemas of custom
    resources, laid out as `<group>/<kind>_<version>.json`.
    """

    namespace: str
    namespaces: frozenset[str] = frozenset()
    ingress_namespace: str = ""
    gateway_namespace: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    kubernetes_version: str = ""
    pod_security: str = "baseline"
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    secret_namespaces: Mapping[str, str] = field(default_factory=dict)
    same_as: Mapping[str, str] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    app_versions: Mapping[str, str] = field(default_factory=dict)
    registry: str = ""
    pull_secrets: frozenset[str] = frozenset()
    schemas: Path | None = None

    def owns(self, namespace: str) -> bool:
        """Tell whether a namespace is the environment's: all that is in it is known here."""
        return namespace == self.namespace or namespace in self.namespaces
