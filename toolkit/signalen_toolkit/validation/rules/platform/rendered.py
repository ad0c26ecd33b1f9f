"""What a change of the form does to an environment that may run already: compared with what was rendered before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.rendered import SIZES_SINCE, Rendered
from signalen_toolkit.form.volumes import Volume, volumes
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.validation.rules import rule

# The rules that say nothing of the form by itself: what it becomes can be rendered, and be shown.
JUMPS: Final = frozenset(
    {"environment-moved", "namespace-moved", "environment-gone", "volume-resized", "service-moved"}
)
# A service that may be in the cluster: the volume that it has there, and what has to be done where it goes or comes.
_SERVICES: Final = (
    ("database", "database.size", "cluster", "the database", "what is in it does not move by itself"),
    ("queue", "queue.size", "cluster", "the queue", "what waits in it does not move by itself"),
    ("search", "search.size", "cluster", "the search engine", "its index has to be made anew"),
    ("storage", "storage.media.size", "volume", "the place of photographs", "they do not move by themselves"),
)


@rule("environment-moved", "two tools that both look after one environment undo each other's work, down to its data")
def environment_moved(form: Form) -> Iterator[Problem]:
    """Reports another delivery, or another namespace of its tool, for an environment that the old one still tends.

    Compared is what was rendered last. Where that was paused, the old one has let go.
    """
    for environment, before in _both(form):
        if before.paused:
            continue
        command = f"signalen handover {environment.name}"
        if before.delivery != environment.delivery.name:
            titles = _titles(form)
            yield form.problem(
                "environment-moved",
                f"'{environment.name}' is looked after by {titles.get(before.delivery, before.delivery)}, and cannot go"
                f" to {environment.delivery.title} in one step",
                environment,
                "delivery",
                hint=f"put it back to {before.delivery}, then `{command} --delivery {environment.delivery.name}` goes"
                " step by step, and the environment keeps running",
            )
        elif before.tool_namespace != (namespace := str(environment.settings["sync"]["namespace"])):
            yield form.problem(
                "environment-moved",
                f"'{environment.name}' is looked after from namespace '{before.tool_namespace}', and cannot go to"
                f" '{namespace}' in one step",
                environment,
                "sync",
                "namespace",
                hint=f"put it back, then `{command} --sync-namespace {namespace}` goes step by step, and the"
                " environment keeps running",
            )


@rule("namespace-moved", "volumes and Secrets stay in the namespace in which they are")
def namespace_moved(form: Form) -> Iterator[Problem]:
    """Reports another namespace for an environment that was rendered before: it would start there without its data."""
    for environment, before in _both(form):
        if before.namespace and before.namespace != environment.namespace:
            yield form.problem(
                "namespace-moved",
                f"'{environment.name}' is in namespace '{before.namespace}', and its data does not move along",
                environment,
                "cluster",
                "namespace",
                hint=f"write {before.namespace}; docs/handover.md of the Signalen Toolkit tells how an environment gets"
                " another one: a new environment beside it, to which its data is copied",
            )


@rule("environment-gone", "what is no longer in the form keeps running in the cluster, and nobody looks after it")
def environment_gone(form: Form) -> Iterator[Problem]:
    """Reports an environment that was rendered before and is no longer in the form: removed, or renamed.

    Where it was paused, somebody is taking leave of it already.
    """
    environments = at(form.document.data, "environments")
    if not isinstance(environments, Mapping) or not environments:
        return  # reported already
    for name, before in sorted(form.rendered.items()):
        if name not in environments and not before.paused:
            yield form.document.problem(
                "environment-gone",
                f"'{name}' is in clusters/ and no longer in the form; it keeps running in namespace"
                f" '{before.namespace}'",
                ("environments",),
                at="key",
                hint=f"put it back, then `signalen remove {name}` takes leave of it step by step; under another name"
                " an environment is a new one, without its data",
            )


@rule("volume-resized", "Kubernetes never shrinks a volume, and changes no size within a StatefulSet")
def volume_resized(form: Form) -> Iterator[Problem]:
    """Reports another size for a volume that was rendered before.

    A larger one whose claim stands alone is a warning: whether the cluster can, depends on its storage class.
    """
    for environment, before in _both(form):
        for volume, size in volumes(environment).items():
            was = before.sizes.get(".".join(volume.place), size)
            old, new = amount(was), amount(size)
            if old is not None and new is not None and old != new and before.namespace == environment.namespace:
                yield _resized(form, environment, volume, was, smaller=new < old)


@rule("service-moved", "an application that starts with an empty database shows nobody what was in the other one")
def service_moved(form: Form) -> Iterator[Problem]:
    """Warns of a database, queue, search engine or storage that was rendered in the cluster and is elsewhere now, or
    the other way round: what it holds has to be copied, and its password is another.
    """
    for environment, before in _both(form):
        if before.shape < SIZES_SINCE or not before.sizes or "backend" not in environment.enabled:
            continue  # nothing is known of before, or there was no backend
        for section, volume, here, what, consequence in _SERVICES:
            settings = environment.settings[section]
            if section == "storage" and settings["media"].get("existingClaim"):
                continue  # a volume of a person's own is in no tree
            was, becomes = volume in before.sizes, settings["provider"] == here
            if was != becomes:
                way = "from the cluster to elsewhere" if was else "into the cluster"
                yield form.problem(
                    "service-moved",
                    f"{what} of '{environment.name}' goes {way}: {consequence}",
                    environment,
                    section,
                    "provider" if form.given(environment, section, "provider") else "host",
                    hint="docs/managed-services.md of the Signalen Toolkit tells what to copy, which passwords change,"
                    " and in which order",
                    severity=Severity.WARNING,
                )


def _resized(form: Form, environment: Environment, volume: Volume, was: str, *, smaller: bool) -> Problem:
    message = f"the volume of {volume.holds} in '{environment.name}' is {was}, and "
    hint = "run `signalen resize`: it renders, and says what to do in the cluster"
    if smaller:
        message += "Kubernetes makes no volume smaller"
        hint = f"write {was}"
    elif volume.stateful_set:
        message += "Kubernetes refuses another size in a StatefulSet"
    else:
        message += "grows only where its storage class lets volumes grow"
    severity = Severity.ERROR if smaller or volume.stateful_set else Severity.WARNING
    return form.problem("volume-resized", message, environment, *volume.place, hint=hint, severity=severity)


def _both(form: Form) -> Iterator[tuple[Environment, Rendered]]:
    for environment in form.config.environments:
        if before := form.rendered.get(environment.name):
            yield environment, before


def _titles(form: Form) -> dict[str, str]:
    return {one.name: one.title for one in form.charts.deliveries.values()}
