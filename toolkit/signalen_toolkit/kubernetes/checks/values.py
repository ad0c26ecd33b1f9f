"""What the API server refuses although it fits the schema: labels, ports, hosts, networks, times, quantities and sizes.

Source: the validation of Kubernetes' own kinds (pkg/apis/*/validation), of which its schemas have no patterns.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import Place, is_map, listed, mapping, maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster, Pod, group_of, is_file
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.schema.names import is_label, is_label_key, is_label_value, is_subdomain
from signalen_toolkit.schema.times import is_duration, never_comes

REASONS: Final[Mapping[str, str]] = {"object-value": "the cluster refuses the object, or what it says never happens"}

# Groups whose kinds are checked through and through; of others, only the metadata is known.
_OWN_GROUPS: Final = frozenset({"", "apps", "batch", "networking.k8s.io", "policy", "autoscaling"})
# Kinds with an `interval` and the like, as Go writes a time.
_TIMED: Final = re.compile(r"(?:source|kustomize|helm|notification)\.toolkit\.fluxcd\.io|external-secrets\.io")
_TIMES: Final = frozenset({"interval", "retryInterval", "timeout", "refreshInterval"})
_MAPS: Final = frozenset({"labels", "matchLabels", "nodeSelector"})
_PORTS: Final = frozenset({"port", "targetPort", "containerPort", "hostPort", "nodePort", "number", "endPort"})
_UNSET: Final = frozenset({"hostPort", "nodePort"})  # where 0 means none
_NAMES: Final = frozenset(
    {"storageClassName", "ingressClassName", "secretName", "claimName", "serviceAccountName", "priorityClassName"}
)
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[ -<>-~]+")
_KEY: Final = re.compile(r"(?!\.\.?$)(?!\.\.)[A-Za-z0-9._-]{1,253}")
_EXPONENT: Final = re.compile(r"-?[0-9](?:\.[0-9]+)?e[+-][0-9]{2,3}")
_MOST_DATA: Final = 2**20  # bytes of a ConfigMap or Secret
_MOST_ANNOTATIONS: Final = 2**18  # bytes
_LARGEST_PORT: Final = 65535


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report values that the API server refuses, and times that never come."""
    for obj in cluster.objects:
        if is_file(obj) or obj.kind == "CustomResourceDefinition":
            continue
        group = group_of(obj.api_version)
        yield from _labels(obj, ("metadata", "labels"))
        yield from _annotations(obj, ("metadata", "annotations"))
        if group in _OWN_GROUPS and obj.kind in ("ConfigMap", "Secret"):
            yield from _data(obj)
        elif group in _OWN_GROUPS:
            yield from _inside(obj, mapping(obj.data, "spec"), ("spec",))
            yield from _of_kind(obj)
        elif _TIMED.fullmatch(group):
            yield from _times(obj)
    for pod in cluster.pods:
        yield from _pod(pod)


def _inside(obj: Object, value: Any, at: Place) -> Iterator[Finding]:
    """Look at what has the same meaning wherever it stands in Kubernetes' own kinds."""
    if isinstance(value, list):
        for index, child in enumerate(value):
            if is_map(child) or isinstance(child, list):
                yield from _inside(obj, child, (*at, index))
        return
    for key, child in value.items() if is_map(value) else ():
        inner = (*at, key)
        if key in _MAPS or (inner == ("spec", "selector") and obj.kind in ("Service", "ReplicationController")):
            yield from _labels(obj, inner)
        elif key == "annotations":
            yield from _annotations(obj, inner)
        elif key in _PORTS and not is_map(child):
            yield from _port(obj, inner, child)
        elif key in _NAMES:
            if child and isinstance(child, str) and not is_subdomain(child):
                yield _wrong(obj, inner, f"'{brief(child)}' cannot be the name of an object", _LETTERS)
        elif is_map(child) or isinstance(child, list):
            yield from _inside(obj, child, inner)


