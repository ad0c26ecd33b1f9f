"""The namespaces of an environment, and what its objects are: what a namespace is told, and what a project permits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from signalen_toolkit.catalog.model import COMMON_KINDS, Kind
from signalen_toolkit.documents import machine
from signalen_toolkit.form.config import Environment
from signalen_toolkit.rendering.flows import Surroundings

_LEVELS: Final = ("restricted", "baseline", "privileged")


def places(environment: Environment, metadata: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """List the namespaces of an environment, its own first, each with the strictest level that all in it can keep to.

    `metadata` is what components want namespaces to carry: by namespace, `labels` and `annotations`.
    """
    levels = {environment.namespace: [str(environment.settings["cluster"]["podSecurity"])]}
    hosts = {environment.namespaces[one.name] for one in environment.components if one.host is not None}
    for component in environment.components:
        if component.namespace:
            levels.setdefault(environment.namespaces[component.name], []).append(component.namespace.pod_security)
    wanted = [one for about in metadata for one in about.items()]
    return [
        {
            "name": name,
            "podSecurity": max(found, key=_LEVELS.index),
            "hosts": name in hosts,
            **{
                part: {key: value for place, one in wanted if place == name for key, value in one.get(part, {}).items()}
                for part in ("labels", "annotations")
            },
        }
        for name, found in levels.items()
    ]


def surroundings(environment: Environment) -> Surroundings:
    """Return what is there beside the pods of an environment, as its form tells."""
    settings, cluster = environment.settings, environment.settings["cluster"]
    network, dns = settings["network"], settings["network"]["dns"]
    neighbours = {
        "cert-manager": cluster["certManagerNamespace"],
        "delivery": settings["sync"]["namespace"],
        "dns": dns["namespace"],
    }
    neighbours |= environment.entrances
    for service in ("database", "queue", "search"):
        if "operatorNamespace" in settings[service]:
            neighbours[f"{service}-operator"] = settings[service]["operatorNamespace"]
    if cluster["stacks"]["metrics"]:
        neighbours["metrics"] = cluster["stacks"]["namespace"]
    # What a cluster has once is asked by the proxies of its tenants.
    neighbours |= {f"tenant-{name}": name for name in settings.get("tenants", {}).get("meshed", ())}
    return Surroundings(environment.namespace, neighbours, network["outside"], dns["ports"], dns["networks"])


def needs_definition(environment: Environment, text: str) -> bool:
    """Tell whether a manifest has an object of a kind that a chart of the environment brings along."""
    defined = {group for component in environment.components for group in component.definitions}
    return bool(defined) and any(kind.group in defined for kind, _ in _objects(text))


def permissions(environment: Environment, manifests: Mapping[str, str]) -> dict[str, Any]:
    """Return which kinds of objects an environment has, and in which namespaces: what a project of Argo CD permits."""
    own = {one for text in manifests.values() for one in _objects(text)}
    cluster = {Kind("", "Namespace"), *(kind for kind, namespace in own if not namespace)}
    namespaced = {*COMMON_KINDS, *(kind for kind, namespace in own if namespace)}
    spots = {environment.namespace, *(namespace for _, namespace in own if namespace)}
    for component in environment.components:
        cluster |= {*component.cluster_kinds}
        namespaced |= {*component.namespaced_kinds}
        spots |= {environment.namespaces[component.name], *component.also_in}
    return {
        "clusterKinds": [kind._asdict() for kind in sorted(cluster)],
        "namespacedKinds": [kind._asdict() for kind in sorted(namespaced)],
        "namespaces": sorted(spots),
    }


@lru_cache(maxsize=512)  # each is asked about twice, and of many environments most are the same
def _objects(text: str) -> frozenset[tuple[Kind, str]]:
    """Return the kinds of objects in a manifest, each with the namespace that it names."""
    return frozenset(
        (Kind(str(one["apiVersion"]).rpartition("/")[0], str(one["kind"])), str(one["metadata"].get("namespace", "")))
        for one in machine.shared_all(text)
    )
