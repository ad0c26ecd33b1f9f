"""Objects that name another object, which is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity, did_you_mean
from signalen_toolkit.documents.data import Map, Place, mapping, maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster, group_of
from signalen_toolkit.kubernetes.entrances import GATEWAY, backends, kind_of
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.selectors import selected
from signalen_toolkit.kubernetes.stores import CONFIG_MAP, Store, Stores, holds, stores

REASONS: Final[Mapping[str, str]] = {
    "missing-reference": "what names something that is not there waits for it, or answers nobody",
}

RULE: Final = "missing-reference"
_HELM: Final = "helm.toolkit.fluxcd.io"
_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
_SOURCE: Final = "source.toolkit.fluxcd.io"
_NOTIFICATION: Final = "notification.toolkit.fluxcd.io"
_ARGO: Final = "argoproj.io"
# Of the kinds that Flux sends messages about, those that are not a source.
_SENDERS: Final = {"HelmRelease": _HELM, "Kustomization": _KUSTOMIZE}


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report what Ingresses, routes, Services, scalers, roles and the manifests of Flux and Argo CD name in vain."""
    found = stores(cluster)
    for obj in cluster.objects:
        group, kind = group_of(obj.api_version), obj.kind
        if kind_of(obj) or group == GATEWAY:
            yield from _entrance(cluster, obj, found)
        elif kind == "Service" and not group:
            yield from _ports(cluster, obj)
        elif kind == "StatefulSet" and group == "apps":
            name = text(obj.data, "spec", "serviceName")
            if name and cluster.find("", "Service", cluster.namespace(obj), name) is None:
                yield missing(cluster, obj, ("spec", "serviceName"), "", "Service", name)
        elif kind == "HorizontalPodAutoscaler":
            target = mapping(obj.data, "spec", "scaleTargetRef")
            yield from _named(cluster, obj, ("spec", "scaleTargetRef"), group_of(text(target, "apiVersion")))
        elif kind == "RoleBinding":
            yield from _role(cluster, obj)
        elif group == _HELM:
            yield from _helm_release(cluster, obj, found)
        elif group == _KUSTOMIZE:
            yield from _named(cluster, obj, ("spec", "sourceRef"), _SOURCE)
        elif group == _NOTIFICATION:
            yield from _notification(cluster, obj, found)
        elif group == _ARGO and kind == "Application":
            yield from _application(cluster, obj)


def missing(cluster: Cluster, obj: Object, path: Place, group: str, kind: str, name: str) -> Finding:
    """Report a name that no object of its kind has."""
    known = [other.name for other in cluster.of_kind(group, kind)]
    hint = did_you_mean(name, known) or f"make it, or change the name in {obj.title}"
    return Finding(RULE, f"there is no {kind} '{name}'", obj, place(*path), hint)


def _absent(cluster: Cluster, obj: Object, group: str, kind: str, name: str, namespace: str = "") -> bool:
    return cluster.find(group, kind, namespace or cluster.namespace(obj), name) is None


def _named(cluster: Cluster, obj: Object, path: Place, group: str) -> Iterator[Finding]:
    """Check a reference that says kind, name and perhaps namespace."""
    reference = mapping(obj.data, *path)
    kind, name, namespace = (text(reference, key) for key in ("kind", "name", "namespace"))
    if kind and name and _absent(cluster, obj, group, kind, name, namespace):
        yield missing(cluster, obj, (*path, "name"), group, kind, name)


def _entrance(cluster: Cluster, obj: Object, found: Stores) -> Iterator[Finding]:
    """Check an Ingress, a route, or listeners with their certificates."""
    yield from _backends(cluster, obj)
    yield from _certificates(cluster, obj, found, ("spec", "tls"), "secretName")
    for path, parent in maps(obj.data, "spec", "parentRefs"):
        yield from _parent(cluster, obj, path, parent)
    for path, _ in maps(obj.data, "spec", "listeners"):
        yield from _certificates(cluster, obj, found, (*path, "tls", "certificateRefs"), "name")


def _parent(cluster: Cluster, obj: Object, path: Place, parent: Map) -> Iterator[Finding]:
    """Check what a route is attached to, as far as that is not the cluster's own, and its listeners."""
    kind, name = text(parent, "kind") or "Gateway", text(parent, "name")
    namespace, section = text(parent, "namespace") or cluster.namespace(obj), text(parent, "sectionName")
    if not cluster.context.owns(namespace) or kind not in ("Gateway", "ListenerSet"):
        return
    found = cluster.find(GATEWAY, kind, namespace, name)
    listeners = [text(one, "name") for _, one in maps(found.data if found else {}, "spec", "listeners")]
    if found is None:
        if any(True for _ in cluster.of_kind(GATEWAY, kind)):  # without any, somebody else brings it
            yield missing(cluster, obj, (*path, "name"), GATEWAY, kind, name)
    elif section and section not in listeners:
        message = f"the {kind} '{name}' has no listener '{section}'"
        hint = did_you_mean(section, listeners) or f"it has {', '.join(listeners)}"
        yield Finding(RULE, message, obj, place(*path, "sectionName"), hint)


