"""`signalen import`: one fact, one truth; what is written in an old way; what the form refuses."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import config_key_versions
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError
from signalen_toolkit.documents.data import at
from signalen_toolkit.form import derive, municipalities
from signalen_toolkit.importing import base
from signalen_toolkit.importing.remarks import take_out
from signalen_toolkit.importing.run import Imported

from tests.importing.test_importing import REST, assert_right, imported, rendered

ENTRA = "https://login.microsoftonline.com/8f3b1d8e-9d57-4f3f-8a2c-0a8f6f2d7c11/v2.0"
OWN_API = "api://3f0c6a7e-5a0f-4d7e-9f1c-6f3a2f6f7b10/signalen"  # without it the token is for Microsoft Graph


def answers(*without: str) -> list[str]:
    return [setting for setting in REST if not setting.startswith(without)] if without else REST


def told(result: Imported, rule: str) -> dict[str, tuple[int, int]]:
    return {one.path: (one.line, one.column) for one in result.remarks if one.rule == rule}


def problems(folder: Path, given: list[str], **today: Any) -> list[Problem]:
    with pytest.raises(ProblemsError) as error:
        imported(folder, given, **today)
    return list(error.value.problems)


def assert_nothing_of(result: Imported, *words: str) -> None:
    text = json.dumps(rendered(result.form))
    assert [word for word in words if word in text] == []


# --- answers


def test_an_answer_wins_everywhere_and_what_the_files_say_is_told(tmp_path: Path) -> None:
    app = """\
{"apiBaseUrl": "http://localhost:8000",
 "oidc": {"authEndpoint": "http://localhost:5556/auth",
          "clientId": "oud-id", "realm": "oud"},
 "map": {"municipality": "utrecht", "options": {"center": [52.1, 5.1]}},
 "language": {"phoneNumber": "14 030",
              "helpTextHeader": "Bel [14 030](tel:14030)",
              "siteAddress": "oud.nl"}}
"""
    backend = """\
settings:
  frontendUrl: https://oud.nl
  organizationName: Gemeente Utrecht
  jwksUrl: https://id.oud.nl/realms/oud/protocol/openid-connect/certs
env:
  OIDC_OP_ISSUER: https://id.oud.nl/realms/oud
  OIDC_RP_CLIENT_ID: oud-id
  SIGNALS_API_BASE: https://api.oud.nl
