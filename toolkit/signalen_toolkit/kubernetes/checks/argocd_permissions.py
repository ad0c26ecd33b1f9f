"""What a project of Argo CD permits: each object of an Application has to be of a kind, and in a place, of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.documents.data import Map, maps, text
from signalen_toolkit.kubernetes.cluster import Cluster, group_of, is_file
from signalen_toolkit.kubernetes.model import Finding, Object

REASONS: Final[Mapping[str, str]] = {
    "not-permitted": "Argo CD refuses the whole Application for one object that its project does not permit",
}

_ARGO: Final = "argoproj.io"


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report objects of charts, and of the environment itself, that no project of the environment permits."""
    projects = list(cluster.of_kind(_ARGO, "AppProject"))
    if not projects:
        return
    # What is in the namespace of Argo CD itself no Application makes: a person applies it, as the projects.
    by_hand = {cluster.namespace(project) for project in projects}
    for obj in cluster.objects:
        group = group_of(obj.api_version)
        if group == _ARGO or is_file(obj) or not obj.kind or cluster.namespace(obj) in by_hand:
            continue
        if not any(_permits(project, obj, group, cluster.namespace(obj)) for project in projects):
            where = f" in the namespace '{cluster.namespace(obj)}'" if cluster.namespace(obj) else ""
            message = f"no project of Argo CD permits a {obj.kind}{where}"
            hint = "name the kind in clusterKinds or namespacedKinds of the component, in its component.yaml"
            yield Finding("not-permitted", message, obj, "kind", hint)


def _permits(project: Object, obj: Object, group: str, namespace: str) -> bool:
    if not namespace:
        return any(_is(kind, group, obj) for _, kind in maps(project.data, "spec", "clusterResourceWhitelist"))
    places = {text(place, "namespace") for _, place in maps(project.data, "spec", "destinations")}
    kinds = maps(project.data, "spec", "namespaceResourceWhitelist")
    return namespace in places and any(_is(kind, group, obj) for _, kind in kinds)


def _is(kind: Map, group: str, obj: Object) -> bool:
    return (kind.get("group"), kind.get("kind")) == (group, obj.kind)