def _of_kind(obj: Object) -> Iterator[Finding]:
    if obj.kind == "Ingress":
        for path, rule in maps(obj.data, "spec", "rules"):
            yield from _host(obj, (*path, "host"), rule.get("host"))
        for path, tls in maps(obj.data, "spec", "tls"):
            for index, host in enumerate(listed(tls, "hosts")):
                yield from _host(obj, (*path, "hosts", index), host)
    elif obj.kind == "NetworkPolicy":
        yield from _networks(obj)
    elif obj.kind == "CronJob" and never_comes(schedule := text(obj.data, "spec", "schedule")):
        yield _wrong(obj, ("spec", "schedule"), f"'{schedule}' names no day that there is", "choose another day")


def _pod(pod: Pod) -> Iterator[Finding]:
    obj = pod.object
    for container in pod.containers():
        yield from _named(obj, container.path, container.data, is_label)
        for path, variable in maps(container.data, "env"):
            yield from _variable(obj, (*container.path, *path), variable)
        for path, port in maps(container.data, "ports"):
            name = text(port, "name")
            if name and not _PORT_NAME.fullmatch(name):
                yield _wrong(
                    obj, (*container.path, *path, "name"), f"'{brief(name)}' cannot be the name of a port", _SHORT
                )
        yield from _quantities(obj, (*container.path, "resources"), mapping(container.data, "resources"))
    for path, volume in maps(pod.spec, "volumes"):
        yield from _named(obj, (*pod.path, *path), volume, is_label)


_LETTERS: Final = "it may have small letters, digits, '-' and '.'"
_SHORT: Final = "it may have 15 small letters, digits and '-', and a letter among them"


def _named(obj: Object, path: Place, data: Mapping[Any, Any], fits: Callable[[str], bool]) -> Iterator[Finding]:
    name = data.get("name")
    if isinstance(name, str) and not fits(name):
        what = "a volume" if "volumes" in path else "a container"
        words = "it may have 63 small letters, digits and '-'"
        yield _wrong(obj, (*path, "name"), f"'{brief(name)}' cannot be the name of {what}", words)


def _variable(obj: Object, path: Place, variable: Mapping[Any, Any]) -> Iterator[Finding]:
    name, value = variable.get("name"), variable.get("value")
    if isinstance(name, str) and not _VARIABLE.fullmatch(name):
        words = "it may have visible characters but '='"
        yield _wrong(obj, (*path, "name"), f"'{brief(name)}' cannot be the name of an environment variable", words)
    if isinstance(value, str) and _EXPONENT.fullmatch(value):
        hint = f"write {float(value):.0f} between quotes" if float(value).is_integer() else "write it between quotes"
        message = f"'{text(variable, 'name')}' is {value}: Helm has made a fraction of the number"
        yield _wrong(obj, (*path, "value"), message, hint)


def _labels(obj: Object, path: Place) -> Iterator[Finding]:
    for key, value in mapping(obj.data, *path).items():
        if isinstance(key, str) and not is_label_key(key):
            yield _wrong(obj, (*path, key), f"'{brief(key)}' cannot be the name of a label", _WORD)
        elif isinstance(value, str) and not is_label_value(value):
            length = f" ({len(value)} characters)" if len(value) > 63 else ""
            message = f"'{brief(value)}'{length} cannot be the value of the label '{brief(str(key))}'"
            yield _wrong(obj, (*path, key), message, _WORD)


_WORD: Final = "it may have 63 letters, digits, '-', '_' and '.', a letter or digit at each end"


def _annotations(obj: Object, path: Place) -> Iterator[Finding]:
    found = mapping(obj.data, *path)
    for key in found:
        if isinstance(key, str) and not is_label_key(key.lower()):
            yield _wrong(obj, (*path, key), f"'{brief(key)}' cannot be the name of an annotation", _WORD)
    size = sum(len(str(part).encode()) for pair in found.items() for part in pair)
    if size > _MOST_ANNOTATIONS:
        yield _wrong(obj, path, f"the annotations are {size} bytes, and may be {_MOST_ANNOTATIONS}", "shorten them")


def _port(obj: Object, path: Place, value: Any) -> Iterator[Finding]:
    if isinstance(value, int) and not isinstance(value, bool):
        fits = 1 <= value <= _LARGEST_PORT or (value == 0 and path[-1] in _UNSET)
        hint = f"write one from 1 to {_LARGEST_PORT}"
    elif isinstance(value, str):
        fits, hint = _PORT_NAME.fullmatch(value) is not None, f"write the number or the name of one: {_SHORT}"
    else:
        return
    if not fits:
        yield _wrong(obj, path, f"there is no port '{brief(str(value))}'", hint)


