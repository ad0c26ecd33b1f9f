"""NetworkPolicies, evaluated: who reaches whom, and what a policy cuts off that has to be reached.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/. Pods that no policy selects are open;
those that one selects take, or send, what the policies together allow and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from signalen_toolkit.documents.data import Map, at, listed, mapping, maps, place, text, texts
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.entrances import backends, ingresses, routes
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.selectors import fits, selected

REASONS: Final[Mapping[str, str]] = {
    "network-blocked": "what the ingress controller or the Gateway cannot reach answers nobody",
}

_GROUP: Final = "networking.k8s.io"
_NAME: Final = "kubernetes.io/metadata.name"
Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection: a pod in a namespace with its labels, or an address that is no pod's.

    `ports` are the container ports by name, for policies that name a port.
    """

    namespace: str = ""
    labels: Map = field(default_factory=dict, hash=False)
    namespace_labels: Map = field(default_factory=dict, hash=False)
    ports: Mapping[str, int] = field(default_factory=dict, hash=False)
    address: str = ""


def end_of(cluster: Cluster, pod: Pod) -> End:
    """Return a pod of the environment as an end of connections."""
    namespace = cluster.find("", "Namespace", "", pod.namespace)
    labels = {**(mapping(namespace.data, "metadata", "labels") if namespace else {}), _NAME: pod.namespace}
    ports = {
        text(port, "name"): port["containerPort"]
        for container in pod.containers()
        for _, port in maps(container.data, "ports")
        if text(port, "name") and isinstance(port.get("containerPort"), int)
    }
    return End(pod.namespace, pod.labels, labels, ports)


def elsewhere(namespace: str, labels: Map | None = None) -> End:
    """Return a pod in a namespace that is not the environment's, of which not more is known."""
    return End(namespace, labels or {}, {_NAME: namespace})


def connects(cluster: Cluster, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Tell whether policies let a connection through: out of the one end, and into the other."""
    return _allows(cluster, "egress", source, target, target, port, protocol) and _allows(
        cluster, "ingress", target, source, target, port, protocol
    )


def directions(policy: Object) -> list[str]:
    """Return which ways a policy is about. It may leave that out; `ingress` is then always one of them."""
    spec = mapping(policy.data, "spec")
    types = texts(spec, "policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return [one.lower() for one in types]


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report Ingresses and routes of which the pods do not take what the ingress controller or the Gateway sends."""
    context = cluster.context
    controller = "name the namespace of the ingress controller in 'cluster.ingressNamespace'"
    gateway = "name the namespace in which the pods of the Gateway run in 'cluster.gateway.podsNamespace'"
    for obj in ingresses(cluster) if context.ingress_namespace else ():
        yield from _blocked(cluster, obj, context.ingress_namespace, controller)
    for obj in routes(cluster) if context.gateway_namespace else ():
        yield from _blocked(cluster, obj, context.gateway_namespace, gateway)


def _blocked(cluster: Cluster, obj: Object, source: str, hint: str) -> Iterator[Finding]:
    for one in backends(obj):
        service = cluster.find("", "Service", one.namespace or cluster.namespace(obj), one.service)
        for pod, port in _targets(cluster, service, one.port) if service else ():
            if not connects(cluster, elsewhere(source), end_of(cluster, pod), port):
                message = f"the network policies keep the namespace '{source}' from port {port} of {pod.object.title}"
                yield Finding("network-blocked", message, obj, place(*one.path), hint)


def _targets(cluster: Cluster, service: Object, wanted: Map) -> Iterator[tuple[Pod, int]]:
    """Yield the pods behind a port of a Service, with the port of the container."""
    for _, port in maps(service.data, "spec", "ports"):
        if wanted.get("number") == port.get("port") or (wanted.get("name") and wanted.get("name") == port.get("name")):
            for pod in selected(cluster, service):
                target = port.get("targetPort", port.get("port"))
                number = end_of(cluster, pod).ports.get(target) if isinstance(target, str) else target
                if isinstance(number, int):
                    yield pod, number


def _allows(
    cluster: Cluster, direction: Direction, owner: End, other: End, target: End, port: int, protocol: str
) -> bool:
    """Tell whether the policies of one end allow the other end, at a port of the target."""
    if owner.address:
        return True
    policies = cluster.of_kind(_GROUP, "NetworkPolicy")
    own = [policy for policy in policies if _selects(cluster, policy, direction, owner)]
    return not own or any(
        _rule_allows(cluster.namespace(policy), rule, direction, other, target, port, protocol)
        for policy in own
        for _, rule in maps(policy.data, "spec", direction)
    )


def _selects(cluster: Cluster, policy: Object, direction: Direction, owner: End) -> bool:
    return (
        cluster.namespace(policy) == owner.namespace
        and direction in directions(policy)
        and fits(mapping(policy.data, "spec", "podSelector"), owner.labels)
    )


def _rule_allows(
    namespace: str, rule: Map, direction: Direction, other: End, target: End, port: int, protocol: str
) -> bool:
    peers = listed(rule, "from" if direction == "ingress" else "to")
    ports = listed(rule, "ports")
    return (not peers or any(_is_peer(peer, namespace, other) for peer in peers)) and (
        not ports or any(_is_port(one, target, port, protocol) for one in ports)
    )


def _is_peer(peer: object, namespace: str, other: End) -> bool:
    block = mapping(peer, "ipBlock")
    if block:
        return bool(other.address) and _in(other.address, text(block, "cidr"), *texts(block, "except"))
    if other.address:
        return False
    # A selector that is there and empty selects all; one that is not there, the policy's own namespace and all pods.
    there = at(peer, "namespaceSelector")
    own = other.namespace == namespace if there is None else fits(mapping(there), other.namespace_labels)
    return own and fits(mapping(peer, "podSelector"), other.labels)


def _is_port(one: object, target: End, port: int, protocol: str) -> bool:
    named = at(one, "port")
    first = target.ports.get(named) if isinstance(named, str) else named
    last = at(one, "endPort") or first
    inside = named is None or (isinstance(first, int) and isinstance(last, int) and first <= port <= last)
    return inside and (text(one, "protocol") or "TCP") == protocol


@cache
def _in(address: str, network: str, *exceptions: str) -> bool:
    found = ip_address(address)
    networks = [ip_network(one, strict=False) for one in (network, *exceptions)]
    return found in networks[0] and not any(found in one for one in networks[1:])
