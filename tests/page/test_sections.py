"""Each kind of field takes an answer, and puts it into the form as a person would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base.paths import folder
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.documents import reader
from signalen_toolkit.form.schema import form_schema, resolve, settings
from signalen_toolkit.page.asking import outline, submitted
from signalen_toolkit.page.asking.texts import EMPTY, shown, typed
from signalen_toolkit.page.draft.store import DraftStore
from signalen_toolkit.page.draft.workplace import Opened, Workplace
from signalen_toolkit.page.views import shared

from tests.conftest import FORMS
from tests.support.pages import Visitor, text_of

BAD = sorted((FORMS / "bad").glob("*.yaml"))
LOGO = (folder("municipality-template") / "{{cookiecutter.repository_name}}/assets/icon-192.png").read_bytes()


def saved(visitor: Visitor) -> Any:
    """Save the draft, and return the form's data."""
    answer = visitor.send("/review", action="/save", page=visitor.get("/review"))
    assert answer.status_code == 200, text_of(answer.get_data(as_text=True))
    return reader.parse(visitor.form(), "f").data


@pytest.mark.parametrize(
    ("address", "answers", "place", "value"),
    [
        ("/section/contact", {"/contact/phone": "14 073"}, ("contact", "phone"), "14 073"),
        (
            "/section/contact",
            {"/contact/openingHours": "Regel 1\r\nRegel 2"},
            ("contact", "openingHours"),
            "Regel 1\nRegel 2",
        ),
        ("/section/map", {"/map/zoom": "9"}, ("map", "zoom"), 9),
        ("/section/features", {"/features/csvExport": "false"}, ("features", "csvExport"), False),
        ("/section/general", {"/profile": "large"}, ("profile",), "large"),
        ("/section/branding", {"/branding/colors/primary": "#123456"}, ("branding", "colors", "primary"), "#123456"),
        ("/section/network", {"/network/outside/0": "10.0.0.0/8"}, ("network", "outside"), ["10.0.0.0/8"]),
        ("/section/map", {"/map/center/0": "51,7", "/map/center/1": "5.3"}, ("map", "center"), [51.7, 5.3]),
        (
            "/environment/acceptance/contact",
            {"/environments/acceptance/contact/phone": "14 073"},
            ("environments", "acceptance", "contact", "phone"),
            "14 073",
        ),
        (
            "/environment/acceptance/general",
            {"/environments/acceptance/production": "false"},
            ("environments", "acceptance", "production"),
            False,
        ),
        (
            "/section/overrides",
            {"/overrides/frontend": "replicaCount: 2\n"},
            ("overrides", "frontend"),
            {"replicaCount": 2},
        ),
    ],
)
def test_a_field_of_each_kind_is_saved(
    visitor: Visitor, address: str, answers: dict[str, str], place: tuple[str, ...], value: Any
) -> None:
    assert visitor.send(address, answers, "save").status_code == 303
    data = saved(visitor)
    for part in place:
        data = data[part]
    assert repr(data) == repr(value)


def test_only_what_was_changed_changes_in_the_file(visitor: Visitor) -> None:
    before = visitor.form()
    for part in outline.parts():
        visitor.send(part.address, {}, "save")
    assert "Er is niets gewijzigd" in visitor.get("/review")
    visitor.send("/section/contact", {"/contact/phone": "14 073"}, "save")
    saved(visitor)
    assert visitor.form() == before.replace('"073 615 51 55"', '"14 073"')


def test_comments_quotes_and_order_of_a_person_stay(visitor: Visitor) -> None:
    path = visitor.directory / "municipality.yaml"
    own = visitor.form().replace('  phone: "073 615 51 55"', "  # van de balie\n  phone: '073 615 51 55'  # overdag")
    path.write_text(own, encoding="utf-8")
    visitor.send("/section/contact", {"/contact/phone": "14 073"}, "save")
    saved(visitor)
    assert visitor.form() == own.replace("'073 615 51 55'", "'14 073'")


def test_an_answer_that_is_taken_out_again_leaves_no_change(visitor: Visitor) -> None:
    before = visitor.form()
    visitor.send("/section/links", {"/links/home": "https://www.example.nl"}, "save")
    assert "De website van de gemeente" in visitor.get("/review")
    visitor.send("/section/links", {"/links/home": ""}, "save")
    assert "Er is niets gewijzigd" in visitor.get("/review")
    assert visitor.form() == before


