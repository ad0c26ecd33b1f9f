"""What pods reach, read from the addresses in their values."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.form.config import build
from signalen_toolkit.rendering.reached import addresses, found, reached, variables
from signalen_toolkit.rendering.render import render

FORM: dict[str, Any] = {
    "municipality": {"code": "GM0344"},
    "contact": {"phone": "14 030", "email": "meldingen@utrecht.nl"},
    "repository": {"url": "https://git.example.nl/utrecht/signalen.git"},
    "identity": {"issuer": "https://id.example.nl", "clientId": "x"},
    "environments": {"acceptance": {"domain": "utrecht.signalen.dev", "version": "4.23.0"}},
}
POLICIES = "clusters/acceptance/manifests/network-policies.yaml"


@pytest.mark.parametrize(
    ("address", "port", "target"),
    [
        ("db.example.nl", 6432, 6432),
        ("db.example.nl", "6432", 6432),
        ("db.example.nl:6433", 5432, 6433),
        ("https://es.example.nl", 9200, "web"),
        ("https://user:p%40ss@es.example.nl:9243/prefix", 9200, 9243),
        ("http://es.example.nl/x:1", 9200, 80),
        ("amqps://mq.example.nl", None, 5671),
        ("amqp://user:secret@[fd00::1]:5673/host", None, 5673),
        ("queue", 5672, {"namespace": "here", "port": 5672}),
        ("pg-rw.databases.svc", 5432, {"namespace": "databases", "port": 5432}),
        ("https://s3.storage.svc.cluster.local:9000", None, {"namespace": "storage", "port": 9000}),
        ("", 5432, None),
        (None, 5432, None),
        ("db.example.nl", None, None),
        ("db.example.nl", 99999, None),
        ("db.example.nl", "$(PORT)", None),
        ("own-postgresql", 5432, None),
    ],
)
def test_an_address_is_a_target(address: Any, port: Any, target: Any) -> None:
    assert reached("here", [(address, port)], ["own-postgresql"]) == ([] if target is None else [target])


def test_a_target_is_named_once() -> None:
    assert reached("here", [("a.nl", 25), ("b.nl", 25), ("x", 1), ("x.here.svc", 1)]) == [
        25,
        {"namespace": "here", "port": 1},
    ]


def test_addresses_are_found_wherever_they_stand_but_at_keys_that_the_browser_uses() -> None:
    data = {"a": ["https://x.nl:8443", "no address"], "url": "https://y.nl", "front": {"end": "https://z.nl:1"}, "n": 1}
    assert addresses(data, "front") == [("https://x.nl:8443", None), ("https://y.nl", None)]


def test_a_variable_that_is_listed_has_the_last_word() -> None:
    listed = [{"name": "A", "value": 2}, {"name": "B", "valueFrom": {}}, "nonsense", {"value": "x"}]
    assert variables({"env": {"A": 1, "C": None}, "envVars": listed}) == {"A": "2"}
    assert variables({"env": "x"}) == {}


def test_what_is_not_set_is_what_the_chart_has() -> None:
    assert found({"a": {"b": 1}}, "a.b", 2) == 1
    assert (found({"a": {"b": None}}, "a.b", 2), found({"a": 3}, "a.b", 2), found({}, "a.b")) == (2, 2, None)


def opened(form: dict[str, Any], pods: str = "backend") -> set[tuple[str, int]]:
    """Return what a policy lets pods reach: the namespace or network, and the port."""
    tree = render(build({**FORM, **form}, catalog()), catalog())
    (policy,) = (one for one in load_all(tree[POLICIES]) if one["metadata"]["name"] == f"allow-{pods}")
    return {
        (_peer(peer), port["port"])
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        for port in rule["ports"]
    }


def _peer(peer: dict[str, Any]) -> str:
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    name = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    return f"{name}/{','.join(peer.get('podSelector', {}).get('matchLabels', {}).values())}"


@pytest.mark.parametrize(
    ("backend", "port"),
    [
        ({"settings": {"database": {"host": "db.example.nl", "port": 6432}}}, 6432),
        ({"settings": {"rabbitmq": {"host": "mq.example.nl:5671"}}}, 5671),
        ({"settings": {"elasticsearch": {"host": "https://u:p@es.example.nl:9243"}}}, 9243),
        ({"settings": {"email": {"hostname": "smtp.example.nl", "port": 2525}}}, 2525),
        ({"settings": {"jwksUrl": "https://id.example.nl:8443/keys"}}, 8443),
        ({"env": {"DATABASE_HOST_OVERRIDE": "db.example.nl", "DATABASE_PORT_OVERRIDE": "6433"}}, 6433),
        ({"env": {"CELERY_BROKER_URL": "amqps://mq.example.nl:5673//"}}, 5673),
        ({"envVars": [{"name": "CELERY_BROKER_URL", "value": "amqps://mq.example.nl"}]}, 5671),
    ],
)
def test_an_override_opens_its_port_and_nothing_but_the_form_opens_it(backend: Any, port: int) -> None:
    assert ("0.0.0.0/0", port) in opened({"overrides": {"backend": backend}})
    assert ("0.0.0.0/0", port) not in opened({})


def test_the_page_of_the_sign_in_is_for_browsers() -> None:
    form = {"identity": {**FORM["identity"], "authorizationEndpoint": "https://id.example.nl:8444/auth"}}
    assert not any(port == 8444 for _, port in opened(form))


def test_a_service_of_the_chart_on_another_port_takes_what_the_backend_sends() -> None:
    form = {
        "overrides": {
            "backend": {
                "settings": {"database": {"port": 5433}},
                "postgresql": {"containerPorts": {"postgresql": 5433}},
            }
        }
    }
    assert ("signalen-acceptance/postgresql,signalen-backend", 5433) in opened(form)
    assert not any(port == 5432 for _, port in opened(form))


def test_a_database_elsewhere_by_override_is_reached_though_the_form_names_none() -> None:
    form = {"overrides": {"backend": {"settings": {"database": {"host": "pg-rw.databases.svc"}}}}}
    assert ("databases/", 5432) in opened(form)


def operated(**own: Any) -> dict[str, Any]:
    """Return a form of which operators run everything in the environment's own namespace."""
    hosts = {"database": "pg-rw", "queue": "mq", "search": "es-es-http:9200"}
    return {name: {"host": host, "operatorNamespace": f"{name}-system"} for name, host in hosts.items()} | own


