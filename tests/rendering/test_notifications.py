"""Who is told what becomes of a change: by Flux, and by Argo CD. No address or token stands anywhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.reader import read
from signalen_toolkit.form import config, git_hosts
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.needed_secrets import needed_by_delivery, needed_in
from signalen_toolkit.kubernetes.checks.references import check
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.external_secrets import references
from signalen_toolkit.secrets import check as secret_check
from signalen_toolkit.secrets.environment import needs_of
from signalen_toolkit.secrets.make import init, summary
from signalen_toolkit.secrets.values import ValueSources

from tests.conftest import FORMS, example_forms, program
from tests.support.rendered import ASSETS, Form, as_text, minimal_form, object_problems, quick, tree_of, write_assets

CHOICES: dict[str, dict[str, Any]] = {
    "teams": {"teams": True},
    "slack": {"slack": {"channel": "signalen-beheer"}},
    "mail": {"email": {"to": ["beheer@example.nl", "platform@example.nl"]}},
    "status": {"commitStatus": True},
}
ALL = merge(merge(CHOICES["teams"], CHOICES["slack"]), merge(CHOICES["mail"], CHOICES["status"]))
NOTIFICATIONS = "clusters/acceptance/argocd/notifications.yaml"
COMMIT = "{{.app.status.sync.revisions | default (list .app.status.sync.revision) | last}}"
DELIVERIES = ("flux", "argocd")
REPOSITORIES = {
    "github": "git@github.com:gemeente/signalen.git",
    "gitlab": "https://gitlab.example.nl/groep/onder groep/signalen.git".replace(" ", "%20"),
    "azure": "git@ssh.dev.azure.com:v3/gemeente/platform/signalen",
    "forgejo": "ssh://git@codeberg.org:2222/gemeente/signalen.git",
    "gitea": "https://gitea.example.nl/gemeente/signalen",
}
ADDRESSES = {
    "github": ("github", "https://github.com/gemeente/signalen"),
    "gitlab": ("gitlab", "https://gitlab.example.nl/groep/onder%20groep/signalen"),
    "azure": ("azuredevops", "https://dev.azure.com/gemeente/platform/_git/signalen"),
    "forgejo": ("gitea", "https://codeberg.org/gemeente/signalen"),
    "gitea": ("gitea", "https://gitea.example.nl/gemeente/signalen"),
}


def form(delivery: str, notifications: dict[str, Any], *, prometheus: bool = True, **settings: Any) -> Form:
    municipality = by_code("GM0796")
    assert municipality
    data = minimal_form(municipality, delivery)
    data["email"] = {"smtp": {"host": "smtp.example.nl", "port": 2525, "user": "post"}}
    data["components"] = {"prometheus": {"enabled": prometheus}}
    return merge(data, {"notifications": notifications, **settings})


def environment(data: Form, name: str = "acceptance") -> Environment:
    (found,) = (one for one in config.build(data, catalog(), ASSETS).environments if one.name == name)
    return found


def flux(data: Form, name: str = "acceptance") -> dict[tuple[str, str], dict[str, Any]]:
    text = tree_of(data).get(f"clusters/{name}/notifications.yaml", "")
    return {(one["kind"], one["metadata"]["name"].removeprefix(f"signalen-{name}-")): one for one in quick(text)}


def argocd(data: Form, name: str = "acceptance") -> dict[str, Any]:
    """Return what Argo CD is told, by key without the environment's own part, as data."""
    (obj,) = quick(tree_of(data)[f"clusters/{name}/argocd/notifications.yaml"])
    return {key.replace(f"signalen-{name}-", ""): json.loads(text) for key, text in obj["data"].items()}


def applications(data: Form, name: str = "acceptance") -> dict[str, dict[str, Any]]:
    places = (f"clusters/{name}/applications/", f"clusters/{name}/argocd/root.yaml")
    objects = [one for path, text in tree_of(data).items() if path.startswith(places) for one in quick(text)]
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == "Application"}


def subscribed(application: dict[str, Any]) -> dict[str, list[str]]:
    """Return who hears of an Application: recipients by `<trigger>/<service>`."""
    text = application["metadata"].get("annotations", {}).get("notifications.argoproj.io/subscriptions", "[]")
    return {
        f"{trigger}/{target['service']}": target["recipients"]
        for one in json.loads(text)
        for trigger in one["trigger"]
        for target in one["destinations"]
    }


