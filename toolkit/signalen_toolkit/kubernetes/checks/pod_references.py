"""What pods name: ConfigMaps, Secrets, volumes and service accounts. A pod without one of them does not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity, did_you_mean
from signalen_toolkit.documents.data import Map, Place, mapping, maps, place, text
from signalen_toolkit.kubernetes.checks import references
from signalen_toolkit.kubernetes.checks.references import RULE, missing
from signalen_toolkit.kubernetes.cluster import Cluster, Container, Pod
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.stores import CONFIG_MAP, SECRET, Store, Stores, holds, stores

# The same rule as for what other objects name.
REASONS: Final[Mapping[str, str]] = references.REASONS

# How a volume, or a part of a projected one, names what it shows: the field, the key of the name, what it names.
_SOURCES: Final = (("configMap", "name", CONFIG_MAP), ("secret", "secretName", SECRET), ("secret", "name", SECRET))
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report ConfigMaps, Secrets, keys, volumes, claims, ports and service accounts that are not there."""
    found = stores(cluster)
    checks: tuple[Callable[[Cluster, Pod, Stores], Iterator[Finding]], ...] = (
        _service_account,
        _claims,
        _volumes,
        _variables,
        _mounts,
        _probes,
    )
    for pod in cluster.pods:
        for one in checks:
            yield from one(cluster, pod, found)


def _service_account(cluster: Cluster, pod: Pod, _: Stores) -> Iterator[Finding]:
    name = pod.service_account
    if name != "default" and cluster.find("", "ServiceAccount", pod.namespace, name) is None:
        yield missing(cluster, pod.object, (*pod.path, "serviceAccountName"), "", "ServiceAccount", name)


def _claims(cluster: Cluster, pod: Pod, _: Stores) -> Iterator[Finding]:
    for path, volume in maps(pod.spec, "volumes"):
        name = text(volume, "persistentVolumeClaim", "claimName")
        made = cluster.find("", "PersistentVolumeClaim", pod.namespace, name)
        if name and made is None and name not in cluster.context.claims:
            at = (*pod.path, *path, "persistentVolumeClaim", "claimName")
            yield missing(cluster, pod.object, at, "", "PersistentVolumeClaim", name)


def _volumes(cluster: Cluster, pod: Pod, found: Stores) -> Iterator[Finding]:
    for path, volume in maps(pod.spec, "volumes"):
        yield from _shown(cluster, pod, found, (*pod.path, *path), volume)
        for inner, source in maps(volume, "projected", "sources"):
            yield from _shown(cluster, pod, found, (*pod.path, *path, "projected", *inner), source)


def _shown(cluster: Cluster, pod: Pod, found: Stores, path: Place, source: Map) -> Iterator[Finding]:
    for field, key, kind in _SOURCES:
        reference = mapping(source, field)
        if name := text(reference, key):
            wanted = [((*path, field, *inner, "key"), text(item, "key")) for inner, item in maps(reference, "items")]
            store = Store(kind, pod.namespace, name)
            yield from _reference(cluster, pod.object, found, store, (*path, field, key), reference, wanted)


def _variables(cluster: Cluster, pod: Pod, found: Stores) -> Iterator[Finding]:
    for container in pod.containers():
        for path, source in maps(container.data, "envFrom"):
            for field, kind in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
                reference = mapping(source, field)
                store = Store(kind, pod.namespace, text(reference, "name"))
                at = (*container.path, *path, field, "name")
                yield from _reference(cluster, pod.object, found, store, at, reference, [])
        for path, variable in maps(container.data, "env"):
            for field, kind in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
                reference = mapping(variable, "valueFrom", field)
                store = Store(kind, pod.namespace, text(reference, "name"))
                at = (*container.path, *path, "valueFrom", field)
                wanted = [((*at, "key"), text(reference, "key"))]
                yield from _reference(cluster, pod.object, found, store, (*at, "name"), reference, wanted)


def _reference(
    cluster: Cluster,
    obj: Object,
    found: Stores,
    store: Store,
    path: Place,
    reference: Map,
    wanted: list[tuple[Place, str]],
) -> Iterator[Finding]:
    """Check the name of a ConfigMap or Secret and the keys that are wanted of it."""
    if not store.name or reference.get("optional") is True:
        return
    if not holds(found, store):
        yield _absent(cluster, obj, found, store, path)
        return
    known = found.get(store)
    for at, key in wanted:
        if key and known is not None and key not in known:
            message = f"the {store.kind} '{store.name}' has no key '{key}'"
            hint = did_you_mean(key, known) or f"its keys are {', '.join(sorted(known)) or 'none'}"
            yield Finding(RULE, message, obj, place(*at), hint)


def _absent(cluster: Cluster, obj: Object, found: Stores, store: Store, path: Place) -> Finding:
    if store.kind == CONFIG_MAP:
        return missing(cluster, obj, path, "", CONFIG_MAP, store.name)
    # A person may have made it: what the cluster holds is not in Git.
    known = [other.name for other in found if other.kind == SECRET]
    hint = did_you_mean(store.name, known) or "make sure that it is in the cluster before the release"
    message = f"nothing here makes the Secret '{store.name}', and no component names it as one to make by hand"
    return Finding(RULE, message, obj, place(*path), hint, Severity.WARNING)


def _mounts(_: Cluster, pod: Pod, found: Stores) -> Iterator[Finding]:
    """Check that what is mounted is a volume of the pod, and that a mounted file is in it."""
    volumes = {text(volume, "name"): volume for _, volume in maps(pod.spec, "volumes")}
    claims = {text(one, "metadata", "name") for _, one in maps(pod.object.data, "spec", "volumeClaimTemplates")}
    for container in pod.containers():
        for path, mount in maps(container.data, "volumeMounts"):
            name, at = text(mount, "name"), (*container.path, *path)
            if name and name not in volumes and name not in claims:
                message = f"the pod has no volume '{name}'"
                yield Finding(RULE, message, pod.object, place(*at, "name"), did_you_mean(name, {*volumes, *claims}))
            yield from _file(pod, volumes.get(name, {}), mount, at, found)


def _file(pod: Pod, volume: Map, mount: Map, path: Place, found: Stores) -> Iterator[Finding]:
    """Check a file of a ConfigMap or Secret: where it lacks, Kubernetes puts an empty folder in its place."""
    for field, key, kind in _SOURCES:
        reference, file = mapping(volume, field), text(mount, "subPath").partition("/")[0]
        name = text(reference, key)
        files: frozenset[str] | set[str] | None = found.get(Store(kind, pod.namespace, name))
        if items := [text(item, "path").partition("/")[0] for _, item in maps(reference, "items")]:
            files = set(items)
        if name and file and files is not None and file not in files:
            message = f"the {kind} '{name}' has no '{file}' to mount"
            yield Finding(RULE, message, pod.object, place(*path, "subPath"), did_you_mean(file, files))


def _probes(_: Cluster, pod: Pod, __: Stores) -> Iterator[Finding]:
    for container in pod.containers():
        names = {text(port, "name") for _, port in maps(container.data, "ports")}
        for probe in _PROBES:
            for way in ("httpGet", "tcpSocket"):
                port = text(container.data, probe, way, "port")
                if port and port not in names:
                    yield _no_port(pod, container, (probe, way, "port"), port, names)


def _no_port(pod: Pod, container: Container, path: Place, port: str, names: set[str]) -> Finding:
    message = f"the container '{container.name}' has no port '{port}'"
    return Finding(RULE, message, pod.object, place(*container.path, *path), did_you_mean(port, names))
