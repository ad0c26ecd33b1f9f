"""What whoever runs the cluster looks at: measurements, logs, and what an upgrade of the cluster breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.documents.data import at, mapping, maps, text, texts
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.haven.points.access import roles_of
from signalen_toolkit.kubernetes.cluster import Pod, group_of, is_file
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.schemas import api_versions
from signalen_toolkit.kubernetes.schemas.api_versions import is_removed, numbers
from signalen_toolkit.kubernetes.schemas.builtin import kubernetes

_MONITORING: Final = "monitoring.coreos.com"
# The groups of open-source programs that run on every cluster; the toolkit's own manifests need no more of them.
_OPEN: Final = (
    "argoproj.io",
    "bitnami.com",
    "cert-manager.io",
    "external-secrets.io",
    "fluxcd.io",
    "gateway.networking.k8s.io",
    "linkerd.io",
    _MONITORING,
    "traefik.io",
    "x-k8s.io",
)


def _metrics(scene: Scene) -> Seen:
    shared = at(scene.settings, "cluster", "stacks", "metrics") is True
    own = any(True for _ in scene.cluster.of_kind(_MONITORING, "Prometheus"))
    if not shared and not own:
        note = "er is geen Prometheus: zet 'components.prometheus.enabled' of 'cluster.stacks.metrics' aan"
        return Seen(0, note=note)
    monitors = [
        obj
        for kind in ("ServiceMonitor", "PodMonitor")
        for obj in scene.cluster.of_kind(_MONITORING, kind)
        if _looks_at(scene, obj)
    ]
    message = "geen ServiceMonitor of PodMonitor kijkt in de namespace van Signalen"
    return Seen(len(monitors), [] if monitors else [Gap(message)], "de Prometheus van het cluster" if shared else "")


def _looks_at(scene: Scene, monitor: Object) -> bool:
    elsewhere, own = mapping(monitor.data, "spec", "namespaceSelector"), scene.cluster.context.namespace
    return elsewhere.get("any") is True or own in (texts(elsewhere, "matchNames") or [scene.cluster.namespace(monitor)])


def _logs(scene: Scene) -> Seen:
    if at(scene.settings, "cluster", "stacks", "logs") is True:
        return Seen(1, note="het cluster verzamelt de logs ('cluster.stacks.logs')")
    collectors = [pod for pod in scene.cluster.pods if _reads_logs(scene, pod)]
    return Seen(len(collectors), [] if collectors else [Gap("niets verzamelt de logs van de containers")])


def _reads_logs(scene: Scene, pod: Pod) -> bool:
    """Tell whether pods can read the logs of others: from the node, or through the Kubernetes API."""
    if any(text(volume, "hostPath", "path").startswith("/var/log") for _, volume in maps(pod.spec, "volumes")):
        return True
    rules = (rule for role in roles_of(scene.cluster, pod) if role for _, rule in maps(role.data, "rules"))
    return any("pods/log" in texts(rule, "resources") for rule in rules)


def _versions(scene: Scene) -> Seen:
    objects = [obj for obj in scene.cluster.objects if not is_file(obj)]
    gone = {one.object for one in api_versions.check(scene.cluster) if one.rule == "removed-api"}
    version = scene.cluster.context.kubernetes_version
    gaps = [
        about(scene, obj, f"Kubernetes {version} kent {obj.api_version} niet", ["apiVersion"])
        for obj in objects
        if obj in gone or _is_unknown(obj, version)
    ]
    return Seen(len(objects), gaps)


def _is_unknown(obj: Object, version: str) -> bool:
    """Tell whether Kubernetes has the kind, and not in this version of its group."""
    known = kubernetes(numbers(version))
    return known.validator(obj.api_version, obj.kind) is None and bool(
        known.versions_of(group_of(obj.api_version), obj.kind)
    )


def _kinds(scene: Scene) -> Seen:
    objects = [obj for obj in scene.cluster.objects if not is_file(obj)]
    brought = set(_definitions(scene))
    gaps = [
        about(scene, obj, f"is van {group_of(obj.api_version)}, en dat heeft niet elk cluster", ["apiVersion"])
        for obj in objects
        if not _is_common(scene, obj) and (group_of(obj.api_version), obj.kind) not in brought
    ]
    return Seen(len(objects), gaps)


def _definitions(scene: Scene) -> Iterator[tuple[str, str]]:
    for obj in scene.cluster.of_kind("apiextensions.k8s.io", "CustomResourceDefinition"):
        yield text(obj.data, "spec", "group"), text(obj.data, "spec", "names", "kind")


def _is_common(scene: Scene, obj: Object) -> bool:
    group, version = group_of(obj.api_version), numbers(scene.cluster.context.kubernetes_version)
    if any(group == known or group.endswith(f".{known}") for known in _OPEN):
        return True
    known_here = kubernetes(version).versions_of(group, obj.kind)
    return bool(known_here) or is_removed(obj.api_version, obj.kind, version)  # which the other point tells


POINTS: Final = (
    Point(
        "metrics",
        "Prometheus meet Signalen",
        "zet 'metrics' van de backend aan, of kijk waarom er geen ServiceMonitor is",
        _metrics,
    ),
    Point(
        "logs",
        "De logs van containers worden verzameld",
        "zet 'components.loki.enabled' en 'components.alloy.enabled' aan, of 'cluster.stacks.logs' als het cluster het"
        " al doet",
        _logs,
    ),
    Point(
        "api-versions",
        "De Kubernetes van de omgeving kent de apiVersion van elk object",
        "gebruik een nieuwere versie van de chart, of zet 'cluster.kubernetesVersion' goed",
        _versions,
    ),
    Point(
        "portable-kinds",
        "Elk object is van een soort die elk CNCF-conform cluster kan hebben",
        "vervang het door iets wat niet aan één aanbieder vastzit",
        _kinds,
    ),
)
