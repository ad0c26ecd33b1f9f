"""The catalog as it is on disk, read."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from signalen_toolkit.base.paths import folder
from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog.model import (
    ApplicationConfig,
    Catalog,
    Component,
    Decryption,
    Delivery,
    Handover,
    Kind,
    Namespace,
    Secret,
    SecretKey,
    ServiceChange,
    SignalenRelease,
    ToolInCluster,
    ToolSetting,
    Workload,
)
from signalen_toolkit.documents.machine import load as load_yaml
from signalen_toolkit.helm.model import ReleaseFormat, RepositoryFormat


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
        MappingProxyType(_deliveries(directory)),
    )


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
        grants=tuple(data.get("grants", ())),
        namespaced_kinds=tuple(Kind(**kind) for kind in data.get("namespacedKinds", ())),
        order=data["order"],
        depends_on=tuple(data.get("dependsOn", ())),
        starts_after=(*data.get("dependsOn", ()), *data.get("after", ())),
        kubernetes=data.get("kubernetes", ""),
        host=data.get("host"),
        enabled=data.get("enabled", True),
        image_tag=data.get("imageTag", ""),
        secrets=tuple(_secret(secret) for secret in data.get("secrets", ())),
        workloads=tuple(_workload(name, about) for name, about in data.get("workloads", {}).items()),
        features=MappingProxyType({name: about["sets"] for name, about in data.get("features", {}).items()}),
        proofs=MappingProxyType({name: about["proof"] for name, about in data.get("features", {}).items()}),
        faults=MappingProxyType({name: (one["since"], one["until"]) for name, one in data.get("faults", {}).items()}),
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
    keys = tuple(_secret_key(name, key) for name, key in data["keys"].items())
    return Secret(data["name"], keys, data.get("when", ""), data.get("byHand", False))


def _secret_key(name: str, data: Mapping[str, Any]) -> SecretKey:
    names = {
        "sameAs": "same_as",
        "generateWhen": "generate_when",
        "emptyUnless": "empty_unless",
        "inAddress": "in_address",
    }
    change = data.get("change")
    facts = {names.get(fact, fact): value for fact, value in data.items() if fact != "change"}
    return SecretKey(name, **facts, change=ServiceChange(change["workload"], change["script"]) if change else None)


def _deliveries(directory: Path) -> dict[str, Delivery]:
    found = [_delivery(path.parent) for path in directory.glob("delivery/*/delivery.yaml")]
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}


def _delivery(directory: Path) -> Delivery:
    data = load_yaml((directory / "delivery.yaml").read_text(encoding="utf-8"))
    return Delivery(
        name=directory.name,
        title=data["title"],
        namespace=data["namespace"],
        releases=_release_format(data["releases"]),
        order=data["order"],
        always_automatic=data.get("alwaysAutomatic", False),
        bootstrap=data.get("bootstrap", ""),
        kubernetes=data.get("kubernetes", ""),
        mailed_by=data.get("mailedBy", ""),
        decryption=Decryption(data.get("decryption", "none")),
        secrets_label=data.get("secretsLabel", ""),
        watch=data.get("watch", ""),
        secrets=tuple(_secret(secret) for secret in data.get("secrets", ())),
        in_cluster=_in_cluster(data["preflight"]) if "preflight" in data else None,
        names=tuple(data.get("names", ())),
        custom_label=data.get("customLabel", ""),
        handover=_handover(data.get("handover", {})),
        chart_keys=data.get("chartSecret", {}).get("keys", {}),
        keeps_chart_secret=data.get("chartSecret", {}).get("inNamespaceOfTool", False),
        tenant_kinds=tuple(data.get("tenantKinds", ())),
        changes_charts=data.get("changesCharts", False),
    )


def _in_cluster(data: Mapping[str, Any]) -> ToolInCluster:
    return ToolInCluster(
        part_of=data["partOf"],
        parts=tuple(data["parts"]),
        follows={one["kind"]: _paths(one["places"]) for one in data.get("follows", ())},
        settings=tuple(
            ToolSetting(one["configMap"], one["key"], one["value"], one["reason"]) for one in data.get("settings", ())
        ),
    )


def _handover(data: Mapping[str, Any]) -> Handover:
    return Handover(
        tuple(data.get("objects", ())),
        tuple((one["command"], one["shows"]) for one in data.get("paused", ())),
        tuple(data.get("leaves", ())),
    )


def _release_format(data: Mapping[str, Any]) -> ReleaseFormat:
    repositories = data.get("repositories")
    return ReleaseFormat(
        kind=data.get("kind", ""),
        file=data.get("file", ""),
        each=_paths(data.get("each", ())),
        values=_path(data.get("values", "")),
        name=_paths(data["name"]),
        namespace=_paths(data["namespace"]),
        chart=_paths(data["chart"]),
        version=_paths(data["version"]),
        repository=_paths(data.get("repository", ())),
        repositories=repositories
        and RepositoryFormat(
            kind=repositories.get("kind", ""),
            each=_path(repositories.get("each", "")),
            name=_path(repositories["name"]),
            url=_path(repositories["url"]),
        ),
    )


def _paths(places: str | Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(_path, [places] if isinstance(places, str) else places))


def _path(place: str) -> tuple[str, ...]:
    return tuple(place.split(".")) if place else ()


def _releases(path: Path) -> tuple[SignalenRelease, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(SignalenRelease(row["release"], row["chart"], row["app"]) for row in csv.DictReader(file))
