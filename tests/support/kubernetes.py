"""Kubernetes objects that tests make up, and short ways to look at what changes between them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diff import diff, report
from signalen_toolkit.diff.diff import Change, Difference
from signalen_toolkit.diff.version_changes import Installed
from signalen_toolkit.helm.rendered_tree import releases_in
from signalen_toolkit.kubernetes.model import Object

Data = dict[str, Any]


def obj(
    kind: str, *, name: str = "signalen", version: str = "v1", environment: str = "acceptance", **data: Any
) -> Object:
    metadata = {"name": name, "namespace": "signalen", **data.pop("metadata", {})}
    return Object(environment, "backend", "x", {"apiVersion": version, "kind": kind, "metadata": metadata, **data})


def deployment(container: Data | None = None, pod: Data | None = None, **spec: Any) -> Object:
    one = {"name": "api", "image": "signalen/backend:2.50.5", **(container or {})}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [one], **(pod or {})}}
    return obj("Deployment", version="apps/v1", spec={"template": template, **spec})


def place(change_: Change) -> str:
    """Return where in the object the first hunk is."""
    return change_.diff.split("\n")[0].rpartition("@@ ")[2]


def secret(value: str, key: str = "PASSWORD") -> Object:
    return obj("Secret", data={key: base64.b64encode(value.encode()).decode()})


def claim(size: str = "10Gi", **spec: Any) -> Object:
    return obj("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": size}}, **spec})


def ingress(*hosts: str, name: str = "signalen") -> Object:
    rules = [{"host": host} for host in hosts]
    return obj("Ingress", name=name, version="networking.k8s.io/v1", spec={"rules": rules})


def compare(before: Iterable[Object], after: Iterable[Object]) -> Difference:
    """Compare objects, and the releases that they tell of."""
    sides = ([*before], [*after])
    formats = catalog().release_formats
    return diff.compare(*(Installed(side, releases_in(side, formats)) for side in sides))


def only(difference: Difference) -> Change:
    (change,) = difference.changes
    return change


def rules(before: list[Object], after: list[Object]) -> list[str]:
    return [finding.rule for finding in compare(before, after).findings]


def everywhere(difference: Difference) -> str:
    return "\n".join(report.write(difference, format_) for format_ in report.FORMATS)


def variable(name: str, value: str) -> Object:
    return deployment({"env": [{"name": name, "value": value}]})
