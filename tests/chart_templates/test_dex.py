"""Dex: who signs in where, with secrets that are named and never written, and nothing for trying out in production."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.needed_secrets import needed

from tests.support.rendered import Form, minimal_form, quick, tree_of, values_in

MICROSOFT = {"type": "microsoft", "name": "Gemeente", "tenant": "6f5902ac", "clientId": "1111", "groups": ["Signalen"]}
OIDC = {"type": "oidc", "name": "Keycloak", "issuer": "https://keycloak.example.nl/realms/x", "clientId": "dex"}
LDAP = {
    "type": "ldap",
    "name": "Directory",
    "host": "ldap.example.nl:1636",
    "bindDN": "cn=signalen,dc=example,dc=nl",
    "userBaseDN": "ou=medewerkers,dc=example,dc=nl",
    "groupBaseDN": "ou=groepen,dc=example,dc=nl",
}
TEST_USER = {"testUser": {"enabled": True, "email": "test@example.org"}}
CASES: dict[str, tuple[dict[str, Any], list[str], set[str]]] = {
    # dex of the form, other components, the keys that are needed in acceptance
    "nothing": ({}, [], {"ADMIN_CLIENT_SECRET"}),
    "microsoft": ({"connectors": [MICROSOFT]}, [], {"ADMIN_CLIENT_SECRET", "MICROSOFT_CLIENT_SECRET"}),
    "oidc": ({"connectors": [OIDC]}, [], {"ADMIN_CLIENT_SECRET", "OIDC_CLIENT_SECRET"}),
    "ldap": ({"connectors": [LDAP]}, [], {"ADMIN_CLIENT_SECRET", "LDAP_BIND_PASSWORD"}),
    "test user": (TEST_USER, [], {"ADMIN_CLIENT_SECRET", "TEST_USER_HASH"}),
    "grafana": ({}, ["grafana"], {"ADMIN_CLIENT_SECRET", "GRAFANA_CLIENT_SECRET"}),
    "everything": (
        {"connectors": [MICROSOFT, OIDC, LDAP], **TEST_USER},
        ["grafana"],
        {
            "ADMIN_CLIENT_SECRET",
            "GRAFANA_CLIENT_SECRET",
            "MICROSOFT_CLIENT_SECRET",
            "OIDC_CLIENT_SECRET",
            "LDAP_BIND_PASSWORD",
            "TEST_USER_HASH",
        },
    ),
}


def form(dex: dict[str, Any], beside: list[str] | None = None) -> Form:
    municipality = by_code("GM0796")
    assert municipality
    base = minimal_form(municipality)
    base["identity"] = {}
    base["components"] = {name: {"enabled": True} for name in ["dex", *(beside or [])]}
    base["dex"] = dex
    return base


def values(dex: dict[str, Any], beside: list[str] | None = None, environment: str = "acceptance") -> dict[str, Any]:
    return values_in(tree_of(form(dex, beside)), environment)["signalen-dex"]


def needed_keys(of: dict[str, Any]) -> set[str]:
    return {key.key.name for secret in needed([catalog().component("dex")], {"dex": of}) for key in secret.keys}


def variables(node: Any) -> Iterator[str]:
    """Yield the environment variables that a configuration of Dex refers to."""
    if isinstance(node, dict):
        for key, child in node.items():
            if isinstance(child, str) and key.endswith(("Env", "FromEnv")):
                yield child
            yield from variables(child)
    elif isinstance(node, list):
        for child in node:
            yield from variables(child)
    elif isinstance(node, str):
        yield from re.findall(r"\$(\w+)", node)


@pytest.mark.parametrize("case", CASES)
def test_each_secret_is_asked_for_where_it_is_used(case: str) -> None:
    dex, beside, keys = CASES[case]
    found = values(dex, beside)
    assert needed_keys(found) == keys
    used = set(variables(found["config"]))
    assert used == keys | set(found["env"])
    assert found["envFrom"] == [{"secretRef": {"name": "signalen-dex-secrets"}}]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("environment", ["acceptance", "production"])
def test_the_values_fit_the_chart(case: str, environment: str) -> None:
    dex, beside, _ = CASES[case]
    schema = values_schema("dex", catalog().component("dex").releases[0].chart)
    found = values(dex, beside, environment)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []


def test_no_secret_stands_in_the_values() -> None:
    dex, beside, _ = CASES["everything"]
    config = values(dex, beside)["config"]
    for connector in config["connectors"]:
        for key in {"clientSecret", "bindPW"} & set(connector["config"]):
            assert connector["config"][key].startswith("$")
    assert not any({"secret", "hash"} & set(one) for one in [*config["staticClients"], *config["staticPasswords"]])


def test_signalen_signs_in_at_dex_with_the_clients_that_dex_knows() -> None:
    tree = values_in(tree_of(form(*CASES["everything"][:2])), "production")
    dex, frontend, backend = (tree[f"signalen-{name}"] for name in ("dex", "frontend", "backend"))
    site, admin, grafana = dex["config"]["staticClients"]
    assert site["id"] == frontend["config"]["oidc"]["clientId"]
    assert site["public"] is True
    assert site["redirectURIs"] == ["https://meldingen.s-hertogenbosch.nl/manage/incidents"]
    assert frontend["config"]["oidc"]["responseType"] in dex["config"]["oauth2"]["responseTypes"]
    assert frontend["config"]["oidc"]["authEndpoint"] == dex["config"]["issuer"] + "/auth"
    assert dex["env"][admin["idEnv"]] == backend["env"]["OIDC_RP_CLIENT_ID"]
    assert backend["env"]["OIDC_OP_ISSUER"] == dex["config"]["issuer"] == "https://dex.meldingen.s-hertogenbosch.nl"
    assert admin["redirectURIs"] == ["https://api.meldingen.s-hertogenbosch.nl/signals/oidc/callback/"]
    assert dex["env"][grafana["idEnv"]] == tree["grafana"]["env"]["GF_AUTH_GENERIC_OAUTH_CLIENT_ID"]
    assert grafana["redirectURIs"] == [tree["grafana"]["grafana.ini"]["server"]["root_url"] + "login/generic_oauth"]


@pytest.mark.parametrize("dex", [True, False])
def test_the_secret_of_a_client_is_that_of_the_application(dex: bool) -> None:
    """With Dex it is made up, and the same on both sides; without, it is the identity provider's."""
    components = [catalog().component(name) for name in ("backend", "grafana", *(["dex"] if dex else []))]
    values = {"dex": {"env": {"GRAFANA_CLIENT_ID": "grafana"}}}
    keys = {key.path: key for secret in needed(components, values) for key in secret.keys}
    for application, client in (
        ("signalen-backend-secrets/OIDC_RP_CLIENT_SECRET", "signalen-dex-secrets/ADMIN_CLIENT_SECRET"),
        ("grafana-secrets/OAUTH_CLIENT_SECRET", "signalen-dex-secrets/GRAFANA_CLIENT_SECRET"),
    ):
        assert keys[application].key.same_as == (client if dex else "")
        assert keys[application].random == 0
        assert (client in keys) is dex
        assert not dex or keys[client].random


