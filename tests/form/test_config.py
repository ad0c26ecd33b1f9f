"""What follows from a form: defaults, environments over the top, derived values."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import schema as formschema
from signalen_toolkit.form.config import Environment, build
from signalen_toolkit.form.derive import Settings, darker, dialled, identity_provider, sender
from signalen_toolkit.form.images import measure

FORM: dict[str, Any] = {
    "apiVersion": "signalen.org/v1",
    "municipality": {"code": "GM0796"},
    "contact": {"phone": "073 615 51 55", "email": "meldingen@s-hertogenbosch.nl"},
    "repository": {"url": "https://git.example.nl/s-hertogenbosch/signalen.git"},
    "identity": {"issuer": "https://login.microsoftonline.com/abc/v2.0", "clientId": "3f0c"},
    "environments": {"acceptance": {"domain": "s-hertogenbosch.signalen.dev"}},
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"/>'


def environment(change: dict[str, Any] | None = None, name: str = "acceptance", **assets: bytes) -> Environment:
    images = {f"assets/{key}.svg": data for key, data in assets.items()}
    environments = build(merge(FORM, change or {}), catalog(), images).environments
    return next(found for found in environments if found.name == name)


def test_from_the_code_follow_name_map_and_texts() -> None:
    settings = environment().settings
    assert settings["municipality"]["name"] == "'s-Hertogenbosch"
    assert settings["municipality"]["province"] == "Noord-Brabant"
    assert settings["municipality"]["organization"] == "Gemeente 's-Hertogenbosch"
    assert settings["branding"]["title"] == "Meldingen 's-Hertogenbosch"
    assert settings["email"]["from"] == "Gemeente 's-Hertogenbosch <meldingen@s-hertogenbosch.nl>"
    assert settings["map"]["center"] == [51.7168, 5.35202]
    assert settings["map"]["bounds"] == [[51.664, 5.20649], [51.76503, 5.49966]]
    # west, south, east, north; with a margin, for the boundaries are generalised
    assert settings["map"]["boundingBox"] == "5.19649,51.65400,5.50966,51.77503"
    assert settings["map"]["pdokFilter"] == '"\'s-hertogenbosch"'
    assert "073 615 51 55](tel:+31736155155)" in settings["texts"]["help"]
    assert settings["links"]["home"] == "https://www.s-hertogenbosch.nl"


def test_from_a_domain_follow_the_hosts() -> None:
    assert environment().hosts == {
        "backend": "api.s-hertogenbosch.signalen.dev",
        "classification": "classification.s-hertogenbosch.signalen.dev",
        "dex": "dex.s-hertogenbosch.signalen.dev",
        "frontend": "s-hertogenbosch.signalen.dev",
        "grafana": "grafana.s-hertogenbosch.signalen.dev",
        "mapserver": "mapserver.s-hertogenbosch.signalen.dev",
    }
    own = environment({"environments": {"acceptance": {"hosts": {"backend": "api.example.nl"}}}})
    assert own.hosts["backend"] == "api.example.nl"


def test_an_environment_goes_before_the_top_and_the_top_before_the_defaults() -> None:
    change = {
        "features": {"publicMap": True, "appMode": True},
        "environments": {"acceptance": {"features": {"appMode": False}, "contact": {"phone": "14 073"}}},
    }
    settings = environment(change).settings
    assert settings["features"]["publicMap"] is True
    assert settings["features"]["appMode"] is False
    assert settings["features"]["csvExport"] is False
    assert settings["contact"] | {"phone": ""} == settings["contact"] | {"phone": ""}
    assert (settings["contact"]["phone"], settings["contact"]["email"]) == ("14 073", "meldingen@s-hertogenbosch.nl")


def test_lists_are_replaced_and_not_joined() -> None:
    change = {
        "map": {"municipalities": ["Vught"]},
        "environments": {"acceptance": {"map": {"municipalities": ["Heusden"]}}},
    }
    assert environment(change).settings["map"]["municipalities"] == ["Heusden"]


def test_nothing_is_shared_between_environments_or_with_the_form() -> None:
    change = {"environments": {"production": {"domain": "meldingen.s-hertogenbosch.nl"}}}
    form, before = merge(FORM, change), deepcopy(formschema.defaults())
    copy = deepcopy(form)
    first, second = build(form, catalog()).environments
    assert form == copy
    assert formschema.defaults() == before
    assert first.settings["cluster"]["namespace"] == "signalen-acceptance"
    assert second.settings["cluster"]["namespace"] == "signalen-production"
    assert (first.production, second.production) == (False, True)


def test_without_a_version_the_newest_known_release_runs() -> None:
    assert environment().version == catalog().releases[0]


@pytest.mark.parametrize(
    ("issuer", "provider", "token", "response"),
    [
        ("https://login.microsoftonline.com/abc/v2.0", "entra", "https://login.microsoftonline.com/abc/oauth2/v2.0/token", "token"),
        ("https://id.example.nl/realms/r", "keycloak", "https://id.example.nl/realms/r/protocol/openid-connect/token", "code"),
        ("https://dex.example.nl/", "dex", "https://dex.example.nl/token", "id_token"),
        ("https://id.example.nl", "other", "", "token"),
    ],
)  # fmt: skip
def test_from_the_issuer_follow_provider_and_addresses(issuer: str, provider: str, token: str, response: str) -> None:
    identity = environment({"identity": {"issuer": issuer}}).settings["identity"]
    assert identity_provider(issuer.rstrip("/")) == provider
    assert (identity["provider"], identity["tokenEndpoint"]) == (provider, token)
    assert identity["responseType"] == response


def test_with_a_dex_of_its_own_an_environment_signs_in_there() -> None:
    form = {key: value for key, value in FORM.items() if key != "identity"}
    own = {"components": {"dex": {"enabled": True}}}
    both = {**own["components"], "grafana": {"enabled": True}}
    (found,) = build(merge(form, {"components": both}), catalog()).environments
    identity, dex = found.settings["identity"], "https://dex.s-hertogenbosch.signalen.dev"
    assert (identity["provider"], identity["issuer"], identity["responseType"]) == ("dex", dex, "id_token")
    assert (identity["clientId"], identity["adminClientId"]) == ("signalen", "signalen-admin")
    assert identity["authorizationEndpoint"] == f"{dex}/auth"
    assert identity["jwksEndpoint"] == f"{dex}/keys"
    # In the environment that has it, and no other.
    change = {"environments": {"acceptance": own, "test": {"domain": "test.s-hertogenbosch.signalen.dev"}}}
    first, second = build(merge(form, change), catalog()).environments
    assert (first.settings["identity"]["issuer"], second.settings["identity"]["issuer"]) == (dex, "")


def test_an_issuer_in_the_form_goes_before_that_of_dex() -> None:
    identity = environment({"components": {"dex": {"enabled": True}}}).settings["identity"]
    assert (identity["provider"], identity["issuer"]) == ("entra", FORM["identity"]["issuer"])
    assert identity["adminClientId"] == identity["clientId"] == "3f0c"


def test_a_connector_of_dex_is_completed() -> None:
    connector = {"type": "ldap", "name": "Gemeente", "username": "sAMAccountName"}
    change = {"components": {"dex": {"enabled": True}}, "dex": {"connectors": [connector]}}
    (found,) = environment(change).settings["dex"]["connectors"]
    assert (found["security"], found["username"], found["emailAttribute"]) == ("tls", "sAMAccountName", "mail")
    assert "host" not in found  # nobody can know it
    assert connector == {"type": "ldap", "name": "Gemeente", "username": "sAMAccountName"}


API = "5d9c1c1e-0a5b-4c9e-8f0a-2b1f7f3c6d20"


@pytest.mark.parametrize(
    ("given", "scope", "audiences"),
    [
        ({}, "openid email profile api://3f0c/signalen", ["3f0c"]),
        ({"adminClientId": "beheer"}, "openid email profile api://3f0c/signalen", ["3f0c", "beheer"]),
        ({"scope": f"openid api://{API}/x"}, f"openid api://{API}/x", ["3f0c", API]),
        ({"scope": f"openid {API}/.default"}, f"openid {API}/.default", ["3f0c", API]),
        ({"scope": "openid api://a.nl/x", "audiences": ["x", "3f0c"]}, "openid api://a.nl/x", ["3f0c", "x"]),
        ({"issuer": "https://id.example.nl"}, "openid email profile", ["3f0c"]),
        ({"issuer": "https://id.example.nl", "scope": f"openid {API}/x"}, f"openid {API}/x", ["3f0c"]),
    ],
)
def test_a_token_is_for_whom_scope_and_clients_say(given: Settings, scope: str, audiences: list[str]) -> None:
    identity = environment({"identity": given}).settings["identity"]
    assert (identity["scope"], identity["trustedAudiences"]) == (scope, audiences)


def test_an_issuer_stays_as_it_is_written() -> None:
    """The backend compares it to the letter; the addresses that follow from it have one slash."""
    identity = environment({"identity": {"issuer": "https://id.example.nl/realms/signalen/"}}).settings["identity"]
    assert identity["issuer"] == "https://id.example.nl/realms/signalen/"
    assert identity["tokenEndpoint"] == "https://id.example.nl/realms/signalen/protocol/openid-connect/token"


def test_keycloak_in_the_browser_needs_server_and_realm() -> None:
    identity = environment({"identity": {"issuer": "https://id.example.nl/auth/realms/signalen"}}).settings["identity"]
    assert (identity["keycloakServer"], identity["realm"]) == ("https://id.example.nl/auth", "signalen")


def test_a_section_that_is_filled_in_is_the_provider() -> None:
    change = {
        "email": {"office365": {"tenantId": "t", "clientId": "c", "mailbox": "a@b.nl"}},
        "storage": {"s3": {"bucket": "media"}},
        "database": {"host": "db.example.nl"},
        "queue": {"host": "mq.example.nl"},
    }
    settings = environment(change).settings
    assert settings["email"]["provider"] == "office365"
    assert settings["storage"]["provider"] == "s3"
    assert (settings["database"]["provider"], settings["database"]["user"]) == ("managed", "signalen")
    assert (settings["queue"]["provider"], settings["search"]["provider"]) == ("managed", "cluster")
    assert environment().settings["database"]["user"] == "postgres"


def test_logs_are_kept_where_that_is_filled_in() -> None:
    assert environment().settings["logs"]["provider"] == "volume"
    assert environment({"logs": {"s3": {"bucket": "logs"}}}).settings["logs"]["provider"] == "s3"
    azure = environment({"logs": {"azure": {"account": "logs"}}}).settings["logs"]
    assert (azure["provider"], azure["azure"]["container"]) == ("azure", "loki")


def test_what_is_in_the_cluster_is_backed_up() -> None:
    def backed_up(change: dict[str, Any]) -> tuple[bool, bool]:
        backup = environment(change).settings["backup"]
        return backup["database"]["enabled"], backup["media"]["enabled"]

    assert backed_up({}) == (True, True)
    assert backed_up({"database": {"host": "db.example.nl"}}) == (False, True)
    assert backed_up({"storage": {"s3": {"bucket": "media"}}}) == (True, False)
    assert backed_up({"backup": {"database": {"enabled": False}}}) == (False, True)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_of_the_mail_server_follows_from_its_security(security: str, port: int) -> None:
    settings = environment({"email": {"smtp": {"host": "smtp.example.nl", "security": security}}}).settings
    assert (settings["email"]["provider"], settings["email"]["smtp"]["port"]) == ("smtp", port)


def test_the_logo_keeps_its_proportions() -> None:
    size = environment(logo=SVG).settings["branding"]["logoSize"]
    assert size == {"height": 68, "width": 204, "smallHeight": 32, "smallWidth": 96}
    assert measure(SVG) == (300, 100)
    assert "width" not in environment().settings["branding"]["logoSize"]


def test_flux_gets_an_address_that_it_understands() -> None:
    repository = environment({"repository": {"url": "git@git.example.nl:a/b.git"}}).settings["repository"]
    assert repository["cloneUrl"] == "ssh://git@git.example.nl/a/b.git"
    assert repository["secret"] == "signalen-repository"  # the name of a Secret
    assert "secret" not in environment().settings["repository"]


def test_production_waits_for_a_person_with_argo_cd_alone() -> None:
    change = {"delivery": "argocd", "environments": {"production": {"domain": "meldingen.s-hertogenbosch.nl"}}}
    sync = environment(change).settings["sync"]
    assert (sync["automatic"], sync["namespace"]) == (True, "argocd")
    assert environment(change, "production").settings["sync"]["automatic"] is False
    assert environment({"environments": change["environments"]}, "production").settings["sync"]["automatic"] is True


@pytest.mark.parametrize(
    ("code", "profile"), [("GM0060", "small"), ("GM1900", "medium"), ("GM0796", "large"), ("GM9999", "small")]
)
def test_the_profile_follows_from_the_inhabitants(code: str, profile: str) -> None:
    settings = environment({"municipality": {"code": code, "name": "Gemeente"}}).settings
    assert settings["profile"] == profile
    workloads = {one.name: one for component in catalog().components.values() for one in component.workloads}
    for name, one in workloads.items():
        assert settings["resources"][name] == merge(one.resources, one.larger.get(profile, {}))


def test_a_larger_municipality_has_more() -> None:
    def memory(workload: str, **change: Any) -> tuple[str, str]:
        found = environment(change).settings["resources"][workload]
        return found["requests"]["memory"], found["limits"]["memory"]

    assert memory("backend", profile="small") == ("512Mi", "1Gi")
    assert memory("backend", profile="medium") == ("768Mi", "1536Mi")
    assert memory("backend", profile="large") == memory("backend") == ("1Gi", "2Gi")
    # What the form says goes before the profile, key by key.
    own = {"backend": {"limits": {"memory": "3Gi"}}}
    assert memory("backend", profile="large", resources=own) == ("1Gi", "3Gi")
    by_environment = {"acceptance": {"profile": "small"}}
    assert memory("backend", profile="large", environments=by_environment) == ("512Mi", "1Gi")


@pytest.mark.parametrize(
    ("ingress", "controller", "namespace", "headers"),
    [
        ("nginx", "nginx", "ingress-nginx", False),
        ("nginx-internal", "nginx", "ingress-nginx", False),
        ("traefik", "traefik", "traefik", True),
        ("haproxy", "other", "ingress-nginx", False),
    ],
)
def test_from_the_ingress_class_follows_the_controller(
    ingress: str, controller: str, namespace: str, *, headers: bool
) -> None:
    settings = environment({"cluster": {"ingressClass": ingress}}).settings
    cluster = settings["cluster"]
    assert (cluster["ingressController"], cluster["ingressNamespace"]) == (controller, namespace)
    assert cluster["securityHeaders"] is headers
    assert settings["mesh"]["ingressServiceAccount"] == namespace


def test_what_the_form_says_of_the_ingress_goes_before_what_follows_from_its_class() -> None:
    own = {"ingressClass": "public", "ingressController": "traefik", "ingressNamespace": "kube-ingress"}
    cluster = environment({"cluster": own}).settings["cluster"]
    assert (cluster["ingressNamespace"], cluster["securityHeaders"]) == ("kube-ingress", True)


def test_each_component_has_a_namespace() -> None:
    found = environment({"cluster": {"namespace": "meldingen"}})
    assert found.namespace == found.namespaces["backend"] == found.namespaces["frontend"] == "meldingen"
    assert found.namespaces["prometheus"] == found.namespaces["loki"] == "meldingen-monitoring"
    assert found.namespaces["linkerd-control-plane"] == "linkerd"  # the same in every cluster
    assert found.namespaces.keys() == catalog().components.keys()
    assert environment().namespaces["grafana"] == "signalen-acceptance-monitoring"


def test_what_is_on_is_what_the_form_says_and_else_what_the_catalog_does() -> None:
    assert environment().enabled == {"backend", "classification", "frontend"}
    change = {"components": {"loki": {"enabled": True}, "classification": {"enabled": False}}}
    assert environment(change).enabled == {"backend", "frontend", "loki"}


def test_a_sender_with_a_comma_stands_between_quotes() -> None:
    assert sender("Gemeente Nuenen, Gerwen en Nederwetten", "a@b.nl") == (
        '"Gemeente Nuenen, Gerwen en Nederwetten" <a@b.nl>'
    )
    assert sender("Gemeente 's-Gravenhage", "a@b.nl") == "Gemeente 's-Gravenhage <a@b.nl>"


@pytest.mark.parametrize(
    ("phone", "number"),
    [("073 615 51 55", "+31736155155"), ("14 020", "14020"), ("+31 (0)73-6155155", "+31736155155"), ("112", "112")],
)
def test_a_telephone_number_as_it_is_dialled(phone: str, number: str) -> None:
    assert dialled(phone) == number


def test_a_darker_colour() -> None:
    assert (darker("#ffffff"), darker("#fff"), darker("#000000")) == ("#cccccc", "#cccccc", "#000000")


def test_namesakes_are_called_by_their_plain_name() -> None:
    for municipality in ({"code": "GM0373"}, {"name": "Bergen", "province": "Limburg"}, {"name": "Bergen (NH.)"}):
        form = {**FORM, "municipality": municipality}
        assert build(form, catalog()).environments[0].settings["municipality"]["name"] == "Bergen"


def test_a_municipality_outside_the_register_has_what_the_form_says() -> None:
    form = {**FORM, "municipality": {"code": "GM9999", "name": "Nieuwstad"}}
    settings = build(form, catalog()).environments[0].settings
    assert settings["municipality"]["organization"] == "Gemeente Nieuwstad"
    assert settings["map"]["pdokFilter"] == "nieuwstad"
    assert "center" not in settings["map"]


def test_an_empty_form_raises_nothing() -> None:
    assert build({}, catalog()).environments == ()
    assert build({"environments": {"a": {}}}, catalog()).environments[0].domain == ""
