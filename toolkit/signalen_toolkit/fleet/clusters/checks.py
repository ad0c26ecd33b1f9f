"""What is wrong with tenants that are to share a cluster: what one of them would take from another, or may not make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.fleet.clusters.placement import Placement, SharedCluster
from signalen_toolkit.fleet.clusters.tenants import Tenant

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster-component": "what a cluster has once, one tenant would change under all others, and may not make",
        "cluster-delivery": "a tree for one tool is applied by no other",
        "cluster-environment": "an environment that no form has cannot be rendered for a cluster",
        "cluster-host": "of two tenants with one host, one answers for the other",
        "cluster-namespace": "two tenants in one namespace read each other's Secrets",
        "cluster-open": "without network policies every pod of the cluster reaches the database of a tenant",
        "cluster-priority": "where a node has no room for all, what is for trying out keeps production waiting",
        "cluster-tool": "a tree that expects its tool in another namespace lets that in, and keeps this one out",
    }
)


def check(placement: Placement, home: SharedCluster, tenants: Sequence[Tenant]) -> Iterator[Problem]:
    """Report what keeps these tenants from standing in one cluster, where `clusters.yaml` puts them there."""
    for one in tenants:
        for rule, message, hint in (*_alone(home, one), *_beside(one, tenants)):
            place = home.place(one.municipality, one.environment)
            whole = f"{one.environment} of '{one.municipality}' {message}"
            if isinstance(place[-1], int):
                yield placement.document.problem(rule, whole, place, hint=hint)
            else:
                yield placement.document.problem(rule, whole, place, at="key", hint=hint)
    yield from _equals(placement, home, tenants)


def _equals(placement: Placement, home: SharedCluster, tenants: Sequence[Tenant]) -> Iterator[Problem]:
    """Report production beside what is for trying out, where nothing tells their pods apart.

    The charts of Signalen have no value for a PriorityClass, so only a tool that changes what Helm makes gives one.
    """
    if not home.prioritises and len({one.production for one in tenants}) > 1:
        message = f"with {home.delivery} the pods of production have no priority over those of other environments"
        hint = "have production in a cluster of its own; docs/fleet.md says what else there is"
        place = ("clusters", home.name, "delivery")
        yield placement.document.problem("cluster-priority", message, place, severity=Severity.WARNING, hint=hint)


def _alone(home: SharedCluster, one: Tenant) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a tenant by itself: the rule, and in words what it is and what to do."""
    form = f"its {FORM_FILE}"
    if one.delivery != home.delivery:
        message = f"is rendered for {one.delivery}, and '{home.name}' has {home.delivery}"
        yield "cluster-delivery", message, f"write 'delivery: {home.delivery}' into {form}, or choose another cluster"
        return
    if one.tool_namespace != home.namespace:
        message = f"expects its tool in '{one.tool_namespace}', and in '{home.name}' that is in '{home.namespace}'"
        yield "cluster-tool", message, f"set 'sync.namespace' in {form}, or 'namespace' here"
    if not one.closed:
        yield "cluster-open", "has no network policies", f"leave 'network.policies' out of {form}"
    for component in one.wide:
        message = f"has '{component}', of which a cluster has one for all"
        yield "cluster-component", message, f"switch 'components.{component}' off in {form}"
    for title in one.elsewhere:
        yield "cluster-component", f"has {title}, which is not its own", f"take it out of {form}"


def _beside(one: Tenant, tenants: Sequence[Tenant]) -> Iterator[tuple[str, str, str]]:
    """Yield what a tenant has that another before it has as well."""
    for other in tenants:
        if other is one:
            return
        whose = f"{other.environment} of '{other.municipality}'"
        for name in sorted({*one.own} & {*other.own}):
            hint = f"set 'cluster.namespace' in one of both forms: signalen-{one.municipality}-{one.environment}"
            yield "cluster-namespace", f"has the namespace '{name}', as {whose}", hint
        for host in sorted({*one.hosts} & {*other.hosts}):
            yield "cluster-host", f"has the host {host}, as {whose}", "choose another domain"
