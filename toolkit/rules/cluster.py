"""The cluster: volumes, namespaces, components and delivery."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.config import Environment
from toolkit.form import Form, at
from toolkit.problems import Problem, Severity
from toolkit.rules import rule
from toolkit.versions import parse


@rule("media-replicas", "a second pod cannot mount a volume that one pod has, and waits for ever")
def media_replicas(form: Form) -> Iterator[Problem]:
    """Reports several backends that share photographs on a volume for one pod at a time.

    Whether a claim that exists already can be shared is not known here: then it is a warning.
    """
    for environment in form.config.environments:
        replicas, storage = environment.settings["replicas"].get("backend", 1), environment.settings["storage"]
        if replicas > 1 and storage["provider"] == "volume" and not _shared_class(environment):
            exists = bool(storage["media"].get("existingClaim"))
            message = f"{replicas} backends cannot share the volume for photographs"
            if exists:
                message = f"{replicas} backends share the claim '{storage['media']['existingClaim']}'"
            yield form.problem(
                "media-replicas",
                message,
                environment,
                "replicas",
                "backend",
                hint="check that it is ReadWriteMany, and name its class in 'cluster.storageClasses.readWriteMany'"
                if exists
                else "name a class in 'cluster.storageClasses.readWriteMany', or use object storage",
                severity=Severity.WARNING if exists else Severity.ERROR,
            )


@rule("exports-volume", "exports are written by one pod and read by another")
def exports_volume(form: Form) -> Iterator[Problem]:
    """Reports exports on a new volume while no class of volumes is named that pods can share."""
    for environment in form.config.environments:
        exports = environment.settings["storage"]["exports"]
        if exports["enabled"] and not exports.get("existingClaim") and not _shared_class(environment):
            yield form.problem(
                "exports-volume",
                "exports need a volume that pods can share, and no class of such volumes is named",
                environment,
                "storage",
                "exports",
                "enabled",
                hint="name it in 'cluster.storageClasses.readWriteMany', or a claim in 'storage.exports.existingClaim'",
            )


@rule("database-in-cluster", "a database in the cluster has no backup, and its image gets no updates")
def database_in_cluster(form: Form) -> Iterator[Problem]:
    """Warns of a production environment with its database in the cluster."""
    for environment in form.config.environments:
        if environment.production and environment.settings["database"]["provider"] == "cluster":
            given = form.given(environment, "database", "provider")
            yield form.document.problem(
                "database-in-cluster",
                f"'{environment.name}' is a production environment, and keeps its database in the cluster",
                form.place(environment, "database", "provider") if given else ("environments", environment.name),
                at="value" if given else "key",
                hint="use a managed database: give 'database.host'",
                severity=Severity.WARNING,
            )


@rule("flux-manual", "Flux has no manual mode; who counts on one is surprised")
def flux_manual(form: Form) -> Iterator[Problem]:
    """Warns of sync.automatic false with Flux, which always applies changes by itself."""
    for environment in form.config.environments:
        if environment.settings["delivery"] == "flux" and not environment.settings["sync"]["automatic"]:
            yield form.problem(
                "flux-manual",
                "Flux applies every change by itself: 'sync.automatic' has no effect",
                environment,
                "sync",
                "automatic",
                hint="remove it, or use argocd",
                severity=Severity.WARNING,
            )


@rule("image-tag-missing", "an image called latest is another one tomorrow, and nobody has approved it")
def image_tag_missing(form: Form) -> Iterator[Problem]:
    """Reports a component whose chart installs the image `latest`, unless its override names a tag."""
    for environment in form.config.environments:
        for component in environment.components:
            too_old = parse(environment.version) < parse(form.charts.oldest_release)
            if too_old or component.app_version(environment.version) != "latest":
                continue
            place = ("overrides", component.name, "image", "tag")
            tag = at(environment.settings, place)
            if tag in (None, "", "latest"):
                given = form.given(environment, *place)
                yield form.problem(
                    "image-tag-missing",
                    f"the chart of {component.name} installs whatever image is the latest that day",
                    environment,
                    *(place if given else ("components", component.name, "enabled")),
                    hint=f"write the tag of a tested image in 'overrides.{component.name}.image.tag'",
                )


@rule("component-needs", "a component does nothing without the one that it talks to")
def component_needs(form: Form) -> Iterator[Problem]:
    """Reports a component that is on while one that it depends on is off."""
    for environment in form.config.environments:
        running = {component.name for component in environment.components}
        for component in environment.components:
            for needed in component.depends_on:
                if needed in running or needed not in form.charts.components:
                    continue
                yield form.problem(
                    "component-needs",
                    f"{component.name} needs {needed}, which is off",
                    environment,
                    "components",
                    needed,
                    "enabled",
                    hint=f"remove it, or switch {component.name} off too",
                )


@rule("namespace-taken", "two environments in one namespace of one cluster overwrite each other")
def namespace_taken(form: Form) -> Iterator[Problem]:
    """Warns of a namespace that an earlier environment has too: that is right in another cluster only."""
    owners: dict[str, str] = {}
    for environment in form.config.environments:
        owner = owners.setdefault(environment.namespace, environment.name)
        if owner != environment.name:
            yield form.problem(
                "namespace-taken",
                f"'{environment.namespace}' is also the namespace of '{owner}'",
                environment,
                "cluster",
                "namespace",
                hint="give each environment a namespace of its own, unless they are in different clusters",
                severity=Severity.WARNING,
            )


def _shared_class(environment: Environment) -> str:
    return str(environment.settings["cluster"]["storageClasses"]["readWriteMany"])