def _host(obj: Object, path: Place, host: Any) -> Iterator[Finding]:
    if isinstance(host, str) and host and not is_subdomain(host.removeprefix("*.")):
        yield _wrong(obj, path, f"'{brief(host)}' is not a host name", _LETTERS)


def _networks(obj: Object) -> Iterator[Finding]:
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for outer, rule in maps(obj.data, "spec", side):
            for inner, peer in maps(rule, peers):
                path = (*outer, *inner, "ipBlock")
                block = mapping(peer, "ipBlock")
                whole = _network(block.get("cidr"))
                if "cidr" in block and whole is None:
                    yield _wrong(obj, (*path, "cidr"), f"'{block['cidr']}' is not a network", _NETWORK)
                for index, text_ in enumerate(listed(block, "except")):
                    part = _network(text_)
                    if whole is not None and (part is None or not _is_part(part, whole)):
                        message = f"'{text_}' is not a network inside {whole}"
                        yield _wrong(obj, (*path, "except", index), message, _NETWORK)


_NETWORK: Final = "write one such as 10.20.0.0/16"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(value: Any) -> _Network | None:
    return _network_in(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)  # of many policies, most say the same
def _network_in(text_: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text_)
    except ValueError:
        return None


def _is_part(part: _Network, whole: _Network) -> bool:
    """Tell whether a network is a real part of another: Kubernetes wants it to be smaller."""
    if isinstance(part, ipaddress.IPv4Network) and isinstance(whole, ipaddress.IPv4Network):
        return part != whole and part.subnet_of(whole)
    both = isinstance(part, ipaddress.IPv6Network) and isinstance(whole, ipaddress.IPv6Network)
    return both and part != whole and part.subnet_of(whole)  # type: ignore[arg-type]  # both are of IPv6


def _quantities(obj: Object, path: Place, resources: Mapping[Any, Any]) -> Iterator[Finding]:
    found: dict[tuple[str, str], Any] = {}
    for which in ("requests", "limits"):
        for kind, value in mapping(resources, which).items():
            number = amount(value)
            if value is not None and number is None:
                message = f"'{brief(str(value))}' is no amount of {kind}"
                yield _wrong(obj, (*path, which, kind), message, "write one such as 500m or 512Mi")
            found[which, str(kind)] = number
    for (which, kind), asked in found.items():
        most = found.get(("limits", kind))
        if which == "requests" and asked is not None and most is not None and asked > most:
            message = f"it asks for more {kind} than it may use"
            yield _wrong(obj, (*path, which, kind), message, f"raise the limit of {kind}, or ask for less")


def _data(obj: Object) -> Iterator[Finding]:
    size = 0
    for part in ("data", "binaryData", "stringData"):
        for key, value in mapping(obj.data, part).items():
            length = len(str(value).encode(errors="surrogatepass"))
            # Four characters of Base64 are three bytes.
            size += length * 3 // 4 if part == "binaryData" or (obj.kind == "Secret" and part == "data") else length
            if isinstance(key, str) and not _KEY.fullmatch(key):
                words = "it may have 253 letters, digits, '-', '_' and '.'"
                yield _wrong(obj, (part, key), f"'{brief(key)}' cannot be a key of a {obj.kind}", words)
    if size > _MOST_DATA:
        yield _wrong(obj, ("data",), f"it is {size} bytes, and may be {_MOST_DATA}", "make it smaller")


def _times(obj: Object) -> Iterator[Finding]:
    for key, value in mapping(obj.data, "spec").items():
        if key in _TIMES and isinstance(value, str) and not is_duration(value):
            message = f"'{brief(value)}' is no time that can be waited for"
            yield _wrong(obj, ("spec", key), message, "write one of at least a second, such as 10m")


def _wrong(obj: Object, path: Place, message: str, hint: str) -> Finding:
    return Finding("object-value", message, obj, place(*path), hint)