"""
    result = imported(tmp_path, REST, app=app, backend=backend)
    assert_right(result)
    assert_nothing_of(result, "oud", "localhost", "14 030", "utrecht")
    assert not result.form.get("overrides", {}).get("backend")
    places = told(result, "answered-otherwise")
    assert places == {
        "oidc.authEndpoint": (2, 27),
        "oidc.clientId": (3, 23),
        "oidc.realm": (3, 42),
        "map.municipality": (4, 26),
        "map.options.center": (4, 59),
        "language.phoneNumber": (5, 30),
        "language.helpTextHeader": (6, 33),
        "language.siteAddress": (7, 30),
        "settings.frontendUrl": (2, 16),
        "settings.organizationName": (3, 21),
        "settings.jwksUrl": (4, 12),
        "env.OIDC_OP_ISSUER": (6, 19),
        "env.OIDC_RP_CLIENT_ID": (7, 22),
        "env.SIGNALS_API_BASE": (8, 21),
    }
    assert set(told(result, "not-imported")) >= {"apiBaseUrl"}
    remark = next(one for one in result.remarks if one.path == "oidc.clientId")
    assert remark.message.startswith("'identity.clientId' is answered as")
    assert remark.message.endswith("and goes before 'oidc.clientId'")


def test_what_the_files_say_beside_the_answers_is_kept(tmp_path: Path) -> None:
    """An answer overrules what contradicts it; what it says nothing about stays what it was."""
    app = {
        "apiBaseUrl": "https://meldingen-api.s-hertogenbosch.nl",
        "oidc": {"authEndpoint": ENTRA.replace("v2.0", "oauth2/v2.0/authorize"), "scope": f"openid email {OWN_API}"},
    }
    result = imported(tmp_path, REST, app=app)
    assert at(result.form, "environments", "acceptance", "hosts", "backend") == "meldingen-api.s-hertogenbosch.nl"
    assert at(result.form, "identity", "scope") == f"openid email {OWN_API}"
    assert told(result, "answered-otherwise") == {}


def test_address_in_a_title_takes_no_host_along(tmp_path: Path) -> None:
    app = {"apiBaseUrl": "https://acc.api.s-hertogenbosch.nl", "language": {"siteAddress": "meldingen.nl"}}
    result = imported(tmp_path, REST, app=app)
    assert_right(result)
    assert result.form["environments"]["acceptance"]["hosts"] == {"backend": "acc.api.s-hertogenbosch.nl"}
    assert set(told(result, "answered-otherwise")) == {"language.siteAddress"}


def test_what_the_image_has_for_signing_in_is_that_of_a_developer(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app={"language": {"title": "Melden"}})
    assert "oidc" not in result.form.get("overrides", {}).get("frontend", {}).get("config", {})


# --- old spellings


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("(0294) 49 13 91", "0294 49 13 91"),
        ("073/615 51 55", "073 615 51 55"),
        ("073.615.51.55", "073 615 51 55"),
        ("+31 (0)73 615 51 55", "+31 73 615 51 55"),
        ("0031 73 615 51 55", "0031 73 615 51 55"),
        ("070\N{EN DASH}373\N{NO-BREAK SPACE}8393", "070-373 8393"),
        ("14 073", "14 073"),
    ],
)
def test_telephone_number_in_another_notation(tmp_path: Path, written: str, expected: str) -> None:
    result = imported(tmp_path, answers("contact.phone"), app={"language": {"phoneNumber": written}})
    assert_right(result)
    assert result.form["contact"]["phone"] == expected
    assert rendered(result.form)["frontend"]["config"]["language"]["phoneNumber"] == expected


def test_number_with_the_country_in_front_is_dialled_right() -> None:
    assert derive.dialled("0031 73 615 51 55") == derive.dialled("073 615 51 55") == "+31736155155"


def test_class_of_an_ingress_as_an_annotation(tmp_path: Path) -> None:
    ingress = {"annotations": {"kubernetes.io/ingress.class": "azure/application-gateway"}}
    result = imported(tmp_path, REST, backend={"ingress": ingress}, frontend={"ingress": ingress})
    assert_right(result)
    assert result.form["cluster"] == {"ingressClass": "azure-application-gateway"}
    for name in ("backend", "frontend"):
        found = rendered(result.form)[name]["ingress"]
        assert found["className"] == "azure-application-gateway"
        assert "kubernetes.io/ingress.class" not in found["annotations"]


def test_another_class_beside_the_field_is_told(tmp_path: Path) -> None:
    ingress = {"className": "traefik", "annotations": {"kubernetes.io/ingress.class": "nginx"}}
    result = imported(tmp_path, REST, backend={"ingress": ingress})
    assert_right(result)
    assert result.form["cluster"] == {"ingressClass": "traefik"}
    assert list(told(result, "not-imported")) == ['ingress.annotations["kubernetes.io/ingress.class"]']


def test_keycloak_is_read_as_the_sign_in(tmp_path: Path) -> None:
    app = """\
{"oidc": {"authEndpoint": "https://oud.nl/auth", "clientId": "oud"},
 "keycloak": {"authEndpoint": "https://id.utrecht.nl/auth", "realm": "signalen",
              "clientId": 5}}
