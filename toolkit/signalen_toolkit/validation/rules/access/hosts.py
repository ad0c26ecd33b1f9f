"""Hosts: where each component answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253  # characters of a DNS name


@rule("duplicate-host", "two environments on one host name take each other's visitors")
def duplicate_host(form: Form) -> Iterator[Problem]:
    """Reports a host that an earlier environment, or another component of the same one, has already."""
    owners: dict[str, tuple[str, str]] = {}
    for environment in form.config.environments:
        running = {component.name for component in environment.components}
        reported: set[tuple[str, ...]] = set()  # one problem for a domain that is taken, not one a component
        # The component on the domain itself first: that is the name a person wrote.
        hosts = sorted(environment.hosts.items(), key=lambda item: item[1] != environment.domain)
        for component, host in hosts:
            if component not in running or not host:
                continue
            owner = owners.setdefault(host.lower(), (environment.name, component))
            place = _written(form, environment, component)
            if owner != (environment.name, component) and place not in reported:
                reported.add(place)
                yield form.problem(
                    "duplicate-host",
                    f"'{host}' is already the host of {owner[1]} in '{owner[0]}'",
                    environment,
                    *place,
                    hint="give each environment a domain of its own"
                    if owner[0] != environment.name
                    else "give each component a host of its own",
                )


@rule("host-name", "a host with a scheme, a path or other characters is no name that DNS can answer for")
def host_name(form: Form) -> Iterator[Problem]:
    """Reports a domain or host that is not a DNS name of at least two labels."""
    for environment in form.config.environments:
        if environment.domain and (fault := host_fault(environment.domain)):
            yield form.problem("host-name", fault[0], environment, "domain", hint=fault[1])
        for component, host in environment.hosts.items():
            place = _written(form, environment, component)
            if not host or (place == ("domain",) and len(host) <= _LONGEST):
                continue
            if place == ("domain",):
                message = f"this domain makes '{component}' a host of {len(host)} characters; {_LONGEST} is the most"
                yield form.problem("host-name", message, environment, *place, hint="choose a shorter domain")
            elif fault := host_fault(host):
                yield form.problem("host-name", fault[0], environment, *place, hint=fault[1])


def _written(form: Form, environment: Environment, component: str) -> tuple[str, ...]:
    """Return the setting that a component's host comes from: its own, or the domain."""
    own = ("hosts", component)
    return own if form.given(environment, *own) else ("domain",)


def host_fault(host: str) -> tuple[str, str] | None:
    """Return what is wrong with a host name, and a hint with what was probably meant."""
    if _is_name(host):
        return None
    bare = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", host)
    name = re.split(r"[/?#]", bare, maxsplit=1)[0]
    host_, colon, _ = name.partition(":")
    better = _ascii(host_.strip().lower().rstrip("."))
    hint = f"write {better}" if _is_name(better) else "write a name such as meldingen.example.nl"
    if bare != host:
        return f"'{host}' begins with a scheme; a host name stands alone", hint
    if name != host:
        return f"'{host}' has a path; a host name stands alone", hint
    if colon:
        return f"'{host}' has a port; a host name stands alone", hint
    if better == host.lower() and _is_name(better):
        return f"'{host}' has capitals; Kubernetes takes lower case only", hint
    if better == _ascii(host.lower()) and _is_name(better):
        return f"'{host}' has letters that DNS writes in another way", hint
    if len(host) > _LONGEST:
        return f"this host name has {len(host)} characters; {_LONGEST} is the most", hint
    return f"'{host}' is not a DNS name: at least two labels of letters, digits and '-', with dots between", hint


def _ascii(host: str) -> str:
    """Return the name as DNS knows it: `xn--…` for labels with other letters."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return (
        len(host) <= _LONGEST and len(labels) >= 2 and not labels[-1].isdigit() and all(map(_LABEL.fullmatch, labels))
    )
