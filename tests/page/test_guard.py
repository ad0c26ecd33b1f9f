"""The pages answer nobody who should not ask, show no secret, and let a browser do nothing that is not theirs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.cli.main import main
from signalen_toolkit.page.guard import Entrance
from signalen_toolkit.page.views import shared

from tests.support.pages import HOST, Visitor, text_of

SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"  # the shape of one
PAGES = [
    "/",
    "/section/contact",
    "/environment/acceptance/contact",
    "/review",
    "/review/form",
    "/search?q=a",
    "/accessibility",
]


def test_without_the_key_nobody_gets_in(repository: Path, tmp_path: Path) -> None:
    stranger = Visitor(repository, tmp_path / "state")
    stranger.client.delete_cookie("signalen-form")
    for page in [*PAGES, "/image/logo", "/preview/acceptance/colors.css", "/open/other"]:
        assert stranger.client.get(page).status_code == 401, page
    assert stranger.client.post("/save").status_code == 401


def test_the_key_is_no_part_of_any_address_after_it(visitor: Visitor) -> None:
    answer = visitor.client.get(f"/open/{visitor.access.key}")
    cookie = answer.headers["Set-Cookie"]
    assert answer.location == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    for page in PAGES:
        assert visitor.access.key not in visitor.get(page)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:81", "127.0.0.1"])
def test_another_host_is_refused(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_from_another_page_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    (form,) = [one for one in visitor.forms(visitor.get("/section/contact")) if one["action"] == "/section/contact"]
    data = {**form["values"], "/contact/phone": "14 073", "do": "save"}
    assert visitor.client.post("/section/contact", data=data, headers=headers).status_code == 403
    assert visitor.client.post("/section/contact", data=data, headers={"Origin": HOST}).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "x.y", "." * 3])
def test_a_request_without_the_token_of_a_page_is_refused(visitor: Visitor, token: str) -> None:
    for path in ("/section/contact", "/save", "/discard", "/resolve", "/renew", "/environments", "/check", "/language"):
        assert visitor.client.post(path, data={"csrf": token}).status_code == 403, path


def test_the_token_of_one_person_is_none_of_another(repository: Path, tmp_path: Path) -> None:
    access = Entrance((HOST,), user_header="X-User")
    visitor = Visitor(repository, tmp_path / "state", access=access)
    page = visitor.client.get("/section/contact", headers={"X-User": "anna"}).get_data(as_text=True)
    token = visitor.forms(page)[1]["values"]["csrf"]
    assert visitor.client.post("/discard", data={"csrf": token}, headers={"X-User": "bob"}).status_code == 403
    assert visitor.client.post("/discard", data={"csrf": token}, headers={"X-User": "anna"}).status_code == 303


def test_behind_a_proxy_only_who_it_names_or_vouches_for_gets_in(repository: Path, tmp_path: Path) -> None:
    access = Entrance((HOST,), user_header="X-User", token="t" * 20)
    visitor = Visitor(repository, tmp_path / "state", access=access)
    bearer = {"Authorization": f"Bearer {'t' * 20}"}
    for headers in (
        {},
        {"X-User": "anna"},
        bearer,
        {"X-User": " ", **bearer},
        {"X-User": "anna", "Authorization": "Bearer x"},
    ):
        assert visitor.client.get("/", headers=headers).status_code == 401, headers
    assert visitor.client.get("/", headers={"X-User": "anna", **bearer}).status_code == 200
    assert visitor.client.get(f"/open/{access.key}").status_code == 401


def test_nothing_comes_from_elsewhere_and_nothing_is_kept(visitor: Visitor) -> None:
    for page in [*PAGES, "/section/branding", "/section/map", "/environments"]:
        answer = visitor.client.get(page)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        text = answer.get_data(as_text=True)
        assert not re.search(
            r"""<[^>]*(\sstyle=|\son\w+=|javascript:)|<style|<script(?! type="module" src="/assets/)""", text
        )
        assert not re.search(r"""(?:src|action)="(?:https?:)?//""", text)
        assert set(re.findall(r'<link rel="\w+" href="([^"]+)"', text)) <= {
            "/assets/icon.svg",
            "/assets/page.css",
            "/preview/acceptance/colors.css",
        }


def test_nothing_in_the_files_of_the_pages_is_fetched_from_elsewhere() -> None:
    for path in (PACKAGE / "page/assets").iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", text), path


def test_tiles_are_fetched_where_that_was_asked_for(repository: Path, tmp_path: Path) -> None:
    from signalen_toolkit.page.app import make_app

    plain = Visitor(repository, tmp_path / "state")
    assert "service.pdok.nl" not in plain.get("/section/map").split("data-preview-place")[1].split("</section>")[0]
    place = plain.client.application.config["WORKPLACE"]
    client = make_app(place, plain.access, tiles=True).test_client()
    client.get(f"/open/{plain.access.key}")
    answer = client.get("/section/map")
    assert "img-src 'self' blob: https://service.pdok.nl;" in answer.headers["Content-Security-Policy"]
    assert re.search(
        r'<image href="https://service\.pdok\.nl/brt/achtergrondkaart/wmts/v2_0/standaard/EPSG:3857/\d+/\d+/\d+\.png"',
        answer.get_data(as_text=True),
    )


# --- secrets


