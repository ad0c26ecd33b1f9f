"""What a container needs to run in the same way tomorrow, beside other people's, and to be replaced when it hangs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from signalen_toolkit.documents.data import listed, mapping, maps, place, text
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.checks import workloads as containers
from signalen_toolkit.kubernetes.model import Finding, Object


def _without(rule: str, message: str) -> Callable[[Scene], Seen]:
    """Make a point of a rule of `signalen verify`."""

    def look(scene: Scene) -> Seen:
        found: dict[Object, list[Finding]] = {}
        for finding in containers.check(scene.cluster):
            if finding.rule == rule:
                found.setdefault(finding.object, []).append(finding)
        count = sum(1 for pod in scene.cluster.pods for _ in pod.containers())
        gaps = [
            about(
                scene,
                obj,
                f"{message}: {', '.join(finding.container for finding in ours)}",
                (finding.path for finding in ours),
            )
            for obj, ours in found.items()
        ]
        return Seen(count, gaps)

    return look


def _probes(scene: Scene) -> Seen:
    count, gaps = 0, list[Gap]()
    for pod in scene.cluster.pods:
        if not pod.runs_always:
            continue
        lacking = []
        for path, container in maps(pod.spec, "containers"):
            count += 1
            # Who listens nowhere gets no traffic, and need not be ready for it.
            wanted = ["livenessProbe", *(["readinessProbe"] if listed(container, "ports") else [])]
            lacking += [(path, container, probe) for probe in wanted if not mapping(container, probe)]
        if lacking:
            said = ", ".join(f"{probe} ({text(container, 'name')})" for _, container, probe in lacking)
            paths = (place(*pod.path, *path, probe) for path, _, probe in lacking)
            gaps.append(about(scene, pod.object, f"zonder {said}", paths))
    return Seen(count, gaps)


POINTS: Final = (
    Point(
        "resources",
        "Elke container heeft requests (CPU en geheugen) en een geheugenlimiet",
        "vul ze in onder 'resources', of anders onder 'overrides'",
        _without("container-without-resources", "niet alle requests en limits in container"),
    ),
    Point(
        "image-version",
        "Elke image heeft een vaste versie",
        "zet de tag onder 'overrides' (meestal image.tag)",
        _without("image-without-version", "geen vaste versie in container"),
    ),
    Point(
        "probes",
        "Elke container die blijft draaien heeft een livenessProbe, en met een poort een readinessProbe",
        "zet de probes onder 'overrides' als de chart ze kent; vraag er anders om bij de maker van de chart",
        _probes,
    ),
)
