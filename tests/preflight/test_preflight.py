"""A cluster compared with a form: with answers as a real cluster gives them, and with a real one where there is one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.config import Config
from signalen_toolkit.helm.rendered_tree import manifests
from signalen_toolkit.kubernetes import kubectl
from signalen_toolkit.kubernetes.cluster import group_of, is_file
from signalen_toolkit.kubernetes.kubectl import Kubectl
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.preflight.definitions import unknown
from signalen_toolkit.preflight.observations import Observation, Standing
from signalen_toolkit.preflight.preflight import Comparison, preflight
from signalen_toolkit.rendering.render import needed_secrets, render
from signalen_toolkit.validation.check import check_file

from tests.support import fake_kubectl
from tests.support.rendered import write_assets

# A kubeconfig of a real cluster, which is only read.
REAL = "SIGNALEN_TEST_KUBECONFIG"
FORMS = Path(__file__).parents[1] / "forms"
Answers = dict[str, Any]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copy(FORMS / "minimal.yaml", tmp_path / "municipality.yaml")
    return write_assets(tmp_path)


def config_of(repository: Path) -> Config:
    return check_file(repository / "municipality.yaml", catalog())[0]


def metadata(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **more}}


def answers(config: Config) -> Answers:
    """Return a cluster in which nothing is missing for the first environment of a form."""
    environment = config.environments[0]
    settings, tool = environment.settings, environment.settings["sync"]["namespace"]
    cluster: Answers = {
        "raw": {"/version": {"gitVersion": f"v{settings['cluster']['kubernetesVersion']}.4"}},
        "objects": [],
    }

    def add(resource: str, data: Mapping[str, Any]) -> None:
        cluster["objects"].append({"resource": resource, "object": dict(data)})

    tree = render(replace(config, environments=(environment,)), catalog())
    for one in (one for one in manifests(tree, environment.name) if not is_file(one)):
        if "." in group_of(one.api_version):
            place = cluster["raw"].setdefault(f"/apis/{one.api_version}", {"resources": []})
            place["resources"].append({"kind": one.kind})
        if one.namespace == tool:
            add(f"{one.kind.lower()}.{group_of(one.api_version)}", one.data)
    cluster["raw"]["/apis/cert-manager.io/v1"] = {"resources": [{"kind": "ClusterIssuer"}]}
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    add("clusterissuers.cert-manager.io", {**metadata(settings["cluster"]["certificateIssuer"]), **ready})
    add("ingressclasses.networking.k8s.io", metadata(settings["cluster"]["ingressClass"]))
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    files = metadata("files", annotations=default)
    add("storageclasses.storage.k8s.io", {**files, "provisioner": "nfs.csi.k8s.io"})
    assert environment.delivery.in_cluster
    for part in environment.delivery.in_cluster.parts:
        labels = {"app.kubernetes.io/part-of": environment.delivery.name, "app.kubernetes.io/component": part}
        add("deployments.apps", {**metadata(part, tool, labels=labels), "status": {"readyReplicas": 1}})
    add("namespaces", metadata(environment.namespace, labels={"app.kubernetes.io/part-of": "signalen"}))
    add(
        "deployments.apps",
        {**metadata("web", environment.namespace), "spec": {"replicas": 1}, "status": {"readyReplicas": 1}},
    )
    for secret in needed_secrets(environment, config, catalog()):
        add(
            "secrets",
            {**metadata(secret.name, secret.namespace), "data": {key.key.name: "eA==" for key in secret.keys}},
        )
    add("secrets", {**metadata(settings["secrets"]["sops"]["keySecret"], tool), "data": {"age.agekey": "eA=="}})
    return cluster


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def cluster(tmp_path: Path, asked: Path) -> Iterator[Kubectl]:
    programs = fake_kubectl.install(tmp_path / "bin")
    variables = {"PATH": f"{programs}:/usr/bin:/bin", "CLUSTER": str(tmp_path / "cluster"), "CALLS": str(asked)}
    yield Kubectl(kubectl.find(variables), variables)


def compared(
    cluster: Kubectl, config: Config, known: Answers, addresses: tuple[str, ...] = ("192.0.2.7",)
) -> Comparison:
    Path(cluster.variables["CLUSTER"]).write_text(json.dumps(known))
    (found,) = preflight(config, config.environments[:1], catalog(), cluster, resolve=lambda _: [*addresses])
    return found


def point(found: Comparison, id_: str) -> Observation:
    (one,) = [one for one in found.all if one.id == id_]
    return one


def test_a_cluster_that_has_everything(cluster: Kubectl, repository: Path, asked: Path) -> None:
    config = config_of(repository)
    found = compared(cluster, config, answers(config))
    assert [one for one in found.all if one.standing is not Standing.OK] == []
    assert len(found.all) > 20
    calls = [json.loads(line) for line in asked.read_text().splitlines()]
    assert {call[0] for call in calls} == {"get", "auth", "config"}
    assert {call[1] for call in calls if call[0] == "auth"} == {"can-i"}
    for call in calls:
        if "secrets" in call[1:] and call[0] == "get":
            assert any(word.startswith("--output=go-template=#\n{{range") for word in call), "only names of keys"


def without(known: Answers, resource: str, name: str = "") -> Answers:
    def is_meant(one: dict[str, Any]) -> bool:
        return bool(one["resource"] == resource and name in ("", one["object"]["metadata"]["name"]))

    return {**known, "objects": [one for one in known["objects"] if not is_meant(one)]}


def changed(known: Answers, resource: str, name: str, data: Mapping[str, Any]) -> Answers:
    objects = [
        {**one, "object": {**one["object"], **data}}
        if (one["resource"], one["object"]["metadata"]["name"]) == (resource, name)
        else one
        for one in known["objects"]
    ]
    return {**known, "objects": objects}


def test_what_is_missing_is_named_with_what_to_do(cluster: Kubectl, repository: Path) -> None:
    config = config_of(repository)
    known = answers(config)
    lacking = without(without(known, "ingressclasses.networking.k8s.io"), "clusterissuers.cert-manager.io")
    lacking = without(lacking, "secrets", "signalen-backend-secrets")
    del lacking["raw"]["/apis/helm.toolkit.fluxcd.io/v2"]
    lacking["raw"]["/version"] = {"gitVersion": "v1.20.1"}
    found = compared(cluster, config, lacking, ())
    for id_, said in (
        ("kubernetes-version", "het cluster heeft 1.20, en Flux vraagt 1.34"),
        ("ingress-class", "geen enkele ingressklasse"),
        ("certificate-issuer", "er geen"),
        ("dns/utrecht.signalen.dev", "heeft geen adres"),
        ("secret/signalen-acceptance/signalen-backend-secrets", "is er niet"),
    ):
        assert point(found, id_).standing is Standing.MISSING, id_
        assert said in point(found, id_).message
        assert point(found, id_).todo
    # bootstrap/cluster.sh brings it, so it is nobody's fault.
    assert point(found, "kinds/helm.toolkit.fluxcd.io/v2").standing is Standing.ATTENTION


def test_keys_of_secrets_that_are_absent_or_empty(cluster: Kubectl, repository: Path) -> None:
    config = config_of(repository)
    known = changed(
        answers(config), "secrets", "signalen-backend-rabbitmq-secrets", {"data": {"rabbitmq-password": ""}}
    )
    found = point(compared(cluster, config, known), "secret/signalen-acceptance/signalen-backend-rabbitmq-secrets")
    assert found.standing is Standing.MISSING
    assert found.message == "rabbitmq-erlang-cookie ontbreekt; rabbitmq-password is leeg"


def test_what_others_have(cluster: Kubectl, repository: Path) -> None:
    config = config_of(repository)
    known = answers(config)
    other = {"spec": {"url": "https://git.example.nl/tilburg/signalen.git", "ref": {"branch": "main"}}}
    known = changed(known, "gitrepository.source.toolkit.fluxcd.io", "signalen-acceptance", other)
    labels = {"app.kubernetes.io/part-of": "signalen", "kustomize.toolkit.fluxcd.io/name": "tilburg"}
    known = changed(known, "namespaces", "signalen-acceptance", metadata("signalen-acceptance", labels=labels))
    found = compared(cluster, config, known)
    follows = point(found, "follows/GitRepository/signalen-acceptance")
    assert follows.standing is Standing.MISSING
    assert "https://git.example.nl/tilburg/signalen.git" in follows.message
    assert point(found, "namespace/signalen-acceptance").message == "hoort al bij tilburg"


def test_volumes_of_several_nodes_and_quotas(cluster: Kubectl, repository: Path) -> None:
    config = config_of(repository)
    known = changed(answers(config), "storageclasses.storage.k8s.io", "files", {"provisioner": "ebs.csi.aws.com"})
    hard = {"spec": {"hard": {"requests.memory": "1Gi", "requests.cpu": "100", "pods": "5"}}}
    known["objects"].append({"resource": "resourcequotas", "object": {**metadata("q", "signalen-acceptance"), **hard}})
    found = compared(cluster, config, known)
    assert point(found, "storage-class/ReadWriteOnce").standing is Standing.OK
    assert point(found, "storage-class/ReadWriteMany").standing is Standing.MISSING
    quota = point(found, "quota/signalen-acceptance")
    assert quota.standing is Standing.MISSING
    assert quota.message.startswith("requests.memory is 1Gi, en Signalen vraagt ")


def test_what_may_not_be_seen_or_done(cluster: Kubectl, repository: Path) -> None:
    config = config_of(repository)
    known = {
        **answers(config),
        "forbidden": ["secrets", "namespaces", "ingresses.networking.k8s.io"],
        "denied": ["create namespaces"],
    }
    found = compared(cluster, config, known)
    assert point(found, "namespace/signalen-acceptance").standing is Standing.UNKNOWN
    secret = point(found, "secret/signalen-acceptance/signalen-backend-secrets")
    assert secret.standing is Standing.UNKNOWN
    assert "kubectl get --namespace=signalen-acceptance" in secret.todo
    assert point(found, "rights/create/namespaces").standing is Standing.ATTENTION
    assert not found.is_missing


def test_the_form_for_argo_cd(cluster: Kubectl, repository: Path) -> None:
    form = repository / "municipality.yaml"
    form.write_text(form.read_text().replace("delivery: flux\n", "") + "delivery: argocd\n")
    config = config_of(repository)
    found = compared(cluster, config, answers(config))
    setting = point(found, "delivery-setting/controller.sync.timeout.seconds")
    assert setting.standing is Standing.ATTENTION
    assert "kubectl patch configmap argocd-cmd-params-cm" in setting.todo
    assert not found.is_missing


def test_fields_that_the_cluster_does_not_know() -> None:
    schema = {
        "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Thing"}],
        "properties": {
            "spec": {
                "properties": {
                    "name": {"type": "string", "enum": ["a"]},
                    "open": {"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {}}},
                    "list": {"items": {"properties": {"here": {}}}},
                }
            }
        },
    }
    spec = {"name": "RetryOnFailure", "refresh": True, "open": {"any": 1}, "list": [{"here": 1}, {"there": 2}]}
    thing = Object("a", "", "", {"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec})
    assert unknown({"components": {"schemas": {"Thing": schema}}}, [thing, thing]) == [
        "Thing spec.name: RetryOnFailure",
        "Thing spec.refresh",
        "Thing spec.list.there",
    ]


def test_no_cluster_and_no_program(
    cluster: Kubectl, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"Unable to connect to the server"):
        compared(cluster, config_of(repository), {"unreachable": True, "raw": {}, "objects": []})
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    result = CliRunner().invoke(main, ["preflight", "-C", str(repository)])
    assert result.exit_code == 2
    assert "the program kubectl is missing" in result.output


def test_the_command(cluster: Kubectl, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cluster.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("signalen_toolkit.preflight.preflight.addresses", lambda _: ["192.0.2.7"])
    known = answers(config_of(repository))
    Path(cluster.variables["CLUSTER"]).write_text(json.dumps(known))
    command = ["preflight", "acceptance", "-C", str(repository)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("acceptance: ")
    assert "cluster: proef, https://x" in result.output
    Path(cluster.variables["CLUSTER"]).write_text(json.dumps(without(known, "ingressclasses.networking.k8s.io")))
    result = CliRunner().invoke(main, [*command, "--format", "json"])
    assert result.exit_code == 1
    (report,) = json.loads(result.output)["environments"]
    assert {one["id"] for one in report["points"] if one["standing"] == "missing"} == {"ingress-class"}
    result = CliRunner().invoke(main, ["first-day", "acceptance", "--check", "-C", str(repository)])
    assert result.exit_code == 1
    assert "✗ 1. Het cluster nakijken" in result.output
    assert "✓ 2. Namen in DNS laten zetten" in result.output
    assert "· 6. De eerste beheerder" in result.output
    assert CliRunner().invoke(main, ["preflight", "acceptence", "-C", str(repository)]).exit_code == 2


def test_a_real_cluster(repository: Path) -> None:
    if not os.environ.get(REAL):
        pytest.skip(f"give {REAL} the path of a kubeconfig; its cluster is only read")
    variables = {**os.environ, "KUBECONFIG": os.environ[REAL]}
    config = config_of(repository)
    (found,) = preflight(config, config.environments[:1], catalog(), Kubectl(kubectl.find(variables), variables))
    assert point(found, "kubernetes-version").message
    assert point(found, "namespace/signalen-acceptance")
    assert point(found, "rights/create/namespaces").standing in (Standing.OK, Standing.ATTENTION)