# Nobody


@pytest.mark.parametrize("path", example_forms(), ids=lambda path: path.stem)
def test_nothing_is_rendered_where_nobody_wants_to_hear(path: Path) -> None:
    data = read(path).data
    assert isinstance(data, dict)
    for own in data["environments"].values():
        own.pop("notifications", None)
    tree = tree_of({**data, "notifications": {}})
    assert not [name for name in tree if name.endswith("notifications.yaml")]
    assert not [name for name, text in tree.items() if "notifications" in text]


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_nothing_is_needed_where_nobody_wants_to_hear(delivery: str) -> None:
    assert needed_by_delivery(environment(form(delivery, {}))) == []


@pytest.mark.parametrize("own", [True, False])
def test_one_webhook_is_asked_for_once(own: bool) -> None:
    """Flux and Alertmanager post in the same channel, where there is an Alertmanager."""
    found = environment(form("flux", {"teams": True}, prometheus=own))
    receiver: dict[str, Any] = {"msteamsv2_configs": [{}]}
    told = {"alertmanagerSpec": {"secrets": ["x"]}, "config": {"receivers": [receiver]}}
    keys = {key.path: key for one in needed_in(found, {"prometheus": {"alertmanager": told}}) for key in one.keys}
    address = keys["signalen-acceptance-notifications-teams/address"]
    assert address.key.same_as == ("alertmanager-secrets/TEAMS_WEBHOOK" if own else "")


# Flux


@pytest.mark.parametrize("choice", CHOICES)
def test_flux_tells_who_is_chosen_and_no_other(choice: str) -> None:
    found = flux(form("flux", CHOICES[choice]))
    assert set(found) == {("Provider", choice), ("Alert", choice)}
    for obj in found.values():
        assert object_problems(obj) == []
        assert obj["metadata"]["namespace"] == "flux-system"
    assert found["Alert", choice]["spec"]["providerRef"] == {"name": f"signalen-acceptance-{choice}"}


def test_flux_tells_people_of_what_goes_wrong_and_of_every_object_that_can() -> None:
    spec = flux(form("flux", ALL))["Alert", "teams"]["spec"]
    assert spec["eventSeverity"] == "error"
    assert spec["eventMetadata"]["summary"] == "Signalen 's-Hertogenbosch, acceptance: doorvoeren mislukt"
    sources = {(one["kind"], one["name"], one.get("namespace", "flux-system")) for one in spec["eventSources"]}
    tree = tree_of(form("flux", ALL))
    objects = [one for path, text in tree.items() if path.startswith("clusters/acceptance/") for one in quick(text)]
    for obj in objects:
        if obj.get("apiVersion", "").partition("/")[0].endswith(".toolkit.fluxcd.io") and obj["kind"] not in (
            "Alert",
            "Provider",
        ):
            kind, about = obj["kind"], obj["metadata"]
            places = {(kind, about["name"], about["namespace"]), (kind, "*", about["namespace"])}
            assert places & sources, obj["kind"]


@pytest.mark.parametrize("provider", ["sops", "existing"])
def test_an_alert_is_about_the_secrets_where_flux_applies_them(provider: str) -> None:
    sources = flux(form("flux", ALL, secrets={"provider": provider}))["Alert", "slack"]["spec"]["eventSources"]
    named = {one["name"] for one in sources if one["kind"] == "Kustomization"}
    assert ("signalen-acceptance-secrets" in named) == (provider == "sops")


def test_only_what_knows_the_commit_gives_it_a_status() -> None:
    spec = flux(form("flux", ALL))["Alert", "status"]["spec"]
    assert spec["eventSeverity"] == "info"
    assert {one["kind"] for one in spec["eventSources"]} == {"Kustomization"}


@pytest.mark.parametrize("host", REPOSITORIES)
def test_flux_is_told_where_the_repository_is(host: str) -> None:
    data = form("flux", CHOICES["status"], repository={"url": REPOSITORIES[host]})
    spec = flux(data)["Provider", "status"]["spec"]
    assert (spec["type"], spec["address"]) == ADDRESSES[host]
    assert spec["secretRef"] == {"name": "signalen-acceptance-notifications-status"}


