"""Resources: CPU and memory of what runs in pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from toolkit.form import Form
from toolkit.problems import Problem
from toolkit.rules import rule

# Kubernetes' suffixes, as multiples.
_UNITS: Final = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


@rule("request-over-limit", "Kubernetes refuses a pod that asks for more than it may use")
def request_over_limit(form: Form) -> Iterator[Problem]:
    """Reports CPU or memory that is asked for above its limit, which may be the default one."""
    for environment in form.config.environments:
        for workload, resources in environment.settings["resources"].items():
            requests, limits = resources.get("requests", {}), resources.get("limits", {})
            for kind in requests.keys() & limits.keys():
                if _amount(requests[kind]) > _amount(limits[kind]):
                    place = ("resources", workload, "requests", kind)
                    written = place if form.given(environment, *place) else ("resources", workload, "limits", kind)
                    yield form.problem(
                        "request-over-limit",
                        f"{workload} asks for {requests[kind]} of {kind}, and may use {limits[kind]}",
                        environment,
                        *written,
                        hint=f"raise 'resources.{workload}.limits.{kind}', or ask for less",
                    )


def _amount(quantity: str) -> float:
    """Return a quantity of Kubernetes as a number: `500m` is 0.5."""
    number = quantity.rstrip("mkMGTi")
    return float(number) * _UNITS[quantity[len(number) :]]
