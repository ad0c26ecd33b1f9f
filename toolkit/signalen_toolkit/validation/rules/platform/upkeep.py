"""Upkeep: services that run in the cluster, their images and their backups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_SERVICES: Final = (("database", "database"), ("queue", "queue"), ("search", "search engine"))
# What a backup is of, in the words of the form: its name, the section that tells where it is, and where it is ours.
_KEPT: Final = (
    ("database", "the database", "database", "cluster"),
    ("media", "photographs", "storage", "volume"),
)


@rule("frozen-image", "in an image that gets no updates every hole that is found stays open")
def frozen_image(form: Form) -> Iterator[Problem]:
    """Warns of a production environment with its database, queue or search engine in the cluster.

    What the charts install there is for trying out: the images of PostgreSQL and RabbitMQ are Bitnami's, which are
    frozen since August 2025, and that of Elasticsearch is 7.17, which has had no updates since January 2026.
    """
    for environment in form.config.environments:
        found = [
            (section, word) for section, word in _SERVICES if environment.settings[section]["provider"] == "cluster"
        ]
        if not environment.production or not found:
            continue
        given = [section for section, _ in found if form.given(environment, section, "provider")]
        sections = [section for section, _ in found]
        hosts = [f"'{section}.host'" for section in sections]
        yield form.document.problem(
            "frozen-image",
            f"'{environment.name}' is a production environment, and keeps its {_listed([word for _, word in found])}"
            " in the cluster, in images without updates",
            form.place(environment, given[0], "provider") if given else ("environments", environment.name),
            at="value" if given else "key",
            hint=f"use {_instead(sections)}: give {_listed(hosts)}",
            severity=Severity.WARNING,
        )


@rule("backup-missing", "what is kept in one place only is gone with that place")
def backup_missing(form: Form) -> Iterator[Problem]:
    """Warns of a production environment without copies of a database or of photographs that are in the cluster."""
    for environment in form.config.environments:
        for name, what, section, here in _KEPT:
            is_here = environment.settings[section]["provider"] == here
            if environment.production and is_here and not _is_on(environment, name):
                yield form.problem(
                    "backup-missing",
                    f"'{environment.name}' is a production environment, and no copies are made of {what}",
                    environment,
                    "backup",
                    name,
                    "enabled",
                    hint="remove it, or see to it that the volume is copied in another way",
                    severity=Severity.WARNING,
                )


@rule("backup-nothing", "who counts on copies that are not made here has none")
def backup_nothing(form: Form) -> Iterator[Problem]:
    """Warns of a backup of what is not in the cluster: where it is, copies have to be made."""
    for environment in form.config.environments:
        for name, what, section, here in _KEPT:
            provider = environment.settings[section]["provider"]
            if _is_on(environment, name) and provider != here:
                yield form.problem(
                    "backup-nothing",
                    f"'{section}.provider' is {provider}: no copies of {what} are made here",
                    environment,
                    "backup",
                    name,
                    "enabled",
                    hint="remove it, and have copies made where it is",
                    severity=Severity.WARNING,
                )


def _is_on(environment: Environment, name: str) -> bool:
    return environment.settings["backup"][name]["enabled"] is True


def _instead(sections: list[str]) -> str:
    """Say what keeps such services up to date; an operator of Elasticsearch has no later 7.17 either."""
    operators = {"database": "CloudNativePG", "queue": "the RabbitMQ Cluster Operator"}
    known = " or ".join(operators[section] for section in sections if section in operators)
    return f"a managed service, or one that {known} looks after" if known else "a managed service"


def _listed(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