def test_flux_sends_mail_through_the_alertmanager_of_the_environment_alone() -> None:
    data = form("flux", CHOICES["mail"])
    (provider,) = (obj for (kind, _), obj in flux(data).items() if kind == "Provider")
    assert provider["spec"] == {
        "type": "alertmanager",
        "address": "http://prometheus-alertmanager.signalen-acceptance-monitoring.svc:9093/api/v2/alerts",
    }
    assert flux({**data, "components": {"prometheus": {"enabled": False}}}) == {}
    assert flux({**data, "email": {}}) == {}


def kustomize() -> list[str]:
    alone = shutil.which("kustomize")
    return [alone, "build"] if alone else [program("kubectl", "kustomize, or kubectl"), "kustomize"]


@pytest.mark.parametrize("choice", ["none", *CHOICES])
def test_flux_applies_them_with_the_environment(choice: str, tmp_path: Path) -> None:
    for path, text in tree_of(form("flux", CHOICES.get(choice, {}))).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    command = [*kustomize(), str(tmp_path / "clusters" / "acceptance")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    objects = [one for one in pyyaml.load_all(done.stdout, Loader=pyyaml.CSafeLoader) if one["kind"] == "Alert"]
    assert [one["metadata"]["name"] for one in objects] == (
        [] if choice == "none" else [f"signalen-acceptance-{choice}"]
    )


# Argo CD


@pytest.mark.parametrize("choice", CHOICES)
def test_argo_cd_tells_who_is_chosen_and_no_other(choice: str) -> None:
    data = form("argocd", CHOICES[choice])
    (obj,) = quick(tree_of(data)["clusters/acceptance/argocd/notifications.yaml"])
    assert object_problems(obj) == []
    assert (obj["metadata"]["name"], obj["metadata"]["namespace"]) == ("argocd-notifications-cm", "argocd")
    services = [key for key in obj["data"] if key.startswith("service.")]
    assert services == [f"service.{'email' if choice == 'mail' else 'webhook'}.signalen-acceptance-{choice}"]
    for application in applications(data).values():
        assert object_problems(application) == []
        assert [key.rpartition("-")[2] for key in subscribed(application)] == [choice]


def test_every_application_of_the_environment_is_heard_of() -> None:
    data = form("argocd", ALL, secrets={"sops": {"plugin": "sops"}})
    found = applications(data)
    components = {one.name for one in environment(data).components}
    assert {f"signalen-acceptance-{name}" for name in ("base", "secrets", *components)} < set(found)
    assert "signalen-acceptance" in found
    heard = [subscribed(application) for application in found.values()]
    assert all(one == heard[0] for one in heard)
    assert heard[0]["signalen-acceptance-problem/signalen-acceptance-mail"] == CHOICES["mail"]["email"]["to"]


def test_whatever_is_named_is_there() -> None:
    """One wrong name, and the controller tells nobody anything."""
    data = form("argocd", ALL)
    (obj,) = quick(tree_of(data)["clusters/acceptance/argocd/notifications.yaml"])
    keys: dict[str, set[str]] = {kind: set() for kind in ("service", "template", "trigger")}
    for key in obj["data"]:
        kind, name = key.split(".", 1)
        keys[kind].add(name.removeprefix("webhook.").removeprefix("email."))
    for name in subscribed(applications(data)["signalen-acceptance-base"]):
        trigger, _, service = name.partition("/")
        assert trigger in keys["trigger"]
        assert service in keys["service"]
    conditions = [one for key, text in obj["data"].items() if key.startswith("trigger.") for one in json.loads(text)]
    assert {name for one in conditions for name in one["send"]} == keys["template"]
    for key, text in obj["data"].items():
        assert set(json.loads(text).get("webhook", {}) if key.startswith("template.") else {}) <= keys["service"]


def test_environments_with_one_argo_cd_do_not_touch_what_is_of_another() -> None:
    tree = tree_of(form("argocd", ALL))
    found = [
        set(quick(tree[f"clusters/{name}/argocd/notifications.yaml"])[0]["data"])
        for name in ("acceptance", "production")
    ]
    assert found[0] and found[1]
    assert not found[0] & found[1]
    # What belongs to Argo CD's own installation is left to it.
    (obj,) = quick(tree["clusters/acceptance/argocd/notifications.yaml"])
    assert set(obj["metadata"]) == {"name", "namespace"}
    # And applied with the rest of the folder, client-side, it would take away the keys of the other.
    (folder,) = quick(tree["clusters/acceptance/argocd/kustomization.yaml"])
    assert "notifications.yaml" not in folder["resources"]


def test_secret_values_are_named_by_keys_that_a_person_is_asked_for() -> None:
    data = form("argocd", ALL)
    (secret,) = needed_by_delivery(environment(data))
    assert (secret.name, secret.namespace, secret.by_hand) == ("argocd-notifications-secret", "argocd", True)
    (obj,) = quick(tree_of(data)["clusters/acceptance/argocd/notifications.yaml"])
    used = {name for key, text in obj["data"].items() for name in re.findall(r"\$([\w-]+)", text)}
    assert used == {key.key.name for key in secret.keys}
    without = environment({**data, "email": {"smtp": {"host": "smtp.example.nl"}}})
    (secret,) = needed_by_delivery(without)
    assert {key.key.name for key in secret.keys if key.empty} == {"signalen-acceptance-mail"}
    (obj,) = quick(tree_of({**data, "email": {"smtp": {"host": "smtp.example.nl"}}})[NOTIFICATIONS])
    assert "password" not in json.dumps(obj["data"])


@pytest.mark.parametrize("name", ['{{ .secrets }} "x" \\ {{{', "'s-Graven\nhage", "Zuid é \U0001f6a7"])
def test_the_name_of_a_municipality_is_no_template(name: str) -> None:
    data = form("argocd", ALL, municipality={"name": name})
    found = argocd(data)["template.failed"]
    title = f"Signalen {name}, acceptance: doorvoeren mislukt"
    assert rendered(found["email"]["subject"]) == title
    card = json.loads(rendered(found["webhook"]["signalen-acceptance-teams"]["body"]))
    heading, text = card["attachments"][0]["content"]["body"]
    assert (heading["text"], text["text"]) == (title, "…")
    slack = json.loads(rendered(found["webhook"]["signalen-acceptance-slack"]["body"]))
    assert slack == {"channel": "#signalen-beheer", "text": title, "attachments": [{"color": "danger", "text": "…"}]}


def rendered(text: str) -> str:
    """Do with a template what Go does, as far as ours go: a literal in backquotes, or an expression that gives JSON."""
    return re.sub(r"\{\{(?:`([^`]*)`|(printf .*? \| toJson))\}\}", lambda found: found[1] or '"…"', text)


@pytest.mark.parametrize("host", REPOSITORIES)
def test_argo_cd_is_told_how_each_git_server_takes_a_status(host: str) -> None:
    found = argocd(form("argocd", CHOICES["status"], repository={"url": REPOSITORIES[host]}))
    service, send = found["service.webhook.status"], found["template.failure"]["webhook"]["signalen-acceptance-status"]
    address, _, query = (service["url"] + send["path"]).replace(COMMIT, "SHA").partition("?")
    body = json.loads(send["body"])
    headers = {one["name"]: one["value"] for one in service["headers"]}
    key, name = "$signalen-acceptance-status", "argocd/{{.app.metadata.name}}"
    expected: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
        "github": (
            "https://api.github.com/repos/gemeente/signalen/statuses/SHA",
            {"Authorization": f"Bearer {key}"},
            {"state": "failure", "context": name},
        ),
        "gitlab": (
            "https://gitlab.example.nl/api/v4/projects/groep%2Fonder%20groep%2Fsignalen/statuses/SHA",
            {"PRIVATE-TOKEN": key},
            {"state": "failed", "name": name},
        ),
        "azure": (
            "https://dev.azure.com/gemeente/platform/_apis/git/repositories/signalen/commits/SHA/statuses",
            {},
            {"state": "failed", "context": {"name": name, "genre": "signalen"}},
        ),
        "forgejo": (
            "https://codeberg.org/api/v1/repos/gemeente/signalen/statuses/SHA",
            {"Authorization": f"token {key}"},
            {"state": "failure", "context": name},
        ),
        "gitea": (
            "https://gitea.example.nl/api/v1/repos/gemeente/signalen/statuses/SHA",
            {"Authorization": f"token {key}"},
            {"state": "failure", "context": name},
        ),
    }
    assert address == expected[host][0]
    assert headers == {"Content-Type": "application/json", **expected[host][1]}
    assert {key: value for key, value in body.items() if key != "description"} == expected[host][2]
    assert (query, service.get("basicAuth")) == (
        ("api-version=7.1", {"username": "", "password": key}) if host == "azure" else ("", None)
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b"),
        ("http://git.example.nl:8080/a/b", "http://git.example.nl:8080/a/b"),
        ("ssh://git@git.example.nl:7999/a/b.git/", "https://git.example.nl/a/b"),
        ("https://dev.azure.com/o/p%20q/_git/r", "https://dev.azure.com/o/p%20q/_git/r"),
        ("https://dev.azure.com/o/_git/p", "https://dev.azure.com/o/p/_git/p"),
        ("https://o.visualstudio.com/DefaultCollection/p/_git/r", "https://dev.azure.com/o/p/_git/r"),
        ("ssh://o@vs-ssh.visualstudio.com/v3/o/p/r", "https://dev.azure.com/o/p/_git/r"),
        ("ssh://git@git.example.nl:x/a/b", "https://git.example.nl/a/b"),
        ("https://dev.azure.com/o", ""),
        ("https://bitbucket.org/a/b.git", ""),
        ("https://git.example.nl/{{x}}/$y", "https://git.example.nl/%7B%7Bx%7D%7D/%24y"),
        ("", ""),
    ],
)
def test_where_a_repository_is_on_the_web(url: str, address: str) -> None:
    assert git_hosts.web_address(url) == address


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_server_without_such_an_api_gets_no_status(delivery: str) -> None:
    data = form(delivery, CHOICES["status"], repository={"url": "https://bitbucket.org/gemeente/signalen.git"})
    assert not [path for path in tree_of(data) if path.endswith("notifications.yaml")]