def test_a_secret_is_neither_kept_nor_shown(visitor: Visitor, tmp_path: Path) -> None:
    answer = visitor.send("/section/overrides", {"/overrides/frontend": f"token: {SECRET}"}, "save")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Dit is een geheim. Het is niet bewaard" in text_of(page)
    assert SECRET not in page
    assert all(SECRET.encode() not in path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    for address in ("/review", "/review/form", "/section/overrides"):
        assert SECRET not in visitor.get(address)


def test_a_secret_that_a_form_has_is_not_shown_and_can_be_taken_out(visitor: Visitor, tmp_path: Path) -> None:
    path = visitor.directory / "municipality.yaml"
    path.write_text(
        f"{visitor.form()}\nanalytics: {{azureConnectionString: 'x;Password={SECRET}'}}\n", encoding="utf-8"
    )
    for address in ("/", "/section/analytics", "/review", "/review/form"):
        assert SECRET not in visitor.get(address), address
    assert "Hier staat een geheim" in text_of(visitor.get("/section/analytics"))
    visitor.send("/section/contact", {"/contact/phone": "14 073"}, "save")
    for address in ("/section/analytics", "/review", "/review/form"):
        assert SECRET not in visitor.get(address), address


def test_a_draft_is_for_its_person_alone_to_read(visitor: Visitor, tmp_path: Path) -> None:
    visitor.send("/section/contact", {"/contact/phone": "14 073"}, "save")
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


# --- strange input


def test_who_may_only_look_changes_nothing(repository: Path, tmp_path: Path) -> None:
    visitor = Visitor(repository, tmp_path / "state", read_only=True)
    page = visitor.get("/section/contact")
    assert "U kunt hier kijken, niet wijzigen." in page
    assert '<fieldset class="plain" disabled>' in page
    token = visitor.forms(page)[1]["values"]["csrf"]
    for path in ("/section/contact", "/environments", "/save", "/discard", "/resolve", "/renew"):
        assert (
            visitor.client.post(path, data={"csrf": token, "do": "save", "/contact/phone": "14 073"}).status_code == 403
        )
    assert not list((tmp_path / "state").rglob("draft.json"))


@pytest.mark.parametrize(
    "path",
    [
        "/section/nope",
        "/environment/nope/contact",
        "/image/passwd",
        "/image/../../etc/passwd",
        "/assets/../app.py",
        "/start/contact",
        "/nope",
    ],
)
def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_language_leads_nowhere_else(visitor: Visitor, back: str) -> None:
    token = visitor.forms(visitor.get("/"))[1]["values"]["csrf"]
    assert visitor.client.post("/language", data={"csrf": token, "language": "en", "back": back}).location == "/"


def test_too_much_is_refused(visitor: Visitor) -> None:
    token = visitor.forms(visitor.get("/section/contact"))[1]["values"]["csrf"]
    answer = visitor.client.post("/section/contact", data={"csrf": token, "/contact/phone": "x" * (9 * 2**20)})
    assert answer.status_code == 413


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60), verb=st.sampled_from(["save", "refresh", "add", "remove", "up", "down", "x"]))
def test_any_text_in_any_place_is_text(visitor: Visitor, text: str, verb: str) -> None:
    token = visitor.forms(visitor.get("/section/contact"))[1]["values"]["csrf"]
    data = {"csrf": token, "do": f"{verb}:/{text}", "/contact/openingHours": text, "/contact/phone": text}
    answer = visitor.client.post("/section/contact", data=data)
    assert answer.status_code in (200, 303, 422)
    page = visitor.get("/section/contact")
    assert not re.search(r"<(script|img|svg)[^>]*(onerror|onload|alert)", page)
    assert visitor.client.get("/review/form").status_code == 200


def test_a_pointer_leads_only_into_the_draft(visitor: Visitor) -> None:
    from signalen_toolkit.page.draft.store import DraftStore
    from signalen_toolkit.page.draft.workplace import Workplace

    now = Workplace(visitor.directory, DraftStore(visitor.directory / "s", visitor.directory)).open("x")
    assert shared.place_at("/contact/phone", now) == ("contact", "phone")
    assert shared.place_at("/a~1b/~0", now) == ("a/b", "~")
    assert shared.place_at("", now) == ()


# --- the command


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--listen", "0.0.0.0:0"], "--user-header"),
        (["--listen", "0.0.0.0:0", "--user-header", "X"], "--origin"),
        (["--listen", "nowhere", "--user-header", "X", "--origin", "https://a.nl"], "HOST:PORT"),
        (["--listen", ":99999", "--user-header", "X", "--origin", "https://a.nl"], "HOST:PORT"),
        (["--listen", ":0", "--user-header", "X", "--origin", "a.nl"], "--origin"),
        (["--user-header", "X"], "go with --listen"),
        (["--origin", "https://a.nl"], "go with --listen"),
    ],
)
def test_it_is_not_reached_from_elsewhere_without_a_proxy(made: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["form", str(made), *options])
    assert result.exit_code == 2
    assert said in result.output


def test_a_short_token_is_refused(made: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short\n", encoding="utf-8")
    options = ["--listen", ":0", "--origin", "https://a.nl", "--token-file", str(tmp_path / "token")]
    result = CliRunner().invoke(main, ["form", str(made), *options])
    assert (result.exit_code, "holds no token" in result.output) == (2, True)


def test_another_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x", encoding="utf-8")
    result = CliRunner().invoke(main, ["form", str(tmp_path)])
    assert (result.exit_code, "holds something else" in result.output) == (2, True)
    empty = CliRunner().invoke(main, ["form", "--read-only", str(tmp_path / "empty")])
    assert (empty.exit_code, "to look at" in empty.output) == (2, True)
