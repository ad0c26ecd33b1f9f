"""Hosts: where each component answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolkit.config import Environment
from toolkit.form import Form
from toolkit.problems import Problem
from toolkit.rules import rule

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@rule("duplicate-host", "two environments on one host name take each other's visitors")
def duplicate_host(form: Form) -> Iterator[Problem]:
    """Report a host that an earlier environment, or another component of the same one, has already."""
    owners: dict[str, tuple[str, str]] = {}
    for environment in form.config.environments:
        running = {component.name for component in environment.components}
        for component, host in environment.hosts.items():
            if component not in running or not host:
                continue
            owner = owners.setdefault(host.lower(), (environment.name, component))
            if owner != (environment.name, component):
                yield form.problem(
                    "duplicate-host",
                    f"'{host}' is already the host of {owner[1]} in '{owner[0]}'",
                    environment,
                    *_written(form, environment, component),
                    hint="give each environment a domain of its own",
                )


@rule("host-name", "a host with a scheme, a path or other characters is no name that DNS can answer for")
def host_name(form: Form) -> Iterator[Problem]:
    """Report a domain or host that is not a DNS name of at least two labels."""
    for environment in form.config.environments:
        written = {_written(form, environment, component) for component in environment.hosts}
        for path in sorted(written):
            host = environment.domain if path == ("domain",) else environment.hosts[path[1]]
            if host and (fault := _fault(host)):
                message, better = fault
                hint = f"write {better}" if better else ""
                yield form.problem("host-name", message, environment, *path, hint=hint)


def _written(form: Form, environment: Environment, component: str) -> tuple[str, ...]:
    """Return the setting that a component's host comes from: its own, or the domain."""
    own = ("hosts", component)
    return own if form.given(environment, *own) else ("domain",)


def _fault(host: str) -> tuple[str, str] | None:
    """Return what is wrong with a host name, and what was probably meant."""
    bare = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", host)
    name = re.split(r"[/?#]", bare, maxsplit=1)[0]
    name, colon, _ = name.partition(":")
    better = name.lower().rstrip(".")
    better = better if _is_name(better) else ""
    if bare != host:
        return f"'{host}' begins with a scheme; a host name stands alone", better
    if name != host and not colon:
        return f"'{host}' has a path; a host name stands alone", better
    if colon:
        return f"'{host}' has a port; a host name stands alone", better
    if host != host.lower() and better:
        return f"'{host}' has capitals; Kubernetes takes lower case only", better
    if not _is_name(host):
        return f"'{host}' is not a DNS name: labels of letters, digits and '-' with dots between", better
    # The longest name that is made of it is api.<domain>, classification.<domain>, …
    return None


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return len(host) <= 253 and len(labels) >= 2 and not labels[-1].isdigit() and all(map(_LABEL.fullmatch, labels))
