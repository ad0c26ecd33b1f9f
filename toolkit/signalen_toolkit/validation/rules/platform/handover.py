"""The rendered tree that a cluster follows now, and what a form would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_STEPS = "docs/lifecycle.md of the toolkit has the steps"


@rule("delivery-jump", "the tool that lets go in one step removes all that it ever made")
def delivery_jump(form: Form) -> Iterator[Problem]:
    """Reports another delivery than the one that the rendered tree has, where that was not paused before."""
    for environment, facts in _known(form):
        was, becomes = str(facts.get("delivery", "")), environment.delivery.name
        if was and was != becomes and not facts.get("paused"):
            yield form.problem(
                "delivery-jump",
                f"'{environment.name}' is delivered by {was}, and would be by {becomes} at once:"
                f" {was} then removes what it made",
                environment,
                "delivery",
                hint=f"put '{was}' back, set 'sync.paused: true' for '{environment.name}', render and push;"
                f" once the cluster has that, let go and take over: {_STEPS}",
            )


@rule("sync-namespace-jump", "the tool that lets go in one step removes all that it ever made")
def sync_namespace_jump(form: Form) -> Iterator[Problem]:
    """Reports another namespace of the tool than the rendered tree has, where that was not paused before."""
    for environment, facts in _known(form):
        was, becomes = str(facts.get("toolNamespace", "")), str(environment.settings["sync"]["namespace"])
        same_tool = facts.get("delivery") == environment.delivery.name
        if was and was != becomes and same_tool and not facts.get("paused"):
            yield form.problem(
                "sync-namespace-jump",
                f"what delivers '{environment.name}' is followed in namespace {was}, and would be in {becomes} at once:"
                " what it made is then removed",
                environment,
                "sync",
                "namespace",
                hint=f"put {was} back, set 'sync.paused: true' for '{environment.name}', render and push;"
                f" once the cluster has that, let go and take over: {_STEPS}",
            )


@rule("namespace-jump", "volumes and Secrets stay behind in the namespace that they are in")
def namespace_jump(form: Form) -> Iterator[Problem]:
    """Reports another namespace of an environment than the rendered tree has."""
    for environment, facts in _known(form):
        was, becomes = str(facts.get("namespace", "")), environment.namespace
        if was and was != becomes:
            yield form.problem(
                "namespace-jump",
                f"'{environment.name}' is in namespace {was}; in {becomes} it would begin anew, without its data",
                environment,
                "cluster",
                "namespace",
                hint=f"write 'cluster.namespace: {was}', or make another environment beside it and move the data",
            )


@rule("environment-gone", "what is no longer rendered keeps running, and nobody looks after it")
def environment_gone(form: Form) -> Iterator[Problem]:
    """Reports an environment that the rendered tree has and the form has not: removed, or renamed."""
    names = {environment.name for environment in form.config.environments}
    for name, facts in form.rendered.items():
        if name not in names and names and not facts.get("paused"):
            yield form.document.problem(
                "environment-gone",
                f"the environment '{name}' is in clusters/ and no longer in the form; its pods, volumes and host stay"
                f" in the cluster, in namespace {facts.get('namespace', '')}",
                ("environments",),
                at="key",
                hint="a name cannot change: put it back. To take it down, first set its 'sync.paused: true', render and"
                f" push: {_STEPS}",
                severity=Severity.ERROR,
            )


def _known(form: Form) -> Iterator[tuple[Environment, Mapping[str, Any]]]:
    """Yield the environments that were rendered before, with what the rendered tree says of them."""
    for environment in form.config.environments:
        if environment.name in form.rendered:
            yield environment, form.rendered[environment.name]
