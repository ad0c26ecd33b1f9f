"""The network: which networks are outside, and whether the namespaces are closed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule


@rule("network-outside", "a network that is not the one that was meant lets nothing through, or too much")
def network_outside(form: Form) -> Iterator[Problem]:
    """Reports a network that does not exist, or is written with the address of one machine in it."""
    for environment in form.config.environments:
        place = form.place(environment, "network", "outside")
        for index, text in enumerate(environment.settings["network"]["outside"]):
            if fault := _fault(str(text)):
                message, hint = fault
                yield form.document.problem("network-outside", message, (*place, index), hint=hint)


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
