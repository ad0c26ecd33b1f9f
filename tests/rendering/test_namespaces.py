"""The namespaces of an environment, its neighbours, and the kinds of its objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import COMMON_KINDS, Namespace
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import config
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.rendering.namespaces import needs_definition, permissions, places, surroundings

from tests.support.rendered import ASSETS, minimal_form

HERE = "signalen-acceptance"
MONITOR = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: x, namespace: here}\n"
ISSUER = "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: x}\n"


def environment(*components: str, **settings: Any) -> Environment:
    municipality = by_code("GM0344")
    assert municipality
    on = {"components": {name: {"enabled": True} for name in components}}
    form = merge(minimal_form(municipality), {**on, **settings})
    return config.build(form, catalog(), ASSETS).environments[0]


def test_the_own_namespace_is_first_and_as_strict_as_the_form_says() -> None:
    (own,) = places(environment(cluster={"podSecurity": "restricted"}))
    assert own == {"name": HERE, "podSecurity": "restricted", "hosts": True, "labels": {}, "annotations": {}}


def test_components_that_share_a_namespace_get_a_level_that_all_keep_to() -> None:
    strict, loose = (
        replace(catalog().component("loki"), namespace=Namespace(suffix="monitoring", pod_security=level))
        for level in ("restricted", "baseline")
    )
    for components, level in (((strict,), "restricted"), ((strict, loose), "baseline"), ((loose, strict), "baseline")):
        own, monitoring = places(replace(environment("loki"), components=components))
        assert (own["name"], own["podSecurity"]) == (HERE, "baseline")
        assert (monitoring["name"], monitoring["podSecurity"]) == (f"{HERE}-monitoring", level)


def test_a_namespace_with_a_host_is_told_apart() -> None:
    assert [one["hosts"] for one in places(environment("loki"))] == [True, False]
    assert [one["hosts"] for one in places(environment("loki", "grafana"))] == [True, True]


def test_what_components_want_of_namespaces_is_put_together() -> None:
    wanted = [
        {HERE: {"annotations": {"linkerd.io/inject": "enabled"}}, "elsewhere": {"labels": {"x": "y"}}},
        {HERE: {"annotations": {"a": "b"}, "labels": {"c": "d"}}},
    ]
    (own,) = places(environment(), wanted)
    assert own["annotations"] == {"linkerd.io/inject": "enabled", "a": "b"}
    assert own["labels"] == {"c": "d"}


def test_the_neighbours_are_what_the_form_says() -> None:
    around = surroundings(environment(network={"outside": ["10.0.0.0/8"]}))
    assert around.namespace == HERE
    assert around.neighbours == {
        "dns": "kube-system",
        "ingress": "ingress-nginx",
        "delivery": "flux-system",
        "cert-manager": "cert-manager",
    }
    assert around.outside == ["10.0.0.0/8"]
    assert (around.dns_ports, around.dns_networks) == ([53], ["169.254.20.10/32"])
    stacks = {"metrics": True, "namespace": "observability"}
    shared = surroundings(environment(delivery="argocd", cluster={"stacks": stacks, "ingressClass": "traefik"}))
    assert shared.neighbours["metrics"] == "observability"
    assert (shared.neighbours["delivery"], shared.neighbours["ingress"]) == ("argocd", "traefik")


def test_a_manifest_waits_for_a_chart_that_defines_one_of_its_kinds() -> None:
    assert needs_definition(environment("prometheus"), f"{ISSUER}---\n{MONITOR}")
    assert not needs_definition(environment("prometheus"), ISSUER)
    assert not needs_definition(environment(), MONITOR)  # which the cluster has of its own then


def permitted(found: dict[str, Any], scope: str) -> set[tuple[str, str]]:
    return {(kind["group"], kind["kind"]) for kind in found[scope]}


def test_a_project_permits_what_is_there_and_no_more() -> None:
    bare = permissions(environment(), {})
    assert permitted(bare, "clusterKinds") == {("", "Namespace")}
    assert permitted(bare, "namespacedKinds") == set(COMMON_KINDS)
    assert bare["namespaces"] == [HERE]
    full = permissions(environment("prometheus"), {"a": f"{MONITOR}---\n{ISSUER}"})
    known = catalog().component("prometheus")
    assert permitted(full, "clusterKinds") == {
        ("", "Namespace"),
        ("cert-manager.io", "ClusterIssuer"),
        *known.cluster_kinds,
    }
    assert ("monitoring.coreos.com", "ServiceMonitor") in permitted(full, "namespacedKinds")
    assert {HERE, "here", f"{HERE}-monitoring", *known.also_in} == set(full["namespaces"])