def test_items_of_a_list_are_added_ordered_and_removed(visitor: Visitor) -> None:
    visitor.send("/section/components", {"/components/dex/enabled": "true"}, "save")
    page = visitor.send("/section/dex", {}, "add:/dex/connectors").get_data(as_text=True)
    assert "Aanmelddienst 1" in text_of(page)
    assert "/dex/connectors/0/tenant" not in page  # the kind is not chosen
    page = visitor.send("/section/dex", {"/dex/connectors/0/type": "microsoft"}, "refresh", page=page).get_data(
        as_text=True
    )
    answers = {"/dex/connectors/0/name": "Een", "/dex/connectors/0/tenant": "a.nl", "/dex/connectors/0/clientId": "1"}
    page = visitor.send("/section/dex", answers, "add:/dex/connectors", page=page).get_data(as_text=True)
    page = visitor.send("/section/dex", {"/dex/connectors/1/type": "oidc"}, "refresh", page=page).get_data(as_text=True)
    answers = {
        "/dex/connectors/1/name": "Twee",
        "/dex/connectors/1/clientId": "2",
        "/dex/connectors/1/issuer": "https://id.example.nl",
    }
    page = visitor.send("/section/dex", answers, "up:/dex/connectors/1", page=page).get_data(as_text=True)
    assert page.index('value="Twee"') < page.index('value="Een"')
    page = visitor.send("/section/dex", {}, "remove:/dex/connectors/1", page=page).get_data(as_text=True)
    assert visitor.send("/section/dex", {}, "save", page=page).status_code == 303
    assert saved(visitor)["dex"]["connectors"] == [
        {"type": "oidc", "name": "Twee", "clientId": "2", "issuer": "https://id.example.nl"}
    ]


def test_a_list_of_texts_has_an_empty_line_for_the_next(visitor: Visitor) -> None:
    name = "/identity/administrators"
    page = visitor.send("/section/identity", {f"{name}/0": "a@example.nl"}, f"more:{name}").get_data(as_text=True)
    page = visitor.send("/section/identity", {f"{name}/1": "b@example.nl"}, f"more:{name}", page=page).get_data(
        as_text=True
    )
    page = visitor.send("/section/identity", {}, f"down:{name}/0", page=page).get_data(as_text=True)
    assert visitor.send("/section/identity", {f"{name}/0": ""}, "save", page=page).status_code == 303
    assert saved(visitor)["identity"]["administrators"] == ["a@example.nl"]


def test_pairs_are_added_and_removed(visitor: Visitor) -> None:
    visitor.send("/section/cluster", {"/cluster/stacks/metrics": "true"}, "refresh")
    name = "/cluster/stacks/labels"
    visitor.send("/section/cluster", {f"{name}:key:0": "release", f"{name}:value:0": "kube"}, "save")
    visitor.send("/section/cluster", {f"{name}:key:1": "team/x", f"{name}:value:1": "1"}, "save")
    assert saved(visitor)["cluster"]["stacks"]["labels"] == {"release": "kube", "team/x": "1"}
    visitor.send("/section/cluster", {f"{name}:key:0": ""}, "save")
    assert saved(visitor)["cluster"]["stacks"]["labels"] == {"team/x": "1"}


def test_environments_are_added_ordered_and_removed(visitor: Visitor) -> None:
    answer = visitor.send("/environments", {"name": "production"}, "new:")
    assert answer.location == "/environment/production/general"
    address = "/environment/production/general"
    answers = {"/environments/production/domain": "meldingen.s-hertogenbosch.nl"}
    assert visitor.send(address, answers, "save").status_code == 303
    visitor.send("/environments", {}, "up:production")
    data = saved(visitor)
    assert list(data["environments"]) == ["production", "acceptance"]
    assert (visitor.directory / "clusters/production/kustomization.yaml").is_file()


@pytest.mark.parametrize("name", ["", "Productie", "acceptance", "a b", "../x", "-a", "x" * 40])
def test_an_environment_gets_a_name_that_it_can_have(visitor: Visitor, name: str) -> None:
    answer = visitor.send("/environments", {"name": name}, "new:")
    assert answer.status_code == 422
    assert "Er is een probleem" in answer.get_data(as_text=True)


