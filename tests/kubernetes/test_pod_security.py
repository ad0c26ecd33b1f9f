"""The Pod Security Standards: for each control a pod that breaks it, at the lowest level that refuses it."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.verify.checks import check_objects

from tests.support.cluster_objects import CONTEXT

# A pod that keeps to restricted.
POD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "a", "emptyDir": {}}],
}
CONTAINER: dict[str, Any] = {
    "name": "a",
    "image": "a:1",
    "resources": {"requests": {"cpu": 1, "memory": 1}, "limits": {"memory": 1}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}


def checked(level: str, pod: dict[str, Any], container: dict[str, Any], version: str = "1.34") -> list[Finding]:
    """Check a pod, with these parts in place of those of the good one, in a namespace that enforces a level."""
    context = {**CONTAINER["securityContext"], **container.pop("securityContext", {})}
    spec = {**POD, **pod, "containers": [{**CONTAINER, **container, "securityContext": context}]}
    data = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
    around = Context(CONTEXT.namespace, kubernetes_version=version, pod_security=level)
    found = check_objects([Object("acceptance", "backend", "x.yaml", data)], around)
    return [one for one in found if one.rule == "pod-security"]


def security(**context: Any) -> dict[str, Any]:
    return {"securityContext": context}


BASELINE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("hostProcess", security(**POD["securityContext"], windowsOptions={"hostProcess": True}), {}),
    ("hostNetwork", {"hostNetwork": True}, {}),
    ("hostPID", {"hostPID": True}, {}),
    ("hostIPC", {"hostIPC": True}, {}),
    ("privileged", {}, security(privileged=True)),
    ("capabilities.add", {}, security(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
    ("hostPath", {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, {}),
    ("hostPort", {}, {"ports": [{"containerPort": 80, "hostPort": 80}]}),
    ("appArmorProfile.type", {}, security(appArmorProfile={"type": "Unconfined"})),
    ("seLinuxOptions.type", {}, security(seLinuxOptions={"type": "spc_t"})),
    ("seLinuxOptions.user", {}, security(seLinuxOptions={"user": "system_u"})),
    ("procMount", {}, security(procMount="Unmasked")),
    ("seccompProfile.type", {}, security(seccompProfile={"type": "Unconfined"})),
    ("sysctls[0].name", security(**POD["securityContext"], sysctls=[{"name": "vm.max_map_count", "value": "1"}]), {}),
    ("httpGet.host", {}, {"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}),
]
RESTRICTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("volumes[0].nfs", {"volumes": [{"name": "a", "nfs": {"server": "a", "path": "/"}}]}, {}),
    ("allowPrivilegeEscalation", {}, security(allowPrivilegeEscalation=None)),
    ("runAsNonRoot", {}, security(runAsNonRoot=False)),
    ("runAsUser", {}, security(runAsUser=0)),
    ("seccompProfile", security(runAsNonRoot=True), {}),
    ("capabilities.drop", {}, security(capabilities={"drop": ["NET_RAW"]})),
    ("capabilities.add", {}, security(capabilities={"drop": ["ALL"], "add": ["CHOWN"]})),
]


def test_a_pod_that_keeps_to_restricted() -> None:
    assert checked("restricted", {}, {}) == []
    assert checked("restricted", {}, security(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})) == []


@pytest.mark.parametrize(("place", "pod", "container"), BASELINE, ids=lambda value: str(value)[:30])
def test_baseline(place: str, pod: dict[str, Any], container: dict[str, Any]) -> None:
    for level in ("baseline", "restricted"):
        found = checked(level, pod, dict(container))
        assert len(found) == 1
        assert found[0].path.endswith(place)
        assert found[0].message.endswith(f"and the namespace refuses that at the level {level}")
    assert checked("privileged", pod, dict(container)) == []


@pytest.mark.parametrize(("place", "pod", "container"), RESTRICTED, ids=lambda value: str(value)[:30])
def test_restricted(place: str, pod: dict[str, Any], container: dict[str, Any]) -> None:
    found = checked("restricted", pod, dict(container))
    assert [one.path.endswith(place) for one in found] == [True]
    assert checked("baseline", pod, dict(container)) == []


def test_a_call_to_another_host_is_refused_since_1_34() -> None:
    container = {"lifecycle": {"preStop": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}}}
    assert checked("baseline", {}, dict(container), "1.33") == []
    assert len(checked("baseline", {}, dict(container), "1.34")) == 1


def test_apparmor_in_an_annotation() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/a"
    for value, is_right in (("runtime/default", True), ("localhost/own", True), ("unconfined", False)):
        metadata = {"name": "x", "annotations": {key: value}}
        data = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**POD, "containers": [CONTAINER]}}
        found = check_objects([Object("a", "b", "c", data)], Context("n"))
        assert [one.rule for one in found] == ([] if is_right else ["pod-security"])


@pytest.mark.parametrize(("label", "count"), [("privileged", 0), (None, 0), ("baseline", 1)])
def test_the_label_of_the_namespace_counts(label: str | None, count: int) -> None:
    labels = {"pod-security.kubernetes.io/enforce": label} if label else {}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}}
    spec = {**POD, "hostPID": True, "containers": [CONTAINER]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
    objects = [Object("a", "b", "c", data) for data in (namespace, pod)]
    assert len(check_objects(objects, Context("n", pod_security="restricted"))) == count
