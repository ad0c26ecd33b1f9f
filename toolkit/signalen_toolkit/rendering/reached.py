"""What pods reach by the addresses in their Helm values, as the network.yaml of a component says it.

It is read from the values as they are at last, overrides included: what a person set there beside the form, or what
was taken over from before, is what the program calls, and so what the network has to let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from signalen_toolkit.documents.data import at, leaves, mapping, maps, text

Target = str | int | dict[str, Any]
Address = tuple[object, object]

_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443, "amqp": 5672, "amqps": 5671, "ldap": 389, "ldaps": 636}
_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^@/]*@)?(?P<host>\[[^\]/]*\]|[^:/?#]+)(?::(?P<port>\d+))?"
)
# `name`, or `name.namespace.svc` with or without the rest; anything else with a dot is outside the cluster.
_INSIDE = re.compile(r"[a-z0-9-]+(?:\.(?P<namespace>[a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?)?\.?")
_LARGEST: Final = 65535


def helpers(namespace: str) -> dict[str, Any]:
    """Return the functions for the templates of a component in a namespace, by the name that they have there."""
    return {"reached": partial(reached, namespace), "addresses": addresses, "variables": variables, "found": found}


def reached(
    namespace: str, some: Sequence[Address], services: Sequence[str] = (), *, beside: Sequence[Target] = ()
) -> list[Target]:
    """Return what pods in a namespace reach by addresses, each with the port that it has where it names none.

    HTTPS outside the cluster is `web`, and another port its number. `services` are those of which the pods say
    themselves who may come: nothing more has to be opened for them. `beside` is what the pods reach anyhow, once.
    """
    targets = [*beside]
    for address, port in some:
        one = _target(str(address or ""), port, namespace, services)
        if one is not None and one not in targets:
            targets.append(one)
    return targets


def found(values: Any, path: str, otherwise: Any = None) -> Any:
    """Return what is set at a dotted path in values; what the chart then has where it is not set, or is removed."""
    value = at(values, *path.split("."))
    return otherwise if value is None else value


def addresses(data: Any, *without: str) -> list[Address]:
    """Return all texts in data that are addresses (`https://…`), but for those with one of these keys.

    Without a port they have the one that their scheme is known for.
    """
    texts = (value for path, value in leaves(data) if "://" in value and not {*path} & {*without})
    return [(value, None) for value in texts if _ADDRESS.match(value)]


def variables(values: Any) -> dict[str, str]:
    """Return the environment variables that a chart is given: `env` by name, and `envVars` as Kubernetes has them."""
    named = {str(key): str(value) for key, value in mapping(values, "env").items() if value is not None}
    return named | dict(_listed(values))


def _listed(values: Any) -> Iterator[tuple[str, str]]:
    for _, one in maps(values, "envVars"):
        if text(one, "name") and one.get("value") is not None:
            yield text(one, "name"), str(one["value"])


def _target(address: str, default: object, namespace: str, services: Sequence[str]) -> Target | None:
    match = _ADDRESS.match(address)
    if match is None or match["host"] in services:
        return None
    port = _port(match["port"]) or _PORTS.get(match["scheme"] or "") or _port(default)
    if port is None:
        return None
    if inside := _INSIDE.fullmatch(match["host"]):
        return {"namespace": inside["namespace"] or namespace, "port": port}
    return "web" if port == 443 else port


def _port(value: object) -> int | None:
    digits = str(value)
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < int(digits) <= _LARGEST else None
