"""The Pod Security Standards of Kubernetes: what a namespace refuses at the levels baseline and restricted.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/. A namespace that enforces a level refuses
a pod that does not keep to it: the workload is made, and stays without pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.documents.data import Map, Place, at, listed, mapping, maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.kubernetes.pod_security.lists import CAPABILITIES, PROBES, SELINUX_TYPES, SYSCTLS, Broken, broken
from signalen_toolkit.kubernetes.pod_security.restricted import RESTRICTED
from signalen_toolkit.kubernetes.schemas.api_versions import numbers

REASONS: Final[Mapping[str, str]] = {
    "pod-security": "the namespace refuses such pods: the release is installed, and nothing runs",
}

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
# From this version on, a level also forbids that a probe calls another host.
_WITH_PROBES: Final = (1, 34)


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report pods that the namespace refuses at the level that it enforces."""
    for pod in cluster.pods:
        level = enforced(cluster, pod.namespace)
        for found in refused(pod, level, cluster.context.kubernetes_version):
            message = f"{found.message}, and the namespace refuses that at the level {level}"
            yield Finding("pod-security", message, pod.object, place(*found.path), found.hint)


def refused(pod: Pod, level: str, kubernetes_version: str) -> Iterator[Broken]:
    """Yield what of a pod a namespace refuses at a level: nothing at privileged."""
    version = numbers(kubernetes_version)
    for control in {"baseline": BASELINE, "restricted": (*BASELINE, *RESTRICTED)}.get(level, ()):
        if control is not _probes or version is None or version >= _WITH_PROBES:
            yield from control(pod)


def enforced(cluster: Cluster, namespace: str) -> str:
    """Return the level that a namespace enforces; privileged, which forbids nothing, where it is not known."""
    obj = cluster.find("", "Namespace", "", namespace)
    if obj is not None:
        return text(obj.data, "metadata", "labels", _ENFORCE) or "privileged"
    return cluster.context.pod_security if namespace == cluster.context.namespace else "privileged"


def _host_process(pod: Pod) -> Iterator[Broken]:
    for path, options in pod_and_containers(pod, "windowsOptions"):
        if options.get("hostProcess"):
            yield broken(path, "hostProcess", "it runs as a process of the node", "remove it")


def _host_namespaces(pod: Pod) -> Iterator[Broken]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field):
            yield broken(pod.path, field, f"it shares a namespace of the node ({field})", "set it to false")


def _privileged(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        if at(container.data, "securityContext", "privileged"):
            path = (*container.path, "securityContext")
            yield broken(path, "privileged", f"the container '{container.name}' is privileged", "set it to false")


def _capabilities(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        for name in listed(container.data, "securityContext", "capabilities", "add"):
            if name not in CAPABILITIES:
                path = (*container.path, "securityContext", "capabilities")
                yield broken(path, "add", f"the container '{container.name}' adds the capability {name}", "remove it")


def _host_path(pod: Pod) -> Iterator[Broken]:
    for path, volume in maps(pod.spec, "volumes"):
        if volume.get("hostPath") is not None:
            name = text(volume, "name")
            yield broken((*pod.path, *path), "hostPath", f"the volume '{name}' is a folder of the node", "use a claim")


def _host_ports(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        for path, port in maps(container.data, "ports"):
            if port.get("hostPort"):
                message = f"the container '{container.name}' takes a port of the node"
                yield broken((*container.path, *path), "hostPort", message, "remove it: a Service makes it reachable")


def _apparmor(pod: Pod) -> Iterator[Broken]:
    for path, profile in pod_and_containers(pod, "appArmorProfile"):
        if profile.get("type") not in (None, "RuntimeDefault", "Localhost"):
            yield broken(path, "type", "it turns AppArmor off", "write RuntimeDefault")
    for key, value in pod.annotations.items():
        allowed = value in ("runtime/default", "", None) or str(value).startswith("localhost/")
        if str(key).startswith(_APPARMOR) and not allowed:
            above: Place = (*pod.path[:-1], "metadata", "annotations")
            yield broken(above, str(key), "it turns AppArmor off", "write runtime/default")


def _selinux(pod: Pod) -> Iterator[Broken]:
    for path, options in pod_and_containers(pod, "seLinuxOptions"):
        if options.get("type") not in SELINUX_TYPES:
            yield broken(path, "type", f"it takes another SELinux type ({options.get('type')})", "remove it")
        for field in ("user", "role"):
            if options.get(field):
                yield broken(path, field, f"it takes another SELinux {field}", "remove it")


def _proc_mount(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        if at(container.data, "securityContext", "procMount") not in (None, "Default"):
            path = (*container.path, "securityContext")
            yield broken(path, "procMount", f"the container '{container.name}' sees all of /proc", "remove it")


def _seccomp(pod: Pod) -> Iterator[Broken]:
    for path, profile in pod_and_containers(pod, "seccompProfile"):
        if profile.get("type") not in (None, "RuntimeDefault", "Localhost"):
            yield broken(path, "type", "it turns seccomp off", "write RuntimeDefault")


def _sysctls(pod: Pod) -> Iterator[Broken]:
    for path, one in maps(pod.spec, "securityContext", "sysctls"):
        if one.get("name") not in SYSCTLS:
            message = f"it changes the kernel's setting {one.get('name')}"
            yield broken((*pod.path, *path), "name", message, "remove it: have the node set it")


def _probes(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        for way in PROBES:
            for call in ("httpGet", "tcpSocket"):
                if at(container.data, *way, call, "host"):
                    message = f"the container '{container.name}' has the node call another host"
                    yield broken((*container.path, *way, call), "host", message, "remove it")


def pod_and_containers(pod: Pod, field: str) -> Iterator[tuple[Place, Map]]:
    """Yield a part of the security context, of the pod and of each container, where it is."""
    contexts: list[tuple[Place, Any]] = [(pod.path, pod.spec), *((one.path, one.data) for one in pod.containers())]
    for path, owner in contexts:
        if options := mapping(owner, "securityContext", field):
            yield (*path, "securityContext", field), options


BASELINE: Final[tuple[Callable[[Pod], Iterator[Broken]], ...]] = (
    _host_process,
    _host_namespaces,
    _privileged,
    _capabilities,
    _host_path,
    _host_ports,
    _apparmor,
    _selinux,
    _proc_mount,
    _seccomp,
    _sysctls,
    _probes,
)
