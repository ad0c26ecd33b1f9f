"""The points of `signalen haven`: what a workload on a Haven cluster should keep to, as far as its objects tell.

A module here is one subject. A point looks at the objects of one environment and returns what it saw; its texts are
Dutch, for the municipality's administrator reads them. docs/haven.md says in English why each point is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from signalen_toolkit.documents.data import Place, place
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.model import Object


@dataclass(frozen=True, slots=True)
class Scene:
    """One environment: its objects, and what its form says of the cluster, completed (`Environment.settings`)."""

    cluster: Cluster
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """What falls short of a point, in Dutch: of an object, of a namespace, or (without a kind) of the environment.

    `paths` are the places in the object.
    """

    message: str
    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    component: str = ""
    source: str = ""
    paths: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How the report calls what falls short: `Deployment signalen-backend`; empty for the environment."""
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a point saw: on how many objects, and what falls short. Where both are nothing, it does not apply."""

    count: int
    gaps: Sequence[Gap] = ()
    note: str = ""


class Point(NamedTuple):
    """One point: its id, what holds where it is met, what to do where it is not, and how to see that."""

    id: str
    title: str
    todo: str
    look: Callable[[Scene], Seen]


def about(scene: Scene, obj: Object, message: str, paths: Iterable[str] = ()) -> Gap:
    """Say what falls short of an object."""
    namespace = scene.cluster.namespace(obj)
    return Gap(message, obj.api_version, obj.kind, namespace, obj.name, obj.component, obj.source, tuple(paths))


def about_namespace(name: str, message: str) -> Gap:
    """Say what falls short of a namespace, whether or not it is among the objects."""
    return Gap(message, "v1", "Namespace", "", name)


def namespaces(cluster: Cluster) -> list[str]:
    """Return the namespaces of an environment: those that it makes, and those in which it has pods."""
    own = {obj.name for obj in cluster.of_kind("", "Namespace")}
    return sorted(own | {pod.namespace for pod in cluster.pods})


def by_container(pod: Pod, paths: Iterable[Place]) -> str:
    """Say which fields of which containers: `capabilities.drop (api, migrate), hostNetwork`."""
    owners: dict[str, list[str]] = {}
    for path in paths:
        above = next((one for one in pod.containers() if path[: len(one.path)] == one.path), None)
        rest = path[len(above.path if above else pod.path if path[: len(pod.path)] == pod.path else ()) :]
        field = place(*(rest[1:] if rest[0] == "securityContext" else rest))
        names = owners.setdefault(field, [])
        if above and above.name not in names:
            names.append(above.name)
    return ", ".join(f"{field} ({', '.join(names)})" if names else field for field, names in owners.items())
