"""The pods that the operator of Prometheus makes of its own kinds: a StatefulSet that is in no chart.

Source: pkg/prometheus and pkg/alertmanager of prometheus-operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signalen_toolkit.documents.data import Map, mapping, text
from signalen_toolkit.kubernetes.model import Object

GROUP: Final = "monitoring.coreos.com"


class OperatedPods(NamedTuple):
    """The labels and the specification of the pods that are made of an object."""

    labels: Map
    spec: Map


def pods_of(obj: Object) -> OperatedPods | None:
    """Return what pods are made of an object, None where it is not of the operator's kinds."""
    port = {"Alertmanager": 9093, "Prometheus": 9090}.get(obj.kind)
    if port is None:
        return None
    name, spec = obj.kind.lower(), mapping(obj.data, "spec")
    port_name = text(spec, "portName") or "web"
    labels = {
        "app.kubernetes.io/instance": obj.name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/name": name,
        "operator.prometheus.io/name": obj.name,
        name: obj.name,
    }
    container: dict[str, Any] = {
        "name": name,
        "image": text(spec, "image"),
        "ports": [
            {"name": "reloader-web", "containerPort": 8080},
            {"name": port_name, "containerPort": port},
        ],
        "resources": mapping(spec, "resources"),
        # It sees to these itself.
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "livenessProbe": {"httpGet": {"path": "/-/healthy", "port": port_name}},
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": port_name}},
    }
    kept: Mapping[Any, Any] = {key: value for key, value in spec.items() if key not in ("containers", "initContainers")}
    return OperatedPods(labels, {**kept, "containers": [container]})
