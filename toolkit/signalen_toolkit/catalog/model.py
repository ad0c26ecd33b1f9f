"""The catalog: what the toolkit can install, read from `chart-templates/`.

A folder with a `component.yaml` is a component, so that adding a chart is adding a folder:

    component.yaml        facts that hold for every version (signalen_toolkit/schemas/component.schema.json)
    releases.csv          which versions of chart and application belong to which Signalen release
    values.schema.json    what the chart accepts, with `x-since` and `x-until` per key in chart versions

and `delivery/<delivery>/secrets.yaml` lists the Secrets that Flux or Argo CD itself reads.

The schemas are large and most commands need few of them: they are read when they are asked for.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from signalen_toolkit.base.paths import folder
from signalen_toolkit.base.versions import between, is_version, parse
from signalen_toolkit.catalog import versioned_schema
from signalen_toolkit.catalog.versioned_schema import Schema, Span
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.documents.machine import load as load_yaml

# Stands for the namespace of an environment, in the names of what several environments have beside each other.
_NAMESPACE: Final = "{namespace}"


class SignalenRelease(NamedTuple):
    """One line of releases.csv. An empty `release` is every Signalen release: the component is pinned.

    `app` is the tag of the image, mostly a version, but a commit or `latest` for some.
    """

    release: str
    chart: str
    app: str


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that a Secret has to have.

    `when` is a place in the chart's values: the key is needed only where the value there is true.
    `generate` is the length of the random text that serves as value, 0 where a person knows the value; `prefix` goes
    before it. It serves only where `generate_when` is true, another place. `empty_unless` is a third: the value is
    empty where nothing stands there. `same_as` is the `<secret>/<key>` with the same value.
    """

    name: str
    description: str
    when: str = ""
    generate: int = 0
    same_as: str = ""
    generate_when: str = ""
    prefix: str = ""
    empty_unless: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret that has to be in the cluster before the chart is installed; `when` as for a key.

    `by_hand` says that it belongs to a program in the cluster, and is there already: a person adds the keys to it.
    """

    name: str
    keys: tuple[SecretKey, ...]
    when: str = ""
    by_hand: bool = False

    def of(self, namespace: str) -> Secret:
        """Return it with the namespace of an environment where its own name, or those of its keys, say so."""
        keys = tuple(replace(key, name=key.name.replace(_NAMESPACE, namespace)) for key in self.keys)
        return replace(self, name=self.name.replace(_NAMESPACE, namespace), keys=keys)


@dataclass(frozen=True, slots=True)
class ApplicationConfig:
    """The application's own configuration: the key of the values under which it stands, and its schema."""

    values: str
    schema: Path


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs in pods, under the name that it has in the form's `replicas` and `resources`.

    `resources` is what Kubernetes calls resource requirements, where the form does not say, in a small municipality;
    `larger` is what differs in one of another size (`medium`, `large`).
    """

    name: str
    title: str
    title_nl: str
    scales: bool
    resources: Mapping[str, Any]
    larger: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where a component is installed, if not in the environment's namespace: there, with a name of its own or a suffix.

    `pod_security` is the level that it enforces.
    """

    name: str = ""
    suffix: str = ""
    pod_security: str = "baseline"

    def called(self, environment_namespace: str) -> str:
        """Return its name, beside the namespace of an environment."""
        return self.name or f"{environment_namespace}-{self.suffix}"


class Kind(NamedTuple):
    """A kind of Kubernetes objects, as the RBAC of Kubernetes and the projects of Argo CD name it."""

    group: str
    kind: str


