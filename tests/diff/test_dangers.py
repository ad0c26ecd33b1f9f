"""What a change may destroy, or what the cluster will refuse."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.diff import report
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.quantity import amount

from tests.support.kubernetes import Data, claim, compare, deployment, ingress, obj, rules, variable

STATEFUL: Data = {"serviceName": "x", "selector": {}, "volumeClaimTemplates": [{"spec": {"storageClassName": "a"}}]}


def stateful(**spec: Any) -> Object:
    return obj("StatefulSet", version="apps/v1", spec={**STATEFUL, **spec})


def policy(**spec: Any) -> Object:
    return obj("NetworkPolicy", version="networking.k8s.io/v1", spec={"podSelector": {}, **spec})


def route(*hosts: str, gateway: str = "public", kind: str = "Gateway", name: str = "x") -> Object:
    spec = {
        "parentRefs": [{"kind": kind, "name": gateway, "namespace": "gateways"}],
        "hostnames": [*hosts],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
    }
    return obj("HTTPRoute", version="gateway.networking.k8s.io/v1", name=name, spec=spec)


def listeners(gateway: str) -> Object:
    spec = {"parentRef": {"name": gateway, "namespace": "gateways"}, "listeners": []}
    there = {"namespace": "gateways"}
    return obj("ListenerSet", version="gateway.networking.k8s.io/v1", name="own", metadata=there, spec=spec)


def namespace(level: str) -> Object:
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return Object(
        "acceptance", "", "x", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "s", "labels": labels}}
    )


def mounts(kind: str, name: str) -> Object:
    field = {"secret": "secretName", "persistentVolumeClaim": "claimName"}[kind]
    return deployment(pod={"volumes": [{"name": "v", kind: {field: name}}]})


def settings_with(host: str) -> Object:
    return obj("ConfigMap", data={"DATABASE_HOST_OVERRIDE": host})


def takes_from(secret_name: str) -> Object:
    return deployment({"envFrom": [{"secretRef": {"name": secret_name}}]})


DANGERS: list[tuple[str, Object | None, Object | None]] = [
    ("volume-removed", claim(), None),
    ("volume-unused", stateful(), None),
    ("volume-shrunk", claim("10Gi"), claim("9.5Gi")),
    ("volume-shrunk", claim("1Ti"), claim("1000G")),
    ("storage-class-changed", claim(storageClassName="a"), claim(storageClassName="b")),
    ("storage-class-changed", claim(storageClassName="a"), claim()),
    ("access-modes-changed", claim(accessModes=["ReadWriteOnce"]), claim(accessModes=["ReadWriteMany"])),
    ("volume-changed", mounts("persistentVolumeClaim", "a"), mounts("persistentVolumeClaim", "b")),
    ("immutable-changed", claim(volumeName="a"), claim(volumeName="b")),
    ("immutable-changed", deployment(selector={"a": "b"}), deployment(selector={"a": "c"})),
    ("immutable-changed", stateful(), stateful(volumeClaimTemplates=[])),
    ("immutable-changed", stateful(), stateful(serviceName="y")),
    ("immutable-changed", obj("Service", spec={"clusterIP": "None"}), obj("Service", spec={})),
    ("immutable-changed", obj("Job", spec={"template": {"a": 1}}), obj("Job", spec={"template": {"a": 2}})),
    ("immutable-changed", obj("ConfigMap", immutable=True, data={}), obj("ConfigMap", immutable=True, data={"a": "b"})),
    ("no-replicas", deployment(), deployment(replicas=0)),
    ("host-changed", ingress("a.nl", "b.nl"), ingress("a.nl")),
    ("host-changed", ingress("a.nl"), None),
    ("host-changed", route("a.nl", "b.nl"), route("a.nl")),
    ("entrance-changed", ingress("a.nl"), route("a.nl")),
    ("entrance-changed", route("a.nl"), ingress("a.nl")),
    ("entrance-changed", route("a.nl"), route("a.nl", gateway="other")),
    ("pod-security-loosened", namespace("restricted"), namespace("baseline")),
    ("pod-security-loosened", namespace("baseline"), namespace("")),
    ("namespace-removed", namespace(""), None),
    ("network-closed", None, policy(policyTypes=["Ingress", "Egress"])),
    ("network-closed", None, policy(policyTypes=["Ingress", "Egress"], egress=[{}])),
    ("database-changed", settings_with("a"), settings_with("b")),
    ("database-changed", variable("PGHOST", "a"), variable("PGHOST", "b")),
    ("storage-changed", variable("S3_STORAGE_BUCKET_NAME", "a"), variable("S3_STORAGE_BUCKET_NAME", "b")),
    ("storage-changed", variable("AZURE_STORAGE_ACCOUNT_NAME", "a"), variable("OTHER", "a")),
    ("secret-changed", mounts("secret", "a"), mounts("secret", "b")),
    ("secret-changed", takes_from("a"), takes_from("b")),
]  # fmt: skip

SAFE: list[tuple[Object | None, Object | None]] = [
    (None, claim()),
    (claim("10Gi"), claim("11Gi")),
    (claim("1Gi"), claim("1024Mi")),
    (obj("PersistentVolumeClaim", metadata={"annotations": {"helm.sh/resource-policy": "keep"}}), None),
    (deployment(replicas=0), deployment(replicas=2)),
    (deployment(replicas=0), deployment(replicas=0, paused=True)),
    (ingress("a.nl"), ingress("a.nl", "b.nl")),
    (None, route("a.nl")),
    (namespace("baseline"), namespace("restricted")),
    (None, policy(policyTypes=["Egress"], egress=[{}])),
    (None, policy(podSelector={"matchLabels": {"app": "x"}})),
    (policy(policyTypes=["Ingress"]), policy(policyTypes=["Ingress", "Egress"])),
    (mounts("secret", "a"), deployment()),
    (stateful(), stateful(replicas=3)),
    (
        obj("Job", metadata={"annotations": {"helm.sh/hook": "post-upgrade"}}, spec={"template": {"a": 1}}),
        obj("Job", metadata={"annotations": {"helm.sh/hook": "post-upgrade"}}, spec={"template": {"a": 2}}),
    ),
]


@pytest.mark.parametrize(("rule", "before", "after"), DANGERS)
def test_what_cannot_simply_be_undone_is_a_warning(rule: str, before: Object | None, after: Object | None) -> None:
    difference = compare([before] if before else [], [after] if after else [])
    assert [finding.rule for finding in difference.findings] == [rule]
    (finding,) = difference.findings
    assert finding.severity is Severity.WARNING
    assert finding.message[:1].islower() or finding.message.startswith("Pod Security")
    for format_ in report.FORMATS:
        assert ("warning" in report.write(difference, format_).lower()) is True


@pytest.mark.parametrize(("before", "after"), SAFE)
def test_what_can_be_undone_is_none(before: Object | None, after: Object | None) -> None:
    difference = compare([before] if before else [], [after] if after else [])
    assert difference
    assert difference.findings == ()


def test_a_host_that_another_ingress_takes_over_is_no_danger() -> None:
    assert rules([ingress("a.nl"), ingress("b.nl", name="o")], [ingress("b.nl", "a.nl", name="o")]) == []
    assert rules([ingress("a.nl"), ingress("b.nl", name="o")], [ingress("b.nl", name="o")]) == ["host-changed"]
    assert rules([ingress("a.nl"), ingress("a.nl", name="o")], [ingress("a.nl", name="o")]) == []


def test_both_ways_in_at_once_are_no_danger() -> None:
    assert rules([ingress("a.nl")], [ingress("a.nl"), route("a.nl", name="r")]) == []
    assert rules([ingress("a.nl"), route("a.nl", name="r")], [route("a.nl", name="r")]) == ["entrance-changed"]


def test_a_set_of_listeners_is_of_its_gateway() -> None:
    after = [route("a.nl", gateway="own", kind="ListenerSet"), listeners("public")]
    assert rules([route("a.nl")], after) == []
    elsewhere = [after[0], listeners("other")]
    assert rules([route("a.nl")], elsewhere) == ["entrance-changed"]


def test_a_move_to_another_namespace_is_said_once() -> None:
    def there(name: str) -> list[Object]:
        return [obj(kind, metadata={"namespace": name}) for kind in ("ConfigMap", "Service", "ServiceAccount")]

    difference = compare(there("old"), there("new"))
    (finding,) = difference.findings
    assert finding.rule == "namespace-changed"
    assert "from namespace 'old' to 'new' and 2 more" in finding.message


def test_a_new_namespace_is_no_danger_because_it_is_closed() -> None:
    found = compare([], [policy(policyTypes=["Ingress"]), obj("Namespace", name=policy().namespace)])
    assert found.findings == ()


def test_the_same_warning_about_several_objects_is_one_line() -> None:
    def both(host: str) -> list[Object]:
        return [obj("ConfigMap", name=name, data={"DATABASE_HOST": host}) for name in ("a", "b")]

    text = report.write(compare(both("x"), both("y")), "text")
    assert text.count("warning[database-changed]") == 1
    assert "ConfigMap a, ConfigMap b: another database: DATABASE_HOST changes from 'x' to 'y'" in text


def test_environments_do_not_mix() -> None:
    before = [ingress("a.nl"), obj("ConfigMap", environment="production", data={"a": "1"})]
    after = [ingress("a.nl"), obj("ConfigMap", environment="production", data={"a": "2"})]
    difference = compare(before, after)
    assert difference.environments() == ["production"]
    assert rules(before, [*after[1:], Object("production", "", "", after[0].data)]) == ["host-changed"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("10Gi", 10 * 2**30), ("1k", 1000), ("500m", 0.5), (3, 3), ("1e3", 1000), (".5", 0.5), ("1E", 10**18)],
)
def test_quantities(text: object, number: float) -> None:
    found = amount(text)
    assert found is not None
    assert float(found) == number


@pytest.mark.parametrize("text", ["", "x", "10 Gi", "1Zi", None, "1..2", "-1", "1e999999999"])
def test_what_is_no_quantity(text: object) -> None:
    assert amount(text) is None
