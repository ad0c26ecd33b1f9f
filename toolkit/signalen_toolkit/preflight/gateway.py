"""The Gateway of a cluster, beside the routes that are to be attached to it: is it there, and does it let them in?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from signalen_toolkit.documents.data import Map, mapping, maps, text, texts
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.entrances import GATEWAY, answers
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.selectors import fits
from signalen_toolkit.preflight.observations import Inquiry, Observation, Standing, seen

GATEWAYS: Final = f"gateways.{GATEWAY}"
CLASSES: Final = f"gatewayclasses.{GATEWAY}"
_NAME: Final = "kubernetes.io/metadata.name"
# By which labels the pods of a Gateway are known: those of Gateway API itself, and of Envoy Gateway.
_OWNER: Final = (f"{GATEWAY}/gateway-name", "gateway.envoyproxy.io/owning-gateway-name")


def gateway(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for the Gateway, for its listeners as the routes ask for them, and for the namespace of its pods."""
    if not inquiry.environment.has_gateway:
        return
    settings = inquiry.environment.settings["cluster"]["gateway"]
    name, namespace = str(settings["name"]), str(settings["namespace"])
    subject, is_own = f"Gateway {namespace}/{name}", "class" in settings
    if is_own:
        kind = f"GatewayClass {settings['class']}"
        yield from seen("gateway-class", kind, partial(_class, inquiry, str(settings["class"]), kind))
    found = inquiry.cluster.get(GATEWAYS, name, namespace)
    yield _itself(inquiry, found, subject, is_own=is_own)
    if found is None:
        return
    if settings["listenerSet"]:
        yield from seen(
            "gateway-listeners", f"{subject}: eigen listeners", partial(_allows_own, inquiry, found, subject)
        )
    for listener, routes in _asked(inquiry).items():
        about = f"{subject}: listener {listener}"
        yield from seen(
            f"gateway-listener/{listener}", about, partial(_listener, inquiry, found, listener, routes, about)
        )
    yield from seen("gateway-pods", f"{subject}: pods", partial(_pods, inquiry, name, f"{subject}: pods"))


def _class(inquiry: Inquiry, name: str, subject: str) -> Observation:
    found = inquiry.cluster.get(CLASSES, name)
    if found is None:
        others = [_of(one, "name") for one in inquiry.cluster.all(CLASSES)]
        message = f"het cluster heeft {', '.join(others) or 'er geen'}"
        todo = (
            "zet een van deze in het formulier bij cluster.gateway.class"
            if others
            else "laat wie het cluster beheert een programma voor de Gateway API installeren"
        )
        return Observation("gateway-class", Standing.MISSING, subject, message, todo)
    if refused := _refused(found, "Accepted"):
        todo = f"kubectl describe gatewayclass {name}"
        return Observation("gateway-class", Standing.ATTENTION, subject, refused, todo)
    return Observation("gateway-class", Standing.OK, subject)


def _itself(inquiry: Inquiry, found: Map | None, subject: str, *, is_own: bool) -> Observation:
    if found is None and is_own:
        return Observation("gateway", Standing.OK, subject, "is er nog niet; hij komt met de eerste synchronisatie")
    if found is None:
        others = [f"{_of(one, 'namespace')}/{_of(one, 'name')}" for one in inquiry.cluster.all(GATEWAYS)]
        message = f"het cluster heeft {', '.join(others) or 'geen enkele Gateway'}"
        todo = (
            "zet een van deze in het formulier bij cluster.gateway"
            if others
            else "laat wie het cluster beheert er een maken: docs/gateway.md van de Signalen Toolkit"
        )
        return Observation("gateway", Standing.MISSING, subject, message, todo)
    refused = _refused(found, "Accepted", "Programmed")
    if refused:
        todo = f"kubectl describe gateway {_of(found, 'name')} --namespace {_of(found, 'namespace')}"
        return Observation("gateway", Standing.ATTENTION, subject, refused, todo)
    return Observation("gateway", Standing.OK, subject)


def _asked(inquiry: Inquiry) -> dict[str, list[Object]]:
    """Return the listeners of the Gateway that routes name, each with those routes."""
    found: dict[str, list[Object]] = {}
    for one in inquiry.objects:
        if (group_of(one.api_version), one.kind) == (GATEWAY, "HTTPRoute"):
            for _, parent in maps(one.data, "spec", "parentRefs"):
                if text(parent, "kind") == "Gateway":
                    found.setdefault(text(parent, "sectionName"), []).append(one)
    return found


def _listener(inquiry: Inquiry, gateway_: Map, name: str, routes: list[Object], subject: str) -> Observation:
    point = f"gateway-listener/{name}"
    listeners = {text(one, "name"): one for _, one in maps(gateway_, "spec", "listeners")}
    listener = listeners.get(name)
    if listener is None:
        todo = "zet een van deze in het formulier bij cluster.gateway, of laat wie het cluster beheert deze toevoegen"
        message = f"de Gateway heeft {', '.join(listeners) or 'er geen'}"
        return Observation(point, Standing.MISSING, subject, message, todo)
    faults = [
        *_protocol(listener, routes),
        *_hosts(listener, routes),
        *_namespaces(inquiry, gateway_, listener, routes),
    ]
    if faults:
        todo = "laat wie het cluster beheert de listener aanpassen: docs/gateway.md van de Signalen Toolkit"
        return Observation(point, Standing.MISSING, subject, "; ".join(faults), todo)
    status = next((one for _, one in maps(gateway_, "status", "listeners") if text(one, "name") == name), {})
    refused = _refused({"status": status}, "Accepted", "ResolvedRefs", "Programmed")
    if refused:
        todo = "is er een certificaat? kubectl describe gateway"
        todo += f" {_of(gateway_, 'name')} --namespace {_of(gateway_, 'namespace')}"
        return Observation(point, Standing.ATTENTION, subject, refused, todo)
    return Observation(point, Standing.OK, subject)


