"""How traffic gets to pods: NetworkPolicies that close first, and one way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.documents.data import Place, listed, mapping, maps, place, text
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about, about_namespace, namespaces
from signalen_toolkit.kubernetes.checks.network_policies import directions
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.selectors import fits, is_empty, is_passing

_GROUP: Final = "networking.k8s.io"
_DIRECTIONS: Final = {"ingress": "inkomend", "egress": "uitgaand"}


def _default_deny(scene: Scene) -> Seen:
    names, gaps = namespaces(scene.cluster), list[Gap]()
    for name in names:
        closed = {
            direction
            for obj in scene.cluster.of_kind(_GROUP, "NetworkPolicy")
            if scene.cluster.namespace(obj) == name
            for direction in _closes(obj)
        }
        open_ = [word for direction, word in _DIRECTIONS.items() if direction not in closed]
        if open_:
            gaps.append(about_namespace(name, f"laat al het {' en '.join(open_)} verkeer toe"))
    return Seen(len(names), gaps)


def _closes(policy: Object) -> Iterator[str]:
    """Yield the directions in which a policy closes a namespace: for all pods, with no exception of its own."""
    if is_empty(mapping(policy.data, "spec", "podSelector")):
        yield from (one for one in directions(policy) if not listed(policy.data, "spec", one))


def _selects(scene: Scene) -> Seen:
    policies, gaps = list(scene.cluster.of_kind(_GROUP, "NetworkPolicy")), list[Gap]()
    for obj in policies:
        selector, namespace = mapping(obj.data, "spec", "podSelector"), scene.cluster.namespace(obj)
        found = any(pod.namespace == namespace and fits(selector, pod.labels) for pod in scene.cluster.pods)
        if not found and not is_passing(selector):
            gaps.append(about(scene, obj, "geldt voor geen enkele pod in haar namespace", ["spec.podSelector"]))
    return Seen(len(policies), gaps)


def _host_network(scene: Scene) -> Seen:
    gaps = list[Gap]()
    for pod in scene.cluster.pods:
        if pod.spec.get("hostNetwork"):
            gaps.append(about(scene, pod.object, "gebruikt het netwerk van de node", [place(*pod.path, "hostNetwork")]))
        taken: list[Place] = [
            (*container.path, *path, "hostPort")
            for container in pod.containers()
            for path, port in maps(container.data, "ports")
            if port.get("hostPort")
        ]
        if taken:
            gaps.append(about(scene, pod.object, "gebruikt een poort van de node", (place(*path) for path in taken)))
    return Seen(len(scene.cluster.pods), gaps)


def _exposure(scene: Scene) -> Seen:
    services = list(scene.cluster.of_kind("", "Service"))
    return Seen(len(services), [about(scene, obj, f"is een {kind}", ["spec.type"]) for obj, kind in _exposed(services)])


def _exposed(services: list[Object]) -> Iterator[tuple[Object, str]]:
    for obj in services:
        kind = text(obj.data, "spec", "type")
        if kind in ("NodePort", "LoadBalancer"):
            yield obj, kind


POINTS: Final = (
    Point(
        "network-default-deny",
        "Elke namespace laat standaard geen verkeer toe, inkomend noch uitgaand",
        "zet 'network.policies' aan",
        _default_deny,
    ),
    Point(
        "network-policy-selects",
        "Elke NetworkPolicy geldt voor pods die er zijn",
        "maak de podSelector gelijk aan de labels van de pods, of haal de NetworkPolicy weg",
        _selects,
    ),
    Point(
        "no-host-network",
        "Geen pod gebruikt het netwerk of een poort van de node",
        "haal hostNetwork en hostPort weg: een Service maakt een pod bereikbaar",
        _host_network,
    ),
    Point(
        "service-exposure",
        "Verkeer komt alleen via de ingress binnen (geen NodePort, geen LoadBalancer)",
        "zet het type van de Service op ClusterIP",
        _exposure,
    ),
)
