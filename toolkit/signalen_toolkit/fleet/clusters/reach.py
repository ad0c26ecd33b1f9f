"""`signalen fleet reach`: who may reach whom in a cluster that municipalities share.

It is computed from the trees as they are on disk, for these are applied, and not from what the forms mean: the
NetworkPolicies that are rendered, those that a person has put into `manifests/`, and the namespaces of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import CLUSTERS, MANIFESTS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.data import mapping
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.clusters.placement import SharedCluster
from signalen_toolkit.fleet.clusters.rendering import TENANTS
from signalen_toolkit.fleet.clusters.shared import folder_of
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.helm.rendered_tree import applies_own, manifests, own_objects
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.reach import Link, Space, elsewhere, links, namespaces_named, outside, space

OUTSIDE: Final = "(outside)"
# A namespace, a policy, or that a person's own objects are applied, and what could hide these words: else, not read.
_ABOUT: Final = ("NetworkPolicy", "Namespace", f"{MANIFESTS}/", "\\u", "\\U", "\\x")
_ADDRESS: Final = "203.0.113.7"  # for documentation (RFC 5737): it stands for any that is not in the cluster


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """A tenant in the cluster, by the namespaces that are its own."""

    name: str
    spaces: Sequence[Space]


@dataclass(frozen=True, slots=True)
class Way:
    """What of one reaches what of another. `between_tenants` is what there may be none of."""

    source: str
    target: str
    links: Sequence[Link]
    between_tenants: bool

    @property
    def ports(self) -> list[str]:
        """The ports, as people read them."""
        found = sorted({(one.port, one.protocol) for one in self.links})
        return [f"{port or 'every port'}{'' if protocol == 'TCP' else f'/{protocol}'}" for port, protocol in found]

    @property
    def policies(self) -> list[str]:
        """The policies that let it in, each with its file."""
        return sorted({f"{one.title} ({one.source})" for link in self.links for one in link.policies})

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "from": self.source,
            "to": self.target,
            "betweenTenants": self.between_tenants,
            "ports": self.ports,
            "policies": self.policies,
        }


@dataclass(frozen=True, slots=True)
class Reach:
    """Who reaches whom in a cluster."""

    cluster: str
    tenants: Sequence[str]
    ways: Sequence[Way]

    @property
    def holes(self) -> list[Way]:
        """What reaches from one tenant into another."""
        return [one for one in self.ways if one.between_tenants]


def reach(fleet: Fleet, home: SharedCluster) -> Reach:
    """Compute who reaches whom in a cluster. Raises UsageError for a tree that cannot be read or cloned."""
    found = [_inhabitant(fleet, home, member, name) for member, name in _placed(fleet, home)]
    once = {one.name: one for one in _once(fleet, home)}
    ways = [*_between(found), *(way for one in found for way in _with_others(one, found, once))]
    return Reach(home.name, [one.name for one in found], ways)


def _placed(fleet: Fleet, home: SharedCluster) -> Iterator[tuple[Member, str]]:
    for environment, names in home.holds.items():
        for member in fleet.members:
            if home.has(member.name, environment):
                present(fleet, member)
                there = beneath.look(fleet.folder(member), f"{CLUSTERS}/{environment}") is not None
                if there:
                    yield member, environment
                elif names is not None:
                    folder = fleet.folder(member)
                    raise UsageError(f"{folder} has no {CLUSTERS}/{environment}: run `signalen fleet render`")


def _inhabitant(fleet: Fleet, home: SharedCluster, member: Member, environment: str) -> Inhabitant:
    folder = fleet.folder(member)
    files = _texts(fleet, member.path, f"{CLUSTERS}/{environment}")
    name = f"{member.name}-{environment}"
    own = _texts(fleet, "", f"{CLUSTERS}/{home.name}/{TENANTS}/{member.name}/{environment}")
    try:
        objects = [*manifests(files, environment)]
        if applies_own(files, environment):
            objects += own_objects(_texts(fleet, member.path, f"{MANIFESTS}/{environment}"), environment)
        ours = [*manifests(own, home.name)]
    except ValueError as error:
        raise UsageError(f"{folder}: {error}") from None
    shown = [Object(one.environment, "", f"{member.path}/{one.source}", one.data) for one in objects]
    labels = _labels([*objects, *ours])
    return Inhabitant(name, [space(one, shown, labels[one]) for one in labels])


def _labels(objects: Sequence[Object]) -> dict[str, dict[str, str]]:
    """Return the labels of each namespace; those that come last count most."""
    found: dict[str, dict[str, str]] = {}
    for one in objects:
        if one.kind == "Namespace":
            known = found.setdefault(one.name, {})
            known |= {str(key): str(value) for key, value in mapping(one.data, "metadata", "labels").items()}
    return found


def _texts(fleet: Fleet, folder: str, path: str) -> dict[str, str]:
    """Return the YAML files below a path that can be about this, by path from the folder of a municipality."""
    top = fleet.root / folder if folder else fleet.root
    found = (entry.path for entry in beneath.walk(top, path) if entry.is_file and entry.path.endswith(".yaml"))
    texts = {path: (beneath.read(top, path) or b"").decode(errors="replace") for path in found}
    return {path: text for path, text in texts.items() if any(word in text for word in _ABOUT)}


def _between(found: Sequence[Inhabitant]) -> Iterator[Way]:
    for one, other in permutations(found, 2):
        open_ = [link for source in one.spaces for target in other.spaces for link in links(source, target)]
        if open_:
            yield Way(one.name, other.name, open_, between_tenants=True)


def _once(fleet: Fleet, home: SharedCluster) -> list[Space]:
    """Return the namespaces of what the cluster has once, where that is rendered here."""
    name = folder_of(home)
    try:
        objects = [*manifests(_texts(fleet, "", f"{CLUSTERS}/{name}"), name)]
    except ValueError as error:
        raise UsageError(str(error)) from None
    labels = _labels(objects)
    return [space(one, objects, labels[one]) for one in labels]


def _with_others(one: Inhabitant, found: Sequence[Inhabitant], once: Mapping[str, Space]) -> Iterator[Way]:
    """Yield the ways of a tenant to and from what all share, and what is not in the cluster."""
    tenants = {place.name for other in found for place in other.spaces}
    named: Mapping[str, object] = namespaces_named([policy for place in one.spaces for policy in place.policies])
    others = [(name, once.get(name) or elsewhere(name)) for name in sorted({*named, *once}) if name not in tenants]
    for name, other in [*others, (OUTSIDE, outside(_ADDRESS))]:
        there = [link for place in one.spaces for link in links(place, other)]
        if there:
            yield Way(one.name, name, there, between_tenants=False)
        back = [link for place in one.spaces for link in links(other, place)]
        if back:
            yield Way(name, one.name, back, between_tenants=False)
