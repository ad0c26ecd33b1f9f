"""`signalen import`: what it promises to a municipality that runs Signalen already."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from jinja2 import UndefinedError
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.environment import does_nothing
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity, UsageError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form import config
from signalen_toolkit.form.model import read_assets
from signalen_toolkit.form.schema import settings as form_settings
from signalen_toolkit.importing.files import lodash, same
from signalen_toolkit.importing.reverse import _ways, chart_default
from signalen_toolkit.importing.run import Files, Imported, import_form, run
from signalen_toolkit.rendering.render import values
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.validation.check import check

from tests.chart_templates.test_golden import AMSTERDAM, flat
from tests.conftest import REPOSITORY, example_forms

OPEN = [
    "contact.email=noreply@meldingen.amsterdam.nl",
    "repository.url=https://git.example.nl/amsterdam/signalen.git",
    "version=4.23.0",
]
REST = [
    "municipality=GM0796",
    "contact.phone=073 615 51 55",
    "contact.email=meldingen@s-hertogenbosch.nl",
    "repository.url=https://git.example.nl/s-hertogenbosch/signalen.git",
    "identity.issuer=https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/v2.0",
    "identity.clientId=3f0c6a7e-5a0f-4d7e-9f1c-6f3a2f6f7b10",
    "environments.acceptance.domain=s-hertogenbosch.signalen.dev",
    "environments.acceptance.version=4.23.0",
]
# The reader of Helm is of YAML 1.1, as this one.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VALUES = ("backend", "frontend", "classification")


def unflattened(data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in data.items():
        *above, last = path.split(".")
        owner = found
        for part in above:
            owner = owner.setdefault(part, {})
        owner[last] = value
    return found


def imported(folder: Path, given: list[str], **today: Any) -> Imported:
    """Import data; `app` is an app.json, the others are Helm values by component."""
    paths = {}
    for name, data in today.items():
        paths[name] = folder / (f"{name}.json" if name == "app" else f"{name}.yaml")
        paths[name].write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    configs = {"frontend": paths.pop("app")} if "app" in paths else {}

    def complete(found: answering.Answers) -> answering.Answers:
        return scaffold.complete_answers(found, REPOSITORY, ask=False)

    return import_form(Files(values=paths, configs=configs), answering.read(None, given), given, REPOSITORY, complete)


def rendered(form: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values of every component of the only environment, as Helm reads them."""
    charts = catalog()
    completed = config.build(form, charts, read_assets(REPOSITORY, form))
    first = completed.environments[0]
    return {
        one.name: yaml.load(values(first, one, completed, charts), Loader=LOADER)  # noqa: S506  # it is the safe one
        for one in first.components
    }


