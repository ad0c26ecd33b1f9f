"""Objects and the schemas of their kinds, in each version of Kubernetes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.diagnostics.problems import Severity, UsageError
from signalen_toolkit.kubernetes.schemas.api_versions import changes
from signalen_toolkit.kubernetes.schemas.builtin import kubernetes

from tests.support.cluster_objects import add, findings, good, messages, one

VERSIONS = ["", "1.16", "1.25", "1.29.4", "v1.34", "1.99"]
QUOTES = 'put it between quotes: "{}"'
MONITOR = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "x"},
    "spec": {"selector": {"matchLabels": {"app.kubernetes.io/name": "backend"}}, "endpoints": None},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_all_is_right_in_every_version(version: str) -> None:
    assert messages(good(), kubernetes_version=version) == []


def test_the_nearest_version_counts() -> None:
    assert kubernetes((1, 34)).version == "1.34"
    assert kubernetes((1, 2)).version == "1.25"
    assert kubernetes((1, 99)).version == kubernetes(None).version


def test_the_schemas_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    kubernetes.cache_clear()
    monkeypatch.setattr("signalen_toolkit.kubernetes.schemas.builtin.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"install signalen-toolkit\[verify\]"):
        findings(good())


def test_a_field_that_a_later_version_has() -> None:
    spec = {"managedBy": "x", "template": {"spec": {"restartPolicy": "Never", "containers": []}}}
    objects = one({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": spec})
    assert messages(objects, kubernetes_version="1.34", hosts={}) == []
    (found,) = findings(objects, kubernetes_version="1.27", hosts={})
    assert (found.rule, found.path) == ("object-schema", "spec.managedBy")
    assert found.message == "'managedBy' is not a field of 'spec'"


@pytest.mark.parametrize(
    ("spec", "path", "message", "hint"),
    [
        ({"ports": [{"prot": 1}]}, "spec.ports[0]", "'port' is missing", ""),
        ({"ports": [{"port": "80"}]}, "spec.ports[0].port", "must be a whole number, not text", ""),
        ({"ports": {"port": 80}}, "spec.ports", "must be a list, not a map", ""),
        (
            {"ports": [{"port": 80, "targetPort": [1]}]},
            "spec.ports[0].targetPort",
            "must be text or a whole number, not a list",
            "",
        ),
        (
            {"selector": {"a": True}},
            "spec.selector.a",
            "must be text, not true or false",
            'put it between quotes: "true"',
        ),
        ({"selector": {"a": 1.5}}, "spec.selector.a", "must be text, not a number", QUOTES.format("1.5")),
        ({"slector": {}}, "spec.slector", "'slector' is not a field of 'spec'", "did you mean 'selector'?"),
    ],
)
def test_what_is_wrong_is_said_in_words(spec: dict[str, Any], path: str, message: str, hint: str) -> None:
    found = findings(one({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": spec}), hosts={})
    assert (path, message, hint) in [(item.path, item.message, item.hint) for item in found]


def test_a_number_in_a_secret_is_not_printed() -> None:
    data = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"pin": 987654}}
    (found,) = findings(one(data), hosts={})
    assert found.message == "must be text, not a number"
    assert "987654" not in found.hint


def test_a_date_is_text_to_kubernetes() -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, annotations: {built: 2026-01-02}}}"
    assert messages(add(text)) == []


# Versions that are gone


def test_every_version_that_is_gone_is_known_to_the_schemas_so_long() -> None:
    """The table against the schemas, as far back as we have those: there in the version before, and then gone."""
    for (api_version, kind), change in changes().items():
        if change.removed and change.removed > (1, 25):
            before = (1, change.removed[1] - 1)
            assert kubernetes(before).validator(api_version, kind) is not None, (api_version, kind)
            assert kubernetes(change.removed).validator(api_version, kind) is None, (api_version, kind)
        if change.replacement:
            new = "EndpointSlice" if kind == "Endpoints" else kind
            assert kubernetes(None).validator(change.replacement, new) is not None, (change.replacement, new)


@pytest.mark.parametrize(
    ("version", "rule", "severity"),
    [
        ("1.29", "deprecated-api", Severity.WARNING),
        ("1.31", "deprecated-api", Severity.WARNING),
        ("1.32", "removed-api", Severity.ERROR),
        ("", "removed-api", Severity.ERROR),
    ],
)
def test_a_version_is_deprecated_and_then_gone(version: str, rule: str, severity: Severity) -> None:
    api_version = "flowcontrol.apiserver.k8s.io/v1beta3"
    data = {"apiVersion": api_version, "kind": "FlowSchema", "metadata": {"name": "x"}}
    found = findings(one(data), kubernetes_version=version, hosts={})
    assert [(item.rule, item.severity) for item in found] == [(rule, severity)]


def test_a_version_that_never_was() -> None:
    data = {"apiVersion": "autoscaling/v3", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}}
    (found,) = findings(one(data), hosts={})
    assert found.message == "Kubernetes 1.34 has no HorizontalPodAutoscaler in autoscaling/v3"
    assert found.hint == "it is in autoscaling/v1 and autoscaling/v2"


# Custom resources


def schema(folder: Path, text: str) -> Path:
    path = folder / "monitoring.coreos.com" / "servicemonitor_v1.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return folder


def test_a_kind_without_a_schema_is_a_warning() -> None:
    (found,) = findings([*good(), *one(MONITOR)])
    assert (found.rule, found.severity) == ("unknown-kind", Severity.WARNING)
    assert "monitoring.coreos.com/servicemonitor_v1.json" in found.hint


def test_a_folder_of_schemas(tmp_path: Path) -> None:
    spec = {"type": "object", "properties": {"selector": {"type": "object"}, "endpoints": {"type": "array"}}}
    folder = schema(tmp_path, json.dumps({"type": "object", "properties": {"spec": spec}}))
    assert messages([*good(), *one(MONITOR)], schemas=folder) == []
    wrong = {**MONITOR, "spec": {"selector": {}, "endpoints": "none"}}
    assert messages([*good(), *one(wrong)], schemas=folder) == [
        ("object-schema", "spec.endpoints", "must be a list, not text")
    ]


@pytest.mark.parametrize("text", ["{", "[]", "\ufeff{}", '{"type": "bogus"}'])
def test_a_file_that_is_no_schema(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"servicemonitor_v1\.json"):
        findings(one(MONITOR), schemas=schema(tmp_path, text))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1:9/x", "other.json", "#/nowhere"])
def test_a_schema_does_not_say_what_else_is_read(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{address.lstrip('#')}', which is no part of it")):
        findings(one(MONITOR), schemas=schema(tmp_path, json.dumps({"$ref": address})))


@pytest.mark.parametrize("group", ["..", "../x", "a/../b", "/etc", "apps.example.nl"])
def test_an_object_cannot_name_a_file(tmp_path: Path, group: str) -> None:
    data = {"apiVersion": f"{group}/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    assert [rule for rule, *_ in messages(one(data), schemas=tmp_path, hosts={})] == ["unknown-kind"]
