"""What visitors come in by: the Ingresses of an ingress controller, and the HTTPRoutes of a Gateway.

Source: https://gateway-api.sigs.k8s.io/reference/spec/. A route that only sends on to another address, as one from HTTP
to HTTPS does, answers nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from signalen_toolkit.documents.data import Map, Place, listed, mapping, maps, text
from signalen_toolkit.kubernetes.cluster import Cluster, group_of
from signalen_toolkit.kubernetes.model import Object

GATEWAY: Final = "gateway.networking.k8s.io"
_INGRESS: Final = ("networking.k8s.io", "Ingress")
_ROUTE: Final = (GATEWAY, "HTTPRoute")


@dataclass(frozen=True, slots=True)
class Backend:
    """Where traffic is sent: a Service and its port, by number or by name. `path` leads to it from the object."""

    path: Place
    service: str
    namespace: str
    port: Map = field(hash=False)


def kind_of(obj: Object) -> Literal["ingress", "route", ""]:
    """Tell what visitors come in by: an Ingress, a route of a Gateway, or neither."""
    found = (group_of(obj.api_version), obj.kind)
    return "ingress" if found == _INGRESS else "route" if found == _ROUTE else ""


def ingresses(cluster: Cluster) -> list[Object]:
    """Return the Ingresses."""
    return list(cluster.of_kind(*_INGRESS))


def routes(cluster: Cluster) -> list[Object]:
    """Return the HTTPRoutes that answer."""
    return [obj for obj in cluster.of_kind(*_ROUTE) if answers(obj)]


def answers(obj: Object) -> bool:
    """Tell whether an object sends visitors to a Service."""
    return any(True for _ in backends(obj))


def hosts(obj: Object) -> list[tuple[Place, str]]:
    """Return the hosts that an object is for, each with the path to what says so; an empty one is every host."""
    match kind_of(obj):
        case "ingress":
            return [(path, text(rule, "host")) for path, rule in maps(obj.data, "spec", "rules")]
        case "route" if answers(obj):
            named = listed(obj.data, "spec", "hostnames")
            return [(("spec", "hostnames", at), str(host)) for at, host in enumerate(named)] or [(("spec",), "")]
    return []


def backends(obj: Object) -> Iterator[Backend]:
    """Yield where an object sends its traffic, as far as that are Services."""
    match kind_of(obj):
        case "ingress":
            for path, backend in _of_ingress(obj):
                service = mapping(backend, "service")
                if text(service, "name"):
                    yield Backend((*path, "service"), text(service, "name"), "", mapping(service, "port"))
        case "route":
            for rule_path, rule in maps(obj.data, "spec", "rules"):
                for path, one in maps(rule, "backendRefs"):
                    if (text(one, "kind") or "Service") == "Service" and not text(one, "group") and text(one, "name"):
                        port = {"number": one["port"]} if "port" in one else {}
                        yield Backend((*rule_path, *path), text(one, "name"), text(one, "namespace"), port)


def ways(obj: Object, others: Sequence[Object] = ()) -> list[str]:
    """Return who listens for an object, in words: the class of an Ingress, or the Gateways of a route.

    `others` are objects among which a set of listeners is looked for, for it is of a Gateway too.
    """
    match kind_of(obj):
        case "ingress":
            return [f"the ingress class '{text(obj.data, 'spec', 'ingressClassName')}'"]
        case "route":
            return [_gateway(one, obj.namespace, others) for _, one in maps(obj.data, "spec", "parentRefs")]
    return []


def _gateway(parent: Map, namespace: str, others: Sequence[Object]) -> str:
    kind, name = text(parent, "kind") or "Gateway", text(parent, "name")
    namespace = text(parent, "namespace") or namespace
    for one in others:
        if kind == one.kind == "ListenerSet" and (one.namespace, one.name) == (namespace, name):
            return _gateway(mapping(one.data, "spec", "parentRef"), namespace, ())
    return f"the {kind} '{namespace}/{name}'"


def _of_ingress(obj: Object) -> Iterator[tuple[Place, Map]]:
    yield ("spec", "defaultBackend"), mapping(obj.data, "spec", "defaultBackend")
    for rule_path, rule in maps(obj.data, "spec", "rules"):
        for path, one in maps(rule, "http", "paths"):
            yield (*rule_path, *path, "backend"), mapping(one, "backend")
