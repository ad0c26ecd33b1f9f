"""What visitors come in by: a certificate, HTTPS and nothing else, and headers that protect them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from signalen_toolkit.documents.data import Map, mapping, maps, place, text, texts
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.checks import hosts
from signalen_toolkit.kubernetes.entrances import GATEWAY, ingresses, routes
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.stores import issuer

_HSTS: Final = "strict-transport-security"
_SNIFF: Final = "x-content-type-options"
_NGINX: Final = "nginx.ingress.kubernetes.io"
_TRAEFIK: Final = "traefik.ingress.kubernetes.io"


def _tls(scene: Scene) -> Seen:
    uncertified: dict[Object, list[str]] = {}
    for finding in hosts.check(scene.cluster):
        if finding.rule == "host-without-tls":
            uncertified.setdefault(finding.object, []).append(finding.path)
    certified = {
        (scene.cluster.namespace(obj), text(obj.data, "spec", "secretName"))
        for obj in scene.cluster.of_kind("cert-manager.io", "Certificate")
    }
    found, gaps = ingresses(scene.cluster), list[Gap]()
    for obj in found:
        names = [(scene.cluster.namespace(obj), text(tls, "secretName")) for _, tls in maps(obj.data, "spec", "tls")]
        if not names or obj in uncertified:
            message = "niet elke host staat in spec.tls" if names else "heeft geen spec.tls"
            gaps.append(about(scene, obj, message, uncertified.get(obj, ["spec.tls"])))
        elif not issuer(obj.data) and not certified.issuperset(names):
            gaps.append(
                about(scene, obj, "heeft een certificaat dat cert-manager niet maakt", ["metadata.annotations"])
            )
    return Seen(len(found), gaps)


def _listeners(scene: Scene) -> Seen:
    """Look at routes: they have the certificates of the listeners that they are at, of the environment or elsewhere."""
    found = routes(scene.cluster)
    open_ = {one.object for one in hosts.check(scene.cluster) if one.rule == "host-without-tls"}
    gaps = [
        about(scene, obj, "hangt ook aan listeners zonder HTTPS", ["spec.parentRefs"]) for obj in found if obj in open_
    ]
    sets = [one for kind in ("Gateway", "ListenerSet") for one in scene.cluster.of_kind(GATEWAY, kind)]
    gaps += [
        about(scene, obj, "heeft een certificaat dat cert-manager niet maakt", ["metadata.annotations"])
        for obj in sets
        if not issuer(obj.data)
    ]
    note = "of er een certificaat is, weet wie de Gateway beheert" if found and not sets else ""
    return Seen(len(found), gaps, note)


def _both(one: Callable[[Scene], Seen], other: Callable[[Scene], Seen]) -> Callable[[Scene], Seen]:
    """Make one look of a look at Ingresses and one at routes."""

    def look(scene: Scene) -> Seen:
        seen = (one(scene), other(scene))
        notes = [part.note for part in seen if part.note]
        return Seen(sum(part.count for part in seen), [gap for part in seen for gap in part.gaps], "; ".join(notes))

    return look


def _redirect(scene: Scene) -> Seen:
    readable = [(obj, found) for obj in ingresses(scene.cluster) if (found := _controller(scene, obj))]
    gaps = [
        about(scene, obj, "stuurt HTTP niet door naar HTTPS", ["metadata.annotations"])
        for obj, controller in readable
        if not (_nginx_redirects(obj.data) if controller == "nginx" else _traefik_redirects(scene, obj))
    ]
    return Seen(len(readable), gaps, _unreadable(scene, len(readable)))


def _route_redirects(scene: Scene) -> Seen:
    """Look for routes that send on to HTTPS. Where there is none for a host, the Gateway may still do it for all."""
    sent_on = {
        host
        for obj in scene.cluster.of_kind(GATEWAY, "HTTPRoute")
        if any(text(one, "requestRedirect", "scheme") == "https" for one in _filters(obj))
        for host in texts(obj.data, "spec", "hostnames")
    }
    found = routes(scene.cluster)
    left = [obj for obj in found if not sent_on.issuperset(texts(obj.data, "spec", "hostnames"))]
    note = f"van {len(left)} routes is het niet te zien: doet de Gateway het voor iedereen?" if left else ""
    return Seen(len(found) - len(left), (), note)


def _route_headers(scene: Scene) -> Seen:
    found, gaps = routes(scene.cluster), list[Gap]()
    for obj in found:
        sent = {
            text(header, "name").lower()
            for one in _filters(obj)
            for action in ("set", "add")
            for _, header in maps(one, "responseHeaderModifier", action)
        }
        if lacking := _lacking(sent):
            message = f"geen filter laat de Gateway {' en '.join(lacking)} sturen"
            gaps.append(about(scene, obj, message, ["spec.rules"]))
    return Seen(len(found), gaps)


def _filters(route: Object) -> Iterator[Map]:
    for _, rule in maps(route.data, "spec", "rules"):
        yield from (one for _, one in maps(rule, "filters"))


def _lacking(sent: Collection[str]) -> list[str]:
    """Return what is not among the headers that are sent."""
    return [name for name, key in (("HSTS", _HSTS), ("X-Content-Type-Options", _SNIFF)) if key not in sent]


def _headers(scene: Scene) -> Seen:
    readable = [(obj, found) for obj in ingresses(scene.cluster) if (found := _controller(scene, obj))]
    gaps = list[Gap]()
    for obj, controller in readable:
        sent = set(_nginx_headers(scene, obj) if controller == "nginx" else _traefik_headers(scene, obj))
        if lacking := _lacking(sent):
            message = f"geen object laat de ingress {' en '.join(lacking)} sturen"
            gaps.append(about(scene, obj, message, ["metadata.annotations"]))
    return Seen(len(readable), gaps, _unreadable(scene, len(readable)))


def _unreadable(scene: Scene, readable: int) -> str:
    left = len(ingresses(scene.cluster)) - readable
    return f"van {left} Ingress-objecten is het niet te zien: een andere ingress controller" if left else ""


def _controller(scene: Scene, ingress: Object) -> str:
    """Return whose annotations an Ingress has; nothing for a controller of which they are not known here."""
    name = text(scene.settings, "cluster", "ingressController") or text(ingress.data, "spec", "ingressClassName")
    return next((known for known in ("nginx", "traefik") if known in name), "")


def _annotation(ingress: Map, name: str) -> str:
    value = mapping(ingress, "metadata", "annotations").get(name)
    return "" if value is None else str(value).lower()


def _nginx_redirects(ingress: Map) -> bool:
    """Tell whether ingress-nginx redirects: where there is a certificate it does, unless it is told not to."""
    forced = _annotation(ingress, f"{_NGINX}/force-ssl-redirect") == "true"
    return forced or (
        any(True for _ in maps(ingress, "spec", "tls")) and _annotation(ingress, f"{_NGINX}/ssl-redirect") != "false"
    )


def _nginx_headers(scene: Scene, ingress: Object) -> Iterator[str]:
    if any(True for _ in maps(ingress.data, "spec", "tls")):
        yield _HSTS  # by itself, unless its administrator turned that off
    namespace, _, name = _annotation(ingress.data, f"{_NGINX}/custom-headers").partition("/")
    found = scene.cluster.find("", "ConfigMap", namespace, name)
    if found:
        yield from (str(key).lower() for key in mapping(found.data, "data"))
    snippet = _annotation(ingress.data, f"{_NGINX}/configuration-snippet")
    yield from (name for name in (_HSTS, _SNIFF) if re.search(rf"\b{name}\b", snippet))


def _traefik_redirects(scene: Scene, ingress: Object) -> bool:
    """Tell whether Traefik redirects, or does not answer on HTTP at all."""
    if _annotation(ingress.data, f"{_TRAEFIK}/router.entrypoints") == "websecure":
        return True
    return any(text(one, "redirectScheme", "scheme") == "https" for one in _middlewares(scene, ingress))


def _traefik_headers(scene: Scene, ingress: Object) -> Iterator[str]:
    for one in _middlewares(scene, ingress):
        headers = mapping(one, "headers")
        seconds = headers.get("stsSeconds")
        if isinstance(seconds, int) and seconds > 0:
            yield _HSTS
        if headers.get("contentTypeNosniff") is True:
            yield _SNIFF
        yield from (str(key).lower() for key in mapping(headers, "customResponseHeaders"))


def _middlewares(scene: Scene, ingress: Object) -> Iterator[Map]:
    """Yield the middlewares of an Ingress, which names each as `<namespace>-<name>@kubernetescrd`."""
    names = {name.strip() for name in _annotation(ingress.data, f"{_TRAEFIK}/router.middlewares").split(",")}
    for obj in scene.cluster.objects:
        named = f"{scene.cluster.namespace(obj)}-{obj.name}@kubernetescrd".lower()
        if obj.kind == "Middleware" and named in names:
            yield mapping(obj.data, "spec")


POINTS: Final = (
    Point(
        "ingress-tls",
        "Elke Ingress of route heeft voor elke host een certificaat van cert-manager",
        f"noem de hosts in {place('spec', 'tls')}, en de uitgever in 'cluster.certificateIssuer'",
        _both(_tls, _listeners),
    ),
    Point(
        "https-redirect",
        "Wie met HTTP komt, wordt doorgestuurd naar HTTPS",
        "haal de annotatie weg die dit uitzet, of zet een redirect op de ingress",
        _both(_redirect, _route_redirects),
    ),
    Point(
        "security-headers",
        "De ingress of de Gateway stuurt HSTS en X-Content-Type-Options",
        "zet 'cluster.securityHeaders' aan; wat de ingress controller of de applicatie zelf al stuurt, is hier niet te"
        " zien",
        _both(_headers, _route_headers),
    ),
)