"""
    given = answers("identity")
    result = imported(tmp_path, given, app=app.replace("5", '"site"'))
    assert_right(result)
    assert result.form["identity"] == {"issuer": "https://id.utrecht.nl/auth/realms/signalen", "clientId": "site"}
    assert told(result, "not-imported") == {"oidc": (1, 2)}
    values = {"config": json.loads(app.replace("5", '"site"'))}
    assert imported(tmp_path, given, frontend=values).form["identity"] == result.form["identity"]


@pytest.mark.parametrize("given", [[], ["municipality=GM0166"]])
def test_municipalities_as_a_list(tmp_path: Path, given: list[str]) -> None:
    app = {"map": {"municipality": ["zwolle", "kampen"]}}
    result = imported(tmp_path, [*answers("municipality"), *given], app=app)
    assert_right(result)
    expected = ("GM0166", "Zwolle") if given else ("GM0193", "Kampen")
    assert (result.form["municipality"]["code"], *result.form["map"]["municipalities"]) == expected
    assert told(result, "not-imported") == {}


def test_municipality_that_is_part_of_another(tmp_path: Path) -> None:
    result = imported(tmp_path, answers("municipality"), app={"map": {"municipality": '"uden"'}})
    assert_right(result)
    assert result.form["municipality"]["code"] == "GM1991"
    (remark,) = [one for one in result.remarks if one.rule == "merged-municipality"]
    assert (remark.message, remark.line) == ("'Uden' is part of Maashorst since 2022", 1)
    assert rendered(result.form)["frontend"]["config"]["map"]["municipality"] == "maashorst"


def test_municipality_that_is_part_of_several_is_for_a_person_to_decide(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, answers("municipality"), backend="settings:\n  defaultPdokMunicipalities: Haaren\n")
    assert problem.message == "'Haaren' is part of Boxtel, Oisterwijk, Tilburg and Vught since 2021"
    assert (problem.file.rpartition("/")[2], problem.line) == ("backend.yaml", 2)


def test_corners_of_the_map_in_any_order(tmp_path: Path) -> None:
    app = {"map": {"options": {"maxBounds": [[51.85, 5.46], [51.6, 5.12]]}}}
    result = imported(tmp_path, REST, app=app)
    assert_right(result)
    assert result.form["map"]["bounds"] == [[51.6, 5.12], [51.85, 5.46]]
    assert rendered(result.form)["frontend"]["config"]["map"]["options"]["maxBounds"] == [[51.6, 5.12], [51.85, 5.46]]
    assert told(result, "bounds-order") == {}


# --- refused


def test_what_a_rule_refuses_comes_in_under_no_other_name(tmp_path: Path) -> None:
    app = {"map": {"options": {"center": [48.85, 2.35]}}, "oidc": {"authEndpoint": "http://id.x.nl/auth"}}
    result = imported(tmp_path, [*answers("identity.issuer"), "identity.issuer=https://id.x.nl/realms/x"], app=app)
    assert_right(result)
    assert {"map.options.center", "oidc.authEndpoint"} <= {one.path for one in result.remarks}
    config = rendered(result.form)["frontend"]["config"]
    assert config["map"]["options"]["center"] != [48.85, 2.35]
    assert config["oidc"]["authEndpoint"] != "http://id.x.nl/auth"


@pytest.mark.parametrize(
    ("app", "without", "rule"),
    [
        ({"language": {"phoneNumber": "14 073 (lokaal tarief)"}}, "contact.phone", "wrong-format"),
        ({"language": {"phoneNumber": "+4589404400"}}, "contact.phone", "wrong-format"),
        ({"map": {"municipality": "aarhus"}}, "municipality", "unknown-municipality"),
    ],
)
def test_what_the_form_refuses_is_not_called_missing(
    tmp_path: Path, app: dict[str, Any], without: str, rule: str
) -> None:
    (problem,) = problems(tmp_path, answers(without), app=app)
    assert (problem.rule, problem.file.rpartition("/")[2], problem.line) == (rule, "app.json", 1)


# --- nothing in the place of something


def test_what_has_no_place_leaves_no_empty_list(tmp_path: Path) -> None:
    frontend = """\
ingress:
  hosts:
    - host: s-hertogenbosch.signalen.dev
      paths:
        - {path: /, port: 80}
    - host: www.s-hertogenbosch.signalen.dev
      paths:
        - {path: /, pathType: Prefix}
