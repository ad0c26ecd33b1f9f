"""Settings that belong to another choice than the one that was made, and what is not there to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# For each section the settings that a provider alone reads.
_READ_BY: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "database": {"managed": ("host", "operatorNamespace"), "cluster": ("size",)},
    "queue": {"managed": ("host", "operatorNamespace"), "cluster": ("size",)},
    "search": {"managed": ("host", "operatorNamespace"), "cluster": ("size",)},
    "storage": {"azure": ("azure",), "s3": ("s3",), "volume": ("media",)},
    "logs": {"azure": ("azure",), "s3": ("s3",)},
    "email": {"smtp": ("smtp",), "office365": ("office365",)},
    "secrets": {"sops": ("sops",), "external-secrets": ("externalSecrets",)},
}
# The providers of those who chose none. Where what would choose one was written all the same, it was refused.
_OF_ITSELF: Final = frozenset({"cluster", "volume", "none"})
_CHOOSES: Final = frozenset({"host", "azure", "s3", "smtp", "office365"})
# What the database in the cluster is reached by: its chart makes no other.
_OWN: Final = {"user": "postgres", "port": 5432}
# The newest minor version of Kubernetes that there is.
NEWEST: Final = (1, 37)


@rule("setting-unused", "a setting that nothing reads is taken for one that works")
def setting_unused(form: Form) -> Iterator[Problem]:
    """Warns of settings for another provider than the one of the environment, or of all where they are at the top.

    A server beside a provider that is not there is an error: whoever gives one counts on it that data is there. It
    warns of a Secret for a repository of charts, where none but the published ones are used.
    """
    yield from _of_charts(form)
    for section, by in _READ_BY.items():
        for provider, keys in by.items():
            for key in keys:
                for place, instead in _unread(form, section, provider, key):
                    beside = form.document.node((*place[:-1], "provider")) is not None
                    yield form.document.problem(
                        "setting-unused",
                        f"'{section}.{key}' is for the provider {provider}, and '{section}.provider' is {instead}",
                        place,
                        at="key",
                        hint=f"remove it, or set '{section}.provider: {provider}'",
                        severity=Severity.ERROR if beside and provider == "managed" else Severity.WARNING,
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


@rule("sops-unused", "a key that nothing reads is taken for the one that decrypts")
def sops_unused(form: Form) -> Iterator[Problem]:
    """Warns of the Secret with the age key where a plugin decrypts, and of a plugin where the tool itself does."""
    for environment in form.config.environments:
        tool = environment.delivery
        other = {"key": "plugin", "plugin": "keySecret"}.get(tool.decryption, "")
        place = ("secrets", "sops", other)
        if environment.settings["secrets"]["provider"] == "sops" and other and form.given(environment, *place):
            yield form.problem(
                "sops-unused",
                f"{tool.title} decrypts the Secrets of '{environment.name}' without '{'.'.join(place)}'",
                environment,
                *place,
                at="key",
                hint="remove it",
                severity=Severity.WARNING,
            )


@rule("database-in-cluster", "the database in the cluster has one user and one port, and knows no other")
def database_in_cluster(form: Form) -> Iterator[Problem]:
    """Reports another user or port than those of the database in the cluster."""
    for environment in form.config.environments:
        database = environment.settings["database"]
        for key, own in _OWN.items():
            if database["provider"] == "cluster" and database[key] != own:
                yield form.problem(
                    "database-in-cluster",
                    f"the database of '{environment.name}' is in the cluster, with {key} {own}, not {database[key]}",
                    environment,
                    "database",
                    key,
                    hint=f"remove it, write 'environments.{environment.name}.database.{key}: {own}', or give"
                    " 'database.host'",
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
        if tuple(map(int, version.split("."))) > NEWEST:
            newest = ".".join(map(str, NEWEST))
            yield form.problem(
                "kubernetes-unknown",
                f"there is no Kubernetes {version}; the newest that is known here is {newest}",
                environment,
                "cluster",
                "kubernetesVersion",
                hint="write the version of the cluster (`kubectl version`); if it is newer, update the toolkit",
            )


def _unread(form: Form, section: str, provider: str, key: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where a setting of a provider stands that nothing reads, and which provider there is instead."""
    environments = form.config.environments
    others = {
        one.name: own
        for one in environments
        if (own := str(one.settings[section]["provider"])) != provider
        and not (own in _OF_ITSELF and key in _CHOOSES and not form.given(one, section, "provider"))
    }
    for name, own in others.items():
        if form.document.node(place := ("environments", name, section, key)) is not None:
            yield place, own
    everywhere = bool(environments) and len(others) == len(environments)
    if everywhere and form.document.node((section, key)) is not None:
        yield (section, key), " and ".join(sorted(set(others.values())))
