"""A tenant: one environment of one municipality, as a cluster that it shares with others has to know it.

Everything is read from the tree that its form renders to, so that this follows from what is applied, and no form has to
know whether its environment has a cluster of its own. Only what is rendered counts: what somebody writes into a tree by
hand gets no rights in a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.layout import CLUSTERS, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, Severity, has_errors, seen_from_here
from signalen_toolkit.documents.data import text
from signalen_toolkit.fleet.clusters.limits import asked
from signalen_toolkit.fleet.clusters.rights import Rule, rules
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.helm.rendered_tree import manifests
from signalen_toolkit.kubernetes.cluster import is_file, namespace_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.reach import elsewhere, links, space

Data = Mapping[str, Any]

_OPAQUE: Final = "config.linkerd.io/opaque-ports"


@dataclass(frozen=True, slots=True)
class Tenant:
    """What a cluster has to know of a tenant, as plain data.

    `title` is what people call the municipality. `namespaces` are the Namespace objects of its tree, its own first;
    `following` the objects by which its tool follows it; `of_cluster` what its tree has that belongs to no namespace.
    `rules` are the rights with which all else can be applied, `asks` what it asks for by namespace. `wide` are the
    components that make what a cluster has once, `elsewhere` the objects in namespaces of others. `closed` says
    whether its namespaces are, by network policies; `balancer` whether it brings its own way in. `monitoring` is
    where it expects the Prometheus of the cluster, `mesh` where its Linkerd, each empty for none.
    """

    municipality: str
    title: str
    environment: str
    production: bool
    delivery: str
    namespace: str
    tool_namespace: str
    namespaces: Sequence[Data]
    following: Sequence[Data]
    of_cluster: Sequence[Data]
    rules: Sequence[Rule]
    asks: Mapping[str, Mapping[str, str]]
    hosts: Sequence[str]
    wide: Sequence[str]
    elsewhere: Sequence[str]
    closed: bool
    balancer: bool
    monitoring: str
    measured: Mapping[str, Sequence[int]]
    mesh: str

    @property
    def opaque(self) -> list[int]:
        """The ports at which its Linkerd must not look for HTTP, as its namespaces say."""
        found = [text(one, "metadata", "annotations", _OPAQUE) for one in self.namespaces]
        return sorted({int(port) for ports in found for port in ports.split(",") if port})

    @property
    def own(self) -> list[str]:
        """The names of its namespaces."""
        return [str(one["metadata"]["name"]) for one in self.namespaces]


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The environments of a municipality, as tenants: a piece of work as `fleet.run` does it in many."""

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        """Return an outcome with the tenants of the form in a folder, by environment."""
        from signalen_toolkit.rendering.render import render
        from signalen_toolkit.validation.check import check_file

        config, problems = check_file(folder / FORM_FILE, catalog())
        if has_errors(problems):
            wrong = [one for one in problems if one.severity is Severity.ERROR]
            raise ProblemsError(seen_from_here(folder, wrong))
        tree = render(config, catalog())
        found = {one.name: asdict(tenant(name, one, tree)) for one in config.environments}
        return MemberOutcome(name, Ending.FINE, "", data=found, stands=True)


def tenant(municipality: str, environment: Environment, tree: Mapping[str, str]) -> Tenant:
    """Return a tenant, from its environment and the tree that is rendered of it."""
    cluster, tool = environment.settings["cluster"], str(environment.settings["sync"]["namespace"])
    bootstrap = f"{CLUSTERS}/{environment.name}/{environment.delivery.bootstrap}/"
    objects = [one for one in manifests(tree, environment.name) if not is_file(one)]
    following = [one for one in objects if one.source.startswith(bootstrap)]
    rest = [one for one in objects if not one.source.startswith(bootstrap)]
    context = Context(environment.namespace)
    spots = {one: namespace_of(one, context) for one in rest}
    namespaces = [one for one in rest if one.kind == "Namespace"]
    own = {one.name for one in namespaces}
    foreign = [one for one in rest if spots[one] not in (*own, "") and not _moves(one, environment, tool)]
    known = municipality_of(environment.settings["municipality"])
    monitoring = str(cluster["stacks"]["namespace"]) if cluster["stacks"]["metrics"] else ""
    return Tenant(
        municipality=municipality,
        title=known.name if known else municipality,
        environment=environment.name,
        production=environment.production,
        delivery=environment.delivery.name,
        namespace=environment.namespace,
        tool_namespace=tool,
        namespaces=[one.data for one in namespaces],
        following=[one.data for one in following],
        of_cluster=[one.data for one in rest if not spots[one] and one.kind != "Namespace"],
        rules=rules((one for one in rest if spots[one]), environment.components),
        asks=asked(environment),
        hosts=sorted({str(environment.hosts[one.name]) for one in environment.components if one.host is not None}),
        wide=[one.name for one in environment.components if one.cluster_kinds],
        elsewhere=[f"{one.title} in '{spots[one]}'" for one in foreign],
        closed=bool(environment.settings["network"]["policies"]),
        balancer="class" in cluster["gateway"] and cluster["gateway"].get("podsNamespace") == environment.namespace,
        monitoring=monitoring,
        measured={name: _opened(rest, name, monitoring) for name in sorted(own)} if monitoring else {},
        mesh=str(cluster["stacks"]["meshNamespace"]) if cluster["stacks"]["mesh"] else "",
    )


def _opened(objects: Sequence[Object], namespace: str, source: str) -> list[int]:
    """Return the ports that network policies of a namespace open to another."""
    there = space(namespace, objects, {})
    return sorted({link.port for link in links(elsewhere(source), there) if link.port})


def _moves(one: Object, environment: Environment, tool: str) -> bool:
    """Tell whether an object in the namespace of the tool can stand in that of the tenant as well."""
    kinds = environment.delivery.tenant_kinds
    return one.namespace == tool and (not kinds or one.kind in kinds)