"""
    result = imported(tmp_path, REST, frontend=frontend)
    assert_right(result)
    assert "overrides" not in result.form
    assert rendered(result.form)["frontend"]["ingress"]["hosts"][0]["host"] == "s-hertogenbosch.signalen.dev"
    assert list(told(result, "not-imported")) == ["ingress.hosts[0].paths[0].port"]


def test_values_of_the_chart_itself_take_nothing_away(tmp_path: Path) -> None:
    frontend = {"ingress": {"hosts": [], "tls": [], "annotations": {}}, "tolerations": [], "extraVolumes": []}
    result = imported(tmp_path, REST, frontend=frontend)
    assert_right(result)
    assert "overrides" not in result.form
    assert list(told(result, "not-imported")) == ["ingress.hosts", "ingress.tls"]


@pytest.mark.parametrize(
    ("place", "left"),
    [
        (("a", 0, "b", 0, "c"), {"x": 1}),
        (("a", 0, "d"), {"x": 1}),
        (("x",), {"a": [{"b": [{"c": 1}], "d": 2}]}),
    ],
)
def test_taking_out_leaves_nothing_empty(place: tuple[str | int, ...], left: dict[str, Any]) -> None:
    data = {"a": [{"b": [{"c": 1}], "d": 2}], "x": 1}
    take_out(data, place)
    assert data == left


# --- what the image has by itself


@pytest.mark.parametrize(
    ("tag", "release", "flags", "color", "flips"),
    [
        ("2.24.2", "4.17.0", (False, False), "#fff", 0),
        ("2.27.6", "4.23.0", (True, False), "#fff", 0),
        ("2.11.3", "4.9.0", (None, False), "#ec0000", 0),
        ("2.8.1", "4.6.0", (None, True), "#ec0000", 3),
    ],
)
def test_what_a_file_leaves_to_the_image_is_that_of_its_version(
    tmp_path: Path, tag: str, release: str, flags: tuple[bool | None, bool], color: str, flips: int
) -> None:
    frontend = {"image": {"tag": tag}, "config": {"language": {"title": "Melden"}}}
    result = imported(tmp_path, answers("environments.acceptance.version"), frontend=frontend)
    assert_right(result)
    assert result.form["environments"]["acceptance"]["version"] == release
    site = rendered(result.form)["frontend"]["config"]
    names = ("enableForwardIncidentToExternal", "reporterMailHandledNegativeContactEnabled")
    assert tuple(site["featureFlags"].get(name) for name in names) == flags
    assert site["head"]["themeColor"] == color
    assert len(told(result, "image-default")) == flips
    assert "image" not in result.form.get("overrides", {}).get("frontend", {})


def test_what_another_version_has_otherwise_stays_and_is_told(tmp_path: Path) -> None:
    frontend = {"image": {"tag": "2.24.2"}, "config": {"language": {"title": "Melden"}}}
    result = imported(tmp_path, REST, frontend=frontend)
    assert_right(result)
    assert result.form["features"]["forwardToExternal"] is False
    assert {one.message for one in result.remarks if one.rule in ("image-default", "release-unknown")} == {
        (
            "'featureFlags.enableForwardIncidentToExternal' is not in this file: frontend 2.24.2 has false by itself,"
            " which 2.27.6 has not; it stays"
        ),
        "'image.tag' is 2.24.2, and release 4.23.0 has 2.27.6: the form has that",
    }


def test_what_differs_between_versions_is_told_where_the_version_is_not_known(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app={"language": {"title": "Melden"}})
    found = {one.path: one.message for one in result.remarks if one.rule == "image-default"}
    assert found["config.featureFlags.enableForwardIncidentToExternal"] == (
        "'featureFlags.enableForwardIncidentToExternal' is not in this file, and the image, whose version is not known,"
        " has by itself up to 2.25.0 false, from 2.26.0 true; that of 2.27.6 is taken"
    )


def test_texts_of_the_makers_of_signalen_are_told(tmp_path: Path) -> None:
    result = imported(tmp_path, REST, app={"language": {"title": "Melden"}})
    (remark,) = [one for one in result.remarks if "makers of Signalen" in one.message]
    assert "'links.privacy'" in remark.message


def test_every_default_of_the_image_is_one_of_its_configuration() -> None:
    component = catalog().components["frontend"]
    spans: dict[Any, list[Any]] = {}
    for place, one in base.defaults(component):
        assert config_key_versions(place[1:], component) is not None, place
        spans.setdefault(place, []).append(one)
    for ones in spans.values():
        assert (ones[0].since, ones[-1].until) == (None, None)
        assert all(before.until and after.since for before, after in itertools.pairwise(ones))


# --- the register


def test_every_former_municipality_leads_to_present_ones_and_to_itself() -> None:
    former = {one.name: one for one in municipalities._merged().values()}
    assert len(former) == 130
    for one in former.values():
        assert municipalities.named(one.name) == ()
        assert municipalities.merged(one.name) == one
        assert municipalities.merged(f"Gemeente {one.name}") == one
        assert not one.code or (municipalities.merged(one.code) == one and municipalities.by_code(one.code) is None)
        assert 2010 <= one.year <= 2023
        assert one.successors


def test_search_says_what_became_of_a_municipality() -> None:
    what, hint = municipalities.not_found("Weesp")
    assert (what, hint) == ("'Weesp' is part of Amsterdam since 2022", "write GM0363 for Amsterdam")
    assert municipalities.not_found("GM0457") == municipalities.not_found("Weesp")