def test_what_an_environment_inherits_and_overrides_is_seen_at_the_field(visitor: Visitor) -> None:
    own = "/environment/acceptance/contact"
    assert "Zoals in alle omgevingen: 073 615 51 55." in text_of(visitor.get(own))
    visitor.send(own, {"/environments/acceptance/contact/phone": "14 073"}, "save")
    assert "Alleen hier. In de andere omgevingen: 073 615 51 55." in text_of(visitor.get(own))
    assert "Anders in acceptance: 14 073" in text_of(visitor.get("/section/contact"))
    assert "Nu vanzelf: Meldingen 's-Hertogenbosch. Volgt uit: Meldingen en de naam." in text_of(
        visitor.get("/section/branding")
    ).replace("&#39;", "'")


def test_only_what_is_on_is_shown(visitor: Visitor) -> None:
    home = visitor.get("/")
    assert "/section/dex" not in home
    assert "/section/metrics" not in home
    assert "/email/smtp/host" not in visitor.get("/section/email")
    page = visitor.send("/section/email", {"/email/provider": "smtp"}, "refresh").get_data(as_text=True)
    assert "/email/smtp/host" in page
    assert "/email/office365/tenantId" not in page
    visitor.send("/section/components", {"/components/dex/enabled": "true"}, "save")
    assert "/section/dex" in visitor.get("/")


def test_an_image_is_looked_at_and_put_in_its_place(visitor: Visitor) -> None:
    assert visitor.send("/section/branding", {}, "save", files={"/branding/logo": LOGO}).status_code == 303
    shown_now = visitor.client.get("/image/acceptance/logo")
    assert (shown_now.mimetype, shown_now.data) == ("image/png", LOGO)
    assert "sandbox" in shown_now.headers["Content-Security-Policy"]
    assert not (visitor.directory / "assets/logo.png").exists()
    assert saved(visitor)["branding"]["logo"] == "assets/logo.png"
    assert (visitor.directory / "assets/logo.png").read_bytes() == LOGO


def test_what_is_no_image_is_not_taken(visitor: Visitor) -> None:
    answer = visitor.send("/section/branding", {}, "save", files={"/branding/logo": b"<html>"})
    assert answer.status_code == 422
    assert "geen PNG of SVG" in answer.get_data(as_text=True)
    assert "Er is niets gewijzigd" in visitor.get("/review")


def test_an_unsafe_image_is_an_error_before_it_is_saved(visitor: Visitor) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>'
    answer = visitor.send("/section/branding", {}, "save", files={"/branding/logo": svg})
    assert answer.status_code == 422
    assert "staat &lt;script&gt;" in answer.get_data(as_text=True)
    assert "Opslaan</button>" not in visitor.get("/review")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_mistake_is_at_a_field_of_its_page(path: Path, tmp_path: Path) -> None:
    now = opened(path, tmp_path)
    if now is None:
        return
    assert now.problems
    for problem in now.problems:
        part = outline.part_of(problem.place)
        if part is None:  # the first page shows it
            assert problem.rule in ("unknown-key", "missing-key", "duplicate-key", "key-not-text") or not problem.place
            continue
        problems = shared.of_part(now, part)
        views = shared.views(now, part.settings, problems)
        said = [one for view in views for field in view.all() for one in field.problems]
        # An environment as a whole has no field: what is wrong with it is on top of its page.
        assert said.count(problem) == 1 or problem.place == problem.place[:2], problem
        assert (problem in said) != (problem in shared.at_no_field(problems, views))


def opened(path: Path, folder_: Path) -> Opened | None:
    """Open a form; None where it cannot be read at all."""
    (folder_ / "municipality.yaml").write_bytes(path.read_bytes())
    try:
        return Workplace(folder_, DraftStore(folder_ / "state", folder_)).open("local")
    except ProblemsError as error:
        assert error.problems
        return None


