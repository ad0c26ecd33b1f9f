"""The routes by which a Gateway sends visitors to the components: what an Ingress says, as Gateway API does.

They follow from the values of a chart as they are at last, from its section `ingress`, overrides included: whatever
host or path a person adds there is routed as well. Source: HTTPRoute and ListenerSet of gateway.networking.k8s.io/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from signalen_toolkit.documents.data import mapping, maps, text, texts
from signalen_toolkit.form.config import Environment

Route = dict[str, Any]
Paths = tuple[tuple[str, str], ...]

# The set of listeners that an environment has in each of its namespaces, where it brings its own.
LISTENERS: Final = "signalen"
# How an Ingress compares a path, as an HTTPRoute says it. What "ImplementationSpecific" means, each controller decides.
_COMPARED: Final[Mapping[str, str]] = {"Exact": "Exact"}
_PREFIX: Final = "PathPrefix"


def routes(
    environment: Environment, values: Mapping[str, Mapping[str, Any]], services: Mapping[str, Mapping[str, Any]]
) -> list[Route]:
    """Return the routes of an environment, as a template takes them; none where it has no Gateway.

    `values` are the Helm values, and `services` where each component answers (`service` and `port`), by component.
    Hosts with the same paths share a route. `listeners` are those that the environment brings along for it, to a
    Gateway of its own or in a ListenerSet: each with a `name`, a `host`, and the `secret` with its certificate.
    `parents` are what the route is attached to.
    """
    found: list[Route] = []
    for component in environment.components if environment.has_gateway else ():
        ingress, service = mapping(values, component.name, "ingress"), services.get(component.name)
        names = _numbered(component.name)
        for paths, hosts in _by_paths(ingress).items() if service else ():
            listeners = [
                {"name": next(names), "host": host, "secret": _secret(ingress, host, component.release_name)}
                for host in hosts
            ]
            found.append(
                {
                    "namespace": environment.namespaces[component.name],
                    "hosts": hosts,
                    "paths": [{"type": kind, "value": path} for path, kind in paths],
                    **(service or {}),
                    "listeners": listeners,
                    "parents": _parents(environment, component.name, listeners),
                }
            )
    return [{**one, "name": name} for one, name in _named(found)]


def _named(found: list[Route]) -> Iterator[tuple[Route, str]]:
    """Yield each route with a name: that of its Service, with a number where that has more of them."""
    names: dict[tuple[str, str], Iterator[str]] = {}
    for one in found:
        yield one, next(names.setdefault((one["namespace"], one["service"]), _numbered(one["service"])))


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _by_paths(ingress: Mapping[str, Any]) -> dict[Paths, list[str]]:
    """Return the hosts of a chart's Ingress by their paths. Grafana's chart has one path for all of its hosts."""
    shared = ((text(ingress, "path") or "/", _kind(ingress)),)
    found: dict[Paths, list[str]] = {}
    for host in texts(ingress, "hosts"):
        found.setdefault(shared, []).append(host)
    for _, one in maps(ingress, "hosts"):
        paths = tuple((text(path, "path") or "/", _kind(path)) for _, path in maps(one, "paths"))
        if paths and text(one, "host"):
            found.setdefault(paths, []).append(text(one, "host"))
    return found


def _kind(path: Mapping[str, Any]) -> str:
    return _COMPARED.get(text(path, "pathType"), _PREFIX)


def _parents(environment: Environment, component: str, listeners: list[dict[str, str]]) -> list[dict[str, str]]:
    gateway = environment.settings["cluster"]["gateway"]
    itself = {"kind": "Gateway", "name": str(gateway["name"]), "namespace": str(gateway["namespace"])}
    if "class" in gateway:
        return [{**itself, "sectionName": one["name"]} for one in listeners]
    if gateway["listenerSet"]:
        own = {"kind": "ListenerSet", "name": LISTENERS, "namespace": environment.namespaces[component]}
        return [{**own, "sectionName": one["name"]} for one in listeners]
    return [{**itself, "sectionName": str(gateway["listeners"].get(component, gateway["listener"]))}]


def _secret(ingress: Mapping[str, Any], host: str, release: str) -> str:
    """Return the Secret with the certificate for a host, which is called as an Ingress would call it."""
    named = (text(tls, "secretName") for _, tls in maps(ingress, "tls") if host in texts(tls, "hosts"))
    return next((name for name in named if name), f"{release}-tls")
