"""What the level restricted of the Pod Security Standards asks beyond baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from signalen_toolkit.documents.data import at, listed, maps, text
from signalen_toolkit.kubernetes.cluster import Pod
from signalen_toolkit.kubernetes.pod_security.lists import CAPABILITIES, VOLUMES, Broken, broken


def _volumes(pod: Pod) -> Iterator[Broken]:
    for path, volume in maps(pod.spec, "volumes"):
        for kind in volume:
            if kind not in ("name", "hostPath", *VOLUMES):  # hostPath is refused at baseline already
                message = f"the volume '{text(volume, 'name')}' is of the kind {kind}"
                yield broken((*pod.path, *path), str(kind), message, "use a claim")


def _escalation(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        if at(container.data, "securityContext", "allowPrivilegeEscalation") is not False:
            path = (*container.path, "securityContext")
            message = f"a process in the container '{container.name}' can become root"
            yield broken(path, "allowPrivilegeEscalation", message, "set it to false")


def _non_root(pod: Pod) -> Iterator[Broken]:
    of_pod = at(pod.spec, "securityContext", "runAsNonRoot")
    for container in pod.containers():
        own = at(container.data, "securityContext", "runAsNonRoot")
        if not (of_pod if own is None else own):
            path = (*container.path, "securityContext")
            message = f"the container '{container.name}' may run as root"
            yield broken(path, "runAsNonRoot", message, "set it to true, for the container or the pod")


def _user(pod: Pod) -> Iterator[Broken]:
    owners = [(pod.path, pod.spec), *((container.path, container.data) for container in pod.containers())]
    for path, owner in owners:
        user = at(owner, "securityContext", "runAsUser")
        if user == 0 and user is not False:
            yield broken((*path, "securityContext"), "runAsUser", "it runs as root", "take another user than 0")


def _seccomp(pod: Pod) -> Iterator[Broken]:
    if at(pod.spec, "securityContext", "seccompProfile", "type"):
        return
    for container in pod.containers():
        if not at(container.data, "securityContext", "seccompProfile", "type"):
            path = (*container.path, "securityContext")
            message = f"the container '{container.name}' has no seccomp profile"
            yield broken(path, "seccompProfile", message, "give the pod the type RuntimeDefault")


def _capabilities(pod: Pod) -> Iterator[Broken]:
    for container in pod.containers():
        path = (*container.path, "securityContext", "capabilities")
        if "ALL" not in listed(container.data, "securityContext", "capabilities", "drop"):
            message = f"the container '{container.name}' keeps capabilities"
            yield broken(path, "drop", message, "drop ALL")
        for name in listed(container.data, "securityContext", "capabilities", "add"):
            if name != "NET_BIND_SERVICE" and name in CAPABILITIES:  # others are refused at baseline already
                message = f"the container '{container.name}' adds the capability {name}"
                yield broken(path, "add", message, "remove it")


RESTRICTED: Final[tuple[Callable[[Pod], Iterator[Broken]], ...]] = (
    _volumes,
    _escalation,
    _non_root,
    _user,
    _seccomp,
    _capabilities,
)
