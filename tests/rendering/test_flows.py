"""Flows: what each pods say they accept and reach, put together for one environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.rendering.flows import Pods, Surroundings, flows, pods_of

NEIGHBOURS = {
    "dns": "kube-system",
    "ingress": "ingress-nginx",
    "delivery": "flux-system",
    "cert-manager": "cert-manager",
}
EVERYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}


def pods(name: str, namespace: str = "here", **about: Any) -> Pods:
    return Pods(name, "component", namespace, {"app": name}, **about)


def found(
    *some: Pods, neighbours: Mapping[str, str] = NEIGHBOURS, outside: Sequence[str] = ("10.0.0.0/8",), **around: Any
) -> dict[str, dict[str, Any]]:
    """Return the flows by the name of the pods."""
    return {one["name"]: one for one in flows(some, Surroundings("here", neighbours, outside, **around))}


def callers(flow: Mapping[str, Any]) -> dict[int, list[str]]:
    """Return who may come to each port."""
    return {entry["port"]: [peer["name"] for peer in entry["from"]] for entry in flow["ingress"]}


def called(flow: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return which ports of whom they may call."""
    return {peer["name"]: entry["ports"] for entry in flow["egress"] for peer in entry["to"]}


def test_what_one_accepts_the_other_may_send() -> None:
    both = found(pods("web"), pods("data", "there", accepts={5432: ["web"]}, service_account="sql"))
    assert callers(both["data"]) == {5432: ["web"]}
    assert called(both["web"]) == {"data": [5432]}
    assert (callers(both["web"]), called(both["data"])) == ({}, {})
    (peer,) = both["web"]["egress"][0]["to"]
    assert (peer["namespace"], peer["labels"], peer["serviceAccount"]) == ("there", {"app": "data"}, "sql")
    assert peer["selectors"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "there"}},
            "podSelector": {"matchLabels": {"app": "data"}},
        }
    ]


def test_visitors_come_in_by_a_gateway_an_ingress_controller_or_both() -> None:
    without = {name: place for name, place in NEIGHBOURS.items() if name != "ingress"}
    for names in (("ingress",), ("gateway",), ("ingress", "gateway")):
        neighbours = without | {name: f"{name}-pods" for name in names}
        web = found(pods("web", accepts={80: ["ingress"]}, reaches=("web",)), neighbours=neighbours)["web"]
        assert callers(web) == {80: [*names]}
        ports = {"ingress": [443, 8443], "gateway": [443, 8443, 10443]}
        assert {name: ports[name] for name in names}.items() <= called(web).items()


def test_pods_that_are_not_installed_are_nobody() -> None:
    alone = found(pods("data", accepts={5432: ["web"], 9000: ["web", "data"]}))
    assert callers(alone["data"]) == {9000: ["data"]}


def test_a_port_is_named_once_whoever_comes() -> None:
    both = found(pods("prometheus"), pods("data", accepts={80: ["prometheus", "prometheus"]}, metrics=[80]))
    assert callers(both["data"]) == {80: ["prometheus"]}


def test_pods_without_labels_are_all_of_their_namespace() -> None:
    (flow,) = flows([Pods("all", "x", "there", {})], Surroundings("here", NEIGHBOURS, ()))
    assert flow["selectors"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "there"}}}]


def test_the_environment_is_every_pod_of_its_own_namespace() -> None:
    some = found(pods("web"), pods("far", "there"), pods("loki", "there", accepts={3100: ["environment"]}))
    assert callers(some["loki"]) == {3100: ["environment"]}
    assert called(some["web"]) == {"loki": [3100]}
    assert (called(some["far"]), called(some["loki"])) == ({}, {})


def test_neighbours_are_their_whole_namespace() -> None:
    (flow,) = found(pods("web", accepts={80: ["ingress", "delivery"]})).values()
    assert [(peer["namespace"], peer["labels"]) for peer in flow["ingress"][0]["from"]] == [
        ("ingress-nginx", {}),
        ("flux-system", {}),
    ]


def test_the_api_server_comes_from_anywhere() -> None:
    (flow,) = found(pods("webhook", accepts={443: ["apiserver"]})).values()
    assert flow["ingress"][0]["from"][0]["selectors"] == [EVERYWHERE, {"ipBlock": {"cidr": "::/0"}}]


