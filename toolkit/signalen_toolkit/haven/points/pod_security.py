"""The Pod Security Standards: which levels the pods keep to, and what the namespaces enforce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from signalen_toolkit.documents.data import place
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about, about_namespace, by_container, namespaces
from signalen_toolkit.kubernetes.pod_security.baseline import enforced, refused

# privileged forbids nothing.
_LEVELS: Final = ("baseline", "restricted")


def _keeps_to(level: str) -> Callable[[Scene], Seen]:
    def look(scene: Scene) -> Seen:
        gaps = []
        for pod in scene.cluster.pods:
            broken = [one.path for one in refused(pod, level, scene.cluster.context.kubernetes_version)]
            if broken:
                fields = by_container(pod, broken)
                gaps.append(about(scene, pod.object, fields, (place(*path) for path in broken)))
        return Seen(len(scene.cluster.pods), gaps)

    return look


def _enforced(scene: Scene) -> Seen:
    names, gaps = namespaces(scene.cluster), list[Gap]()
    for name in names:
        obj = scene.cluster.find("", "Namespace", "", name)
        if obj is None:
            gaps.append(about_namespace(name, "staat niet tussen de objecten, dus het niveau is niet te zien"))
        elif (level := enforced(scene.cluster, name)) not in _LEVELS:
            gaps.append(about(scene, obj, f"dwingt {level} af, en dat verbiedt niets", ["metadata.labels"]))
    return Seen(len(names), gaps)


POINTS: Final = (
    Point(
        "pod-security-baseline",
        "Alle pods blijven binnen het niveau baseline",
        "pas de securityContext aan onder 'overrides'; wat niet zonder kan, hoort in een eigen namespace",
        _keeps_to("baseline"),
    ),
    Point(
        "pod-security-restricted",
        "Alle pods blijven binnen het niveau restricted",
        "zet deze velden in securityContext en podSecurityContext onder 'overrides', en test of de image ermee draait",
        _keeps_to("restricted"),
    ),
    Point(
        "pod-security-enforced",
        "Elke namespace dwingt baseline of restricted af",
        "zet 'cluster.podSecurity' op baseline; een namespace van een ander krijgt daar zijn label",
        _enforced,
    ),
)
