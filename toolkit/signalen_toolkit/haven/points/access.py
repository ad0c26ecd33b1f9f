"""Who may do what in the cluster: tokens of the Kubernetes API, roles, and who has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.documents.data import Map, maps, place, text, texts
from signalen_toolkit.haven.points import Gap, Point, Scene, Seen, about
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.model import Object

_GROUP: Final = "rbac.authorization.k8s.io"
_ADMIN: Final = "cluster-admin"


def roles_of(cluster: Cluster, pod: Pod) -> Iterator[Object | None]:
    """Yield the roles that the ServiceAccount of pods has; None for one that is not among the objects."""
    for binding in _bindings(cluster):
        namespace = cluster.namespace(binding)
        if any(_is(subject, namespace, pod) for _, subject in maps(binding.data, "subjects")):
            kind = text(binding.data, "roleRef", "kind")
            name = text(binding.data, "roleRef", "name")
            yield cluster.find(_GROUP, kind, namespace if kind == "Role" else "", name)


def _bindings(cluster: Cluster) -> Iterator[Object]:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        yield from cluster.of_kind(_GROUP, kind)


def _is(subject: Map, namespace: str, pod: Pod) -> bool:
    name = text(subject, "name")
    if text(subject, "kind") == "Group":
        return name in ("system:serviceaccounts", f"system:serviceaccounts:{pod.namespace}")
    own = (text(subject, "namespace") or namespace, name)
    return text(subject, "kind") == "ServiceAccount" and own == (pod.namespace, pod.service_account)


def _tokens(scene: Scene) -> Seen:
    message = "krijgt het token van ServiceAccount '{}', dat geen enkele rol heeft"
    gaps = [
        about(scene, pod.object, message.format(pod.service_account))
        for pod in scene.cluster.pods
        if _has_token(scene.cluster, pod) and not any(True for _ in roles_of(scene.cluster, pod))
    ]
    return Seen(len(scene.cluster.pods), gaps)


def _has_token(cluster: Cluster, pod: Pod) -> bool:
    account = cluster.find("", "ServiceAccount", pod.namespace, pod.service_account)
    for owner in (pod.spec, account.data if account else {}):
        own = owner.get("automountServiceAccountToken")
        if isinstance(own, bool):
            return own
    return True


def _wildcards(scene: Scene) -> Seen:
    roles = [obj for kind in ("Role", "ClusterRole") for obj in scene.cluster.of_kind(_GROUP, kind)]
    gaps = list[Gap]()
    for obj in roles:
        paths = [
            (*path, field)
            for path, rule in maps(obj.data, "rules")
            for field in ("verbs", "resources")
            if "*" in texts(rule, field)
        ]
        if paths:
            fields = dict.fromkeys(str(path[-1]) for path in paths)
            gaps.append(about(scene, obj, f"heeft * in {' en '.join(fields)}", (place(*path) for path in paths)))
    return Seen(len(roles), gaps)


def _admins(scene: Scene) -> Seen:
    bindings = list(_bindings(scene.cluster))
    gaps = [
        about(scene, obj, f"geeft {_ADMIN} weg", ["roleRef.name"])
        for obj in bindings
        if text(obj.data, "roleRef", "name") == _ADMIN
    ]
    return Seen(len(bindings), gaps)


POINTS: Final = (
    Point(
        "service-account-token",
        "Alleen pods met rechten in Kubernetes krijgen een token",
        "zet automountServiceAccountToken op false, bij de pod of het ServiceAccount",
        _tokens,
    ),
    Point(
        "rbac-wildcard",
        "Rollen noemen elk recht bij naam",
        "vervang * door wat echt nodig is; bij een operator van een ander: weeg het af en leg het vast",
        _wildcards,
    ),
    Point(
        "rbac-cluster-admin",
        "Niets krijgt cluster-admin",
        "geef een eigen rol met alleen de rechten die nodig zijn",
        _admins,
    ),
)
