"""Where it lands: namespaces and who has them, quotas in them, and the names by which people find it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, Final

from signalen_toolkit.documents.data import mapping, text
from signalen_toolkit.kubernetes.kubectl import NotPermittedError
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.preflight import gateway
from signalen_toolkit.preflight.observations import Inquiry, Observation, Standing, seen

_PART_OF: Final = "app.kubernetes.io/part-of"
_FLUX: Final = "kustomize.toolkit.fluxcd.io/name"
_ARGOCD: Final = "argocd.argoproj.io/tracking-id"
# What a quota limits, and where our workloads say how much of it they take.
_LIMITED: Final[Mapping[str, tuple[str, str]]] = {
    "requests.cpu": ("requests", "cpu"),
    "cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "memory": ("requests", "memory"),
    "limits.memory": ("limits", "memory"),
}


def namespaces(inquiry: Inquiry) -> Iterator[Observation]:
    """Look whose the namespaces of the environment are, where they are there already."""
    for name in inquiry.namespaces:
        point, subject = f"namespace/{name}", f"namespace {name}"
        yield from seen(point, subject, partial(_namespace, inquiry, name, point, subject))


def _namespace(inquiry: Inquiry, name: str, point: str, subject: str) -> Observation:
    found = inquiry.cluster.get("namespaces", name)
    if found is None:
        return Observation(point, Standing.OK, subject, "is er nog niet; zij komt met de eerste synchronisatie")
    own = inquiry.environment.namespace
    by_flux = str(mapping(found, "metadata", "labels").get(_FLUX, ""))
    by_argocd = str(mapping(found, "metadata", "annotations").get(_ARGOCD, "")).partition(":")[0]
    others = [one for one in (by_flux, by_argocd) if one and one != own and not one.startswith(f"{own}-")]
    if others:
        message = f"hoort al bij {' en '.join(others)}"
        return Observation(point, Standing.MISSING, subject, message, "kies een andere cluster.namespace")
    if text(found, "metadata", "labels", _PART_OF) != "signalen":
        message = "is er al, en niet door dit formulier gemaakt"
        todo = f"is zij van een ander? kubectl get all --namespace {name}; kies zo nodig een andere cluster.namespace"
        return Observation(point, Standing.ATTENTION, subject, message, todo)
    return Observation(point, Standing.OK, subject)


def quotas(inquiry: Inquiry) -> Iterator[Observation]:
    """Compare quotas in the namespaces with what the workloads ask for, together."""
    for namespace in inquiry.namespaces:
        point, subject = f"quota/{namespace}", f"quota in namespace {namespace}"
        yield from seen(point, subject, partial(_quota, inquiry, namespace, point, subject))


def _quota(inquiry: Inquiry, namespace: str, point: str, subject: str) -> Observation:
    short = []
    found = inquiry.cluster.all("resourcequotas", namespace=namespace)
    for one in found:
        for limit, value in mapping(one, "spec", "hard").items():
            most = amount(value)
            if (
                limit in _LIMITED
                and most is not None
                and (asked := _asked(inquiry, namespace, *_LIMITED[limit])) > most
            ):
                short.append(f"{limit} is {value}, en Signalen vraagt {_readable(asked, limit)}")
    if short:
        todo = "laat het quotum verruimen, of kies in het formulier een kleiner profile of minder onder resources"
        return Observation(point, Standing.MISSING, subject, "; ".join(short), todo)
    return Observation(point, Standing.OK, subject, "" if found else "er is geen")


def _asked(inquiry: Inquiry, namespace: str, part: str, unit: str) -> Decimal:
    """Add up what the workloads in a namespace ask for, each as often as it runs."""
    settings, total = inquiry.environment.settings, Decimal(0)
    for component in inquiry.environment.components:
        for workload in component.workloads if inquiry.environment.namespaces[component.name] == namespace else ():
            asked = amount(mapping(settings["resources"], workload.name, part).get(unit, 0))
            total += (asked or Decimal(0)) * int(settings["replicas"].get(workload.name, 1))
    return total


def _readable(number: Decimal, limit: str) -> str:
    return f"{int(number * 1000)}m" if limit.endswith("cpu") else f"{int(number / 2**20)}Mi"


def workloads(inquiry: Inquiry) -> Iterator[Observation]:
    """Look whether all that runs in the namespaces is ready, where there is something already."""
    for namespace in inquiry.namespaces:
        point, subject = f"workloads/{namespace}", f"pods in namespace {namespace}"
        yield from seen(point, subject, partial(_workloads, inquiry, namespace, point, subject))


def _workloads(inquiry: Inquiry, namespace: str, point: str, subject: str) -> Observation:
    found = inquiry.cluster.all("deployments.apps,statefulsets.apps", namespace=namespace)
    if not found:
        todo = "zij komen na het aansluiten"
        return Observation(point, Standing.ATTENTION, subject, "er zijn er nog geen", todo)
    waiting = [text(one, "metadata", "name") for one in found if not _is_ready(one)]
    if waiting:
        todo = f"kubectl get pods --namespace {namespace}"
        return Observation(point, Standing.ATTENTION, subject, f"niet gereed: {', '.join(waiting)}", todo)
    return Observation(point, Standing.OK, subject)


def _is_ready(one: Mapping[str, Any]) -> bool:
    wanted, ready = mapping(one, "spec").get("replicas", 1), mapping(one, "status").get("readyReplicas", 0)
    return int(ready) >= int(wanted)


def names(inquiry: Inquiry) -> Iterator[Observation]:
    """Look whether each host has an address, and whether that is the one of its Ingress or Gateway, if there is one."""
    hosts = [inquiry.environment.hosts[one.name] for one in inquiry.environment.components if one.host is not None]
    hosts = list(dict.fromkeys(hosts))
    with ThreadPoolExecutor(max_workers=8) as pool:
        addresses = dict(zip(hosts, pool.map(inquiry.resolve, hosts), strict=True))
    ingresses, at_gateway = list[dict[str, Any]](), set[str]()
    with suppress(NotPermittedError):  # then a name that has an address is right as far as one can see
        at_gateway = gateway.published(inquiry)
        ingresses = inquiry.cluster.all("ingresses.networking.k8s.io", namespace=inquiry.environment.namespace)
    for host in hosts:
        yield _name(host, addresses[host], at_gateway | _published(ingresses, host))


def _published(ingresses: list[dict[str, Any]], host: str) -> set[str]:
    """Return the addresses that the Ingress of a host has in the cluster, if there is one."""
    found = [one for one in ingresses if any(rule.get("host") == host for rule in one["spec"].get("rules") or ())]
    places = [place for one in found for place in mapping(one, "status", "loadBalancer").get("ingress") or ()]
    return {str(place["ip"]) for place in places if place.get("ip")}


def _name(host: str, addresses: list[str], published: set[str]) -> Observation:
    point, subject = f"dns/{host}", f"DNS van {host}"
    if not addresses:
        todo = f"laat een A- of CNAME-record maken, naar {', '.join(sorted(published)) or 'waar bezoekers binnenkomen'}"
        return Observation(point, Standing.MISSING, subject, "heeft geen adres", todo)
    if published and not published & {*addresses}:
        message = f"wijst naar {', '.join(addresses)}, en bezoekers komen binnen op {', '.join(sorted(published))}"
        return Observation(point, Standing.ATTENTION, subject, message, "klopt dat, door een proxy ervoor misschien?")
    return Observation(point, Standing.OK, subject, ", ".join(addresses))
