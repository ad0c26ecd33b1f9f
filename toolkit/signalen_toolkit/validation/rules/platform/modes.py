"""Settings that belong to another choice than the one that was made, and what is not there to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# For each section the settings that a provider alone reads.
_READ_BY: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "database": {"managed": ("host", "port", "operatorNamespace"), "cluster": ("size",)},
    "queue": {"managed": ("host", "operatorNamespace"), "cluster": ("size",)},
    "search": {"managed": ("host", "operatorNamespace"), "cluster": ("size",)},
    "storage": {"azure": ("azure",), "s3": ("s3",)},
    "logs": {"azure": ("azure",), "s3": ("s3",)},
    "email": {"smtp": ("smtp",), "office365": ("office365",)},
    "secrets": {"sops": ("sops",), "external-secrets": ("externalSecrets",)},
}
# Who the chart's database knows.
_USER: Final = "postgres"
# The newest minor version of Kubernetes that there is.
_NEWEST: Final = (1, 37)


@rule("setting-unused", "a setting that nothing reads is taken for one that works")
def setting_unused(form: Form) -> Iterator[Problem]:
    """Warns of settings for another provider than the one of the environment, or of all where they are at the top.

    And of a Secret for a repository of charts, where none but the published ones are used.
    """
    yield from _of_charts(form)
    environments = form.config.environments
    for section, by in _READ_BY.items():
        chosen = {one.name: str(one.settings[section]["provider"]) for one in environments}
        for provider, keys in by.items():
            others = [name for name, own in chosen.items() if own != provider]
            for key in keys:
                places: list[tuple[str, ...]] = [("environments", name, section, key) for name in others]
                if environments and len(others) == len(environments):
                    places.append((section, key))
                for place in places:
                    if form.document.node(place) is not None:
                        instead = chosen[place[1]] if len(place) > 2 else " and ".join(sorted(set(chosen.values())))
                        yield form.document.problem(
                            "setting-unused",
                            f"'{section}.{key}' is for the provider {provider}, and '{section}.provider' is {instead}",
                            place,
                            at="key",
                            hint=f"remove it, or set '{section}.provider: {provider}'",
                            severity=Severity.WARNING,
                        )


def _of_charts(form: Form) -> Iterator[Problem]:
    for environment in form.config.environments:
        charts = environment.settings["charts"]
        if "secret" in charts and not ("repository" in charts or charts["repositories"]):
            yield form.problem(
                "setting-unused",
                f"all charts of '{environment.name}' come from where they were published, which asks for no password",
                environment,
                "charts",
                "secret",
                hint="name the mirror in 'charts.repository', or remove it",
                severity=Severity.WARNING,
            )


@rule("database-user", "the database in the cluster has one user, and refuses every other")
def database_user(form: Form) -> Iterator[Problem]:
    """Reports another user than the one that the database in the cluster is made with."""
    for environment in form.config.environments:
        database = environment.settings["database"]
        if database["provider"] == "cluster" and database["user"] != _USER:
            yield form.problem(
                "database-user",
                f"the database in the cluster knows '{_USER}', and not '{database['user']}'",
                environment,
                "database",
                "user",
                hint="remove it, or give the host of a managed database",
            )


@rule("nothing-installed", "an environment without a component is an empty namespace")
def nothing_installed(form: Form) -> Iterator[Problem]:
    """Reports an environment in which every component is off."""
    for environment in form.config.environments:
        if not environment.components:
            yield form.problem(
                "nothing-installed",
                f"all components of '{environment.name}' are off",
                environment,
                "components",
                at="key",
                hint="switch one on, or take leave of the environment with `signalen remove`",
            )


@rule("kubernetes-unknown", "what is checked against a version that does not exist is checked against nothing")
def kubernetes_unknown(form: Form) -> Iterator[Problem]:
    """Reports a version of Kubernetes that does not exist yet. Source: kubernetes.io/releases."""
    for environment in form.config.environments:
        version = str(environment.settings["cluster"]["kubernetesVersion"])
        if tuple(map(int, version.split("."))) > _NEWEST:
            newest = ".".join(map(str, _NEWEST))
            yield form.problem(
                "kubernetes-unknown",
                f"there is no Kubernetes {version}; the newest that is known here is {newest}",
                environment,
                "cluster",
                "kubernetesVersion",
                hint="write the version of the cluster (`kubectl version`); if it is newer, update the toolkit",
            )
