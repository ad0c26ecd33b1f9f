"""The host names under which the environment answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity, did_you_mean
from signalen_toolkit.documents.data import maps, place, text, texts
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.entrances import hosts as hosts_of
from signalen_toolkit.kubernetes.entrances import ingresses, kind_of, routes
from signalen_toolkit.kubernetes.model import Finding, Object

REASONS: Final[Mapping[str, str]] = {
    "host-without-ingress": "a site is expected on this host, and nobody answers there",
    "host-without-tls": "a browser warns visitors of a site whose certificate is another's, or leaves",
    "unexpected-host": "what was not planned is not allowed to call the backend, nor to sign in",
}

_HTTPS: Final = 443


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report hosts that differ between what is planned, Ingresses and routes, and the certificates of Ingresses."""
    hosts = cluster.context.hosts
    answered: set[str] = set()
    for obj in (*ingresses(cluster), *routes(cluster)):
        answered.update(host for _, host in hosts_of(obj))
        yield from _unexpected(obj, list(hosts.values()))
        yield from _tls(obj) if kind_of(obj) == "ingress" else _listener(obj)
    for component, host in hosts.items():
        own = [obj for obj in cluster.objects if obj.component == component]
        if own and host and host not in answered:
            message = f"nothing answers on '{host}', the host of {component}"
            hint = "turn the Ingress of the chart on, or see that the host is routed in another way"
            about = next((obj for kind in ("Ingress", "Service") for obj in own if obj.kind == kind), own[0])
            yield Finding("host-without-ingress", message, about, "", hint, Severity.WARNING)


def _unexpected(obj: Object, known: list[str]) -> Iterator[Finding]:
    is_route = kind_of(obj) == "route"
    for path, host in hosts_of(obj):
        if not host:
            what = "route" if is_route else "rule"
            message = f"the {what} has no host, and so takes the traffic of every host that comes in"
            yield Finding("unexpected-host", message, obj, place(*path), "give it the host of the component")
        elif host not in known:
            message = f"'{host}' is not a host of this environment"
            hint = did_you_mean(host, known) or f"its hosts are {', '.join(known) or 'none'}; set others under 'hosts'"
            yield Finding("unexpected-host", message, obj, place(*path, *(() if is_route else ("host",))), hint)


def _tls(obj: Object) -> Iterator[Finding]:
    certified = {host for _, tls in maps(obj.data, "spec", "tls") for host in texts(tls, "hosts")}
    ruled = [host for _, host in hosts_of(obj) if host]
    for path, host in hosts_of(obj):
        if host and not any(_covers(name, host) for name in certified):
            message = f"'{host}' has no certificate"
            hint = "name it in spec.tls as well"
            yield Finding("host-without-tls", message, obj, place(*path, "host"), hint)
    for name in sorted(certified):
        if ruled and not any(_covers(name, host) for host in ruled):
            message = f"the certificate is for '{name}', and no rule has that host"
            hint = did_you_mean(name, ruled) or "write the same hosts in spec.tls as in spec.rules"
            yield Finding("host-without-tls", message, obj, "spec.tls", hint)


def _listener(obj: Object) -> Iterator[Finding]:
    """Report a route that is at every listener of a Gateway, so at the one without HTTPS as well."""
    for path, parent in maps(obj.data, "spec", "parentRefs"):
        is_gateway = (text(parent, "kind") or "Gateway") == "Gateway"
        if is_gateway and not text(parent, "sectionName") and parent.get("port") != _HTTPS:
            message = "the route is at every listener of the Gateway, also where there is no HTTPS"
            hint = "name the listener for HTTPS in sectionName"
            yield Finding("host-without-tls", message, obj, place(*path), hint, Severity.WARNING)


def _covers(name: str, host: str) -> bool:
    """Tell whether a certificate for a name is one for a host: `*.` stands for one label."""
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
