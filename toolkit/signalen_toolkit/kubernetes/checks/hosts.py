"""The host names under which the environment answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity, did_you_mean
from signalen_toolkit.documents.data import Place, maps, place, text, texts
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.model import Finding, Object

GATEWAY: Final = "gateway.networking.k8s.io"
REASONS: Final[Mapping[str, str]] = {
    "host-without-ingress": "a site is expected on this host, and nobody answers there",
    "host-without-tls": "a browser warns visitors of a site whose certificate is another's, or leaves",
    "unexpected-host": "what was not planned is not allowed to call the backend, nor to sign in",
}


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report hosts that differ between what is planned, the rules of the Ingresses and their certificates."""
    hosts = cluster.context.hosts
    answered: set[str] = set()
    ingresses = list(cluster.of_kind("networking.k8s.io", "Ingress"))
    for obj in ingresses:
        answered.update(host for _, host in _hosts(obj))
        yield from _unexpected(obj, list(hosts.values()))
        yield from _tls(obj)
    for obj in cluster.of_kind(GATEWAY, "HTTPRoute"):
        routed = texts(obj.data, "spec", "hostnames")
        if any(True for _, rule in maps(obj.data, "spec", "rules") for _ in maps(rule, "backendRefs")):
            answered.update(routed)
        for index, host in enumerate(routed):
            if host not in hosts.values():
                yield _not_planned(obj, ("spec", "hostnames", index), host, list(hosts.values()))
    for component, host in hosts.items():
        own = [obj for obj in cluster.objects if obj.component == component]
        if own and host and host not in answered:
            message = f"nothing answers on '{host}', the host of {component}"
            hint = "turn the Ingress of the chart on, or see that the host is routed in another way"
            about = next((obj for kind in ("Ingress", "Service") for obj in own if obj.kind == kind), own[0])
            yield Finding("host-without-ingress", message, about, "", hint, Severity.WARNING)


def _unexpected(obj: Object, known: list[str]) -> Iterator[Finding]:
    for path, host in _hosts(obj):
        if not host:
            message = "the rule has no host, and so takes the traffic of every host that comes in"
            yield Finding("unexpected-host", message, obj, place(*path), "give it the host of the component")
        elif host not in known:
            yield _not_planned(obj, (*path, "host"), host, known)


def _not_planned(obj: Object, path: Place, host: str, known: list[str]) -> Finding:
    message = f"'{host}' is not a host of this environment"
    hint = did_you_mean(host, known) or f"its hosts are {', '.join(known) or 'none'}; set others under 'hosts'"
    return Finding("unexpected-host", message, obj, place(*path), hint)


def _tls(obj: Object) -> Iterator[Finding]:
    certified = {host for _, tls in maps(obj.data, "spec", "tls") for host in texts(tls, "hosts")}
    ruled = [host for _, host in _hosts(obj) if host]
    for path, host in _hosts(obj):
        if host and not any(_covers(name, host) for name in certified):
            message = f"'{host}' has no certificate"
            hint = "name it in spec.tls as well"
            yield Finding("host-without-tls", message, obj, place(*path, "host"), hint)
    for name in sorted(certified):
        if ruled and not any(_covers(name, host) for host in ruled):
            message = f"the certificate is for '{name}', and no rule has that host"
            hint = did_you_mean(name, ruled) or "write the same hosts in spec.tls as in spec.rules"
            yield Finding("host-without-tls", message, obj, "spec.tls", hint)


def _hosts(obj: Object) -> list[tuple[tuple[str | int, ...], str]]:
    return [(path, text(rule, "host")) for path, rule in maps(obj.data, "spec", "rules")]


def _covers(name: str, host: str) -> bool:
    """Tell whether a certificate for a name is one for a host: `*.` stands for one label."""
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
