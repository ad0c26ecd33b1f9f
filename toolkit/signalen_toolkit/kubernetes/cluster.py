"""The objects of one environment, found by what they are called, and the pods that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from signalen_toolkit.documents.data import Map, Place, mapping, maps, text
from signalen_toolkit.kubernetes import operators
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object

# Kinds that belong to no namespace.
_OF_THE_CLUSTER: Final = frozenset(
    {
        "APIService",
        "Bundle",
        "CSIDriver",
        "ClusterIssuer",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
# Where the template of a pod stands, by group and kind.
_TEMPLATES: Final[Mapping[tuple[str, str], Place]] = {
    ("", "Pod"): (),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): ("spec", "template"),
}
# The kinds whose pods run always; a job ends.
_ALWAYS: Final = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
# Files of kustomize look like objects, and never reach the cluster.
_KUSTOMIZE: Final = "kustomize.config.k8s.io"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod; `path` leads to it from the object."""

    path: Place
    data: Map = field(hash=False)

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return text(self.data, "name")


@dataclass(frozen=True, slots=True)
class Pod:
    """The pods that an object makes, or is; `path` leads from the object to their `spec`."""

    object: Object
    namespace: str
    path: Place
    labels: Map = field(hash=False)
    spec: Map = field(hash=False)
    annotations: Map = field(hash=False)

    @property
    def runs_always(self) -> bool:
        """Whether they are started anew when they end, as those of a job are not."""
        return group_of(self.object.api_version) == "apps" and self.object.kind in _ALWAYS

    @property
    def service_account(self) -> str:
        """The name of the ServiceAccount under which they run."""
        return text(self.spec, "serviceAccountName") or text(self.spec, "serviceAccount") or "default"

    def containers(self) -> Iterator[Container]:
        """Yield the containers, those that start first included."""
        for group in _CONTAINERS:
            for path, data in maps(self.spec, group):
                yield Container((*self.path, *path), data)


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """The objects of one environment. Helm's tests are left out: they run only when a person asks for it.

    One is equal to itself alone, so that what follows from it can be kept.
    """

    objects: tuple[Object, ...]
    context: Context
    pods: tuple[Pod, ...]
    _namespaces: Mapping[Object, str] = field(repr=False)
    _by_name: Mapping[tuple[str, str, str, str], Object] = field(repr=False)
    _by_kind: Mapping[tuple[str, str], Sequence[Object]] = field(repr=False)

    def namespace(self, obj: Object) -> str:
        """Return the namespace of an object; one without its own lands in that of its release."""
        return self._namespaces[obj]

    def find(self, group: str, kind: str, namespace: str, name: str) -> Object | None:
        """Return the object of that name."""
        return self._by_name.get((group, kind, namespace, name))

    def of_kind(self, group: str, kind: str) -> Iterator[Object]:
        """Yield the objects of one kind."""
        yield from self._by_kind.get((group, kind), ())


def cluster(objects: Sequence[Object], context: Context) -> Cluster:
    """Put the objects of one environment together."""
    real = tuple(obj for obj in objects if not _is_test(obj))
    spots = {obj: namespace_of(obj, context) for obj in real}
    named = {(group_of(obj.api_version), obj.kind, spots[obj], obj.name): obj for obj in reversed(real)}
    kinds: dict[tuple[str, str], list[Object]] = {}
    for obj in real:
        kinds.setdefault((group_of(obj.api_version), obj.kind), []).append(obj)
    pods = (_pod(obj, spots[obj]) for obj in real)
    return Cluster(real, context, tuple(pod for pod in pods if pod), spots, named, kinds)


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion: `apps` of `apps/v1`, nothing of `v1`."""
    return api_version.rpartition("/")[0]


def is_file(obj: Object) -> bool:
    """Tell whether it is a file of kustomize, which has no name and is not applied itself."""
    return group_of(obj.api_version) == _KUSTOMIZE


def namespace_of(obj: Object, context: Context) -> str:
    """Return the namespace in which an object lands; empty for what belongs to the whole cluster."""
    if obj.kind in _OF_THE_CLUSTER or is_file(obj):
        return ""
    return obj.namespace or obj.home or context.namespace


def _is_test(obj: Object) -> bool:
    hooks = text(obj.data, "metadata", "annotations", "helm.sh/hook").split(",")
    return any(hook.strip().startswith("test") for hook in hooks)


def _pod(obj: Object, namespace: str) -> Pod | None:
    kind = (group_of(obj.api_version), obj.kind)
    if kind[0] == operators.GROUP and (made := operators.pods_of(obj)) is not None:
        return Pod(obj, namespace, ("spec",), made.labels, made.spec, {})
    above = _TEMPLATES.get(kind)
    if above is None:
        return None
    template: Any = mapping(obj.data, *above)
    return Pod(
        obj,
        namespace,
        (*above, "spec"),
        mapping(template, "metadata", "labels"),
        mapping(template, "spec"),
        mapping(template, "metadata", "annotations"),
    )