def leaves(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(data, Mapping) and data:
        for key, child in data.items():
            yield from leaves(child, (*place, key))
    else:
        yield place, data


def without(data: Any, place: Place) -> Any:
    shorter = copy.deepcopy(data)
    owner = at(shorter, *place[:-1])
    del owner[place[-1]]
    return shorter


def lost(today: Mapping[str, Any], now: Mapping[str, Any], remarks: tuple[Problem, ...]) -> list[str]:
    """List what the files say and the application reads, the rendered values and charts do not, and no remark tells."""
    told = {remark.path for remark in remarks if remark.rule != "other-municipality"}
    newest = catalog().releases[0]
    found = []
    for place, value in leaves(today):
        component = catalog().components[str(place[0])]
        if does_nothing(component, newest, place[1:]):
            continue
        have, default = at(now, *place), chart_default(component, newest, place[1:])
        is_told = any(dotted(place[1:][:length]) in told for length in range(1, len(place)))
        if not (contains(have, value) or (have is None and same(default, value)) or is_told):
            found.append(f"{dotted(place)}: {have!r}, not {value!r}")
    return found


def contains(now: Any, wanted: Any) -> bool:
    """Tell whether a value is what was wanted; a list of named items may have more of them."""
    if isinstance(now, list) and isinstance(wanted, list) and all(isinstance(item, dict) for item in wanted):
        return all(any(same(item, one) for one in now) for item in wanted)
    return same(now, wanted) or (wanted == {} and now is not None)


def assert_right(result: Imported) -> None:
    """Assert that the form has no errors, and nothing that is not needed."""
    problems = check(reader.parse(result.answers.document.text, FORM_FILE), catalog(), REPOSITORY)[1]
    assert [problem.message for problem in problems if problem.severity is Severity.ERROR] == []
    bare = {key: value for key, value in result.form.items() if key != "overrides"}
    now = rendered(bare)
    for place, value in leaves(result.form.get("overrides", {})):
        assert not place or not same(at(now, *place), value), f"override {dotted(place)} is rendered anyway"


def assert_short(result: Imported) -> None:
    """Assert that every setting of a form is needed for what is rendered."""
    bare = {key: value for key, value in result.form.items() if key != "overrides"}
    now = rendered(bare)
    kept = {"apiVersion", "repository", "delivery", "environments", "overrides", "municipality", "version"}
    asked = {question.place for question in answering.questions(result.form)}
    for place, _ in leaves({key: value for key, value in bare.items() if key not in kept}):
        if place not in asked:
            with suppress(UndefinedError):  # the rest is incomplete without it
                assert rendered(without(bare, place)) != now, f"{dotted(place)} follows by itself"


# --- Amsterdam


def test_amsterdam_keeps_exactly_its_configuration(tmp_path: Path) -> None:
    result = imported(tmp_path, OPEN, app=unflattened(AMSTERDAM))
    assert dict(flat(rendered(result.form)["frontend"]["config"])) == AMSTERDAM
    assert_right(result)
    assert_short(result)
    assert result.remarks == ()


def test_amsterdam_with_only_what_differs_from_the_image_keeps_exactly_its_configuration(tmp_path: Path) -> None:
    """The image has Amsterdam's map and logo by itself; Amsterdam's own file need not say them."""
    said = {
        key: value
        for key, value in AMSTERDAM.items()
        if not key.startswith(("logo.", "theme.", "head.", "map.options.center", "map.optionsI", "oidc.responseT"))
    }
    said["oidc.responseType"] = "code"
    result = imported(tmp_path, OPEN, app=unflattened(said))
    assert dict(flat(rendered(result.form)["frontend"]["config"])) == AMSTERDAM
    assert_right(result)


def test_what_has_a_name_goes_under_its_name(tmp_path: Path) -> None:
    form = imported(tmp_path, OPEN, app=unflattened(AMSTERDAM)).form
    expected = {
        "municipality.code": "GM0363",
        "environments.acceptance.domain": "acc.meldingen.amsterdam.nl",
        "contact.phone": "14 020",
        "contact.openingHours": AMSTERDAM["language.helpText"],
        "contact.urgentText": AMSTERDAM["language.urgentContactInfo"],
        "links.home": "https://www.amsterdam.nl",
        "links.about": "https://www.amsterdam.nl/overdezesite/",
        "links.accessibility": "/toegankelijkheidsverklaring",
        "branding.logoDescription": "Gemeente Amsterdam logo - Home",
        "branding.logoSize.width": 153,
        "branding.logoSize.smallHeight": 29,
        "branding.colors.secondary": "#ec0000",
        "branding.colors.toolbar": "#fff",
        "texts.district": "Deelgebied",
        "texts.help": AMSTERDAM["language.helpTextHeader"],
        "identity.issuer": "https://acc.iam.amsterdam.nl/auth/realms/datapunt-ad-acc",
        "identity.clientId": "sia-frontend",
        "identity.scope": "openid",
        "features.amsterdamCategories": True,
        "features.myIncidents": True,
        "features.standardTexts": True,
        "map.center": [52.3731081, 4.8932945],
        "map.municipalities": ["Ouder-Amstel", "Weesp"],
        "map.areaType": "ggw",
        "map.nearRadius": 100,
        "map.background.subdomains": ["t1", "t2", "t3", "t4"],
        "map.background.tms": True,
        "map.layers.clocks": AMSTERDAM["map.layers.klokken"],
        "analytics.azureConnectionString": AMSTERDAM["azure.connectionString"],
    }
    assert {path: at(form, *path.split(".")) for path in expected} == expected


def test_what_is_a_default_or_follows_is_left_out_and_few_overrides_remain(tmp_path: Path) -> None:
    form = imported(tmp_path, OPEN, app=unflattened(AMSTERDAM)).form
    for path in (
        "branding.title",
        "branding.colors.primary",
        "branding.colors.primaryDark",
        "branding.colors.secondaryDark",
        "identity.realm",
        "identity.responseType",
        "map.zoom",
        "features.csvExport",
        "environments.acceptance.hosts",
    ):
        assert at(form, *path.split(".")) is None, path
    assert sorted(".".join(map(str, place)) for place, _ in leaves(form["overrides"]["frontend"]["config"])) == [
        "head.androidIcon",
        "head.favicon",
        "head.iosIcon",
        "language.siteAddress",
        "language.siteTitle",
        "logo.url",
        "map.keys.dataPlatform",
        "map.options.maxNumberOfAssets.bomen",
        "map.optionsAreaMap.zoom",
    ]


# --- the backend


BACKEND = {
    "image": {"tag": "2.50.10"},
    "tags": {"postgresql": False, "rabbitmq": True, "elasticsearch": True},
    "existingSecret": "signalen",
    "settings": {
        "environment": "production",
        "organizationName": "Gemeente Utrecht",
        "frontendUrl": "https://meldingen.utrecht.nl",
        "defaultPdokMunicipalities": "Utrecht,Zeist",
        "defaultFromEmail": "Gemeente Utrecht <noreply@utrecht.nl>",
        "jwksUrl": "https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/discovery/v2.0/keys",
        "userIdField": "email,preferred_username",
        "email": {"hostname": "smtp.utrecht.nl", "port": 465, "useSSL": True, "useTLS": False},
        "celeryEmailBackend": "django.core.mail.backends.smtp.EmailBackend",
        "database": {"host": "postgres.utrecht.nl", "port": "5433", "username": "signalen@db", "name": "signalen"},
        "systemMailFeedbackReceivedEnabled": True,
    },
    "env": {
        "SIGNALS_API_BASE": "https://api.meldingen.utrecht.nl",
        "MY_SIGNALS_ENABLED": "True",
        "OIDC_RP_CLIENT_ID": "signalen-utrecht",
        "AZURE_STORAGE_ENABLED": "True",
        "AZURE_STORAGE_ACCOUNT_NAME": "utrecht",
        "AZURE_STORAGE_CONTAINER_NAME": "fotos",
    },
    "ingress": {"className": "traefik"},
    "resources": {"requests": {"cpu": "600m", "memory": "1Gi"}},
    "tolerations": [{"key": "signalen", "operator": "Exists"}],
}
BACKEND_OPEN = [
    "contact.phone=14 030",
    "contact.email=noreply@utrecht.nl",
    "repository.url=https://git.example.nl/utrecht/signalen.git",
]


def test_backend_values_give_a_form(tmp_path: Path) -> None:
    result = imported(tmp_path, BACKEND_OPEN, backend=BACKEND)
    assert result.remarks == ()
    assert_right(result)
    assert lost({"backend": BACKEND}, rendered(result.form), ()) == ["backend.image.tag: None, not '2.50.10'"]
    form = {key: value for key, value in result.form.items() if key not in ("apiVersion", "delivery", "repository")}
    assert form == {
        "municipality": {"code": "GM0344"},
        "contact": {"phone": "14 030", "email": "noreply@utrecht.nl"},
        "environments": {
            "production": {
                "domain": "meldingen.utrecht.nl",
                "version": "4.23.0",
                "cluster": {"namespace": "signalen-utrecht-production"},
            }
        },
        "map": {"municipalities": ["Zeist"]},
        "resources": {"backend": {"requests": {"cpu": "600m"}}},
        "identity": {
            "issuer": "https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/v2.0",
            "clientId": "signalen-utrecht",
        },
        "email": {"smtp": {"host": "smtp.utrecht.nl", "security": "tls"}},
        "database": {"host": "postgres.utrecht.nl", "port": 5433, "user": "signalen@db"},
        "storage": {"azure": {"account": "utrecht", "container": "fotos"}},
        "features": {"myIncidents": True, "feedbackReceivedMail": True},
        "cluster": {"ingressClass": "traefik"},
        "overrides": {
            "backend": {"existingSecret": "signalen", "tolerations": [{"key": "signalen", "operator": "Exists"}]}
        },
    }


def test_secrets_are_not_copied_and_the_remark_says_where_they_belong(tmp_path: Path) -> None:
    secret = "s3cr3t-of-utrecht"  # made up
    backend = {
        "settings": {"secretKey": secret, "database": {"password": secret}, "environment": "acceptance"},
        "env": {"OIDC_RP_CLIENT_SECRET": secret},
        "envVars": [{"name": "SENTRY_DSN", "value": secret}, {"name": "A", "value": "b"}],
    }
    result = imported(tmp_path, REST, backend=backend)
    assert_right(result)
    assert secret not in json.dumps(result.form)
    assert secret not in "".join(f"{one.message}{one.hint}{one.source}" for one in result.remarks)
    found = {remark.path: remark for remark in result.remarks if remark.rule == "plain-secret"}
    assert sorted(found) == [
        "env.OIDC_RP_CLIENT_SECRET",
        "envVars[0].value",
        "settings.database.password",
        "settings.secretKey",
    ]
    assert (
        "the key DATABASE_PASSWORD of the Secret signalen-backend-secrets" in found["settings.database.password"].hint
    )
    assert "the key SECRET_KEY of the Secret signalen-backend-secrets" in found["settings.secretKey"].hint
    assert all(remark.severity is Severity.WARNING for remark in result.remarks)
    names = [item["name"] for item in rendered(result.form)["backend"]["envVars"]]
    assert names == ["A", "POD_IP", "ALLOWED_HOSTS"]


def test_password_of_the_mail_server_belongs_in_the_secret_of_the_backend(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, backend={"settings": {"email": {"password": "s3cr3t-of-utrecht"}}})
    (remark,) = result.remarks
    assert remark.message == "'settings.email.password' holds a secret in plain text, and is not copied"
    assert "the key EMAIL_HOST_PASSWORD of the Secret signalen-backend-secrets" in remark.hint


@pytest.mark.parametrize("key", ["2x", "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOjYwNDg4MTc4.0Odut9WJocxU6rw_Dth"])
def test_key_that_every_browser_gets_is_no_secret(tmp_path: Path, key: str) -> None:
    app = unflattened(AMSTERDAM)
    app["map"]["keys"]["dataPlatform"] = key
    result = imported(tmp_path, OPEN, app=app)
    assert result.remarks == ()
    assert_right(result)
    assert rendered(result.form)["frontend"]["config"]["map"]["keys"]["dataPlatform"] == key


def test_password_in_the_configuration_of_the_site_stays_one(tmp_path: Path) -> None:
    app = {"apiBaseUrl": "https://admin:s3cr3t-of-utrecht@api.utrecht.nl"}
    result = imported(tmp_path, REST, app=app)
    assert [remark.path for remark in result.remarks if remark.rule == "plain-secret"] == ["apiBaseUrl"]
    assert "s3cr3t" not in json.dumps(result.form)


def test_what_the_chart_or_a_rule_refuses_is_told_with_its_place(tmp_path: Path) -> None:
    backend = """\
settings:
  allowedHosts: "*"
  organisationName: Gemeente Utrecht
uwsgi:
  proceses: 4
env:
  CORS_ALLOW_ALL_ORIGINS: "true"
"""
    result = imported(tmp_path, REST, backend=backend)
    assert_right(result)
    told = {remark.path: (remark.line, remark.rule) for remark in result.remarks if remark.rule == "not-imported"}
    assert told == {
        "settings.allowedHosts": (2, "not-imported"),
        "settings.organisationName": (3, "not-imported"),
        "uwsgi.proceses": (5, "not-imported"),
        "env.CORS_ALLOW_ALL_ORIGINS": (7, "not-imported"),
    }


def test_value_that_the_named_setting_refuses_becomes_an_override(tmp_path: Path) -> None:
    app = {"logo": {"height": "120px"}}
    result = imported(tmp_path, REST, app=app)
    assert_right(result)
    assert result.form["overrides"]["frontend"]["config"]["logo"]["height"] == "120px"


def test_what_is_amsterdams_in_the_files_is_told(tmp_path: Path) -> None:
    app = {"links": {"home": "https://www.amsterdam.nl"}, "language": {"phoneNumber": "14 020"}}
    result = imported(tmp_path, REST, app=app)
    told = {remark.path: remark.message for remark in result.remarks if remark.rule == "other-municipality"}
    assert "www.amsterdam.nl" in told["links.home"]
    assert "14 020" in told["language.phoneNumber"]
    # What the file leaves to the image.
    assert {"config.map.options.center", "config.map.options.maxBounds", "config.logo.url"} <= set(told)


def test_what_the_image_has_of_amsterdam_does_not_come_along(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app={"language": {"title": "Meldingen"}})
    site = rendered(result.form)["frontend"]["config"]
    assert site["map"]["municipality"] == '"\'s-hertogenbosch"'
    assert not [value for _, value in leaves(site) if "amsterdam" in str(value).lower()]
    assert site["featureFlags"]["fetchDistrictsFromBackend"] is False  # as the image has it


# --- versions


@pytest.mark.parametrize(
    ("tags", "version", "told"),
    [
        ({"backend": "2.50.10"}, "4.23.0", False),
        ({"backend": "2.50.5", "frontend": "2.27.3"}, "4.22.0", False),
        ({}, catalog().releases[0], True),
        ({"backend": "latest"}, catalog().releases[0], True),
    ],
)
def test_release_follows_from_the_images(tmp_path: Path, tags: dict[str, str], version: str, told: bool) -> None:
    given = [setting for setting in REST if "version" not in setting]
    today = {"backend": {"replicaCount": 2, "persistence": {"media": {"enabled": False}}}, "frontend": {}} | {
        name: {"replicaCount": 2, "image": {"tag": tag}, "env": {"AZURE_STORAGE_ENABLED": True}}
        if name == "backend"
        else {"image": {"tag": tag}}
        for name, tag in tags.items()
    }
    given += ["storage.azure.account=bosch"]
    result = imported(tmp_path, given, **{name: data for name, data in today.items() if data})
    assert result.form["environments"]["acceptance"]["version"] == version
    assert any(remark.rule == "release-unknown" for remark in result.remarks) == told
    kept = at(result.form, "overrides", "backend", "image", "tag")
    assert kept == ("latest" if tags.get("backend") == "latest" else None)


def test_answers_go_before_the_files(tmp_path: Path) -> None:
    result = imported(
        tmp_path, [*BACKEND_OPEN, "municipality=GM0355", "environments.test.domain=x.zeist.nl"], backend=BACKEND
    )
    assert result.form["municipality"] == {"code": "GM0355"}
    assert list(result.form["environments"]) == ["test"]
    assert result.form["environments"]["test"]["domain"] == "x.zeist.nl"
    told = {remark.path for remark in result.remarks if remark.rule == "answered-otherwise"}
    assert told == {
        "settings.frontendUrl",
        "settings.organizationName",
        "settings.defaultPdokMunicipalities",
        "env.SIGNALS_API_BASE",
    }
    # And in everything else the backend gets what it had.
    assert lost({"backend": BACKEND}, rendered(result.form), result.remarks) == [
        "backend.image.tag: None, not '2.50.10'"
    ]
    assert_right(result)


# --- wrong input


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"a": 1,\n "b": }', 2, 7), ("", 1, 1), ("[1]", 1, 1), ("{" * 100_000, 1, 1)],
)
def test_wrong_json_is_a_problem_with_its_place(tmp_path: Path, text: str, line: int, column: int) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(tmp_path, REST, app=text)
    problem = error.value.problems[0]
    assert problem.file.endswith("app.json")
    assert (problem.line, problem.column) == (line, column) or text.startswith("{{")


