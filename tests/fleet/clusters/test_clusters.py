"""Clusters that municipalities share: what is rendered for them, as kustomize, Kubernetes and the tools take it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from signalen_toolkit.base.layout import CLUSTERS_FILE, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import at, mapping
from signalen_toolkit.fleet.clusters.rights import plural
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.cluster import cluster, group_of, namespace_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.context import context_of

from tests.conftest import program
from tests.support.rendered import object_problems
from tests.support.shared_clusters import CLUSTERS, objects, run, shared

TENANTS = {"s-hertogenbosch": "signalen-s-hertogenbosch", "tilburg": "signalen-tilburg"}
ACCOUNT = "signalen-delivery"
# What is of the cluster, and no tenant may have.
NEVER = {"Namespace", "ResourceQuota", "LimitRange", "ClusterRole", "ClusterRoleBinding", "PriorityClass"}


@pytest.fixture
def kustomize() -> list[str]:
    alone = shutil.which("kustomize")
    return [alone, "build"] if alone else [program("kubectl", "Debian: kubernetes-client"), "kustomize"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def build(kustomize: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([*kustomize, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def patched(kustomize: Sequence[str], folder: Path, aside: Path, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what Flux or Argo CD makes of a folder: both write such a file above it."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    shutil.copytree(folder, aside / "folder")
    (aside / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["folder"], **about}))
    return build(kustomize, aside)


def of_kind(found: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in found if one["kind"] == kind]


def outside(found: Sequence[Mapping[str, Any]], namespace: str) -> list[tuple[str, str]]:
    """Return the objects that are not in a namespace, or are what no tenant may have."""
    return [
        (one["kind"], one["metadata"]["name"])
        for one in found
        if one["metadata"].get("namespace") != namespace or one["kind"] in NEVER
    ]


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_every_object_is_one_that_its_kind_allows(delivery: str, tmp_path: Path, kustomize: list[str]) -> None:
    root = shared(tmp_path, delivery)
    found = objects(root / "clusters")
    assert [problem for one in found for problem in object_problems(one)] == []
    once = build(kustomize, root / "clusters/west")
    names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in once]
    assert len(names) == len({*names})
    assert {one["metadata"]["name"] for one in of_kind(once, "Namespace")} == {*TENANTS.values()}
    assert {one["metadata"]["name"] for one in of_kind(once, "ClusterRole")} == {"signalen-s-hertogenbosch-dex"}
    for one in of_kind(once, "Namespace"):
        assert one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
        assert one["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
        assert "Prune=false" in one["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]


def test_flux_applies_a_tenant_with_its_own_rights_and_in_its_own_namespace(
    tmp_path: Path, kustomize: list[str]
) -> None:
    root = shared(tmp_path)
    for name, namespace in TENANTS.items():
        syncs = objects(root / f"clusters/west/tenants/{name}/acceptance/")
        followed = {one["metadata"]["name"]: one for one in of_kind(syncs, "Kustomization")}
        assert {*followed} == {namespace, f"{namespace}-secrets"}
        for one in followed.values():
            assert one["metadata"]["namespace"] == namespace and "namespace" not in one["spec"]["sourceRef"]
            assert one["spec"]["serviceAccountName"] == ACCOUNT
            assert one["spec"]["dependsOn"] == [{"name": "cluster-west", "namespace": "flux-system"}]
            assert one["spec"]["deletionPolicy"] == "Orphan"
        assert [one["metadata"]["namespace"] for one in of_kind(syncs, "GitRepository")] == [namespace]

        main = followed[namespace]["spec"]
        assert main["path"] == f"./municipalities/{name}/clusters/acceptance"
        found = patched(kustomize, root / main["path"], tmp_path / "aside", {"patches": main["patches"]})
        assert outside(found, namespace) == []
        assert not [one for one in found if group_of(one["apiVersion"]) == "kustomize.toolkit.fluxcd.io"]
        releases = of_kind(found, "HelmRelease")
        assert releases
        for one in releases:
            assert one["spec"]["serviceAccountName"] == ACCOUNT
            kinds = [patch["target"]["kind"] for patch in one["spec"]["postRenderers"][0]["kustomize"]["patches"]]
            assert kinds == ["PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob"]
            assert "signalen-other" in one["spec"]["postRenderers"][0]["kustomize"]["patches"][1]["patch"]


def test_a_removal_from_the_list_removes_nothing_that_holds_data(tmp_path: Path) -> None:
    root = shared(tmp_path)
    (sync,) = of_kind(objects(root / "clusters/west/flux-system"), "Kustomization")[-1:]
    assert sync["spec"]["deletionPolicy"] == "Orphan"
    assert sync["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    pruned = [one for one in objects(root / "clusters/west/tenants") if one["kind"] != "Namespace"]
    kinds = {one["kind"] for one in pruned}
    assert kinds & {"PersistentVolumeClaim", "HelmRelease", "StatefulSet", "Secret"} == set()
    assert {one["spec"]["deletionPolicy"] for one in of_kind(pruned, "Kustomization")} == {"Orphan"}


def test_argo_cd_applies_a_tenant_from_its_own_namespace(tmp_path: Path, kustomize: list[str]) -> None:
    root = shared(tmp_path, "argocd")
    (made,) = of_kind(objects(root / "clusters/west"), "ApplicationSet")
    assert made["spec"]["syncPolicy"] == {"preserveResourcesOnDeletion": True}
    steps = [
        [expression["values"] for expression in step["matchExpressions"]]
        for step in made["spec"]["strategy"]["rollingSync"]["steps"]
    ]
    assert steps == [[["canary"], ["acceptance"]], [["all"], ["acceptance"]]]
    (generator,) = made["spec"]["generators"]
    (pattern,) = generator["git"]["files"]
    facts = [yaml.safe_load(path.read_text()) for path in sorted(root.glob(pattern["path"]))]
    assert [(one["namespace"], one["ring"]) for one in facts] == [
        ("signalen-s-hertogenbosch", "canary"),
        ("signalen-tilburg", "all"),
    ]
    for one in facts:
        text = yaml.safe_dump(made["spec"]["template"])
        for key, value in one.items():
            text = text.replace(f"{{{{.{key}}}}}", value)
        assert "{{" not in text
        top = yaml.safe_load(text)
        assert top["metadata"]["labels"]["signalen.org/ring"] == one["ring"]
        source = top["spec"]["source"]
        children = patched(kustomize, root / source["path"], tmp_path / "aside", source["kustomize"])
        projects = {
            project["metadata"]["name"]: project["spec"]
            for project in of_kind(
                objects(root / f"clusters/west/tenants/{one['municipality']}/acceptance"), "AppProject"
            )
        }
        assert {child["kind"] for child in children} == {"Application"}
        for child in children:
            assert child["metadata"]["namespace"] == one["namespace"]
            project = projects[child["spec"]["project"]]
            assert project["sourceNamespaces"] == [one["namespace"]]
            assert "clusterResourceWhitelist" not in project
            assert [place["namespace"] for place in project["destinations"]] == [one["namespace"]]
            assert child["spec"]["source"]["repoURL"] in project["sourceRepos"]
        assert "sourceNamespaces" not in projects[one["project"]]
        (base,) = [child for child in children if child["metadata"]["name"].endswith("-base")]
        found = patched(
            kustomize, root / base["spec"]["source"]["path"], tmp_path / "aside", base["spec"]["source"]["kustomize"]
        )
        assert found and outside(found, one["namespace"]) == []


def all_objects(root: Path, name: str, charts: Path) -> tuple[list[Object], Context]:
    """Return all that a tenant has, with what Helm makes of it."""
    options = Options(charts=charts, offline=True)
    with pipeline.started(root / f"municipalities/{name}", catalog(), options) as (form, work, problems):
        assert work is not None, problems
        (environment,) = form.config.environments
        made = pipeline.made(form, environment, work)
        return [*made.objects], context_of(environment, made.values)


def permits(rules: Sequence[Mapping[str, Any]], group: str, resource: str, verb: str) -> bool:
    def has(rule: Mapping[str, Any], key: str, wanted: str) -> bool:
        return wanted in rule[key] or "*" in rule[key]

    return any(
        has(rule, "apiGroups", group) and has(rule, "resources", resource) and has(rule, "verbs", verb)
        for rule in rules
    )


def handed_on(found: Sequence[Object]) -> Iterator[tuple[str, str, str]]:
    for one in found:
        for rule in one.data.get("rules", ()) if one.kind == "Role" else ():
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    yield from ((group, resource, verb) for verb in rule["verbs"])


@pytest.mark.parametrize("more", ["", "monitoring"])
def test_the_rights_of_a_tenant_are_enough_and_no_more(more: str, tmp_path: Path, charts: Path) -> None:
    extra = "components: {loki: {enabled: true}, grafana: {enabled: true}, alloy: {enabled: true}}\n" if more else None
    root = shared(tmp_path, **({"more": extra} if extra else {}))
    for name, namespace in TENANTS.items():
        own = objects(root / f"clusters/west/tenants/{name}/acceptance")
        roles = {one["metadata"]["namespace"]: one["rules"] for one in of_kind(own, "Role")}
        assert {one["metadata"]["name"] for one in of_kind(own, "Namespace")} == {*roles}
        found, context = all_objects(root, name, charts)
        for one in found:
            place = namespace_of(one, context)
            if one.source.startswith("clusters/acceptance/flux-system") or not place:
                continue
            rules = roles[namespace if place == "flux-system" else place]
            for verb in ("create", "delete", "get", "list", "patch", "update", "watch"):
                assert permits(rules, group_of(one.api_version), plural(one.kind), verb), one.title
        for group, resource, verb in handed_on(found):
            assert permits(roles[namespace], group, resource, verb), (group, resource, verb)
        for rules in roles.values():
            for resource in ("resourcequotas", "limitranges", "namespaces"):
                assert not permits(rules, "", resource, "patch")
            assert not any("*" in rule["apiGroups"] for rule in rules)


def test_a_tenant_may_have_all_of_its_pods_twice_and_no_more_of_the_cluster(tmp_path: Path, charts: Path) -> None:
    root = shared(tmp_path)
    for name in TENANTS:
        limits = objects(root / f"clusters/west/tenants/{name}/acceptance/")
        (quota,) = of_kind(limits, "ResourceQuota")
        (range_,) = of_kind(limits, "LimitRange")
        default = range_["spec"]["limits"][0]["default"]["memory"]
        found, context = all_objects(root, name, charts)
        asked: dict[str, Decimal] = dict.fromkeys(
            ("pods", "requests.cpu", "requests.memory", "limits.memory"), Decimal()
        )
        for pod in cluster(found, context).pods:
            if not pod.runs_always:
                continue
            replicas = Decimal(str(at(pod.object.data, "spec", "replicas") or 1))
            asked["pods"] += replicas
            for container in pod.containers():
                if container.path[-2] != "containers":
                    continue
                wanted = mapping(container.data, "resources")
                cpu, memory = (amount(at(wanted, "requests", what)) or Decimal() for what in ("cpu", "memory"))
                limit = amount(at(wanted, "limits", "memory") or default) or Decimal()
                assert memory <= limit, container.name  # else the default limit would be less than what it asks for
                asked["requests.cpu"] += replicas * cpu
                asked["requests.memory"] += replicas * memory
                asked["limits.memory"] += replicas * limit
        for what, number in asked.items():
            hard = amount(quota["spec"]["hard"][what])
            assert hard is not None and 2 * number <= hard <= 5 * number, what
        assert quota["spec"]["hard"]["services.loadbalancers"] == "0"


def test_a_quota_can_be_chosen(tmp_path: Path) -> None:
    more = "    headroom: 3\n    quotas:\n      tilburg: {pods: 7, requests.cpu: 12}\n"
    root = shared(tmp_path, clusters=CLUSTERS + more)
    hard = {
        name: of_kind(objects(root / f"clusters/west/tenants/{name}/acceptance"), "ResourceQuota")[0]["spec"]["hard"]
        for name in TENANTS
    }
    assert (hard["tilburg"]["pods"], hard["tilburg"]["requests.cpu"]) == ("7", "12")
    assert hard["s-hertogenbosch"]["pods"] not in ("7", hard["tilburg"]["pods"])
    assert hard["tilburg"]["requests.memory"] == "25Gi"


WRONG = [
    ("acceptance: [tilburgh]", "cluster-municipality", "clusters.yaml:7:20", "did you mean 'tilburg'?"),
    ("production: [tilburg]", "cluster-environment", "clusters.yaml:7:20", "it has acceptance"),
    (
        "acceptance: [tilburg]\n    quotas: {breda: {pods: 3}}",
        "cluster-municipality",
        "clusters.yaml:8:14",
        "fleet add",
    ),
    ("acceptance: alle", "wrong-format", "clusters.yaml:7:19", "a list of municipalities, or all"),
    (
        "acceptance: [tilburg]\n  west-shared: {delivery: flux, holds: {acceptance: [s-hertogenbosch]}}",
        "cluster-name",
        "clusters.yaml:8:3",
        "choose another name",
    ),
    (
        "acceptance: [tilburg]\n  east: {delivery: flux, holds: {acceptance: all}}",
        "cluster-twice",
        "clusters.yaml:8:46",
        "in place of 'all'",
    ),
]


@pytest.mark.parametrize(("holds", "rule", "where", "hint"), WRONG)
def test_what_is_wrong_in_the_list_is_told_where_it_stands(
    holds: str, rule: str, where: str, hint: str, tmp_path: Path
) -> None:
    root = shared(tmp_path)
    before = {path: path.read_bytes() for path in (root / "clusters").rglob("*.yaml")}
    (root / CLUSTERS_FILE).write_text(CLUSTERS.replace("acceptance: all", holds))
    done = run(root, "clusters")
    assert done.exit_code == 1
    assert f"{where}: error[{rule}]" in done.stderr, done.stderr
    assert hint in done.stderr
    assert {path: path.read_bytes() for path in (root / "clusters").rglob("*.yaml")} == before


FORMS = [
    ("cluster: {namespace: signalen-tilburg}", "cluster: {namespace: signalen-s-hertogenbosch}", "cluster-namespace"),
    ("domain: tilburg.", "domain: s-hertogenbosch.", "cluster-host"),
    ("contact:", "components: {linkerd-crds: {enabled: true}}\ncontact:", "cluster-component"),
    ("contact:", "network: {policies: false}\ncontact:", "cluster-open"),
    ("contact:", "delivery: argocd\ncontact:", "cluster-delivery"),
    ("contact:", "sync: {namespace: other}\ncontact:", "cluster-tool"),
]


@pytest.mark.parametrize(("old", "new", "rule"), FORMS)
def test_tenants_that_cannot_stand_together_leave_the_cluster_as_it_is(
    old: str, new: str, rule: str, tmp_path: Path
) -> None:
    root = shared(tmp_path)
    before = {path: path.read_bytes() for path in (root / "clusters").rglob("*.yaml")}
    shutil.rmtree(root / "municipalities/tilburg/clusters")  # else the form may not say what is not rendered yet
    form = root / "municipalities/tilburg" / FORM_FILE
    form.write_text(form.read_text().replace(old, new))
    done = run(root, "clusters")
    assert done.exit_code == 1
    assert f"clusters.yaml:7:7: error[{rule}]: acceptance of 'tilburg' " in done.stderr, done.stderr
    assert "west keeps what it has" in done.stdout
    assert {path: path.read_bytes() for path in (root / "clusters").rglob("*.yaml")} == before


def test_a_form_that_cannot_be_read_keeps_its_place_and_holds_up_nobody(tmp_path: Path) -> None:
    root = shared(tmp_path, "argocd")
    kept = {path: path.read_bytes() for path in (root / "clusters/west/tenants/tilburg/acceptance").iterdir()}
    (root / "municipalities/tilburg" / FORM_FILE).write_text("municipality: {code: GM9999}\n")
    (root / CLUSTERS_FILE).write_text(
        (root / CLUSTERS_FILE).read_text() + "    quotas: {s-hertogenbosch: {pods: 99}}\n"
    )
    done = run(root, "clusters")
    assert done.exit_code == 1
    assert "tilburg keeps what its clusters have of it" in done.stdout
    assert {path: path.read_bytes() for path in (root / "clusters/west/tenants/tilburg/acceptance").iterdir()} == kept
    assert '"99"' in (root / "clusters/west/tenants/s-hertogenbosch/acceptance/limits.yaml").read_text()
    assert "tenants/tilburg/acceptance/namespace.yaml" in (root / "clusters/west/kustomization.yaml").read_text()
    (made,) = of_kind(objects(root / "clusters/west"), "ApplicationSet")
    assert len(made["spec"]["strategy"]["rollingSync"]["steps"]) == 2


def test_the_same_forms_give_the_same_bytes_and_a_change_is_seen(tmp_path: Path) -> None:
    root = shared(tmp_path)
    again = run(root, "clusters", "--check")
    assert again.exit_code == 0 and again.stdout.endswith("clusters/ is up to date\n")
    form = root / "municipalities/tilburg" / FORM_FILE
    form.write_text(form.read_text() + "replicas: {frontend: 4}\n")
    stale = run(root, "clusters", "--check")
    assert stale.exit_code == 1
    assert "+    pods:" in stale.stdout and "s-hertogenbosch/acceptance" not in stale.stdout
    assert run(root, "clusters", "--check").exit_code == 1  # nothing was written


def test_a_municipality_moves_by_one_line(tmp_path: Path) -> None:
    both = CLUSTERS.replace("acceptance: all", "acceptance: [s-hertogenbosch, tilburg]")
    both += "  east: {delivery: flux, context: east, holds: {acceptance: []}}\n".replace("[]", "[breda]")
    root = shared(tmp_path)
    moved = both.replace(", tilburg]", "]").replace("[breda]", "[tilburg]")
    (root / CLUSTERS_FILE).write_text(moved)
    tree = {path: path.read_bytes() for path in (root / "municipalities").rglob("*") if path.is_file()}
    done = run(root, "clusters")
    assert done.exit_code == 0, done.output
    assert not (root / "clusters/west/tenants/tilburg/acceptance").exists()
    assert (root / "clusters/east/tenants/tilburg/acceptance/namespace.yaml").exists()
    assert {path: path.read_bytes() for path in (root / "municipalities").rglob("*") if path.is_file()} == tree


def test_a_fleet_without_shared_clusters_says_what_is_missing(tmp_path: Path) -> None:
    root = shared(tmp_path)
    (root / CLUSTERS_FILE).unlink()
    done = run(root, "clusters")
    assert done.exit_code == 2 and "there is no clusters.yaml" in done.stderr


@pytest.mark.parametrize(
    ("delivery", "holds", "warns"),
    [("argocd", "both", True), ("argocd", "one", False), ("flux", "both", False)],
)
def test_production_beside_others_is_warned_of_where_nothing_gives_it_priority(
    delivery: str, holds: str, warns: bool, tmp_path: Path
) -> None:
    root = shared(tmp_path, delivery)
    form = root / "municipalities/tilburg" / FORM_FILE
    place = "cluster: {namespace: tilburg}, repository: {path: municipalities/tilburg}"
    own = f"  production: {{domain: tilburg.nl, version: 4.22.0, {place}}}"
    form.write_text(form.read_text().replace("environments:\n", f"environments:\n{own}\n"))
    clusters = root / CLUSTERS_FILE
    if holds == "both":
        clusters.write_text(f"{clusters.read_text()}      production: [tilburg]\n")
    done = run(root, "clusters")
    assert done.exit_code == 0, done.output
    said = "clusters.yaml:5:15: warning[cluster-priority]: with argocd the pods of production have no priority"
    assert (said in done.stderr) == warns, done.stderr