@pytest.mark.parametrize("path", BAD[::20], ids=lambda path: path.stem)
def test_a_form_with_mistakes_is_drawn(path: Path, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/municipality.yaml").write_bytes(path.read_bytes())
    visitor = Visitor(tmp_path / "repository", tmp_path / "state")
    home = visitor.client.get("/")
    page = home.get_data(as_text=True)
    if home.status_code == 409:
        assert "Het formulier kan niet worden gelezen" in page
        return
    assert home.status_code == 200
    assert re.search(r'tag--(error|warning)|class="summary"|href="/environment/', page)


def test_a_form_that_cannot_be_read_says_where(visitor: Visitor) -> None:
    (visitor.directory / "municipality.yaml").write_text("contact: {phone: 'x\n", encoding="utf-8")
    page = visitor.get("/", 409)
    assert "Het formulier kan niet worden gelezen" in page
    assert "municipality.yaml:1:18" in page


def test_every_setting_has_a_field(tmp_path: Path) -> None:
    """Whatever is in the example with every setting is shown, and sent back as it is, changes nothing."""
    (tmp_path / "repository").mkdir()
    text = (FORMS / "everything.yaml").read_text(encoding="utf-8")
    (tmp_path / "repository/municipality.yaml").write_text(text, encoding="utf-8")
    visitor = Visitor(tmp_path / "repository", tmp_path / "state")
    names: set[str] = set()
    for environment in ("", "production"):
        for part in outline.parts(environment):
            forms = visitor.forms(visitor.get(part.address))
            names |= next(form["names"] for form in forms if form["action"] == part.address)
            visitor.send(part.address, {}, "refresh")
    assert "Er is niets gewijzigd" in visitor.get("/review")
    for path, schema in settings():
        if "properties" in schema or path[0] in ("apiVersion",) or path == ("environments",):
            continue
        name = "".join(f"/{'production' if part == '*' else part}" for part in path)
        assert any(one == name or one.startswith((f"{name}/", f"{name}:")) for one in names), name


def test_a_value_of_another_kind_than_it_must_be_is_shown_and_can_be_mended(visitor: Visitor) -> None:
    path = visitor.directory / "municipality.yaml"
    assert "\nfeatures:" not in visitor.form()
    path.write_text(visitor.form() + "\nfeatures: [csvExport]\n", encoding="utf-8")
    page = visitor.get("/section/features")
    assert "csvExport</textarea>" in page
    answer = visitor.send("/section/features", {"/features": "csvExport: false"}, "save")
    assert answer.status_code == 303
    assert saved(visitor)["features"] == {"csvExport": False}


@pytest.mark.parametrize(
    ("path", "schema"), [(path, schema) for path, schema in settings(items=True) if "examples" in schema]
)
def test_an_example_is_read_back_as_it_is_shown(path: tuple[str, ...], schema: Any) -> None:
    schema = resolve(schema)
    for example in schema["examples"]:
        if (isinstance(example, dict) and "x-values" not in schema) or isinstance(example, list):
            continue
        text = shown(example, schema)
        assert repr(typed(text, schema)) == repr(example), path
        assert submitted.read({"/x": text}, ("x",), schema, example) == example
        assert submitted.read({"/x": ""}, ("x",), schema, example) is EMPTY
        assert submitted.read({}, ("x",), schema, example) == example


def test_pages_are_in_english_for_who_wants_that(visitor: Visitor) -> None:
    (form,) = [one for one in visitor.forms(visitor.get("/section/contact")) if one["action"] == "/language"]
    answer = visitor.client.post("/language", data={**form["values"], "language": "en"})
    assert answer.location == "/section/contact"
    page = visitor.get("/section/contact")
    assert '<html lang="en">' in page
    assert "Telephone number" in page
    assert "Telefoonnummer" not in text_of(page)


def test_a_setting_is_found_from_every_page(visitor: Visitor) -> None:
    page = visitor.get("/search?q=openingstijden")
    assert "/section/contact#f-contact-openingHours" in page
    assert form_schema()["$defs"]["contact"]["properties"]["openingHours"]["x-title-nl"] in page
    assert "&lt;script&gt;" in visitor.get("/search?q=<script>")


def test_a_page_is_small(visitor: Visitor) -> None:
    visitor.send(
        "/section/components",
        {f"/components/{name}/enabled": "true" for name in ("dex", "prometheus", "loki", "grafana", "alloy")},
        "save",
    )
    assets = ["page.css", "page.js", "check.js", "color.js", "crop.js", "focus.js", "follow.js", "preview.js"]
    whole = sum(len(visitor.client.get(f"/assets/{name}", headers={"Accept-Encoding": "gzip"}).data) for name in assets)
    for part in outline.parts():
        page = visitor.client.get(part.address, headers={"Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"
        assert len(page.data) + whole < 50_000, part.address
