"""How two sets of objects are compared: what comes, goes and changes, and what is no change at all."""

from __future__ import annotations

import base64
import json
import re

from signalen_toolkit.diff import report
from signalen_toolkit.diff.diff import Action
from signalen_toolkit.kubernetes.model import Object

from tests.support.kubernetes import compare, deployment, obj, only, place, rules, secret


def test_the_same_objects_are_no_difference() -> None:
    difference = compare([deployment(), secret("x")], [secret("x"), deployment()])
    assert not difference
    assert report.write(difference, "text") == "nothing changes on the cluster"
    assert "Nothing changes" in report.write(difference, "markdown")


def test_objects_come_go_and_change() -> None:
    before = [obj("ConfigMap", name="goes"), obj("ConfigMap", name="stays", data={"A": "1"})]
    after = [obj("ConfigMap", name="comes"), obj("ConfigMap", name="stays", data={"A": "2"})]
    difference = compare(before, after)
    assert [(change.action, change.object.name) for change in difference.changes] == [
        (Action.ADDED, "comes"),
        (Action.CHANGED, "stays"),
        (Action.REMOVED, "goes"),
    ]
    assert "-  A: '1'\n+  A: '2'" in difference.changes[1].diff
    assert all(line[0] in "@+" for line in difference.changes[0].diff.split("\n"))
    assert report.summary(difference) == "1 object added, 1 changed, 1 removed"


def test_another_version_of_the_api_is_a_change_of_the_same_object() -> None:
    change = only(compare([obj("CronJob", version="batch/v1beta1")], [obj("CronJob", version="batch/v1")]))
    assert change.action is Action.CHANGED
    assert "-apiVersion: batch/v1beta1\n+apiVersion: batch/v1" in change.diff


def test_another_group_is_another_object() -> None:
    difference = compare(
        [obj("Ingress", version="extensions/v1beta1")], [obj("Ingress", version="networking.k8s.io/v1")]
    )
    assert [change.action for change in difference.changes] == [Action.ADDED, Action.REMOVED]


def test_a_hunk_says_where_in_the_object_it_is() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    change = only(compare([deployment({"env": env})], [deployment({"env": [env[0], {"name": "B", "value": "3"}]})]))
    assert place(change) == "spec.template.spec.containers[api].env[B]"
    ports = [{"containerPort": 1, "name": "http", "protocol": "TCP"}]
    more = [{"containerPort": 1, "name": "http", "protocol": "UDP"}]
    change = only(compare([deployment({"env": env, "ports": ports})], [deployment({"env": env, "ports": more})]))
    assert place(change) == "spec.template.spec.containers[api].ports[http]"
    change = only(compare([deployment({"args": ["a", "b"]})], [deployment({"args": ["a", "c"]})]))
    assert place(change) == "spec.template.spec.containers[api].args"
    change = only(compare([deployment({"args": [], "env": env})], [deployment({"args": [], "env": env, "tty": True})]))
    assert place(change) == "spec.template.spec.containers[api]"


def test_labels_and_checksums_of_a_chart_are_no_change_but_replace_pods() -> None:
    def labelled(version: str) -> Object:
        about = {"labels": {"helm.sh/chart": f"backend-{version}"}, "annotations": {"checksum/config": version}}
        return obj("Deployment", version="apps/v1", metadata=about, spec={"template": {"metadata": about}})

    difference = compare([labelled("4.22.0")], [labelled("4.23.0")])
    assert difference.changes == ()
    assert [one.title for one in difference.rolled] == ["Deployment signalen"]
    assert difference
    assert "pods are replaced: Deployment signalen" in report.write(difference, "text")


def test_a_selector_is_no_noise() -> None:
    def service(version: str) -> Object:
        return obj("Service", spec={"selector": {"helm.sh/chart": version}})

    assert "+    helm.sh/chart: b" in only(compare([service("a")], [service("b")])).diff


def test_json_in_a_config_map_is_opened_up() -> None:
    before, after = (obj("ConfigMap", data={"app.json": json.dumps({"a": {"b": n, "c": 1}})}) for n in (1, 2))
    change = only(compare([before], [after]))
    assert "-      b: 1\n+      b: 2" in change.diff
    assert place(change) == "data.app.json.a"
    assert not compare([before], [obj("ConfigMap", data={"app.json": ' {"a": {"c": 1,\n"b": 1}}'})])


def test_an_image_in_a_config_map_is_a_size_and_a_hash() -> None:
    before, after = (obj("ConfigMap", binaryData={"logo": base64.b64encode(b"x" * n).decode()}) for n in (3000, 3001))
    change = only(compare([before], [after]))
    assert "(3000 bytes, sha256 " in change.diff
    assert len(change.diff) < 500


def test_the_schema_of_a_custom_resource_is_a_size_and_a_hash() -> None:
    def definition(description: str) -> Object:
        schema = {"openAPIV3Schema": {"properties": {f"key{n}": {"description": description} for n in range(500)}}}
        versions = [{"name": "v1", "served": True, "schema": schema}]
        return obj("CustomResourceDefinition", version="apiextensions.k8s.io/v1", spec={"versions": versions})

    change = only(compare([definition("a")], [definition("b")]))
    assert re.search(r"-    schema: \(\d+ lines, sha256 \w{12}\)\n\+    schema: \(\d+ lines", change.diff)
    assert len(change.diff) < 500
    assert not compare([definition("a")], [definition("a")])


def test_versions_of_charts_and_images_are_summarised() -> None:
    def helm_release(version: str) -> Object:
        spec = {"releaseName": "signalen-backend", "chart": {"spec": {"chart": "backend", "version": version}}}
        return obj("HelmRelease", version="helm.toolkit.fluxcd.io/v2", spec=spec)

    def pods(tag: str, *more: str) -> Object:
        return deployment(
            {"image": f"registry:5000/signalen/backend:{tag}"}, {"initContainers": [{"image": m} for m in more]}
        )

    difference = compare(
        [helm_release("4.22.0"), pods("2.50.5", "old")], [helm_release("4.23.0"), pods("2.50.10", "new@sha256:1")]
    )
    text = report.write(difference, "text")
    assert "chart backend 4.22.0 → 4.23.0 (release signalen-backend)" in text
    assert "backend 2.50.5 → 2.50.10 (image registry:5000/signalen/backend)" in text
    assert "new sha256:1 is new (image new)" in text
    assert "old latest goes (image old)" in text
    assert rules([helm_release("4.23.0")], [helm_release("4.22.0")]) == ["downgrade"]


def test_an_application_of_argo_cd_tells_the_version_as_well() -> None:
    def application(version: str) -> Object:
        sources = [{"chart": "backend", "targetRevision": version, "helm": {"releaseName": "b"}}, {"ref": "values"}]
        return obj("Application", version="argoproj.io/v1alpha1", spec={"sources": sources})

    (version,) = compare([application("1.0.0")], [application("2.0.0")]).versions
    assert (version.kind, version.name, version.of, version.before, version.after) == (
        "chart",
        "backend",
        "b",
        "1.0.0",
        "2.0.0",
    )