def _protocol(listener: Map, routes: list[Object]) -> Iterator[str]:
    protocol = text(listener, "protocol")
    if any(answers(one) for one in routes) and protocol != "HTTPS":
        yield f"is voor {protocol}, en bezoekers komen met HTTPS"
    elif not any(answers(one) for one in routes) and protocol != "HTTP":
        yield f"is voor {protocol}, en moet HTTP doorsturen"


def _hosts(listener: Map, routes: list[Object]) -> Iterator[str]:
    own = text(listener, "hostname")
    asked = dict.fromkeys(host for one in routes for host in texts(one.data, "spec", "hostnames"))
    # `*.` stands here for one label or more, other than in a certificate.
    others = [host for host in asked if own not in ("", host) and not (own[:2] == "*." and host.endswith(own[1:]))]
    if others:
        yield f"is voor {own}, en niet voor {', '.join(others)}"


def _namespaces(inquiry: Inquiry, gateway_: Map, listener: Map, routes: list[Object]) -> Iterator[str]:
    rule = mapping(listener, "allowedRoutes", "namespaces")
    shut = sorted({one.namespace for one in routes if not _lets_in(inquiry, gateway_, rule, one.namespace, "Same")})
    if shut:
        yield f"laat geen routes toe uit {', '.join(shut)} (allowedRoutes)"


def _allows_own(inquiry: Inquiry, gateway_: Map, subject: str) -> Observation:
    rule = mapping(gateway_, "spec", "allowedListeners", "namespaces")
    own = sorted({one.namespace for one in inquiry.objects if one.kind == "ListenerSet"})
    shut = [namespace for namespace in own if not _lets_in(inquiry, gateway_, rule, namespace, "None")]
    if shut:
        message = f"laat geen listeners toe uit {', '.join(shut)} (spec.allowedListeners)"
        todo = "laat wie het cluster beheert dat toestaan: docs/gateway.md van de Signalen Toolkit"
        return Observation("gateway-listeners", Standing.MISSING, f"{subject}: eigen listeners", message, todo)
    return Observation("gateway-listeners", Standing.OK, f"{subject}: eigen listeners")


def _lets_in(inquiry: Inquiry, gateway_: Map, rule: Map, namespace: str, otherwise: str) -> bool:
    match text(rule, "from") or otherwise:
        case "All":
            return True
        case "Same":
            return namespace == _of(gateway_, "namespace")
        case "Selector":
            return fits(mapping(rule, "selector"), _labels(inquiry, namespace))
    return False


def _labels(inquiry: Inquiry, namespace: str) -> dict[Any, Any]:
    """Return the labels that a namespace has, or is to get."""
    own = (one.data for one in inquiry.objects if one.kind == "Namespace" and one.name == namespace)
    both: list[Mapping[str, Any] | None] = [next(own, None), inquiry.cluster.get("namespaces", namespace)]
    found: dict[Any, Any] = {_NAME: namespace}
    for one in both:
        found |= mapping(one, "metadata", "labels")
    return found


def _pods(inquiry: Inquiry, name: str, subject: str) -> Observation:
    wanted = str(inquiry.environment.settings["cluster"]["gateway"]["podsNamespace"])
    found = {
        _of(one, "namespace") for label in _OWNER for one in inquiry.cluster.all("pods", selector=f"{label}={name}")
    }
    if found and wanted not in found:
        message = f"draaien in {', '.join(sorted(found))}, en {wanted} wordt toegelaten"
        todo = "zet die namespace in het formulier bij cluster.gateway.podsNamespace, en render"
        return Observation("gateway-pods", Standing.MISSING, subject, message, todo)
    return Observation("gateway-pods", Standing.OK, subject, f"in {wanted}" if found else "niet aan een label te zien")


def published(inquiry: Inquiry) -> set[str]:
    """Return the addresses of the Gateway in the cluster; none where there is none, or it has none."""
    if not inquiry.environment.has_gateway:
        return set()
    settings = inquiry.environment.settings["cluster"]["gateway"]
    found = inquiry.cluster.get(GATEWAYS, str(settings["name"]), str(settings["namespace"]))
    places = [one for _, one in maps(found, "status", "addresses")]
    return {text(one, "value") for one in places if text(one, "type") in ("", "IPAddress")} - {""}


def _refused(found: Map, *conditions: str) -> str:
    """Return what a controller says of those of its conditions that are not met; empty where all are."""
    known = {text(one, "type"): one for _, one in maps(found, "status", "conditions")}
    unmet = [name for name in conditions if text(known.get(name), "status") != "True"]
    said = [text(known.get(name), "message") for name in unmet]
    reason = next((one for one in said if one), "")
    return f"is niet {' en niet '.join(unmet)}{f': {reason}' if reason else ''}" if unmet else ""


def _of(data: Map, key: str) -> str:
    return text(data, "metadata", key)