def test_key_that_is_in_json_twice_counts_as_for_the_site(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app='{"language": {"title": "Een",\n "title": "Twee"}}')
    assert_right(result)
    assert result.form["branding"]["title"] == "Twee"
    (remark,) = [one for one in result.remarks if one.rule == "duplicate-key"]
    assert (remark.severity, remark.line, remark.column) == (Severity.WARNING, 2, 2)


def test_json_with_tabs_and_surrogates_is_read(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app='{\n\t"language":\t{"headerTitle": "Melding \\ud83d\\ude00\\/"}\n}')
    assert result.form["branding"]["headerTitle"] == "Melding 😀/"


def test_nothing_to_import_and_missing_files_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to import"):
        import_form(Files(), answering.read(None, REST), REST, REPOSITORY, lambda found: found)
    with pytest.raises(UsageError, match="cannot read"):
        run(tmp_path / "x", Files(values={"backend": tmp_path / "no"}), None, REST, ask=False, force=False, git=False)
    assert not (tmp_path / "x").exists()


def test_what_is_not_in_the_files_and_not_answered_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(tmp_path, [], app=unflattened(AMSTERDAM))
    assert {problem.path for problem in error.value.problems} == {"contact.email", "repository.url"}
    assert "--set contact.email=" in error.value.problems[0].hint


