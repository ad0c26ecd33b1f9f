"""Resources: CPU and memory of what runs in pods."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.model import Form
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.validation.rules import rule


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