@pytest.mark.parametrize(
    ("own", "shared", "scrapers"),
    [
        (True, False, ["prometheus"]),
        (False, True, ["metrics"]),
        (True, True, ["prometheus", "metrics"]),
        (False, False, []),
    ],
)
def test_who_takes_measurements(own: bool, shared: bool, scrapers: list[str]) -> None:
    some = [pods("web", accepts={8000: ["ingress"]}, metrics=[9000]), *([pods("prometheus", "mon")] if own else [])]
    neighbours = {**NEIGHBOURS, **({"metrics": "observability"} if shared else {})}
    every = found(*some, neighbours=neighbours)
    assert callers(every["web"]) == {8000: ["ingress"], **({9000: scrapers} if scrapers else {})}
    assert every["web"]["metrics"] == [9000]
    if own:
        assert called(every["prometheus"]) == {"web": [9000]}


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("dns", {"dns": [53]}),
        ("apiserver", {"apiserver": [443, 6443]}),
        ("web", {"outside": [443], "ingress": [443, 8443]}),
        (587, {"outside": [587]}),
        ({"to": "nodes", "port": 10250}, {"nodes": [10250]}),
        ({"to": "cert-manager", "port": 9402}, {"cert-manager": [9402]}),
        ({"namespace": "observability", "port": 9090}, {"observability": [9090]}),
        ({"namespace": "databases", "port": 5432}, {"databases": [5432]}),
    ],
)
def test_what_is_outside(target: Any, reached: dict[str, list[int]]) -> None:
    (flow,) = found(pods("web", reaches=[target])).values()
    assert called(flow) == reached
    protocols = {protocol for entry in flow["egress"] for protocol in entry["protocols"]}
    assert protocols == ({"UDP", "TCP"} if target == "dns" else {"TCP"})


def test_outside_is_what_the_form_says_and_never_the_metadata_of_a_cloud() -> None:
    (some,) = found(pods("web", reaches=[25])).values()
    assert some["egress"][0]["to"][0]["selectors"] == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    (every,) = found(pods("web", reaches=[25]), outside=["0.0.0.0/0"]).values()
    assert every["egress"][0]["to"][0]["selectors"] == [EVERYWHERE]


@pytest.mark.parametrize(
    ("network", "exceptions"),
    [
        ("0.0.0.0/1", []),
        ("128.0.0.0/1", ["169.254.169.254/32"]),
        ("169.254.0.0/16", ["169.254.169.254/32"]),
        ("169.254.169.254/32", []),
        ("::/0", []),
    ],
)
def test_parts_of_everything_leave_the_metadata_out_too(network: str, exceptions: list[str]) -> None:
    (some,) = found(pods("web", reaches=[25]), outside=[network]).values()
    (peer,) = some["egress"][0]["to"]
    assert peer["selectors"][0]["ipBlock"].get("except", []) == exceptions


def test_nodes_that_answer_for_dns_do_so_on_its_own_port() -> None:
    around: dict[str, Any] = {"dns_networks": ["169.254.20.10/32"]}
    (same,) = found(pods("web", reaches=["dns"]), **around).values()
    assert [(len(entry["to"]), entry["ports"]) for entry in same["egress"]] == [(2, [53])]
    (other,) = found(pods("web", reaches=["dns"]), dns_ports=[5353], **around).values()
    assert called(other) == {"dns": [5353], "node-dns": [53]}


@pytest.mark.parametrize(
    "target", ["dnss", {"to": "somebody", "port": 1}, {"to": "metrics", "port": 9090}, {"port": 1}]
)
def test_a_wrong_target_is_named_with_its_pods(target: Any) -> None:
    with pytest.raises(ValueError, match=r"web cannot reach .*it is none of what is known"):
        found(pods("web", reaches=[target]))


def test_two_components_cannot_give_one_name_to_their_pods() -> None:
    both = [Pods("web", component, "here", {"app": component}) for component in ("frontend", "mapserver")]
    with pytest.raises(UsageError, match="frontend and mapserver both have pods called 'web'"):
        found(*both)


def test_a_file_says_little_of_most_pods() -> None:
    simple, full = pods_of(
        "loki",
        "there",
        {
            "simple": {"labels": {"app": "x"}},
            "full": {
                "labels": {},
                "namespace": "kube-system",
                "serviceAccount": "y",
                "accepts": {1: ["simple"]},
                "metrics": [2],
                "reaches": ["dns"],
            },
        },
    )
    assert simple == Pods("simple", "loki", "there", {"app": "x"})
    assert full == Pods("full", "loki", "kube-system", {}, "y", {1: ["simple"]}, (2,), ("dns",))