# --- the repository


def test_import_makes_a_repository_of_the_form(tmp_path: Path) -> None:
    backend = tmp_path / "values.yaml"
    backend.write_text(json.dumps(BACKEND), encoding="utf-8")
    result, remarks = run(
        tmp_path / "utrecht", Files(values={"backend": backend}), None, BACKEND_OPEN, ask=False, force=False, git=True
    )
    assert remarks == ()
    assert result.commit
    assert (tmp_path / "utrecht" / "clusters/production/values/signalen-backend.yaml").is_file()
    lines = (tmp_path / "utrecht" / FORM_FILE).read_text(encoding="utf-8").splitlines()
    for warning in result.warnings:
        assert warning.file == FORM_FILE
        assert lines[warning.line - 1] == warning.source


# --- any municipality


@cache
def golden_values() -> dict[str, dict[str, Any]]:
    """Return the values of the first environment of each example form, with the answers that values do not tell."""
    found = {}
    for path in example_forms():
        data = reader.read(path).data
        name = next(iter(data["environments"]))
        form = {**data, "environments": {name: data["environments"][name]}}
        today = {key: value for key, value in rendered(form).items() if key in VALUES}
        first = config.build(form, catalog(), {}).environments[0]
        code = first.settings["municipality"]["code"]
        answers = [
            f"municipality.code={code}",
            f"contact.email={first.settings['contact']['email']}",
            f"identity.issuer={first.settings['identity']['issuer']}",
            f"repository.url={first.settings['repository']['url']}",
            f"environments.{name}.version={first.version}",
        ]
        found[path.stem] = {"today": today, "answers": answers}
    return found


