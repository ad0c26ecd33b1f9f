"""Resources: CPU and memory of what runs in pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.model import Form
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.validation.rules import rule

# More than one pod of these gets on the nodes that clouds rent out for a cluster of a municipality.
_MOST: Final = {"cpu": amount("32"), "memory": amount("128Gi")}


@rule("resources-too-large", "a pod that fits on no node is never started")
def resources_too_large(form: Form) -> Iterator[Problem]:
    """Reports CPU above 32 cores and memory above 128Gi, which is mostly Gi for Mi, or whole cores for m."""
    for environment in form.config.environments:
        for workload, resources in environment.settings["resources"].items():
            for kind, most in _MOST.items():
                for which in ("requests", "limits"):
                    given = resources.get(which, {}).get(kind)
                    found = amount(given)
                    if found is not None and most is not None and found > most:
                        text = str(given)
                        meant = f"{text[:-2]}Mi" if text.endswith("Gi") else f"{text}m" if kind == "cpu" else ""
                        yield form.problem(
                            "resources-too-large",
                            f"{workload} {'asks for' if which == 'requests' else 'may use'} {text} of {kind},"
                            " which no node has",
                            environment,
                            "resources",
                            workload,
                            which,
                            kind,
                            hint=f"did you mean '{meant}'?" if meant else "ask for less",
                        )


@rule("request-over-limit", "Kubernetes refuses a pod that asks for more than it may use")
def request_over_limit(form: Form) -> Iterator[Problem]:
    """Reports CPU or memory that is asked for above its limit, which may be the default one."""
    for environment in form.config.environments:
        for workload, resources in environment.settings["resources"].items():
            requests, limits = resources.get("requests", {}), resources.get("limits", {})
            for kind in requests.keys() & limits.keys():
                asked, most = amount(requests[kind]), amount(limits[kind])
                if asked is not None and most is not None and asked > most:
                    place = ("resources", workload, "requests", kind)
                    written = place if form.given(environment, *place) else ("resources", workload, "limits", kind)
                    yield form.problem(
                        "request-over-limit",
                        f"{workload} asks for {requests[kind]} of {kind}, and may use {limits[kind]}",
                        environment,
                        *written,
                        hint=f"raise 'resources.{workload}.limits.{kind}', or ask for less",
                    )
