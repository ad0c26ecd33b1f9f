"""Custom resources against the definitions that a chart brings along, and the pods that an operator makes of some."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.kubernetes.checks import schemas
from signalen_toolkit.kubernetes.checks.network_policies import connects, elsewhere, end_of
from signalen_toolkit.kubernetes.cluster import Pod, cluster
from signalen_toolkit.kubernetes.model import Finding, Object

from tests.support.cluster_objects import CONTEXT, findings, one

OPEN = {"x-kubernetes-preserve-unknown-fields": True}
NAME = {"name": {"type": "string"}}


def definition(spec: dict[str, Any], **version: Any) -> dict[str, Any]:
    """Return the definition of a Thing with this schema of its spec."""
    schema = {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    versions = [
        {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
            **version,
        }
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.nl"},
        "spec": {
            "group": "example.nl",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": versions,
        },
    }


def wrong(schema: dict[str, Any], spec: Any, **version: Any) -> list[str]:
    """Return what is said of a Thing, each as `place: message`, or the rule where nothing is known of its kind."""
    thing = {"apiVersion": "example.nl/v1", "kind": "Thing", "metadata": {"name": "x", "labels": {"a": "b"}}}
    found = refused({**thing, "spec": spec}, definition(schema, **version))
    return [f"{one.path}: {one.message}" if one.rule == "object-schema" else one.rule for one in found]


def refused(*objects: dict[str, Any]) -> list[Finding]:
    return list(schemas.check(cluster([Object("acceptance", "x", "x.yaml", data) for data in objects], CONTEXT)))


@pytest.mark.parametrize(
    ("schema", "spec", "said"),
    [
        ({"type": "object", "properties": NAME}, {"name": "x"}, []),
        ({"type": "object", "properties": NAME}, {"nam": "x"}, ["spec.nam: 'nam' is not a field of 'spec'"]),
        ({"type": "object", "properties": NAME}, {"name": 1}, ["spec.name: must be text, not a number"]),
        # What charts leave behind without a value is dropped.
        ({"type": "object", "properties": NAME}, {"name": None, "nam": None}, []),
        ({"type": "object", "properties": NAME, **OPEN}, {"nam": "x"}, []),
        ({"type": "object", **OPEN}, {"any": {"thing": 1}}, []),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"any": "x"}, []),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"any": 1},
            ["spec.any: must be text, not a number"],
        ),
        # Closed below a list, and below an open map.
        (
            {"type": "array", "items": {"type": "object", "properties": NAME}},
            [{"nam": "x"}],
            ["spec[0].nam: 'nam' is not a field of what stands here"],
        ),
        (
            {"type": "object", **OPEN, "properties": {"one": {"type": "object", "properties": NAME}}},
            {"two": 1, "one": {"nam": "x"}},
            ["spec.one.nam: 'nam' is not a field of 'one'"],
        ),
        # A number or a text, whatever is said of its type.
        ({"x-kubernetes-int-or-string": True, "type": "string"}, 80, []),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, "http", []),
        (
            {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            {"a": 1},
            ["spec: must be a whole number or text, not a map"],
        ),
        # An object of any kind within this one.
        ({"type": "object", "x-kubernetes-embedded-resource": True, **OPEN}, {"kind": "Pod", "spec": {}}, []),
        # Alternatives say which of the fields beside them are there, and close nothing.
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [
                    {"properties": {"a": {}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                ],
            },
            {"b": "x"},
            [],
        ),
        # A field may be called as a word of the schemas themselves.
        ({"type": "object", "properties": {"properties": {"type": "string"}}}, {"properties": "x"}, []),
        # An expression is read as Kubernetes reads it: this one would take years.
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 5000, []),
        (
            {"type": "string", "pattern": "^(a+)+$"},
            f"{'a' * 50}b",
            [f"spec: '{'a' * 50}b' is not written as it must be: ^(a+)+$"],
        ),
        ({"type": "string", "pattern": r"\pL(?=Kubernetes refuses this)"}, "x", []),
        # Nothing is read from anywhere because a chart says so.
        ({"anyOf": [{"$ref": "file:///etc/passwd"}, {"$ref": "http://127.0.0.1:9/x"}]}, {"a": 1}, []),
        ({"not": {"patternProperties": {"^(a+)+$": {}}, "required": ["b"]}}, {"a": 1}, []),
        # OpenAPI has this word too, and means something else.
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 1, []),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, -1, ["spec: -1 is less than the minimum of 0"]),
    ],
)
def test_a_custom_resource(schema: dict[str, Any], spec: Any, said: list[str]) -> None:
    assert wrong(schema, spec) == said


NO_SCHEMAS: list[dict[str, Any]] = [
    {"type": "bogus"},
    {"type": 5},
    {"type": ["object", 3]},
    {"type": "string", "minLength": "x"},
    {"enum": 5},
    {"required": [1]},
    {"items": 5},
    {"properties": 5},
    {"anyOf": [5]},
    {"type": "string", "pattern": 5},
    {"minimum": "a"},
    {"not": 5},
]


@pytest.mark.parametrize("schema", NO_SCHEMAS)
@pytest.mark.parametrize("spec", [{"a": 1}, [1], "x", 5])
def test_what_is_no_schema_checks_nothing(schema: dict[str, Any], spec: Any) -> None:
    thing = {"apiVersion": "example.nl/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}
    whole = {"type": "object", "properties": {"spec": schema}}
    rules = [one.rule for one in refused(thing, definition(whole)) if one.object.kind == "Thing"]
    assert rules == ["unknown-kind"]


def test_every_object_has_metadata_and_no_fields_that_its_kind_does_not_name() -> None:
    thing = {"apiVersion": "example.nl/v1", "kind": "Thing", "metadata": {"name": "x"}, "specs": {}}
    found = refused(thing, definition({"type": "object"}))
    assert [(finding.path, finding.hint) for finding in found] == [("specs", "did you mean 'spec'?")]


def test_a_version_that_is_not_served_defines_nothing() -> None:
    assert wrong({"type": "object", "properties": NAME}, {"nam": "x"}, served=False) == ["unknown-kind"]
    assert wrong({"type": "object", "properties": NAME}, {"nam": "x"}, name="v2") == ["unknown-kind"]


# What the operator of Prometheus makes

PROMETHEUS = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "Prometheus",
    "metadata": {"name": "main", "namespace": "monitoring"},
    "spec": {
        "image": "prometheus:v3",
        "portName": "http-web",
        "serviceAccountName": "prometheus",
        "securityContext": {"runAsNonRoot": True},
        "resources": {"requests": {"cpu": "1"}},
        "containers": [{"name": "prometheus", "readinessProbe": {}}],
    },
}


def made(obj: dict[str, Any]) -> tuple[Pod, ...]:
    return cluster([Object("acceptance", "prometheus", "x.yaml", obj)], CONTEXT).pods


def test_the_operator_makes_pods_of_a_prometheus() -> None:
    (pod,) = made(PROMETHEUS)
    assert (pod.namespace, pod.path, pod.service_account) == ("monitoring", ("spec",), "prometheus")
    assert pod.labels["app.kubernetes.io/name"] == "prometheus"
    assert pod.labels["prometheus"] == "main"
    assert pod.spec["securityContext"] == {"runAsNonRoot": True}
    (container,) = pod.containers()
    assert (container.name, container.data["image"]) == ("prometheus", "prometheus:v3")
    assert container.data["resources"] == {"requests": {"cpu": "1"}}
    together = cluster([], CONTEXT)
    assert end_of(together, pod).ports == {"reloader-web": 8080, "http-web": 9090}
    assert connects(together, elsewhere("x"), end_of(together, pod), 9090)


def test_an_alertmanager_listens_elsewhere() -> None:
    spec = {"image": "alertmanager:v1"}
    (pod,) = made({**PROMETHEUS, "kind": "Alertmanager", "spec": spec})
    assert end_of(cluster([], CONTEXT), pod).ports == {"reloader-web": 8080, "web": 9093}
    assert (pod.labels["alertmanager"], pod.service_account) == ("main", "default")


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PrometheusRule"])
def test_of_other_kinds_the_operator_makes_no_pods(kind: str) -> None:
    assert made({**PROMETHEUS, "kind": kind}) == ()
    assert made({**PROMETHEUS, "apiVersion": "example.nl/v1"}) == ()


def test_such_pods_are_checked_as_others() -> None:
    rules = [finding.rule for finding in findings(one({**PROMETHEUS, "spec": {"image": "prometheus"}}))]
    assert {"image-without-version", "container-without-resources"} <= set(rules)


def test_an_object_that_was_right_says_nothing_of_one_that_is_nearly_the_same() -> None:
    """What was right is remembered; what tells 1 from true, or a text from a number, is a part of it."""
    labels = {"a": "b"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "y"}]}}
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "y"}}

    def found(replicas: object) -> int:
        spec = {"selector": {"matchLabels": labels}, "template": pods, "replicas": replicas}
        return len(refused({**about, "spec": spec}))

    for _ in range(2):
        assert (found(1), found(True), found("1")) == (0, 1, 1)