def test_the_identity_providers_are_those_of_the_form() -> None:
    microsoft, oidc, ldap = values({"connectors": [MICROSOFT, OIDC, LDAP]})["config"]["connectors"]
    callback = "https://dex.s-hertogenbosch.signalen.dev/callback"
    assert (
        microsoft["config"].items() >= {"tenant": "6f5902ac", "groups": ["Signalen"], "redirectURI": callback}.items()
    )
    assert oidc["config"].items() >= {"issuer": OIDC["issuer"], "redirectURI": callback}.items()
    assert ldap["config"]["host"] == LDAP["host"]
    assert ldap["config"]["startTLS"] is False
    search = {"baseDN": LDAP["userBaseDN"], "filter": "(objectClass=person)", "username": "uid", "emailAttr": "mail"}
    assert ldap["config"]["userSearch"].items() >= search.items()
    assert ldap["config"]["groupSearch"]["baseDN"] == LDAP["groupBaseDN"]
    assert not any("insecureNoSSL" in one["config"] or "insecureSkipVerify" in one["config"] for one in (oidc, ldap))


def test_the_test_user_is_never_in_production() -> None:
    assert values(TEST_USER)["config"]["staticPasswords"][0]["email"] == "test@example.org"
    production = values(TEST_USER, environment="production")
    assert production["config"]["enablePasswordDB"] is False
    assert "test@example.org" not in json.dumps(production)
    assert needed_keys(production) == {"ADMIN_CLIENT_SECRET"}


def test_dex_may_make_kinds_and_nothing_else_in_the_cluster() -> None:
    tree = tree_of(form({}))
    names = set()
    for environment in ("acceptance", "production"):
        role, binding = quick(tree[f"clusters/{environment}/manifests/dex-kinds.yaml"])
        assert [rule["verbs"] for rule in role["rules"]] == [["create"]]
        assert [rule["resources"] for rule in role["rules"]] == [["customresourcedefinitions"]]
        assert binding["roleRef"]["name"] == role["metadata"]["name"] == binding["metadata"]["name"]
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "signalen-dex", "namespace": f"signalen-{environment}"}
        ]
        names.add(role["metadata"]["name"])
        assert values_in(tree, environment)["signalen-dex"]["rbac"]["createClusterScoped"] is False
    assert len(names) == 2  # both environments may be in one cluster


@pytest.mark.parametrize(
    ("host", "security", "port"),
    [
        ("ldap.example.nl:1636", "tls", 1636),
        ("ldap.example.nl", "tls", 636),
        ("ldap.example.nl", "starttls", 389),
    ],
)
def test_dex_reaches_the_directory(host: str, security: str, port: int) -> None:
    dex = {"connectors": [{**LDAP, "host": host, "security": security}]}
    policies = quick(tree_of(form(dex))["clusters/acceptance/manifests/network-policies.yaml"])
    own = next(one for one in policies if one and one["metadata"]["name"] == "allow-dex")
    assert [port] in [[one["port"] for one in rule.get("ports", ())] for rule in own["spec"]["egress"]]
