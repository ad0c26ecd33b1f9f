"""What a template knows: the form's sections by their own names, and what follows from them for an environment."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.catalog import environment as variables
from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.catalog.schemas import knows
from signalen_toolkit.diagnostics.places import dotted
from signalen_toolkit.documents.scalars import Below
from signalen_toolkit.form.age_key import age_key_place
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.rendered import SHAPE
from signalen_toolkit.form.volumes import volumes
from signalen_toolkit.rendering import notifications, reached
from signalen_toolkit.rendering.engine import Later
from signalen_toolkit.rendering.images import mirrored
from signalen_toolkit.rendering.ingress import SECURITY_HEADERS, ingress_annotations
from signalen_toolkit.rendering.namespaces import places
from signalen_toolkit.rendering.notifications import commit_status_of, mail_of

_LONGEST_NAME: Final = 60  # of a repository of charts: a part of a name has 63, and a number may come behind it


def context_of(environment: Environment, assets: Mapping[str, bytes], charts: Catalog) -> dict[str, Any]:
    """Give a template the sections of the form by their own names, and what belongs to the environment."""
    images = {path: assets[path] for path in _images(environment) if path in assets}
    return {
        **environment.settings,
        "environment": environment.name,
        "production": environment.production,
        "domain": environment.domain,
        "hosts": environment.hosts,
        "namespace": environment.namespace,
        "components": [_facts(component, environment) for component in environment.components],
        "namespaces": environment.namespaces,
        "places": places(environment),
        **_watched(environment),
        "monitored": _monitored(environment),
        "hasIngress": environment.has_ingress,
        "hasCertificates": environment.has_certificates,
        "entrances": environment.entrances,
        "ingressAnnotations": ingress_annotations(environment.settings["cluster"]),
        "securityHeaders": SECURITY_HEADERS,
        "notified": _notified(environment),
        "tool": _tool(environment),
        "deliveries": [*charts.deliveries],
        "ageKey": age_key_place(environment),
        "shape": SHAPE,
        "volumeSizes": {dotted(volume.place): size for volume, size in volumes(environment).items()},
        "enabled": environment.enabled,
        "releases": {component.name: component.release_name for component in charts.components.values()},
        "repositories": [*_repositories(environment).values()],
        "assetFiles": {_file(path): base64.b64encode(data).decode() for path, data in sorted(images.items())},
        "image_urls": {path: f"/municipality/{_file(path)}" for path in _images(environment)},
        "pullSecrets": [{"name": name} for name in environment.settings["images"]["pullSecrets"]],
        "mirrored": partial(mirrored, environment.settings["images"]["registry"]),
        "images_checksum": _checksum(images),
        "_environment": environment,
    }


def about(component: Component, context: Mapping[str, Any]) -> dict[str, Any]:
    """Add what a template needs to know of one component: its facts, and what its version has."""
    environment: Environment = context["_environment"]
    known = partial(knows, component, environment.version)
    values = partial(context.get("componentValues", {}).get, component.name, {})
    return {
        **context,
        "component": _facts(component, environment),
        "values": Later(values),
        "image": Later(lambda: _image(values(), component, environment)),
        "files": partial(_files, component.folder),
        "digest": _digest,
        "has": known,
        "has_fault": partial(component.has_fault, release=environment.version),
        "below": Below,
        "reads": partial(variables.reads, component, environment.version),
        "features_under": partial(_features_under, component, environment, known),
        **reached.helpers(environment.namespaces[component.name]),
    }


def _image(values: Mapping[str, Any], component: Component, environment: Environment) -> str:
    """Return the image of a component, for what runs it beside the chart; the chart's own where the values say none."""
    image = values.get("image") or {}
    own = mirrored(environment.settings["images"]["registry"], f"signalen/{component.chart}")
    repository = image.get("repository") or own
    return f"{repository}:{image.get('tag') or component.app_version(environment.version)}"


def _facts(component: Component, environment: Environment) -> dict[str, Any]:
    running = {other.name for other in environment.components}
    return {
        "name": component.name,
        "release": component.release_name,
        "namespace": environment.namespaces[component.name],
        "chart": component.chart,
        "repository": (source := _repository(component, environment)),
        "repositoryName": _repositories(environment)[source]["name"],
        "version": component.chart_version(environment.version),
        "imageTag": component.image_tag,
        "order": component.order,
        "dependsOn": [name for name in component.starts_after if name in running],
        "waitsFor": [one.name for one in environment.components if one.name in component.starts_after and _brings(one)],
        "customResources": bool(component.definitions),
        "webhooks": any(kind.kind.endswith("WebhookConfiguration") for kind in component.cluster_kinds),
    }


