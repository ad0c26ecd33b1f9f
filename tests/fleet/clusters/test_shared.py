"""What a cluster has once for all of its tenants: rendered as an environment, and looking after theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base.layout import CLUSTERS_FILE, is_rendered
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.machine import load
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.clusters import placement
from signalen_toolkit.fleet.clusters.rights import plural
from signalen_toolkit.fleet.clusters.run import tenants_of
from signalen_toolkit.fleet.clusters.shared import shared as once_of
from signalen_toolkit.fleet.clusters.tenants import Tenancy
from signalen_toolkit.form.config import Config
from signalen_toolkit.kubernetes.quantity import amount

from tests.fleet.clusters.test_clusters import build, kustomize, of_kind
from tests.support.rendered import object_problems
from tests.support.shared_clusters import CLUSTERS, DEX, objects, run, shared
from tests.support.verified import refused

__all__ = ["kustomize"]  # a fixture
STACKS = "cluster: {stacks: {metrics: true, logs: true, mesh: true, namespace: signalen-shared-monitoring}}\n"
ONCE = """\
    shared:
      domain: beheer.example.nl
      identity: {issuer: "https://id.s-hertogenbosch.nl/realms/beheer", clientId: grafana}
      notifications: {email: {to: [beheer@example.nl]}}
      email: {smtp: {host: smtp.example.nl}}
      components:
        prometheus: {enabled: true}
        grafana: {enabled: true}
        loki: {enabled: true}
        alloy: {enabled: true}
        linkerd-crds: {enabled: true}
        linkerd-cni: {enabled: true}
        linkerd-control-plane: {enabled: true}
"""
TENANTS = ["signalen-s-hertogenbosch", "signalen-tilburg"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every municipality take the Prometheus that the cluster has."""
    from tests.support import fleets

    monkeypatch.setattr(fleets, "DEFAULTS", fleets.DEFAULTS + STACKS)


def values(root: Path, release: str) -> Any:
    return load((root / f"clusters/west-shared/values/{release}.yaml").read_text())


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_it_is_there_once_and_looks_after_all_tenants(delivery: str, tmp_path: Path, kustomize: list[str]) -> None:
    root = shared(tmp_path, delivery, CLUSTERS + ONCE, DEX)
    assert all(is_rendered(path.read_bytes()) for path in (root / "clusters").rglob("*.yaml"))
    found = build(kustomize, root / "clusters/west-shared")
    assert [problem for one in found for problem in object_problems(one)] == []
    first = build(kustomize, root / "clusters/west" / {"flux": "flux-system", "argocd": "argocd"}[delivery])
    assert [problem for one in first for problem in object_problems(one)] == []

    assert {*TENANTS} <= {*values(root, "prometheus")["prometheusOperator"]["namespaces"]["additional"]}
    assert {*TENANTS} <= {*values(root, "alloy")["rbac"]["namespaces"]}
    rights = {one["metadata"]["namespace"] for one in of_kind(found, "RoleBinding")}
    assert {*TENANTS} <= rights
    assert not [path for path in (root / "clusters/west-shared/values").iterdir() if path.name.startswith("signalen-")]


WITHOUT = {
    "grafana": set[str](),
    "loki": {"database", "latency", "requests", "work"},
    "prometheus": {"logs"},
    "": {"database", "latency", "logs", "requests", "work"},
}


