"""Who reaches whom between namespaces: what is left out early is what no pair of pods could do."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.kubernetes.checks.network_policies import End, connects
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.reach import elsewhere, links, namespaces_named, outside, space

NAME = "kubernetes.io/metadata.name"
PODS = st.sampled_from([{}, {"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "b"}}])
NAMESPACES = st.sampled_from([{}, {"matchLabels": {NAME: "one"}}, {"matchLabels": {NAME: "two"}}])
PEERS = st.one_of(
    st.fixed_dictionaries({"podSelector": PODS}),
    st.fixed_dictionaries({"namespaceSelector": NAMESPACES}, optional={"podSelector": PODS}),
    st.just({"ipBlock": {"cidr": "0.0.0.0/0"}}),
)
PORTS = st.fixed_dictionaries({}, optional={"port": st.sampled_from([80, 5432]), "protocol": st.just("UDP")})


def rules(side: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule = st.fixed_dictionaries(
        {}, optional={side: st.lists(PEERS, min_size=1, max_size=2), "ports": st.lists(PORTS, min_size=1, max_size=2)}
    )
    return st.lists(rule, max_size=2)


POLICIES = st.lists(
    st.fixed_dictionaries(
        {
            "podSelector": PODS,
            "policyTypes": st.lists(st.sampled_from(["Ingress", "Egress"]), min_size=1, unique=True),
            "ingress": rules("from"),
            "egress": rules("to"),
        }
    ),
    max_size=3,
)


def policy(namespace: str, number: int, spec: dict[str, Any]) -> Object:
    data = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"p{number}", "namespace": namespace},
        "spec": spec,
    }
    return Object("x", "", "x.yaml", data)


@given(POLICIES, POLICIES)
def test_no_pair_of_pods_is_forgotten(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
    here = [policy("one", number, spec) for number, spec in enumerate(one)]
    there = [policy("two", number, spec) for number, spec in enumerate(two)]
    found = [*links(space("one", here, {}), space("two", there, {}))]
    together = cluster([*here, *there], Context(""))
    said = {(link.port, link.protocol) for link in found}
    for source in ({}, {"app": "a"}, {"app": "b"}):
        for target in ({}, {"app": "a"}, {"app": "b"}):
            ends = End("one", source, {NAME: "one"}), End("two", target, {NAME: "two"})
            for port in (80, 5432, 7777):
                for protocol in ("TCP", "UDP"):
                    if connects(together, *ends, port, protocol):
                        assert {(port, protocol), (0, protocol)} & said
    for link in found:
        ends = End("one", link.source, {NAME: "one"}), End("two", link.target, {NAME: "two"})
        assert connects(together, *ends, link.port or 9999, link.protocol)


def test_who_is_not_known_sends_and_takes_what_the_other_end_allows() -> None:
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {NAME: "dns"}}}], "ports": [{"port": 9153}]}],
        "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "endPort": 444}]}],
    }
    mine = space("one", [policy("one", 1, spec)], {})
    assert {*namespaces_named(mine.policies)} == {"dns"}
    assert [one.port for one in links(elsewhere("dns"), mine)] == [9153]
    assert [*links(mine, elsewhere("dns"))] == []
    assert [one.port for one in links(mine, outside("203.0.113.7"))] == [443, 444]
    assert [*links(outside("203.0.113.7"), mine)] == []