# Secrets


@pytest.mark.parametrize("choice", CHOICES)
def test_flux_reads_the_secrets_that_are_asked_for(choice: str) -> None:
    data = form("flux", CHOICES[choice], prometheus=False)
    provider = flux({**data, "components": {}}).get(("Provider", choice), {"spec": {}})
    name = provider["spec"].get("secretRef", {}).get("name")
    found = {one.name: one for one in needs_of(config.build(data, catalog(), ASSETS), environment(data), catalog())}
    mine = [one for one in found.values() if not one.component]
    assert [one.name for one in mine] == ([name] if name else [])
    if name:
        assert [key.key.name for key in found[name].keys] == ["token" if choice == "status" else "address"]
        assert found[name].namespace == "flux-system"


def test_what_argo_cd_reads_is_no_secret_of_the_repository() -> None:
    """It is Argo CD's own, for all environments: an Application for one would take away the keys of another."""
    data = form("argocd", ALL, prometheus=False)
    built = config.build(data, catalog(), ASSETS)
    assert all(one.component for one in needs_of(built, environment(data), catalog()))
    (secret,) = needed_by_delivery(environment(data))
    assert references([secret], environment(data).settings["secrets"]["externalSecrets"]) == []


def test_stores_of_two_environments_are_beside_each_other_in_the_namespace_of_flux() -> None:
    vault = {"server": "https://vault.example.nl", "role": "x", "serviceAccount": "x"}
    external = {"provider": "external-secrets", "externalSecrets": {"vault": vault, "store": "kluis"}}
    tree = tree_of(form("flux", ALL, prometheus=False, secrets=external))
    names: list[str] = []
    for name in ("acceptance", "production"):
        objects = quick(tree[f"clusters/{name}/manifests/external-secrets.yaml"])
        assert [problem for obj in objects for problem in object_problems(obj)] == []
        stores = {
            (one["metadata"]["namespace"], one["metadata"]["name"]) for one in objects if one["kind"] == "SecretStore"
        }
        used = {
            (one["metadata"]["namespace"], one["spec"]["secretStoreRef"]["name"])
            for one in objects
            if one["kind"] == "ExternalSecret"
        }
        assert used == stores
        assert (f"signalen-{name}", "kluis") in stores
        names += [store for namespace, store in stores if namespace == "flux-system"]
    assert sorted(names) == ["signalen-acceptance-kluis", "signalen-production-kluis"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository with the least form, in a home of its own."""
    pytest.importorskip("pyrage", reason="the extra `secrets` is missing")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    for name in ("SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY", "SOPS_AGE_RECIPIENTS", "SIGNALEN_SOPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIVEN", "https://webhook.example.nl/5b1d-plain-text")
    return write_assets(tmp_path / "repository")


def filled_in(place: Path, /, **settings: Any) -> Path:
    data = read(FORMS / "minimal.yaml").data
    assert isinstance(data, dict)
    (place / "municipality.yaml").write_text(as_text(merge(data, settings)), encoding="utf-8")
    return place


def test_a_secret_for_flux_is_missed_made_and_encrypted(repository: Path) -> None:
    given = {"OIDC_RP_CLIENT_SECRET": "GIVEN"}
    init(filled_in(repository), catalog(), sources=ValueSources(variables=given))
    filled_in(repository, notifications=CHOICES["teams"])
    (problem,) = secret_check.check(repository, catalog()).problems
    path = "secrets/acceptance/signalen-acceptance-notifications-teams.yaml"
    assert (problem.rule, problem.file) == ("secret-missing", path)
    assert problem.message.endswith("nobody is told of a failure without it")
    (made,) = init(repository, catalog(), sources=ValueSources(variables={"address": "GIVEN"}))
    assert made.files == (path,)
    assert secret_check.check(repository, catalog()).problems == ()
    (secret,) = quick((repository / path).read_text(encoding="utf-8"))
    assert secret["metadata"]["namespace"] == "flux-system"
    assert "plain-text" not in (repository / path).read_text(encoding="utf-8")


def test_a_person_is_told_what_argo_cd_has_to_have(repository: Path) -> None:
    notifications = {**CHOICES["teams"], **CHOICES["status"]}
    filled_in(repository, delivery="argocd", notifications=notifications, repository={"host": "gitlab"})
    (made,) = init(repository, catalog(), sources=ValueSources(variables={"OIDC_RP_CLIENT_SECRET": "GIVEN"}))
    keys = "signalen-acceptance-teams, signalen-acceptance-status"
    assert f"put into the Secret argocd-notifications-secret in argocd yourself, once: {keys}" in summary(made)
    assert not list(repository.glob("secrets/*/argocd*"))


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_the_lists_of_secrets_have_the_shape_of_those_of_components(delivery: str) -> None:
    schema = json.loads((PACKAGE / "schemas" / "component.schema.json").read_text(encoding="utf-8"))
    secrets = catalog().deliveries[delivery].secrets
    assert secrets
    for secret in secrets:
        own = secret.of("signalen-acceptance")
        assert re.fullmatch(schema["$defs"]["name"]["pattern"], own.name)
        assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key.name) and key.description for key in own.keys)
        # Without the namespace, the Secrets of two environments would be one.
        assert "signalen-acceptance" in own.name or all("signalen-acceptance" in key.name for key in own.keys)


# What verify says


def test_what_an_alert_names_in_vain_is_told() -> None:
    objects = [
        Object("acceptance", "", "notifications.yaml", obj) for obj in flux(form("flux", CHOICES["teams"])).values()
    ]
    context = Context("signalen-acceptance")
    messages = {finding.message for finding in check(cluster(objects, context))}
    assert "there is no Secret 'signalen-acceptance-notifications-teams'" in messages
    assert "there is no GitRepository 'signalen-acceptance'" in messages
    assert "there is no Kustomization 'signalen-acceptance-secrets'" in messages
    (alert,) = (one for one in objects if one.kind == "Alert")
    messages = {finding.message for finding in check(cluster([alert], context))}
    assert "there is no Provider 'signalen-acceptance-teams'" in messages


def test_nothing_is_told_of_what_is_rendered() -> None:
    data = form("flux", ALL, prometheus=False)
    tree = tree_of(data)
    objects = [
        Object("acceptance", "", path, obj)
        for path, text in tree.items()
        if path.startswith("clusters/acceptance/") and "/values/" not in path
        for obj in quick(text)
        if obj and obj.get("apiVersion", "").partition("/")[0].endswith(".toolkit.fluxcd.io")
    ]
    secrets = {one.name: one for one in needed_by_delivery(environment(data))}
    context = Context(
        "signalen-acceptance",
        secrets={name: frozenset(key.key.name for key in one.keys) for name, one in secrets.items()},
        secret_namespaces={name: one.namespace for name, one in secrets.items()},
    )
    found = [one for one in check(cluster(objects, context)) if one.object.kind in ("Alert", "Provider")]
    assert found == []
