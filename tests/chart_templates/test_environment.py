"""What an environment is brought to life by: in which order, with what it keeps, and whom its pods may call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.machine import load
from signalen_toolkit.form.municipalities import by_code

from tests.support.rendered import Form, minimal_form, quick, tree_of

Object = dict[str, Any]

MESH = ("linkerd-crds", "linkerd-cni", "linkerd-control-plane", "linkerd-viz")
HERE = "clusters/acceptance"
SOLVER = {"acme.cert-manager.io/http01-solver": "true"}


def form(delivery: str = "flux", components: tuple[str, ...] = (), **settings: Any) -> Form:
    municipality = by_code("GM0344")
    assert municipality
    base = minimal_form(municipality, delivery)
    base["environments"].pop("production")
    return {**base, "components": {name: {"enabled": True} for name in components}, **settings}


def everything(delivery: str = "flux", **settings: Any) -> Form:
    return form(delivery, tuple(catalog().components), **settings)


def objects(tree: Mapping[str, str], *paths: str) -> list[Object]:
    return [obj for path in paths for obj in quick(tree.get(f"{HERE}/{path}", "")) if obj]


def named(found: list[Object], name: str) -> Object:
    (obj,) = [one for one in found if one["metadata"]["name"] == name]
    return obj


# The order


def before(name: str) -> Iterator[str]:
    """Yield what runs before a component, and before that."""
    for other in catalog().component(name).starts_after:
        yield other
        yield from before(other)


def test_no_pod_of_the_environment_starts_before_what_gives_it_a_proxy() -> None:
    """Who has none is refused by those that have, and gets none later."""
    own = [name for name, component in catalog().components.items() if component.namespace is None]
    assert {"backend", "dex", "frontend"} <= set(own)
    for name in own:
        assert "linkerd-control-plane" in before(name), name
        assert catalog().component(name).order > catalog().component("linkerd-control-plane").order


def test_flux_waits_only_for_what_others_cannot_be_installed_without() -> None:
    """What depends on another starts later by itself; what waits would also wait for the commit that mends it."""
    tree = tree_of(everything())
    waits = {
        release["metadata"]["name"]: {one["name"] for one in release["spec"].get("dependsOn", ())}
        for path in tree
        if "/releases/" in path
        for release in objects(tree, path.removeprefix(f"{HERE}/"))
    }
    assert waits["signalen-frontend"] == waits["signalen-backend"] == {"linkerd-control-plane"}
    assert set().union(*waits.values()) == {"linkerd-control-plane", "linkerd-crds", "prometheus"}


def test_flux_holds_up_no_newer_commit() -> None:
    """While it waits for health, or for a release, it looks at nothing newer."""
    tree = tree_of(everything())
    for one in objects(tree, "flux-system/sync.yaml"):
        assert (one["spec"]["wait"], one["spec"]["retryInterval"], one["spec"]["timeout"]) == (False, "1m", "3m")
    (release,) = objects(tree, "releases/backend.yaml")
    assert release["spec"]["timeout"] == "3m"
    again = {"name": "RetryOnFailure", "retryInterval": "1m"}
    assert release["spec"]["install"]["strategy"] == release["spec"]["upgrade"]["strategy"] == again


def test_flux_follows_what_the_form_switches_on_later() -> None:
    """Without it, the policies of a mesh that is switched on later would come when somebody thinks of it."""
    tree = tree_of(form())
    (kustomization,) = objects(tree, "kustomization.yaml")
    assert "flux-system/sync.yaml" in kustomization["resources"]
    secrets = named(objects(tree, "flux-system/sync.yaml"), "signalen-acceptance-secrets")
    # Another way of bringing Secrets must not begin with removing them.
    assert secrets["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    assert secrets["spec"]["deletionPolicy"] == "Orphan"


def applications(tree: Mapping[str, str]) -> Iterator[Object]:
    for path in tree:
        if "/applications/" in path and not path.endswith("kustomization.yaml"):
            yield from objects(tree, path.removeprefix(f"{HERE}/"))


def test_argocd_holds_up_no_newer_commit() -> None:
    """No wave waits for another, what fails is tried with the newest commit, and values change with their version."""
    tree = tree_of(everything("argocd"))
    (root,) = objects(tree, "argocd/root.yaml")
    for one in [root, *applications(tree)]:
        assert "sync-wave" not in str(one)
        assert one["spec"]["syncPolicy"]["retry"]["limit"] == -1
        assert one["spec"]["syncPolicy"]["retry"]["refresh"] is True
    charts = [one["spec"]["source"] for one in applications(tree) if "chart" in one["spec"]["source"]]
    assert len(charts) > 8
    for source in charts:
        text = tree[f"{HERE}/values/{source['helm']['releaseName']}.yaml"]
        assert source["helm"]["valuesObject"] == load(text)


# What stays


def test_no_object_of_a_tool_removes_itself_or_what_it_made() -> None:
    """Flux prunes what leaves a list, and a Kustomization that goes takes along all of it."""
    tree = tree_of(form())
    root = named(objects(tree, "flux-system/sync.yaml"), "signalen-acceptance")
    assert root["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    assert root["spec"]["deletionPolicy"] == "Orphan"
    tree = tree_of(form("argocd"))
    (root,) = objects(tree, "argocd/root.yaml")
    assert "prune" not in root["spec"]["syncPolicy"]["automated"]
    for one in [root, *applications(tree)]:
        assert "finalizers" not in one["metadata"]
    for one in applications(tree):
        if "chart" in one["spec"]["source"]:
            assert "Prune=false" in one["spec"]["syncPolicy"]["syncOptions"]


def test_a_release_leaves_its_volumes_when_it_goes() -> None:
    tree = tree_of(everything())
    for path in (one for one in tree if "/releases/" in one):
        (release,) = objects(tree, path.removeprefix(f"{HERE}/"))
        ((patch,),) = [one["kustomize"]["patches"] for one in release["spec"]["postRenderers"]]
        assert patch["target"] == {"kind": "PersistentVolumeClaim"}
        assert load(patch["patch"])["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_while_it_is_paused_nothing_is_changed_or_removed(delivery: str) -> None:
    tree = tree_of(form(delivery, sync={"paused": True}))
    if delivery == "flux":
        for one in objects(tree, "flux-system/sync.yaml"):
            assert (one["spec"]["prune"], one["spec"]["deletionPolicy"]) == (False, "Orphan")
        (release,) = objects(tree, "releases/backend.yaml")
        assert release["spec"]["suspend"] is True
    else:
        for one in applications(tree):
            assert "automated" not in one["spec"]["syncPolicy"]


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_nothing_removes_a_namespace_with_all_that_is_in_it(delivery: str) -> None:
    """Nor does the tool that the environment goes over to."""
    found = objects(tree_of(everything(delivery)), "namespace.yaml")
    assert len(found) > 3
    for one in found:
        assert one["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
        assert one["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_nothing_removes_the_volumes_with_copies(delivery: str) -> None:
    found = objects(tree_of(form(delivery)), "manifests/backup.yaml")
    claims = [one["metadata"]["annotations"] for one in found if one["kind"] == "PersistentVolumeClaim"]
    assert len(claims) == 2
    for claim in claims:
        assert claim["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
        assert claim["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
        # It is there from the first copy on.
        assert claim["argocd.argoproj.io/ignore-healthcheck"] == "true"


# Certificates


def solvers(filled: Form) -> dict[str, Object]:
    """Return what may come to the pods with which cert-manager shows that a host is ours, by namespace."""
    return {
        one["metadata"]["namespace"]: one["spec"]
        for one in objects(tree_of(filled), "manifests/network-policies.yaml")
        if one["spec"]["podSelector"].get("matchLabels") == SOLVER
    }


def test_a_certificate_can_be_asked_for_wherever_there_is_a_host() -> None:
    filled = form(components=("grafana", "loki"), cluster={"ingressNamespace": "doors"})
    found = solvers(filled)
    assert found.keys() == {"signalen-acceptance", "signalen-acceptance-monitoring"}
    for spec in found.values():
        (rule,) = spec["ingress"]
        assert rule["ports"] == [{"port": 8089, "protocol": "TCP"}]
        assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "doors"}}}]
        assert spec["policyTypes"] == ["Ingress"]
    # Only logs: no host, no certificate.
    assert solvers(form(components=("loki",))).keys() == {"signalen-acceptance"}


@pytest.mark.parametrize(("meshed", "ports"), [(False, [8089]), (True, [8089, 4143])])
def test_a_certificate_can_be_asked_for_in_the_mesh(meshed: bool, ports: list[int]) -> None:
    filled = form(components=MESH, mesh={"ingressMeshed": meshed})
    (rule,) = solvers(filled)["signalen-acceptance"]["ingress"]
    assert [one["port"] for one in rule["ports"]] == ports
    server = named(
        [one for one in objects(tree_of(filled), "custom/linkerd-policy.yaml") if one["kind"] == "Server"],
        "certificates-8089",
    )
    assert server["spec"]["podSelector"] == {"matchLabels": SOLVER}
    assert server["spec"]["port"] == 8089


# Whom its pods call


def called(filled: Form, pods: str) -> set[int]:
    """Return the ports outside that pods may call."""
    found = objects(tree_of(filled), "manifests/network-policies.yaml")
    rules = named(found, f"allow-{pods}")["spec"]["egress"]
    return {
        port["port"]
        for rule in rules
        if any(one.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" for one in rule["to"])
        for port in rule["ports"]
    }


@pytest.mark.parametrize(
    ("settings", "ports"),
    [
        ({}, {443, 587}),
        ({"queue": {"host": "rabbitmq.example.nl"}}, {443, 587, 5672}),
        ({"queue": {"host": "rabbitmq.example.nl:5671"}}, {443, 587, 5671}),
        ({"search": {"host": "elasticsearch.example.nl:9243"}}, {443, 587, 9243}),
        (
            {"storage": {"provider": "s3", "s3": {"bucket": "b", "endpoint": "https://minio.example.nl:9000"}}},
            {443, 587, 9000},
        ),
        (
            {"storage": {"provider": "s3", "s3": {"bucket": "b", "endpoint": "http://minio.example.nl/"}}},
            {80, 443, 587},
        ),
        ({"sigmax": {"enabled": True, "server": "https://sigmax.example.nl:8443/soap"}}, {443, 587, 8443}),
        ({"identity": {"issuer": "https://sso.example.nl:8444/realms/x", "clientId": "x"}}, {443, 587, 8444}),
    ],
)
def test_the_backend_reaches_what_the_form_names(settings: dict[str, Any], ports: set[int]) -> None:
    filled = form(email={"smtp": {"host": "mail.example.nl"}}, **settings)
    assert called(filled, "backend") == ports
    assert called(filled, "worker") == ports


@pytest.mark.parametrize(
    ("host", "namespace"),
    [("signalen-db-rw", "signalen-acceptance"), ("db.databases.svc", "databases"), ("db.x.svc.cluster.local", "x")],
)
def test_a_database_that_an_operator_runs_in_the_cluster_is_reached_there(host: str, namespace: str) -> None:
    filled = form(database={"host": host, "port": 5433})
    rules = named(objects(tree_of(filled), "manifests/network-policies.yaml"), "allow-backend")["spec"]["egress"]
    (rule,) = [rule for rule in rules if rule["ports"][0]["port"] == 5433]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}]


def test_grafana_and_dex_reach_an_identity_provider_on_its_port() -> None:
    issuer = "https://sso.example.nl:8444/realms/x"
    grafana = form(components=("grafana",), identity={"issuer": issuer, "clientId": "x"})
    assert called(grafana, "grafana") == {443, 8444}
    dex = form(components=("dex",), dex={"connectors": [{"type": "oidc", "name": "x", "issuer": issuer}]})
    assert called(dex, "dex") == {443, 6443, 8444}
