"""The network: which networks are outside, and whether the namespaces are closed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_LARGEST_PORT: Final = 65535
# Not more digits than Python reads as a number.
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/?#]*@)?(?:\[[^\]/]*\]|[^:/?#\[\]]+):([0-9]{1,20})(?=[/?#]|$)")
_SERVER = re.compile(r"[A-Za-z0-9.-]+:([0-9]{1,20})")
# Where images and charts come from: an address with or without what says how it is spoken to.
_MIRRORS: Final = frozenset({("images", "registry"), ("charts", "repository")})
_EACH_CHART: Final = ("charts", "repositories")
_MIRROR = re.compile(r"(?:(?:https|oci)://)?[A-Za-z0-9.-]+:([0-9]{1,20})(?=/|$)")
_HOST_KEY = re.compile(r"host|hostname|smarthost|[A-Z_]*_HOST(_OVERRIDE)?")
_PORT_VARIABLE = re.compile(r"[A-Z_]*_PORT(_OVERRIDE)?")


@rule("network-outside", "a network that is not the one that was meant lets nothing through, or too much")
def network_outside(form: Form) -> Iterator[Problem]:
    """Reports a network that does not exist, or is written with the address of one machine in it."""
    for environment in form.config.environments:
        place = form.place(environment, "network", "outside")
        for index, text in enumerate(environment.settings["network"]["outside"]):
            if fault := _fault(str(text)):
                message, hint = fault
                yield form.document.problem("network-outside", message, (*place, index), hint=hint)


@rule("port-range", "a port that does not exist answers nobody, and Kubernetes refuses the policy that names it")
def port_range(form: Form) -> Iterator[Problem]:
    """Reports a port that is not 1 to 65535 behind the name of a server, or in an address or variable of overrides."""
    for place, value in form.texts():
        port = _port_of(place, value)
        if port is not None and not 1 <= int(port) <= _LARGEST_PORT:
            hint = f"write one from 1 to {_LARGEST_PORT}, or leave it out"
            yield form.document.problem("port-range", f"there is no port {port}", place, hint=hint)


@rule("network-dns", "without DNS a pod finds nobody")
def network_dns(form: Form) -> Iterator[Problem]:
    """Reports an address of DNS on nodes that does not exist, or is written with the address of one machine in it."""
    for environment in form.config.environments:
        for index, text in enumerate(environment.settings["network"]["dns"]["networks"]):
            if fault := _fault(str(text)):
                place = (*form.place(environment, "network", "dns", "networks"), index)
                yield form.document.problem("network-dns", fault[0], place, hint=fault[1])


@rule("network-open", "whoever breaks into one pod of the cluster reaches all of them")
def network_open(form: Form) -> Iterator[Problem]:
    """Warns of a production environment whose namespaces are open to every pod of the cluster."""
    for environment in form.config.environments:
        if environment.production and not environment.settings["network"]["policies"]:
            yield form.problem(
                "network-open",
                f"'{environment.name}' is a production environment, and every pod of the cluster may talk to it",
                environment,
                "network",
                "policies",
                hint="remove it, and name the networks of what is outside in 'network.outside'",
                severity=Severity.WARNING,
            )


def _port_of(place: Place, value: str) -> str | None:
    """Return the port that a text names; of addresses in the form itself, its schema knows which are right."""
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    if "overrides" in place:
        if _PORT_VARIABLE.fullmatch(key):
            return value if _DIGITS.fullmatch(value) else None
        if found := _ADDRESS.match(value):
            return found[1]
    if place[-2:] in _MIRRORS or place[-3:-1] == _EACH_CHART:
        server = _MIRROR.match(value)
    else:
        server = _SERVER.fullmatch(value) if _HOST_KEY.fullmatch(key) else None
    return server[1] if server else None


def _fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a network, and a hint with what was probably meant."""
    try:
        machine, meant = ipaddress.ip_interface(text).ip, ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"'{text}' is not a network", "write one such as 10.20.0.0/16, or 10.20.30.40/32 for one machine"
    if machine == meant.network_address:
        return None
    hint = f"did you mean {meant}, or {machine}/{machine.max_prefixlen} for that machine alone?"
    return f"'{text}' is a machine in the network {meant}", hint