# What the chart of any component may make.
COMMON_KINDS: Final = (
    *(Kind("", kind) for kind in ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount")),
    *(Kind("apps", kind) for kind in ("Deployment", "StatefulSet")),
    Kind("autoscaling", "HorizontalPodAutoscaler"),
    *(Kind("batch", kind) for kind in ("CronJob", "Job")),
    *(Kind("networking.k8s.io", kind) for kind in ("Ingress", "NetworkPolicy")),
    Kind("policy", "PodDisruptionBudget"),
    *(Kind("rbac.authorization.k8s.io", kind) for kind in ("Role", "RoleBinding")),
)


@dataclass(frozen=True, slots=True)
class Component:
    """One Helm chart that is installed. `host` is None where it has no address of its own.

    `namespace` is None for the namespace of the environment. `cluster_kinds` and `namespaced_kinds` are what the chart
    makes beside the kinds that every component may make, `also_in` the namespaces in which it makes something beside
    its own. `definitions` are the API groups of which it defines kinds. `depends_on` are the components that it does
    nothing without, `starts_after` all that run before it, if they are on. `kubernetes` is the oldest version of
    Kubernetes that the chart takes, empty for any.
    """

    name: str
    title: str
    title_nl: str
    description: str
    description_nl: str
    chart: str
    repository: str
    release_name: str
    namespace: Namespace | None
    cluster_kinds: tuple[Kind, ...]
    namespaced_kinds: tuple[Kind, ...]
    also_in: tuple[str, ...]
    definitions: tuple[str, ...]
    order: int
    depends_on: tuple[str, ...]
    starts_after: tuple[str, ...]
    kubernetes: str
    host: str | None
    enabled: bool
    secrets: tuple[Secret, ...]
    application_config: ApplicationConfig | None
    workloads: tuple[Workload, ...]
    features: Mapping[str, str]
    oldest_release: str
    releases: tuple[SignalenRelease, ...]
    folder: Path

    def release(self, release: str) -> SignalenRelease:
        """Return the versions that belong to a Signalen release.

        A release newer than the newest known one has a chart of its own version where the newest known one has;
        else, and for the application, what is known last is the best guess.
        """
        for known in self.releases:
            if known.release in ("", release):
                return known
        newest = self.releases[0]
        if is_version(release) and parse(release) > parse(newest.release):
            follows = newest.chart == newest.release
            return SignalenRelease(release, release if follows else newest.chart, newest.app)
        raise _unknown(f"Signalen release of {self.name}", release, [r.release for r in self.releases])

    def chart_version(self, release: str) -> str:
        """Return the version of the chart in a Signalen release."""
        return self.release(release).chart

    def app_version(self, release: str) -> str:
        """Return the version of the application in a Signalen release."""
        return self.release(release).app


@dataclass(frozen=True, slots=True)
class Catalog:
    """All components, in the order in which they are installed, and the Signalen releases, newest first.

    `delivery_secrets` are what Flux or Argo CD itself reads, by delivery; their conditions are places in the form.
    """

    components: Mapping[str, Component]
    releases: tuple[str, ...]
    folder: Path
    delivery_secrets: Mapping[str, tuple[Secret, ...]]

    @property
    def oldest_release(self) -> str:
        """The first release that every component can be set up safely in."""
        oldest = [component.oldest_release for component in self.components.values()]
        return max(filter(None, oldest), key=parse, default=self.releases[-1])

    def component(self, name: str) -> Component:
        """Return a component by its name."""
        if name not in self.components:
            raise _unknown("component", name, self.components)
        return self.components[name]


@cache
def catalog() -> Catalog:
    """Return the catalog that comes with the toolkit."""
    return load(folder("chart-templates"))


def load(directory: Path) -> Catalog:
    """Read the catalog in a folder."""
    components = sorted(
        (_component(path.parent) for path in directory.glob("*/component.yaml")),
        key=lambda component: (component.order, component.name),
    )
    releases = {known.release for component in components for known in component.releases} - {""}
    return Catalog(
        MappingProxyType({component.name: component for component in components}),
        tuple(sorted(releases, key=parse, reverse=True)),
        directory,
        MappingProxyType(_delivery_secrets(directory)),
    )


def values_schema(component: str | Component, version: str) -> Schema:
    """Return the JSON Schema of the values of one chart version. It is shared: do not change it.

    A version newer than the catalog knows has the schema of the newest known one.
    """
    component = _found(component)
    known = [release.chart for release in component.releases]
    if version not in known and not (is_version(version) and parse(version) > parse(known[0])):
        raise _unknown(f"version of the chart {component.chart}", version, known)
    return _plain(_values_file(component), version, partial=False)


def config_schema(version: str, component: str | Component = "frontend", *, partial: bool = False) -> Schema:
    """Return the JSON Schema of the application's own configuration for one version of the application.

    `partial` is for a piece that is merged over a complete configuration: nothing is required of it.
    A tag that is no version (`latest`) counts as the newest version that the catalog knows.
    The schema is shared: do not change it.
    """
    component = _found(component)
    path = _config_file(component)
    if not is_version(version):
        known = [release.app for release in component.releases]
        if version not in known:
            raise _unknown(f"version of {component.name}", version, known)
        version = max(filter(is_version, known), key=parse)
    return _plain(path, version, partial=partial)


def key_versions(component: str | Component, path: Sequence[str | int]) -> Span | None:
    """Return the first and the last chart version that have the key at a path, or None where none has it.

    An end that is None is open: there is no earlier, or no later version without the key.
    """
    return versioned_schema.key_versions(_read(_values_file(_found(component))), path)


def config_key_versions(path: Sequence[str | int], component: str | Component = "frontend") -> Span | None:
    """Return the same for the application's own configuration, in versions of the application."""
    return versioned_schema.key_versions(_read(_config_file(_found(component))), path)


def knows(component: Component, release: str, path: str) -> bool:
    """Tell whether a component has a place in its values (`config.featureFlags.appMode`) in a Signalen release."""
    version, config = component.release(release), component.application_config
    if config and path.startswith(f"{config.values}."):
        span = _span(config.schema, path.partition(".")[2])
        return span is not None and (not is_version(version.app) or between(version.app, *span))
    span = _span(_values_file(component), path)
    return span is not None and between(version.chart, *span)


def _found(component: str | Component) -> Component:
    return component if isinstance(component, Component) else catalog().component(component)


def _values_file(component: Component) -> Path:
    return component.folder / "values.schema.json"


def _config_file(component: Component) -> Path:
    if component.application_config is None:
        raise UsageError(f"{component.name} has no application configuration of its own")
    return component.application_config.schema


@cache
def _read(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _span(path: Path, place: str) -> Span | None:
    """Return the first and the last version with a place, which templates ask for again and again."""
    return versioned_schema.key_versions(_read(path), place.split("."))


@cache
def _plain(path: Path, version: str, *, partial: bool) -> Schema:
    return versioned_schema.plain(_read(path), version, partial=partial)


def _unknown(kind: str, wrong: str, known: Sequence[str] | Mapping[str, Any]) -> UsageError:
    return UsageError(f"unknown {kind}: '{wrong}'; {did_you_mean(wrong, known)}".removesuffix("; "))


def _component(directory: Path) -> Component:
    data = load_yaml((directory / "component.yaml").read_text(encoding="utf-8"))
    config = data.get("applicationConfig")
    return Component(
        name=data["name"],
        title=data["title"],
        title_nl=data["titleNl"],
        description=data["description"],
        description_nl=data["descriptionNl"],
        chart=data["chart"]["name"],
        repository=data["chart"]["repository"],
        release_name=data["release"],
        namespace=_namespace(data["namespace"]) if "namespace" in data else None,
        cluster_kinds=tuple(Kind(**kind) for kind in data.get("clusterKinds", ())),
        also_in=tuple(data.get("alsoIn", ())),
        definitions=tuple(data.get("definitions", ())),
        namespaced_kinds=tuple(Kind(**kind) for kind in data.get("namespacedKinds", ())),
        order=data["order"],
        depends_on=tuple(data.get("dependsOn", ())),
        starts_after=(*data.get("dependsOn", ()), *data.get("after", ())),
        kubernetes=data.get("kubernetes", ""),
        host=data.get("host"),
        enabled=data.get("enabled", True),
        secrets=tuple(_secret(secret) for secret in data.get("secrets", ())),
        workloads=tuple(_workload(name, about) for name, about in data.get("workloads", {}).items()),
        features=MappingProxyType(data.get("features", {})),
        oldest_release=data.get("oldestRelease", ""),
        application_config=config and ApplicationConfig(config["values"], directory / config["schema"]),
        releases=_releases(directory / "releases.csv"),
        folder=directory,
    )


def _workload(name: str, data: Mapping[str, Any]) -> Workload:
    larger = {size: data[size] for size in ("medium", "large") if size in data}
    return Workload(name, data["title"], data["titleNl"], data.get("scales", False), data["resources"], larger)


def _namespace(data: Mapping[str, str]) -> Namespace:
    return Namespace(data.get("name", ""), data.get("suffix", ""), data.get("podSecurity", "baseline"))


def _secret(data: Mapping[str, Any]) -> Secret:
    names = {"sameAs": "same_as", "generateWhen": "generate_when", "emptyUnless": "empty_unless"}
    keys = tuple(
        SecretKey(name, **{names.get(fact, fact): value for fact, value in key.items()})
        for name, key in data["keys"].items()
    )
    return Secret(data["name"], keys, data.get("when", ""), data.get("byHand", False))


def _delivery_secrets(directory: Path) -> dict[str, tuple[Secret, ...]]:
    return {
        path.parent.name: tuple(_secret(secret) for secret in load_yaml(path.read_text(encoding="utf-8"))["secrets"])
        for path in sorted(directory.glob("delivery/*/secrets.yaml"))
    }


def _releases(path: Path) -> tuple[SignalenRelease, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(SignalenRelease(row["release"], row["chart"], row["app"]) for row in csv.DictReader(file))
