"""Pod Security: what cannot run in a namespace at the level restricted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# Services that the backend brings along where nobody else runs them.
_IN_CLUSTER: Final = ("database", "queue", "search")
# Images that name their user, and do not say by which number: what they are built on is not public, or differs by tag.
_UNKNOWN_USERS: Final = ("classification", "mapserver")


@rule("restricted-service", "a namespace at the level restricted refuses the pods of these charts")
def restricted_service(form: Form) -> Iterator[Problem]:
    """Reports a database, queue or search engine in the cluster where Pod Security is restricted."""
    for environment in _restricted(form):
        for section in _IN_CLUSTER:
            if environment.settings[section]["provider"] == "cluster":
                yield form.problem(
                    "restricted-service",
                    f"'{section}' runs in the cluster, and its chart does not keep to the level restricted",
                    environment,
                    "cluster",
                    "podSecurity",
                    hint=f"name the server of a managed one in '{section}.host', or write baseline",
                )


@rule("restricted-user", "by its name Kubernetes cannot tell that a user is not root, and starts no such container")
def restricted_user(form: Form) -> Iterator[Problem]:
    """Reports a component whose image has a user of an unknown number, where Pod Security is restricted."""
    for environment in _restricted(form):
        for name in _UNKNOWN_USERS:
            values = environment.settings["overrides"].get(name, {})
            if name in environment.enabled and not at(values, "podSecurityContext", "runAsUser"):
                setting = f"overrides.{name}.podSecurityContext.runAsUser"
                yield form.problem(
                    "restricted-user",
                    f"the image of {name} does not say by which number its user is known",
                    environment,
                    "cluster",
                    "podSecurity",
                    hint=f"look it up (docker run --entrypoint id IMAGE) and give it in '{setting}', or write baseline",
                )


def _restricted(form: Form) -> Iterator[Environment]:
    """Yield the environments whose namespace is at the level restricted."""
    for environment in form.config.environments:
        if environment.settings["cluster"]["podSecurity"] == "restricted":
            yield environment
