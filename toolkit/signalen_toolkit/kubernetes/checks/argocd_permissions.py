"""What a project of Argo CD permits: each object of an Application has to be of a kind, and in a place, of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from signalen_toolkit.documents.data import Map, mapping, maps, text
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
    folders = {
        text(one.data, "spec", "source", "path"): text(one.data, "spec", "project")
        for one in cluster.of_kind(_ARGO, "Application")
        if mapping(one.data, "spec", "source", "directory")
    }
    for obj in cluster.objects:
        group = group_of(obj.api_version)
        if group == _ARGO or is_file(obj) or not obj.kind or cluster.namespace(obj) in by_hand:
            continue
        its_own = _projects(obj, projects, folders)
        if not any(_permits(project, obj, group, cluster.namespace(obj)) for project in its_own):
            where = f" in the namespace '{cluster.namespace(obj)}'" if cluster.namespace(obj) else ""
            message = f"no project of Argo CD permits a {obj.kind}{where}"
            hint = "name the kind in clusterKinds or namespacedKinds of the component, in its component.yaml"
            if obj.source.startswith(tuple(f"{folder}/" for folder in folders)):
                hint = "put it into a namespace of the environment, or have the administrator of the cluster apply it"
            yield Finding("not-permitted", message, obj, "kind", hint)


def _projects(obj: Object, projects: Sequence[Object], folders: Mapping[str, str]) -> list[Object]:
    """Return the projects that may permit an object.

    What is in a folder that an Application takes as it is (`folders`, with the name of its project) is that one's;
    anything else is of the other projects.
    """
    own = [name for folder, name in folders.items() if obj.source.startswith(f"{folder}/")]
    return [one for one in projects if (one.name in own if own else one.name not in folders.values())]


def _permits(project: Object, obj: Object, group: str, namespace: str) -> bool:
    if not namespace:
        return any(_is(kind, group, obj) for _, kind in maps(project.data, "spec", "clusterResourceWhitelist"))
    places = {text(place, "namespace") for _, place in maps(project.data, "spec", "destinations")}
    kinds = maps(project.data, "spec", "namespaceResourceWhitelist")
    return namespace in places and any(_is(kind, group, obj) for _, kind in kinds)


def _is(kind: Map, group: str, obj: Object) -> bool:
    return kind.get("group") in (group, "*") and kind.get("kind") in (obj.kind, "*")