@pytest.mark.parametrize("form", [path.stem for path in example_forms()])
def test_what_a_form_renders_to_gives_the_same_again(tmp_path: Path, form: str) -> None:
    known = golden_values()[form]
    result = imported(tmp_path, known["answers"], **known["today"])
    assert lost(known["today"], rendered(result.form), result.remarks) == []
    assert_right(result)
    assert_short(result)
    assert [remark for remark in result.remarks if remark.rule not in ("other-municipality",)] == []


def some_values(value: Any) -> st.SearchStrategy[Any]:
    """Return other values for a place: of the same kind, as a municipality could have them."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int):
        return st.integers(1, 30)
    if isinstance(value, str):
        words = st.sampled_from(
            ["no", "Ander", "https://www.utrecht.nl/x", "x.utrecht.nl", "14 030", "5", "a b: c", "é"]
        )
        return st.one_of(words, st.just(value.upper()), st.just(f"{value}x"))
    return st.just(value)


# What a choice asks for beside it, and a file from which something was deleted does not tell.
INCOMPLETE = {
    "host-missing",
    "identity-endpoints",
    "mail-incomplete",
    "missing-key",
    "response-type",
    "sigmax-server",
    "storage-incomplete",
}


# Shrinking takes minutes here; what fails is printed as it was drawn.
@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_whatever_was_changed_by_hand_is_kept_or_told(tmp_path: Path, data: st.DataObject) -> None:
    known = golden_values()[data.draw(st.sampled_from(sorted(golden_values())))]
    today = copy.deepcopy(known["today"])
    places = [place for place, value in leaves(today) if not isinstance(value, list | dict) and value is not None]
    for place in data.draw(st.lists(st.sampled_from(places), max_size=12, unique=True)):
        owner = at(today, *place[:-1])
        if data.draw(st.integers(0, 3)) == 0 and place[1] != "config":
            del owner[place[-1]]
        else:
            owner[place[-1]] = data.draw(some_values(owner[place[-1]]))
    try:
        result = imported(tmp_path, known["answers"], **today)
    except ProblemsError as error:
        # The person is told what to answer, or that the answer in the file is no such one.
        asked = {dotted(question.place) for question in answering.questions(reader.read(example_forms()[0]).data)}
        asked |= {problem.path for problem in error.problems if problem.path.endswith(".domain")}
        assert {problem.rule for problem in error.problems if problem.path not in asked} <= INCOMPLETE
        return
    assert lost(today, rendered(result.form), result.remarks) == []
    assert_right(result)


def test_lists_are_merged_by_index_as_the_image_does() -> None:
    assert lodash({"a": [1, 2, 3], "b": {"c": 1}}, {"a": [9], "b": {"d": 2}}) == {"a": [9, 2, 3], "b": {"c": 1, "d": 2}}
    assert lodash({"a": [[1, 2], [3, 4]]}, {"a": [[0]]}) == {"a": [[0, 2], [3, 4]]}
    assert lodash({"a": {"b": 1}}, {"a": [1]}) == {"a": [1]}


def test_every_setting_that_is_read_back_is_one_of_the_form() -> None:
    known = {".".join(path).removeprefix("environments.*.") for path, _ in form_settings()}
    for component in catalog().components.values():
        for place, ways in _ways(component.folder):
            for way in ways:
                text = inline(way) if isinstance(way, dict) else way
                name = way.get("setting") if isinstance(way, dict) else way
                name = name or way["text"]
                name = name[name.index("{") + 1 : name.index("}")] if "{" in name else name
                assert name == "environments.*" or name in known, f"{component.name} {place}: {text}"