@pytest.mark.parametrize("without", WITHOUT)
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_its_grafana_has_the_dashboards_of_all_tenants_once(
    delivery: str, without: str, tmp_path: Path, kustomize: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import fleets

    taken = STACKS.replace("metrics: true, ", "") if without == "prometheus" else STACKS
    monkeypatch.setattr(fleets, "DEFAULTS", fleets.DEFAULTS + taken)
    off = {"loki", "alloy"} if without == "loki" else {without}
    lines = ONCE.splitlines(keepends=True)
    once = "".join(line for line in lines if line.strip().partition(":")[0] not in off)
    root = shared(tmp_path, delivery, CLUSTERS + once, DEX)
    found = build(kustomize, root / "clusters/west-shared")
    boards = [one for one in of_kind(found, "ConfigMap") if one["metadata"]["name"] == "signalen-dashboards"]
    shown = {name.removeprefix("signalen-").removesuffix(".json") for one in boards for name in one["data"]}
    assert shown == WITHOUT[without]
    for one in boards:
        # What its release mounts, and where: it looks for them itself, and nobody else has them.
        mounted = values(root, "grafana")["extraConfigmapMounts"]
        assert [mount["configMap"] for mount in mounted] == [one["metadata"]["name"]]
        assert one["metadata"]["namespace"] == "signalen-shared-monitoring"
        for name, text in one["data"].items():
            asked = json.loads(text)["templating"]["list"]
            assert "namespace" in [variable["name"] for variable in asked], name
    assert not [*(root / "municipalities").rglob("*dashboards.yaml")]


@pytest.mark.usefixtures("defaults")
def test_tenants_of_flux_wait_for_it_and_it_has_rights_of_its_own(tmp_path: Path) -> None:
    root = shared(tmp_path, clusters=CLUSTERS + ONCE)
    for sync in of_kind(objects(root / "clusters/west/tenants"), "Kustomization"):
        assert [one["name"] for one in sync["spec"]["dependsOn"]] == ["cluster-west", "signalen-shared"]
    syncs = of_kind(objects(root / "clusters/west-shared"), "Kustomization")
    once = {one["metadata"]["name"]: one for one in syncs if "metadata" in one}
    assert once["signalen-shared"]["spec"]["path"] == "./clusters/west-shared"
    accounts = of_kind(objects(root / "clusters/west/flux-system"), "ServiceAccount")
    assert {one["metadata"]["namespace"] for one in accounts} == {"flux-system", "signalen-shared"}


@pytest.mark.usefixtures("defaults")
def test_it_measures_what_each_tenant_opens_to_it_and_nothing_else(tmp_path: Path) -> None:
    root = shared(tmp_path, clusters=CLUSTERS + ONCE)
    said = run(root, "reach").stdout
    assert said.endswith("of 2 tenants, none reaches another\n")
    assert re.findall(r"<- signalen-shared-monitoring: (.*)", said) == [
        "4191 5558 8000 9187 9419",
        "4191 8000 9187 9419",
    ]
    assert "-> signalen-shared" not in said


@pytest.mark.usefixtures("defaults")
def test_it_passes_what_every_environment_has_to(tmp_path: Path) -> None:
    root = shared(tmp_path / "fleet", clusters=CLUSTERS + ONCE)
    fleet = listing.read(root)
    placed = placement.read(fleet, catalog())
    (home,) = placed.clusters
    tenants = [
        one for member in fleet.members for one in tenants_of(Tenancy()(member.name, fleet.folder(member))).values()
    ]
    once = once_of(placed, home, tenants, "", catalog(), root)
    assert once.environment is not None and not once.problems
    assert refused(Config((once.environment,)), tmp_path / "charts") == []


WRONG = [
    ("grafana: {enabled: true}", "grafana: {enabld: true}", "error[unknown-key]", "did you mean 'enabled'"),
    ("clientId: grafana}", "clientId: grafana, isuer: x}", "error[unknown-key]", "did you mean 'issuer'"),
    (
        "        prometheus:",
        "        backend: {enabled: true}\n        prometheus:",
        "error[cluster-shared]",
        "Signalen itself",
    ),
]


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize(("old", "new", "rule", "said"), WRONG)
def test_what_is_wrong_in_it_is_told_in_the_words_of_a_form(
    old: str, new: str, rule: str, said: str, tmp_path: Path
) -> None:
    root = shared(tmp_path, clusters=CLUSTERS + ONCE)
    path = root / CLUSTERS_FILE
    path.write_text(path.read_text().replace(old, new))
    done = run(root, "clusters")
    number = next(at for at, line in enumerate(path.read_text().splitlines(), 1) if new.split("\n")[0] in line)
    assert done.exit_code == 1
    assert f"clusters.yaml:{number}:" in done.stderr and rule in done.stderr and said in done.stderr, done.stderr


def test_a_tenant_that_looks_for_it_elsewhere_is_told(tmp_path: Path) -> None:
    root = shared(tmp_path)
    path = root / CLUSTERS_FILE
    path.write_text(path.read_text() + ONCE)
    done = run(root, "clusters")
    assert done.exit_code == 1
    whose = "acceptance of 'tilburg' expects no shared"
    assert f"{whose} Prometheus, and it is in 'signalen-shared-monitoring'" in done.stderr
    assert "{metrics: true, namespace: signalen-shared-monitoring}" in done.stderr
    assert f"{whose} Linkerd, and it is in 'linkerd'" in done.stderr
    assert "{mesh: true, meshNamespace: linkerd}" in done.stderr


INJECTED = {"linkerd.io/inject": "enabled", "config.linkerd.io/default-inbound-policy": "deny"}


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_the_pods_of_tenants_join_its_linkerd(delivery: str, tmp_path: Path) -> None:
    root = shared(tmp_path, delivery, CLUSTERS + ONCE, f"{DEX}queue: {{host: 'queue.example.nl:5679'}}\n")
    mesh = values(root, "linkerd-control-plane")
    for name in TENANTS:
        member = name.removeprefix("signalen-")
        own = objects(root / f"clusters/west/tenants/{member}/acceptance")
        (space,) = of_kind(own, "Namespace")
        assert INJECTED.items() <= space["metadata"]["annotations"].items()
        # What takes a pod into the mesh, and checks its policies, looks at the tenants too, and can hold up no other.
        for webhook in ("proxyInjector", "profileValidator", "policyValidator"):
            (looked,) = mesh[webhook]["namespaceSelector"]["matchExpressions"]
            assert sorted(looked["values"]) == sorted(["linkerd-viz", "signalen-shared", *TENANTS])
        # It may say of its own pods, and of no other's, who may come.
        policies = [one for one in objects(root / f"municipalities/{member}/clusters") if _is_policy(one)]
        assert policies and {one["metadata"]["namespace"] for one in policies} == {name}
        (role,) = of_kind(own, "Role")
        granted = [one for one in role["rules"] if "policy.linkerd.io" in one["apiGroups"]]
        assert [{*one["resources"]} for one in granted] == [{plural(str(one["kind"])) for one in policies}]
    assert "5679" in mesh["proxy"]["opaquePorts"].split(",")  # a port at which the server speaks first

    said = run(root, "reach").stdout
    assert re.findall(r"-> linkerd: (.*)", said) == ["8080 8086 8090"] * 2
    assert said.endswith("of 2 tenants, none reaches another\n")


def _is_policy(one: Any) -> bool:
    return str(one.get("apiVersion", "")).startswith("policy.linkerd.io/")


def test_a_proxy_beside_each_pod_is_within_the_limits_of_a_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import fleets

    def hard(folder: Path, stacks: str) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(fleets, "DEFAULTS", fleets.DEFAULTS + stacks)
            once = ONCE if "mesh" in stacks else "".join(line for line in lines if "linkerd" not in line)
            root = shared(folder, clusters=CLUSTERS + once)
        (quota,) = of_kind(objects(root / "clusters/west/tenants/tilburg"), "ResourceQuota")
        return {str(key): value for key, value in quota["spec"]["hard"].items()}

    lines = ONCE.splitlines(keepends=True)
    without = hard(tmp_path / "without", STACKS.replace("mesh: true, ", ""))
    with_ = hard(tmp_path / "with", STACKS)
    assert with_["pods"] == without["pods"]
    pods = int(with_["pods"])
    # As the proxies of the cluster ask for: 10m, 32Mi and at most 192Mi.
    for what, least in (("requests.cpu", "10m"), ("requests.memory", "32Mi"), ("limits.memory", "192Mi")):
        more = (amount(with_[what]) or 0) - (amount(without[what]) or 0)
        assert more >= (pods - 1) * (amount(least) or 0) - 2**30 * (what != "requests.cpu"), what
        assert more > 0, what
