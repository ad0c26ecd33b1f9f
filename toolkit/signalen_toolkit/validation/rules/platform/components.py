"""Components: what is on, what it needs, and what is set for what is off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form import schema as formschema
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# The settings that are for one component alone, with its name: at the top as well as in an environment.
_OWN: Final = tuple(
    (path[2:] if path[0] == "environments" else path, str(node["x-component"]))
    for path, node in formschema.settings()
    if "x-component" in node
)


@rule("component-needs", "a component does nothing without the one that it talks to")
def component_needs(form: Form) -> Iterator[Problem]:
    """Reports a component that is on while one that it depends on is off."""
    for environment in form.config.environments:
        for component in environment.components:
            for needed in component.depends_on:
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
    """Reports a component whose chart asks for a later Kubernetes than the cluster has, and warns where Flux does.

    A cluster may have an earlier Flux already, which then stays.
    """
    for environment in form.config.environments:
        version = str(environment.settings["cluster"]["kubernetesVersion"])
        tool = environment.delivery
        if tool.kubernetes and _minor(version) < _minor(tool.kubernetes):
            yield form.problem(
                "kubernetes-too-old",
                f"the {tool.title} that a new cluster gets needs Kubernetes {tool.kubernetes},"
                f" and the cluster has {version}",
                environment,
                "cluster",
                "kubernetesVersion",
                hint=f"upgrade the cluster, or install an earlier {tool.title} before bootstrap/cluster.sh does it",
                severity=Severity.WARNING,
            )
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
    """Warns of settings for a component that is off: in the environment, or at the top where it is off in all.

    Those are its section, its overrides, its host, and how many pods it has and what these may use.
    """
    environments = form.config.environments
    for path, component in _OWN:
        off = [environment.name for environment in environments if component not in environment.enabled]
        for place in (*(("environments", name, *path) for name in off), path):
            if form.document.node(place) is None or (place == path and not 0 < len(off) == len(environments)):
                continue
            yield form.document.problem(
                "section-unused",
                f"'{'.'.join(path)}' is filled in, and {component} is off",
                place,
                at="key",
                hint=f"switch {component} on in 'components', or remove it",
                severity=Severity.WARNING,
            )


@rule("classification-models", "classification without models refuses every question, and comes without any")
def classification_models(form: Form) -> Iterator[Problem]:
    """Warns of classification that is on without models: in production, and wherever the form switches it on.

    Source: the program of classification, which answers 400 until four files are in its folder.
    """
    place = ("components", "classification", "enabled")
    for environment in form.config.environments:
        settings = environment.settings["classification"]
        if "classification" not in environment.enabled or settings["models"]:
            continue
        given = form.given(environment, *place)
        if given or environment.production:
            yield form.document.problem(
                "classification-models",
                f"classification is on in '{environment.name}', and has no models to guess a category with",
                form.place(environment, *place) if given else ("environments", environment.name),
                at="value" if given else "key",
                hint="put them on its volume and write 'classification.models: true', or switch classification off",
                severity=Severity.WARNING,
            )


def _minor(version: str) -> int:
    """Return the 34 of 1.34."""
    return int(version.partition(".")[2])
