"""Objects that name another object, which is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity, did_you_mean
from signalen_toolkit.documents.data import Map, Place, mapping, maps, place, text
from signalen_toolkit.kubernetes.checks import hosts
from signalen_toolkit.kubernetes.cluster import Cluster, group_of
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
    """Report what Ingresses, Services, scalers, roles and the manifests of Flux and Argo CD name in vain."""
    found = stores(cluster)
    for obj in cluster.objects:
        group, kind = group_of(obj.api_version), obj.kind
        if kind in ("Ingress", "HTTPRoute"):
            yield from _comes_in(cluster, obj, found)
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


def _comes_in(cluster: Cluster, obj: Object, found: Stores) -> Iterator[Finding]:
    """Check what lets requests in."""
    if group_of(obj.api_version) == "networking.k8s.io":
        yield from _ingress(cluster, obj, found)
    elif group_of(obj.api_version) == hosts.GATEWAY:
        yield from _route(cluster, obj)


def _ingress(cluster: Cluster, obj: Object, found: Stores) -> Iterator[Finding]:
    for path, backend in ingress_backends(obj):
        name = text(backend, "service", "name")
        if not name:
            continue
        service = cluster.find("", "Service", cluster.namespace(obj), name)
        if service is None:
            yield missing(cluster, obj, (*path, "service", "name"), "", "Service", name)
            continue
        port = mapping(backend, "service", "port")
        key = "name" if "name" in port else "number"
        ports = [one.get("name" if key == "name" else "port") for _, one in maps(service.data, "spec", "ports")]
        if key in port and port[key] not in ports:
            message = f"the Service '{name}' has no port {_quoted(port[key])}"
            hint = f"it has {' and '.join(_quoted(one) for one in ports) or 'none'}"
            yield Finding(RULE, message, obj, place(*path, "service", "port", key), hint)
    for path, tls in maps(obj.data, "spec", "tls"):
        name = text(tls, "secretName")
        if name and not holds(found, Store("Secret", cluster.namespace(obj), name)):
            message = f"nothing makes the Secret '{name}' with the certificate"
            hint = "name an issuer with the annotation cert-manager.io/cluster-issuer, or make the Secret by hand"
            yield Finding(RULE, message, obj, place(*path, "secretName"), hint, Severity.WARNING)


def _route(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    """Check where a route leads, and the Gateway that it belongs to, if that is in a namespace of the environment."""
    for path, rule in maps(obj.data, "spec", "rules"):
        for inner, backend in maps(rule, "backendRefs"):
            name = text(backend, "name")
            service = cluster.find("", "Service", cluster.namespace(obj), name)
            if service is None:
                yield missing(cluster, obj, (*path, *inner, "name"), "", "Service", name)
                continue
            ports = [one.get("port") for _, one in maps(service.data, "spec", "ports")]
            if backend.get("port") not in ports:
                message = f"the Service '{name}' has no port {_quoted(backend.get('port'))}"
                hint = f"it has {' and '.join(map(_quoted, ports)) or 'none'}"
                yield Finding(RULE, message, obj, place(*path, *inner, "port"), hint)
    for path, parent in maps(obj.data, "spec", "parentRefs"):
        name, namespace = text(parent, "name"), text(parent, "namespace") or cluster.namespace(obj)
        if not cluster.context.owns(namespace):
            continue  # of the cluster
        gateway = cluster.find(hosts.GATEWAY, "Gateway", namespace, name)
        if gateway is None:
            if any(True for _ in cluster.of_kind(hosts.GATEWAY, "Gateway")):
                yield missing(cluster, obj, (*path, "name"), hosts.GATEWAY, "Gateway", name)
            continue
        listeners = [text(one, "name") for _, one in maps(gateway.data, "spec", "listeners")]
        section = text(parent, "sectionName")
        if section and section not in listeners:
            message = f"the Gateway '{name}' has no listener '{section}'"
            hint = did_you_mean(section, listeners) or f"it has {', '.join(listeners)}"
            yield Finding(RULE, message, obj, place(*path, "sectionName"), hint)


def ingress_backends(obj: Object) -> Iterator[tuple[Place, Map]]:
    """Yield where an Ingress sends its traffic, each with the path to it."""
    yield ("spec", "defaultBackend"), mapping(obj.data, "spec", "defaultBackend")
    for rule_path, rule in maps(obj.data, "spec", "rules"):
        for path, one in maps(rule, "http", "paths"):
            yield (*rule_path, *path, "backend"), mapping(one, "backend")


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