def _brings(component: Component) -> bool:
    """Tell whether a chart has what others cannot be installed without: kinds, or what changes pods as they start.

    Nothing else is waited for: what depends on another starts later by itself, and a mistake in one component does not
    keep the others from what mends it.
    """
    return bool(component.definitions) or any(
        kind.kind.endswith("WebhookConfiguration") for kind in component.cluster_kinds
    )


def _monitored(environment: Environment) -> dict[str, Any]:
    """Tell what takes measurements, logs and dashboards: components of our own, or a stack that the cluster has."""
    stacks, enabled = environment.settings["cluster"]["stacks"], environment.enabled
    return {
        "metrics": stacks["metrics"] or "prometheus" in enabled,
        "logs": stacks["logs"] or "loki" in enabled,
        "dashboards": stacks["dashboards"] or "grafana" in enabled,
        "labels": stacks["labels"] if stacks["metrics"] else {},
    }


def _watched(environment: Environment) -> dict[str, Any]:
    """Tell which namespaces are measured: its own, and where it is what a cluster has once, those of its tenants.

    `measured` are the ports at which pods there give measurements, each with its namespace.
    """
    tenants = environment.settings.get("tenants", {"namespaces": [], "ports": []})
    names = [place["name"] for place in places(environment)]
    return {"watched": [*names, *tenants["namespaces"]], "measured": tenants["ports"]}


def _notified(environment: Environment) -> dict[str, Any]:
    """Tell who hears of what becomes of a change, and how the Git server is told."""
    status = commit_status_of(environment)
    return {
        "mail": mail_of(environment),
        "commitStatus": {"type": status[0].flux_provider, "address": status[1]} if status else {},
        "statusService": partial(notifications.service, *status) if status else None,
        "statusRequest": partial(notifications.request, status[0]) if status else None,
    }


def _tool(environment: Environment) -> dict[str, Any]:
    """Tell what differs between this delivery and another."""
    delivery = environment.delivery
    return {"bootstrap": delivery.bootstrap, "mailedBy": delivery.mailed_by}


@cache  # as templates themselves are kept, once they are read
def _files(folder: Path, pattern: str) -> Mapping[str, str]:
    """Return the files in a component's folder that fit a pattern: text by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern)) if path.is_file()}


def _features_under(
    component: Component, environment: Environment, known: Callable[[str], bool], place: str
) -> list[tuple[str, bool]]:
    """List the key and the state of the features that this version has under one place in the values."""
    states = environment.settings["features"]
    return [
        (path.removeprefix(f"{place}."), states[feature])
        for feature, path in component.features.items()
        if path.startswith(f"{place}.") and known(path)
    ]


def _repositories(environment: Environment) -> dict[str, dict[str, Any]]:
    """Return the repositories of the charts by their address, each with a name; `mirror` says that it is a mirror."""
    found: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for component in environment.components:
        url = _repository(component, environment)
        if url not in found:
            name = own = _repository_name(url)
            number = 1
            while name in taken:  # of another server, or by another protocol
                number += 1
                name = f"{own}-{number}"
            taken.add(name)
            found[url] = {"name": name, "url": url, "mirror": url != component.repository}
    return found


def _repository(component: Component, environment: Environment) -> str:
    """Return where a chart comes from: a mirror of this environment, else where it was published."""
    charts = environment.settings["charts"]
    return str(charts["repositories"].get(component.name) or charts.get("repository", component.repository))


def _repository_name(url: str) -> str:
    """Name a Helm repository after its address: `https://signalen.github.io/helm-charts/` → `signalen-helm-charts`.

    A long one ends in a digest.
    """
    host, _, path = url.partition("://")[2].strip("/").partition("/")
    name = "-".join([host.partition(":")[0].partition(".")[0], *path.split("/")]).lower()
    name = re.sub(r"[^a-z0-9.]+", "-", name).strip("-.")
    name = re.sub(r"-?\.[-.]*", ".", name)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 11].rstrip('-.')}-{_digest(url)}"


def _images(environment: Environment) -> list[str]:
    branding = environment.settings["branding"]
    return list(dict.fromkeys(branding[image] for image in ("logo", "favicon", "iosIcon", "androidIcon")))


def _file(path: str) -> str:
    """Name a file as a key of a ConfigMap, which has no folders."""
    return path.removeprefix("assets/").replace("/", "-")


def _digest(value: Any) -> str:
    """Return a text that follows from data, for the name of an object that cannot be changed."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def _checksum(images: Mapping[str, bytes]) -> str:
    """Return a text that changes with the images, so that pods are replaced when an image is."""
    digest = hashlib.sha256()
    for path, data in sorted(images.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]