def _backends(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    """Check the Services to which an Ingress or a route sends visitors, and their ports."""
    is_route = kind_of(obj) == "route"
    for one in backends(obj):
        service = cluster.find("", "Service", one.namespace or cluster.namespace(obj), one.service)
        if service is None:
            yield missing(cluster, obj, (*one.path, "name"), "", "Service", one.service)
            continue
        key = "name" if "name" in one.port else "number"
        ports = [port.get("name" if key == "name" else "port") for _, port in maps(service.data, "spec", "ports")]
        if key in one.port and one.port[key] not in ports:
            message = f"the Service '{one.service}' has no port {_quoted(one.port[key])}"
            hint = f"it has {' and '.join(_quoted(one) for one in ports) or 'none'}"
            where = (*one.path, "port") if is_route else (*one.path, "port", key)
            yield Finding(RULE, message, obj, place(*where), hint)


def _certificates(cluster: Cluster, obj: Object, found: Stores, where: Place, key: str) -> Iterator[Finding]:
    """Check the Secrets with certificates that an Ingress or a set of listeners names in a list of maps."""
    for path, one in maps(obj.data, *where):
        name, namespace = text(one, key), text(one, "namespace") or cluster.namespace(obj)
        if name and not holds(found, Store("Secret", namespace, name)):
            message = f"nothing makes the Secret '{name}' with the certificate"
            hint = "name an issuer with the annotation cert-manager.io/cluster-issuer, or make the Secret by hand"
            yield Finding(RULE, message, obj, place(*path, key), hint, Severity.WARNING)


def _ports(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    """Check that a port that a Service names is a port of its pods; one that it numbers need not be declared."""
    pods = selected(cluster, obj)
    for path, port in maps(obj.data, "spec", "ports"):
        target = text(port, "targetPort")
        containers = (container for pod in pods for container in pod.containers())
        names = {text(one, "name") for container in containers for _, one in maps(container.data, "ports")} - {""}
        if pods and target and target not in names:
            hint = did_you_mean(target, names) or f"their ports are {', '.join(sorted(names)) or 'without names'}"
            message = f"the pods of the Service have no port '{target}'"
            yield Finding(RULE, message, obj, place(*path, "targetPort"), hint)


def _role(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    """Check the Role and the ServiceAccounts of a RoleBinding in the environment's namespaces.

    A ClusterRole, and what is in another namespace, may be the cluster's own.
    """
    owns = cluster.context.owns
    if text(obj.data, "roleRef", "kind") == "Role" and owns(cluster.namespace(obj)):
        yield from _named(cluster, obj, ("roleRef",), group_of(obj.api_version))
    for path, subject in maps(obj.data, "subjects"):
        own = text(subject, "namespace") or cluster.namespace(obj)
        if text(subject, "kind") == "ServiceAccount" and text(subject, "name") != "default" and owns(own):
            yield from _named(cluster, obj, path, "")


def _helm_release(cluster: Cluster, obj: Object, found: Stores) -> Iterator[Finding]:
    yield from _named(cluster, obj, ("spec", "chart", "spec", "sourceRef"), _SOURCE)
    yield from _named(cluster, obj, ("spec", "chartRef"), _SOURCE)
    for path, other in maps(obj.data, "spec", "dependsOn"):
        name, namespace = text(other, "name"), text(other, "namespace")
        if name and _absent(cluster, obj, _HELM, "HelmRelease", name, namespace):
            yield missing(cluster, obj, (*path, "name"), _HELM, "HelmRelease", name)
    for path, values in maps(obj.data, "spec", "valuesFrom"):
        store = Store(text(values, "kind"), cluster.namespace(obj), text(values, "name"))
        if store.kind != CONFIG_MAP or values.get("optional") is True:
            continue
        key = text(values, "valuesKey") or "values.yaml"
        if not holds(found, store):
            yield missing(cluster, obj, (*path, "name"), "", store.kind, store.name)
        elif (known := found.get(store)) is not None and key not in known:
            message = f"the {store.kind} '{store.name}' has no key '{key}'"
            yield Finding(RULE, message, obj, place(*path), did_you_mean(key, known))


def _application(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    project = text(obj.data, "spec", "project")
    if project not in ("", "default") and _absent(cluster, obj, _ARGO, "AppProject", project):
        yield missing(cluster, obj, ("spec", "project"), _ARGO, "AppProject", project)


def _notification(cluster: Cluster, obj: Object, found: Stores) -> Iterator[Finding]:
    """Check the Provider of an Alert and what it is about, and the Secret of a Provider."""
    provider, secret = text(obj.data, "spec", "providerRef", "name"), text(obj.data, "spec", "secretRef", "name")
    if provider and _absent(cluster, obj, _NOTIFICATION, "Provider", provider):
        yield missing(cluster, obj, ("spec", "providerRef", "name"), _NOTIFICATION, "Provider", provider)
    if secret and not holds(found, Store("Secret", cluster.namespace(obj), secret)):
        yield missing(cluster, obj, ("spec", "secretRef", "name"), "", "Secret", secret)
    for path, source in maps(obj.data, "spec", "eventSources"):
        if text(source, "name") != "*":
            yield from _named(cluster, obj, path, _SENDERS.get(text(source, "kind"), _SOURCE))


def _quoted(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
