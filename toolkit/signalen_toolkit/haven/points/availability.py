"""What keeps a workload there when a node goes: more than one pod, apart from each other, and a budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from signalen_toolkit.documents.data import at, mapping, maps, text
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.cluster import Pod
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.selectors import fits

_TOPOLOGY: Final = frozenset({"kubernetes.io/hostname", "topology.kubernetes.io/zone"})


def _scaling(scene: Scene) -> Iterator[tuple[Pod, int]]:
    """Yield the workloads with how many pods each has at least; one that is switched off is none."""
    least = {
        (text(ref, "kind"), scene.cluster.namespace(obj), text(ref, "name")): _number(
            at(obj.data, "spec"), "minReplicas"
        )
        for obj in scene.cluster.of_kind("autoscaling", "HorizontalPodAutoscaler")
        for ref in [mapping(obj.data, "spec", "scaleTargetRef")]
    }
    for pod in scene.cluster.pods:
        obj = pod.object
        if pod.runs_always and obj.kind != "DaemonSet":  # which has a pod on each node
            replicas = least.get((obj.kind, pod.namespace, obj.name), _number(at(obj.data, "spec"), "replicas"))
            if replicas:
                yield pod, replicas


def _replicas(scene: Scene) -> Seen:
    workloads = list(_scaling(scene))
    return Seen(
        len(workloads), [about(scene, pod.object, "draait in één pod") for pod, number in workloads if number < 2]
    )


def _budgets(scene: Scene) -> Seen:
    count, gaps = 0, list[Gap]()
    for pod, replicas in _scaling(scene):
        own = list(_budgets_of(scene, pod))
        count += bool(own) or replicas > 1
        if replicas > 1 and not own:
            gaps.append(about(scene, pod.object, "heeft geen PodDisruptionBudget"))
        for budget in own:
            if not _allows(budget, replicas):
                said = f"staat van {pod.object.title} geen enkele pod af, dus een node is niet leeg te maken"
                gaps.append(about(scene, budget, said, ["spec"]))
    return Seen(count, gaps)


def _budgets_of(scene: Scene, pod: Pod) -> Iterator[Object]:
    for obj in scene.cluster.of_kind("policy", "PodDisruptionBudget"):
        if scene.cluster.namespace(obj) == pod.namespace and fits(mapping(obj.data, "spec", "selector"), pod.labels):
            yield obj


def _allows(budget: Object, replicas: int) -> bool:
    """Tell whether a budget lets at least one pod go; Kubernetes rounds a percentage up, either way."""
    most, least = (at(budget.data, "spec", field) for field in ("maxUnavailable", "minAvailable"))
    return _part(most, replicas) > 0 if most is not None else _part(least, replicas) < replicas


def _part(value: Any, whole: int) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return math.ceil(whole * int(value[:-1]) / 100)
    return value if isinstance(value, int) else 0


def _spread(scene: Scene) -> Seen:
    several = [pod for pod, replicas in _scaling(scene) if replicas > 1]
    message = "geen topologySpreadConstraints of podAntiAffinity over nodes of zones"
    return Seen(len(several), [about(scene, pod.object, message) for pod in several if not _is_spread(pod)])


def _is_spread(pod: Pod) -> bool:
    apart = mapping(pod.spec, "affinity", "podAntiAffinity")
    terms = [
        *(one for _, one in maps(pod.spec, "topologySpreadConstraints")),
        *(one for _, one in maps(apart, "requiredDuringSchedulingIgnoredDuringExecution")),
        *(mapping(one, "podAffinityTerm") for _, one in maps(apart, "preferredDuringSchedulingIgnoredDuringExecution")),
    ]
    return any(text(term, "topologyKey") in _TOPOLOGY for term in terms)


def _number(data: Any, field: str) -> int:
    value = at(data, field)
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


POINTS: Final = (
    Point(
        "replicas",
        "Elke workload draait in meer dan één pod",
        "verhoog 'replicas' waar dat kan; wat maar één keer mag draaien (een planner, een database) blijft hier staan",
        _replicas,
    ),
    Point(
        "disruption-budget",
        "Een PodDisruptionBudget bewaakt elke workload met meer pods, en laat onderhoud van nodes toe",
        "zet het onder 'overrides' aan, met maxUnavailable: 1",
        _budgets,
    ),
    Point(
        "spread",
        "De pods van één workload staan verspreid over nodes of zones",
        "zet onder 'overrides' topologySpreadConstraints of podAntiAffinity",
        _spread,
    ),
)
