"""The form, completed: a Config holds for each environment every setting, given, default or derived.

Three layers, the later first: the schema's defaults, the top of the form, the environment. What is then still
open is derived, here and nowhere else. Nothing is checked: rules do that, and they read a Config too, so a
value that is missing or was thrown out as wrong is an empty text here, never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.model import Catalog, Component, Delivery, Secret
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form.derive import Settings, derive, has_gateway, has_ingress, municipality_of
from signalen_toolkit.form.schema import defaults


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment: what it is called, where it is, and all its settings.

    `settings` has every section of the form; `hosts` the host name of each component that has one; `namespaces` the
    namespace of each component of the catalog; `delivery_secrets` what the tool of its `delivery` itself may read.
    """

    name: str
    domain: str
    production: bool
    version: str
    settings: Settings
    hosts: Mapping[str, str]
    namespaces: Mapping[str, str]
    components: tuple[Component, ...]
    delivery: Delivery
    delivery_secrets: tuple[Secret, ...]

    @property
    def namespace(self) -> str:
        """The environment's own namespace, in which Signalen itself is installed."""
        return str(self.settings["cluster"]["namespace"])

    @property
    def has_gateway(self) -> bool:
        """Whether visitors come in by a Gateway, to which routes of our own lead."""
        return has_gateway(self.settings)

    @property
    def has_ingress(self) -> bool:
        """Whether visitors come in by an ingress controller, which has the Ingresses of the charts."""
        return has_ingress(self.settings)

    @property
    def has_certificates(self) -> bool:
        """Whether its certificates are in its own namespaces: those of Ingresses, and of listeners that it brings."""
        gateway = self.settings["cluster"]["gateway"]
        return self.has_ingress or "class" in gateway or bool(gateway["listenerSet"])

    @property
    def entrances(self) -> dict[str, str]:
        """The namespaces from which visitors come in: of the `ingress` controller and of the pods of a `gateway`.

        Where both are one, it is there once.
        """
        cluster, found = self.settings["cluster"], dict[str, str]()
        if self.has_ingress:
            found["ingress"] = str(cluster["ingressNamespace"])
        if self.has_gateway and cluster["gateway"]["podsNamespace"] not in found.values():
            found["gateway"] = str(cluster["gateway"]["podsNamespace"])
        return found

    @property
    def enabled(self) -> frozenset[str]:
        """The names of the components that are installed."""
        return frozenset(component.name for component in self.components)


@dataclass(frozen=True, slots=True)
class Config:
    """A form, completed. `assets` holds the bytes of the files the form names, by their path in the repository."""

    environments: tuple[Environment, ...]
    assets: Mapping[str, bytes] = field(default_factory=dict)


def build(form: Mapping[str, Any], charts: Catalog, assets: Mapping[str, bytes] | None = None) -> Config:
    """Complete a form (plain data). Values must have the types of the schema; any of them may be missing."""
    images = assets or {}
    top = {key: value for key, value in form.items() if key != "environments"}
    environments = form.get("environments", {})
    return Config(
        tuple(_environment(name, top, own or {}, charts, images) for name, own in environments.items()),
        images,
    )


def asset_paths(form: Mapping[str, Any]) -> list[str]:
    """List the files in the repository that a form refers to, in any environment."""
    images = ("logo", "favicon", "iosIcon", "androidIcon")
    sections = [form, *(own or {} for own in form.get("environments", {}).values())]
    merged = [merge(defaults()["branding"], section.get("branding", {})) for section in sections]
    return list(dict.fromkeys(str(branding[image]) for branding in merged for image in images))


def _environment(
    name: str, top: Settings, own: Mapping[str, Any], charts: Catalog, assets: Mapping[str, bytes]
) -> Environment:
    given = merge(top, own)
    found = municipality_of(given.get("municipality", {}))
    profile = str(given.get("profile", found.size if found else "small"))
    settings = merge(merge(defaults(), {"profile": profile, "resources": _sized(charts, profile)}), given)
    domain = str(settings.get("domain", ""))
    production = bool(settings.get("production", name.startswith("prod")))
    version = _version(str(settings.get("version", "")), charts)
    components = tuple(
        component
        for component in charts.components.values()
        if settings["components"].get(component.name, {}).get("enabled", component.enabled)
    )
    hosts = {
        component.name: settings.get("hosts", {}).get(component.name, _host(component.host, domain))
        for component in charts.components.values()
        if component.host is not None
    }
    has_dex = any(component.name == "dex" for component in components)
    delivery = charts.delivery(settings["delivery"])
    dex = hosts["dex"] if has_dex else ""
    derive(settings, found, name, production=production, delivery=delivery, dex=dex, assets=assets)
    own_namespace = str(settings["cluster"]["namespace"])
    namespaces = {
        component.name: component.namespace.called(own_namespace) if component.namespace else own_namespace
        for component in charts.components.values()
    }
    secrets = tuple(secret.of(own_namespace) for secret in delivery.secrets)
    return Environment(name, domain, production, version, settings, hosts, namespaces, components, delivery, secrets)


def _sized(charts: Catalog, profile: str) -> Settings:
    """Return what the workloads of a municipality of this size need beside what those of a small one do."""
    return {
        workload.name: merge({}, workload.larger[profile])
        for component in charts.components.values()
        for workload in component.workloads
        if profile in workload.larger
    }


def _version(given: str, charts: Catalog) -> str:
    """Return the release that is meant; one that does not exist, which is a problem already, is read as the newest."""
    newest = charts.releases[0]
    newer = is_version(given) and parse(given) > parse(newest)
    return given if given in charts.releases or newer else newest


def _host(label: str, domain: str) -> str:
    return f"{label}.{domain}" if label else domain