def test_what_an_operator_runs_is_reached_by_its_pods_alone() -> None:
    here = opened(operated())
    assert {
        ("signalen-acceptance/pg", 5432),
        ("signalen-acceptance/mq,rabbitmq", 5672),
        ("signalen-acceptance/es", 9200),
    } <= here
    assert not any(peer == "signalen-acceptance/" for peer, _ in here)


def test_what_an_operator_runs_lets_it_in_and_reaches_its_own_kind() -> None:
    tree = render(build({**FORM, **operated()}, catalog()), catalog())
    policies = {one["metadata"]["name"]: one["spec"] for one in load_all(tree[POLICIES])}
    for name, namespace, port in (
        ("postgresql", "database-system", 8000),
        ("rabbitmq", "queue-system", 15672),
        ("elasticsearch", "search-system", 9200),
    ):
        assert (f"{namespace}/", port) in {
            (_peer(peer), one["port"])
            for rule in policies[f"allow-{name}"]["ingress"]
            for peer in rule["from"]
            for one in rule["ports"]
        }
    assert ("signalen-acceptance/pg", 5432) in opened(operated(), "postgresql")
    assert ("signalen-acceptance/es", 9300) in opened(operated(), "elasticsearch")


def test_connectors_of_dex_that_an_override_gives_are_reached() -> None:
    ldap = {"type": "ldap", "id": "ldap", "name": "AD", "config": {"host": "ldap.example.nl", "startTLS": True}}
    oidc = {"type": "oidc", "id": "oidc", "name": "X", "config": {"issuer": "https://id.example.nl:9443"}}
    form = {"components": {"dex": {"enabled": True}}, "overrides": {"dex": {"config": {"connectors": [ldap, oidc]}}}}
    assert {("0.0.0.0/0", 389), ("0.0.0.0/0", 9443)} <= opened(form, "dex")


def test_dns_of_openshift_is_reached_at_the_port_of_its_pods() -> None:
    """Source: OpenShift's DNS operator: pods in openshift-dns listen on 5353, behind a Service with 53."""
    dns = {"namespace": "openshift-dns", "ports": [5353], "networks": []}
    here = opened({"network": {"dns": dns}})
    assert ("openshift-dns/", 5353) in here
    assert not any(port == 53 for _, port in here)
