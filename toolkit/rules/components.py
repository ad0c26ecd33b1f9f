"""Components: what is on, what it needs, and what is set for what is off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from toolkit.form import Form
from toolkit.problems import Problem, Severity
from toolkit.rules import rule

# Sections of the form that are for one component alone.
_SECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dex": "dex",
        "grafana": "grafana",
        "logs": "loki",
        "mesh": "linkerd-control-plane",
        "metrics": "prometheus",
    }
)


@rule("component-needs", "a component does nothing without the one that it talks to")
def component_needs(form: Form) -> Iterator[Problem]:
    """Reports a component that is on while one that it depends on is off."""
    for environment in form.config.environments:
        for component in environment.components:
            for needed in component.needs:
                if needed in environment.enabled or needed not in form.charts.components:
                    continue
                off = ("components", needed, "enabled")
                given = form.given(environment, *off)
                yield form.problem(
                    "component-needs",
                    f"{component.name} needs {needed}, which is off",
                    environment,
                    *(off if given else ("components", component.name, "enabled")),
                    hint=f"{'remove it' if given else f'switch {needed} on'}, or switch {component.name} off too",
                )


@rule("kubernetes-too-old", "Helm refuses a chart that was not made for the version of the cluster")
def kubernetes_too_old(form: Form) -> Iterator[Problem]:
    """Reports a component whose chart asks for a later Kubernetes than the cluster has."""
    for environment in form.config.environments:
        version = str(environment.settings["cluster"]["kubernetesVersion"])
        for component in environment.components:
            if component.kubernetes and _minor(version) < _minor(component.kubernetes):
                given = form.given(environment, "cluster", "kubernetesVersion")
                yield form.problem(
                    "kubernetes-too-old",
                    f"{component.name} needs Kubernetes {component.kubernetes}, and the cluster has {version}",
                    environment,
                    *(("cluster", "kubernetesVersion") if given else ("components", component.name, "enabled")),
                    hint=f"upgrade the cluster, or switch {component.name} off",
                )


@rule("section-unused", "a setting of what is off does nothing, and nobody is told")
def section_unused(form: Form) -> Iterator[Problem]:
    """Warns of a section for a component that is off: in the environment, or at the top where it is off in all."""
    environments = form.config.environments
    for section, component in _SECTIONS.items():
        off = [environment.name for environment in environments if component not in environment.enabled]
        for place in (*(("environments", name, section) for name in off), (section,)):
            if form.document.node(place) is None or (place == (section,) and len(off) < len(environments)):
                continue
            yield form.document.problem(
                "section-unused",
                f"'{section}' is filled in, and {component} is off",
                place,
                at="key",
                hint=f"switch {component} on in 'components', or remove it",
                severity=Severity.WARNING,
            )


def _minor(version: str) -> int:
    """Return the 34 of 1.34."""
    return int(version.partition(".")[2])
