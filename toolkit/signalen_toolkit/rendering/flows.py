"""Who talks to whom: what each component says of its own pods, put together for one environment.

A flow is written once, by the pods that accept it (`chart-templates/<component>/network.yaml.j2`), so what another may
send follows from it and the two sides cannot disagree. From the result come the NetworkPolicies, and the
authorization of a service mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import UsageError

Peer = dict[str, Any]

_DNS_PORT: Final = 53
_ANYWHERE: Final = ("0.0.0.0/0", "::/0")
# Here a cloud tells any pod that asks what the node may do.
_METADATA: Final = "169.254.169.254"
# By which of the neighbours visitors come in.
_INGRESS: Final = ("ingress", "gateway")
# Where the pods of an ingress controller or a Gateway listen for HTTPS; Envoy Gateway adds 10000 to a port below 1024.
_INGRESS_PORTS: Final = (443, 8443)
_GATEWAY_PORTS: Final = (443, 8443, 10443)
# What the API server listens on, before and behind its Service.
_API_PORTS: Final = (443, 6443)


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one workload: by which labels they are found, which ports they listen on for whom, where they go.

    Without labels they are all pods of their namespace, whatever component made them. `accepts` is by container port:
    names of other pods, or of known peers. `metrics` are the ports with measurements. `reaches` is what is outside:
    `dns`, `apiserver`, `web` (HTTPS), the number of a port, or a port of a neighbour, a namespace or the `nodes`.
    """

    name: str
    component: str
    namespace: str
    labels: Mapping[str, str]
    service_account: str = "default"
    accepts: Mapping[int, Sequence[str]] = field(default_factory=dict)
    metrics: Sequence[int] = ()
    reaches: Sequence[str | int | Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is there beside the pods: the namespaces of neighbours by name, and the networks that are outside.

    A neighbour is `dns`, `ingress` (the controller) or `gateway` (its pods), `delivery` (Flux or Argo CD),
    `cert-manager`, `database-operator`, `queue-operator` and `search-operator` where one runs that service, or, where
    the cluster has a shared Prometheus, `metrics`. `dns_ports` are those of the pods that answer, which need not be
    that of their Service, and `dns_networks` where nodes answer themselves (NodeLocal DNSCache). `scrapers` are the
    pods of the environment's own that take measurements.
    """

    namespace: str
    neighbours: Mapping[str, str]
    outside: Sequence[str]
    dns_ports: Sequence[int] = (53,)
    dns_networks: Sequence[str] = ()
    scrapers: Sequence[str] = ("prometheus",)


def pods_of(component: str, namespace: str, data: Mapping[str, Mapping[str, Any]]) -> Iterator[Pods]:
    """Yield the pods in a component's network.yaml."""
    for name, about in data.items():
        yield Pods(
            name,
            component,
            about.get("namespace", namespace),
            about["labels"],
            about.get("serviceAccount", "default"),
            about.get("accepts", {}),
            tuple(about.get("metrics", ())),
            tuple(about.get("reaches", ())),
        )


def flows(pods: Sequence[Pods], around: Surroundings) -> list[dict[str, Any]]:
    """Return what may come to each pods and go from it, as templates take it.

    A peer is a map with `name` and either `namespace` and `labels` (none: every pod there), or `networks`; `selectors`
    is the same as a NetworkPolicy says it. Pods that are not installed are left out of what another accepts.

    Raises UsageError where two components give one name to their pods: what a third accepts could be either.
    """
    known = _by_name(pods)
    incoming = {one.name: list(_incoming(one, known, around)) for one in pods}
    return [
        {
            **_peer(one),
            "component": one.component,
            "metrics": list(one.metrics),
            "ingress": incoming[one.name],
            "egress": [*_inside(one, known, incoming), *_outside(one, around)],
        }
        for one in pods
    ]


def _by_name(pods: Sequence[Pods]) -> dict[str, Pods]:
    known: dict[str, Pods] = {}
    for one in pods:
        other = known.setdefault(one.name, one)
        if other is not one:
            raise UsageError(
                f"the components {other.component} and {one.component} both have pods called '{one.name}' in their"
                " network.yaml.j2: give those of one of them another name"
            )
    return known


def _incoming(one: Pods, known: Mapping[str, Pods], around: Surroundings) -> Iterator[dict[str, Any]]:
    for port in sorted({*one.accepts, *one.metrics}):
        peers = [peer for name in _named(one.accepts.get(port, ())) if (peer := _source(name, known, around))]
        if port in one.metrics:
            peers += [_peer(known[name]) for name in around.scrapers if name in known]
            if "metrics" in around.neighbours:
                peers.append(_namespace("metrics", around.neighbours["metrics"]))
        if peers:
            yield {"port": port, "from": list({peer["name"]: peer for peer in peers}.values())}


def _named(names: Sequence[str]) -> Iterator[str]:
    """Yield names of peers; `ingress` is whatever visitors come in by."""
    for name in names:
        yield from _INGRESS if name == "ingress" else (name,)


def _source(name: str, known: Mapping[str, Pods], around: Surroundings) -> Peer | None:
    if name in around.neighbours:
        return _namespace(name, around.neighbours[name])
    match name:
        case "environment":
            return _namespace("environment", around.namespace)
        case "apiserver":
            # It calls webhooks from a node, whose address is not known here.
            return _networks("apiserver", _ANYWHERE)
    return _peer(known[name]) if name in known else None


def _inside(
    one: Pods, known: Mapping[str, Pods], incoming: Mapping[str, list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    for other in known.values():
        ports = [entry["port"] for entry in incoming[other.name] if any(_is(one, peer) for peer in entry["from"])]
        if ports:
            yield {"to": [_peer(other)], "ports": ports, "protocols": ["TCP"]}


def _outside(one: Pods, around: Surroundings) -> Iterator[dict[str, Any]]:
    outside = _networks("outside", around.outside)
    for target in one.reaches:
        match target:
            case "dns":
                yield from _dns(around)
            case "apiserver":
                yield {"to": [_networks("apiserver", _ANYWHERE)], "ports": list(_API_PORTS), "protocols": ["TCP"]}
            case "web":
                yield {"to": [outside], "ports": [443], "protocols": ["TCP"]}
                # A host of our own leads back to where visitors come in, without leaving the cluster.
                for name, ports in zip(_INGRESS, (_INGRESS_PORTS, _GATEWAY_PORTS), strict=True):
                    if name in around.neighbours:
                        way_in = _namespace(name, around.neighbours[name])
                        yield {"to": [way_in], "ports": list(ports), "protocols": ["TCP"]}
            case {"to": "nodes", "port": port}:
                yield {"to": [_networks("nodes", _ANYWHERE)], "ports": [port], "protocols": ["TCP"]}
            case {"namespace": namespace, "port": port}:
                yield {"to": [_namespace(namespace, namespace)], "ports": [port], "protocols": ["TCP"]}
            case {"to": name, "port": port} if name in around.neighbours:
                yield {"to": [_namespace(name, around.neighbours[name])], "ports": [port], "protocols": ["TCP"]}
            case int(port):
                yield {"to": [outside], "ports": [port], "protocols": ["TCP"]}
            case _:
                raise ValueError(f"{one.name} cannot reach {target!r}: it is none of what is known")


def _dns(around: Surroundings) -> Iterator[dict[str, Any]]:
    """Yield the way to who answers for names: to the pods on their own port, to nodes on that of DNS itself."""
    pods, ports = _namespace("dns", around.neighbours["dns"]), list(around.dns_ports)
    nodes = [_networks("node-dns", around.dns_networks)] if around.dns_networks else []
    together = ports == [_DNS_PORT]
    yield {"to": [pods, *(nodes if together else [])], "ports": ports, "protocols": ["UDP", "TCP"]}
    if nodes and not together:
        yield {"to": nodes, "ports": [_DNS_PORT], "protocols": ["UDP", "TCP"]}


def _is(one: Pods, peer: Peer) -> bool:
    return peer["name"] in (one.name, "environment") and peer.get("namespace") == one.namespace


def _peer(one: Pods) -> Peer:
    return {**_namespace(one.name, one.namespace, one.labels), "serviceAccount": one.service_account}


def _namespace(name: str, namespace: str, labels: Mapping[str, str] = MappingProxyType({})) -> Peer:
    selector: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    if labels:
        selector["podSelector"] = {"matchLabels": dict(labels)}
    return {"name": name, "namespace": namespace, "labels": dict(labels), "selectors": [selector]}


def _networks(name: str, networks: Sequence[str]) -> Peer:
    blocks = [{"cidr": one, **({"except": [f"{_METADATA}/32"]} if _has_metadata(one) else {})} for one in networks]
    return {"name": name, "networks": list(networks), "selectors": [{"ipBlock": block} for block in blocks]}


@lru_cache(maxsize=256)  # most say the same
def _has_metadata(network: str) -> bool:
    """Tell whether a cloud's metadata is in a network among others: what is excepted has to be a part of it."""
    whole = ip_network(network, strict=False)
    return whole.num_addresses > 1 and ip_address(_METADATA) in whole
