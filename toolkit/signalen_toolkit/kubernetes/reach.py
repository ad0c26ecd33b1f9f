"""Who reaches whom between namespaces, by the NetworkPolicies that stand there: every pod that a policy could mean.

Which pods there are is not known here, and does not matter: labels are given by whoever makes a pod. So both ends are
taken with the labels of each selector that is about them, and with none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from signalen_toolkit.documents.data import Map, listed, mapping, maps, text, texts
from signalen_toolkit.kubernetes.checks.network_policies import End, connects, directions
from signalen_toolkit.kubernetes.cluster import Cluster, cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.selectors import fits, is_empty

_NAME: Final = "kubernetes.io/metadata.name"
# Which no policy names: who reaches these, reaches every port.
_ODD: Final = (80, 9999)
_PROTOCOLS: Final = ("TCP", "UDP")


@dataclass(frozen=True, eq=False)
class Space:
    """A namespace with its labels and its NetworkPolicies. Of one that is `unknown`, nobody says what its policies are.

    With an `address` it is no namespace, but what is not in the cluster.
    """

    name: str
    labels: Mapping[str, str]
    policies: Sequence[Object]
    unknown: bool = False
    address: str = ""

    def shuts_out(self, other: Space, direction: str) -> bool:
        """Tell whether nothing at all can come from another, or go to it, whichever pods there are."""
        meant = self._meant.get(direction)  # nothing where some pods are open
        return meant is not None and not any(other.is_meant_by(peer) for peer in meant)

    def is_meant_by(self, peer: Map | None) -> bool:
        """Tell whether a peer of a rule may be about it; None is anybody."""
        if peer is None:
            return True
        if self.address or "ipBlock" in peer:
            return bool(self.address) and "ipBlock" in peer
        selector = peer.get("namespaceSelector")
        return selector is not None and fits(mapping(selector), self.labels)

    @cached_property
    def _meant(self) -> dict[str, list[Map | None]]:
        """The peers of all rules, each once, for each direction in which a policy closes every pod."""
        found: dict[str, list[Map | None]] = {}
        for direction in () if self.unknown else ("ingress", "egress"):
            own = [policy for policy in self.policies if direction in directions(policy)]
            if any(is_empty(mapping(policy.data, "spec", "podSelector")) for policy in own):
                found[direction] = [*_once(peer for policy in own for peer in _meant_by(policy, direction))]
        return found


@dataclass(frozen=True, slots=True)
class Link:
    """A port at which pods with some labels are reached by pods with others; 0 is every port.

    `policies` are those of the target that let it in.
    """

    port: int
    protocol: str
    source: Mapping[str, str]
    target: Mapping[str, str]
    policies: tuple[Object, ...]


def space(name: str, objects: Sequence[Object], labels: Mapping[str, str]) -> Space:
    """Return a namespace with those of some objects that are its NetworkPolicies."""
    policies = [one for one in objects if one.kind == "NetworkPolicy" and one.namespace == name]
    return Space(name, {**labels, _NAME: name}, policies)


def elsewhere(name: str) -> Space:
    """Return a namespace of which only the name is known."""
    return Space(name, {_NAME: name}, (), unknown=True)


def outside(address: str) -> Space:
    """Return an address that is no pod's."""
    return Space("", {}, (), unknown=True, address=address)


def links(source: Space, target: Space) -> Iterator[Link]:
    """Yield how pods of one namespace reach those of another; nothing where policies let nothing through."""
    if source.shuts_out(target, "egress") or target.shuts_out(source, "ingress"):
        return
    sources, targets = _ends(source, target, "ingress"), _ends(target, source, "egress")
    ports = sorted({*_ports(source, "egress"), *_ports(target, "ingress"), *_ODD})
    about = [(other, _selecting(target, other)) for other in targets]
    for one in sources:
        own = _selecting(source, one)
        for other, policies in about:
            yield from _between(cluster([*own, *policies], Context("")), one, other, ports, policies)


def namespaces_named(policies: Sequence[Object]) -> dict[str, list[Map]]:
    """Return the namespaces that policies name among who may come or be gone to, with the labels of pods there."""
    found: dict[str, list[Map]] = {}
    for policy in policies:
        for direction in ("ingress", "egress"):
            for peer in _peers(policy, direction):
                if name := text(peer, "namespaceSelector", "matchLabels", _NAME):
                    found.setdefault(name, []).append(mapping(peer, "podSelector"))
    return found


def _selecting(here: Space, end: End) -> list[Object]:
    """Return the policies that are about an end: the others say nothing of it."""
    return [one for one in here.policies if fits(mapping(one.data, "spec", "podSelector"), end.labels)]


def _between(
    together: Cluster, one: End, other: End, ports: Sequence[int], policies: Sequence[Object]
) -> Iterator[Link]:
    for protocol in _PROTOCOLS:
        reached = [port for port in ports if connects(together, one, other, port, protocol)]
        every = {*reached} >= {*_ODD}
        for port in [0] if every else reached:
            by = tuple(policy for policy in policies if _lets_in(policy, one, other, port or _ODD[0], protocol))
            yield Link(port, protocol, one.labels, other.labels, by)


def _lets_in(policy: Object, source: End, target: End, port: int, protocol: str) -> bool:
    """Tell whether a policy by itself lets the source in."""
    alone = cluster([policy], Context(""))
    return "ingress" in directions(policy) and connects(alone, source, target, port, protocol)


def _meant_by(policy: Object, direction: str) -> Iterator[Map | None]:
    for _, rule in maps(policy.data, "spec", direction):
        if not listed(rule, _side(direction)):
            yield None
    yield from _peers(policy, direction)


def _once(peers: Iterable[Map | None]) -> Iterator[Map | None]:
    """Yield peers that mean other namespaces than those before."""
    seen = set()
    for peer in peers:
        about = None if peer is None else json.dumps([peer.get("namespaceSelector"), "ipBlock" in peer], default=str)
        if about not in seen:
            seen.add(about)
            yield peer


def _ends(here: Space, there: Space, direction: str) -> list[End]:
    """Return the pods of a namespace that can be meant: by its own policies, and by those of the other end."""
    if here.address:
        return [End(address=here.address)]
    selectors: list[Map] = [{}, *(mapping(policy.data, "spec", "podSelector") for policy in here.policies)]
    selectors += [mapping(peer, "podSelector") for policy in there.policies for peer in _peers(policy, direction)]
    labels = {tuple(sorted(_labels(one).items())): _labels(one) for one in selectors}
    return [End(here.name, one, here.labels) for one in labels.values()]


def _labels(selector: Map) -> dict[str, str]:
    """Return labels that fit a selector."""
    found = {str(key): str(value) for key, value in mapping(selector, "matchLabels").items()}
    for _, one in maps(selector, "matchExpressions"):
        if one.get("operator") in ("In", "Exists"):
            found.setdefault(text(one, "key"), (texts(one, "values") or [""])[0])
    return found


def _peers(policy: Object, direction: str) -> Iterator[Map]:
    for _, rule in maps(policy.data, "spec", direction):
        for _, peer in maps(rule, _side(direction)):
            yield peer


def _side(direction: str) -> str:
    return "from" if direction == "ingress" else "to"


def _ports(here: Space, direction: str) -> Iterator[int]:
    for policy in here.policies:
        for _, rule in maps(policy.data, "spec", direction):
            for _, one in maps(rule, "ports"):
                yield from (port for port in (one.get("port"), one.get("endPort")) if isinstance(port, int))
