"""The pages in Chromium: from an empty folder to a repository, with and without JavaScript, for everybody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE, folder
from signalen_toolkit.documents import reader
from signalen_toolkit.git.run import must
from signalen_toolkit.page.elsewhere import static

from tests.conftest import program
from tests.support.browser import Watched, findings, is_wider_than_screen, served
from tests.support.pages import ANSWERS

ICON = folder("municipality-template") / "{{cookiecutter.repository_name}}/assets/icon-192.png"
PICTURES = CHECKOUT / "docs/pictures"
STATES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"forced_colors": "active"},
    "narrow": {"viewport": {"width": 320, "height": 640}},  # also what 1280 pixels are at 400 %
    "without JavaScript": {"java_script_enabled": False},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium, which the tests share."""
    path = program("chromium", "chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """Serve an empty folder."""
    with served(tmp_path / "repository", tmp_path / "state", "--offline") as address:
        yield address


@pytest.fixture
def existing(repository: Path, tmp_path: Path) -> Iterator[str]:
    """Serve a repository."""
    with served(repository, tmp_path / "state", "--offline") as address:
        yield address


def visit(browser: Browser, address: str, **options: Any) -> Watched:
    """Open the address that was printed, in a browser of its own."""
    context: BrowserContext = browser.new_context(locale="nl-NL", **options)
    context.set_default_timeout(20_000)
    watched = Watched(context.new_page(), address.split("/open/")[0])
    watched.page.goto(address)
    return watched


def proceed(page: Page) -> None:
    """Go on to the next step."""
    page.locator(".buttons button[value=next]").click()


def onboard(page: Page, *, script: bool) -> None:
    """Answer every step as a person would."""
    page.fill("#municipality", "den bosch")
    proceed(page)
    for name in ("contact", "appearance"):
        for field, text in ANSWERS[name].items():
            page.fill(f'[name="{field}"]', text)
        proceed(page)
    page.check("#f-components-dex-enabled-true")
    if not script:
        proceed(page)
    page.fill('[name="/dex/connectors/0/tenant"]', "6f5902ac-237e-4f2b-8c1a-2f1f6f2c9d10")
    page.fill('[name="/dex/connectors/0/clientId"]', "11111111-1111-1111-1111-111111111111")
    page.fill('[name="/identity/administrators/0"]', "beheer@s-hertogenbosch.nl")
    proceed(page)
    page.fill('[name="/repository/url"]', "https://github.com/gemeente/signalen.git")
    page.check('[name="/delivery"][value=flux]')
    proceed(page)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `signalen`."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-m", "signalen_toolkit", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_somebody_who_never_saw_yaml_onboards_a_municipality(
    browser: Browser, empty: str, tmp_path: Path, charts: Path, script: bool, pytestconfig: pytest.Config
) -> None:
    begun = time.monotonic()
    watched = visit(browser, empty, java_script_enabled=script)
    onboard(watched.page, script=script)
    expect(watched.page.locator("h1")).to_have_text("Controleer uw antwoorden")
    assert findings(watched.page) == [] if script else True
    picture(watched.page, "summary", pytestconfig if script else None)
    watched.page.get_by_role("button", name="Maak de configuratie").click()
    expect(watched.page.locator("h1")).to_have_text("Opgeslagen")
    assert time.monotonic() - begun < 180
    repository = tmp_path / "repository"
    assert command("check", str(repository)).returncode == 0
    assert command("render", "--check", str(repository)).returncode == 0
    verified = command("verify", str(repository), "--offline", "--charts", str(charts))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert must(repository, "status", "--porcelain") == b""
    assert (watched.errors, watched.elsewhere) == ([], [])


def picture(page: Page, name: str, config: pytest.Config | None) -> None:
    """Write a picture of the documentation where that was asked for."""
    if config is not None and config.getoption("--update-pictures"):
        PICTURES.mkdir(exist_ok=True)
        page.set_viewport_size({"width": 800, "height": 760})
        page.mouse.move(0, 0)
        page.screenshot(path=str(PICTURES / f"{name}.png"))


@pytest.mark.parametrize("state", list(STATES))
def test_every_page_is_accessible_and_fits(browser: Browser, existing: str, state: str) -> None:
    watched = visit(browser, existing, **STATES[state])
    page = watched.page
    pages = [
        "/",
        "/environments",
        "/environment/acceptance",
        "/review",
        "/review/form",
        "/search?q=kleur",
        "/accessibility",
        "/section/nope",
    ]
    links = page.locator("main a[href^='/section/']")
    pages += [str(links.nth(number).get_attribute("href")) for number in range(links.count())]
    pages += [
        "/section/branding",
        "/section/map",
        "/environment/acceptance/general",
        "/environment/acceptance/branding",
    ]
    for path in dict.fromkeys(pages):
        watched.open(path)
        if state != "without JavaScript":
            assert findings(page) == [], path
            assert not is_wider_than_screen(page), path
        assert page.title().endswith("Signalen-formulier"), path
        assert page.locator("h1").count() == 1, path
    assert watched.elsewhere == []


def test_what_is_not_accessible_is_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<main><img src='x.png'><p style='color: #ccc; background: #fff'>pale</p></main>")
    assert {one.split(":")[0] for one in findings(page)} >= {"image-alt", "color-contrast"}


def test_states_of_pages_are_accessible(browser: Browser, existing: str, pytestconfig: pytest.Config) -> None:
    watched = visit(browser, existing)
    page = watched.page
    watched.open("/section/contact")
    page.fill('[name="/contact/phone"]', "zes")
    page.fill('[name="/contact/email"]', "geen adres")
    page.locator(".buttons button[value=save]").click()
    expect(page.locator("[data-summary]")).to_be_focused()
    assert findings(page) == []
    picture(page, "mistakes", pytestconfig)
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert findings(page) == []
    page.get_by_role("button", name="Nederlands").click()
    watched.open("/environments")
    page.get_by_role("button", name="Omgeving toevoegen").click()
    assert findings(page) == []
    watched.open("/section/components")
    page.check("#f-components-dex-enabled-true")
    page.locator(".buttons button[value=save]").click()
    watched.open("/section/dex")
    page.locator('button[value="add:/dex/connectors"]').click()
    assert findings(page) == []
    watched.open("/review")
    assert findings(page) == []
    watched.open("/section/branding")
    page.fill('[name="/branding/colors/secondary"]', "#f08000")
    expect(page.locator("#f-branding-colors-secondary-wrong")).to_contain_text("contrast van 2.69")
    picture(page, "branding", pytestconfig)


def test_what_changes_on_the_cluster_is_seen_before_it_is_saved(
    browser: Browser, repository: Path, charts: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    with served(repository, tmp_path / "state", "--offline", "--charts", str(charts)) as address:
        watched = visit(browser, address)
        watched.open("/section/contact")
        watched.page.fill('[name="/contact/phone"]', "14 073")
        watched.page.locator(".buttons button[value=save]").click()
        watched.open("/review/cluster")
        expect(watched.page.locator("main")).to_contain_text("pods worden vervangen")
        assert findings(watched.page) == []
        picture(watched.page, "cluster", pytestconfig)
        assert (watched.errors, watched.elsewhere) == ([], [])


def test_steps_are_accessible(browser: Browser, empty: str, pytestconfig: pytest.Config) -> None:
    for state in ("light", "dark", "high contrast", "narrow"):
        watched = visit(browser, empty, **STATES[state])
        for name in ANSWERS:
            watched.open(f"/start/{name}")
            assert findings(watched.page) == [], (state, name)
            assert not is_wider_than_screen(watched.page), (state, name)
        watched.open("/start/municipality")
        watched.page.fill("#municipality", "Bergen")
        proceed(watched.page)
        expect(watched.page.locator("[data-summary]")).to_be_focused()
        assert findings(watched.page) == []
        assert (watched.errors, watched.elsewhere) == ([], [])
    watched.open("/start/municipality")
    watched.page.set_viewport_size({"width": 960, "height": 900})
    watched.page.fill("#municipality", "den bosch")
    expect(watched.page.locator(".map")).to_be_visible()
    assert findings(watched.page) == []
    picture(watched.page, "municipality", pytestconfig)


def test_a_page_is_checked_while_somebody_types(browser: Browser, existing: str) -> None:
    page = visit(browser, existing).page
    page.goto(page.url + "section/contact")
    page.locator('[name="/contact/phone"]').press_sequentially("x", delay=10)
    wrong = page.locator("#f-contact-phone-wrong")
    expect(wrong).to_contain_text("Voor 'Telefoonnummer' is een Nederlands telefoonnummer")
    expect(page.locator('[name="/contact/phone"]')).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-contact-email-wrong")).to_be_empty()
    page.fill('[name="/contact/phone"]', "14 073")
    expect(wrong).to_be_empty()
    expect(page.locator('[name="/contact/phone"]')).not_to_have_attribute("aria-invalid", "true")


def test_a_field_is_checked_on_leaving_it(browser: Browser, existing: str) -> None:
    page = visit(browser, existing).page
    page.goto(page.url + "section/links")
    page.fill('[name="/links/home"]', "geen adres")
    page.keyboard.press("Tab")
    expect(page.locator("#f-links-home-wrong")).to_contain_text("webadres")


def test_the_summary_leads_to_the_field(browser: Browser, existing: str) -> None:
    page = visit(browser, existing).page
    page.goto(page.url + "section/contact")
    page.fill('[name="/contact/phone"]', "x")
    page.locator(".buttons button[value=save]").click()
    summary = page.locator("[data-summary]")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    expect(page.locator('[name="/contact/phone"]')).to_be_focused()


def test_everything_is_done_by_keyboard_alone(browser: Browser, empty: str) -> None:
    page = visit(browser, empty).page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#municipality")).to_be_focused()
    page.keyboard.type("GM0796")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Adressen en contact")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        name = page.evaluate("document.activeElement.name || document.activeElement.className")
        if name in seen:
            break
        seen.add(name)
        assert outline != "none", name
    assert {"/contact/phone", "/contact/email", "/environments/acceptance/domain", "do"} <= seen


def test_every_field_has_a_name_for_a_screen_reader(browser: Browser, existing: str) -> None:
    watched = visit(browser, existing)
    for path in ("/section/branding", "/section/identity", "/section/map", "/section/cluster"):
        watched.open(path)
        unnamed = watched.page.evaluate(
            "[...document.querySelectorAll('main :is(input:not([type=hidden]), select, textarea, .button)')]"
            ".filter(one => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))"
            ".map(one => one.outerHTML)"
        )
        assert unnamed == [], path


def test_what_is_chosen_brings_the_questions_that_go_with_it(browser: Browser, existing: str) -> None:
    watched = visit(browser, existing)
    watched.open("/section/email")
    page = watched.page
    expect(page.locator("[data-refresh]")).to_be_hidden()
    page.check("#f-email-provider-smtp")
    expect(page.locator('[name="/email/smtp/host"]')).to_be_visible()
    expect(page.locator("#f-email-provider-smtp")).to_be_focused()
    page.check("#f-email-provider-office365")
    expect(page.locator('[name="/email/office365/tenantId"]')).to_be_visible()
    assert watched.errors == []


def test_colours_and_texts_are_seen_while_they_are_chosen(browser: Browser, existing: str) -> None:
    watched = visit(browser, existing)
    watched.open("/section/branding")
    page = watched.page
    button = page.locator(".look__button").first
    expect(button).to_have_css("background-color", "rgb(198, 0, 0)")
    page.fill('[name="/branding/colors/secondary"]', "#123456")
    expect(button).to_have_css("background-color", "rgb(18, 52, 86)")
    page.fill('[name="/branding/alert"]', "Even geduld")
    expect(page.locator(".look__alert")).to_have_text("Even geduld")
    row = page.locator("[data-preview] tr").filter(has_text="Secundaire kleur").first
    expect(row.locator("td").first).to_have_text("12.71 : 1")
    page.locator("input[type=color]").first.fill("#008000")
    expect(page.locator('[name="/branding/colors/primary"]')).to_have_value("#008000")
    assert (watched.errors, watched.elsewhere) == ([], [])


def test_an_icon_is_cut_to_its_size(browser: Browser, existing: str, repository: Path, tmp_path: Path) -> None:
    watched = visit(browser, existing)
    watched.open("/section/branding")
    page = watched.page
    wide = tmp_path / "wide.svg"
    square = '<rect width="300" height="100" fill="#c00"/>'
    wide.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100">{square}</svg>', encoding="utf-8"
    )
    field = page.locator('[name="/branding/iosIcon"]')
    field.set_input_files(str(wide))
    expect(page.locator(".cropper canvas")).to_be_visible()
    page.locator(".cropper input[type=range]").first.fill("2")
    page.wait_for_function("document.querySelector('[name=\"/branding/iosIcon\"]').files[0].name === 'iosIcon.png'")
    assert findings(page) == []
    page.locator(".buttons button[value=save]").click()
    expect(page.locator("h1")).not_to_have_text("Huisstijl")
    watched.open("/review")
    page.get_by_role("button", name="Opslaan", exact=True).click()
    expect(page.locator("h1")).to_have_text("Opgeslagen")
    icon = (repository / "assets/icon-180.png").read_bytes()
    assert (int.from_bytes(icon[16:20]), int.from_bytes(icon[20:24])) == (180, 180)
    assert command("check", str(repository)).stdout == ""
    assert watched.errors == []


def test_answers_are_there_after_the_browser_was_closed(browser: Browser, empty: str) -> None:
    first = visit(browser, empty)
    first.page.fill("#municipality", "den bosch")
    proceed(first.page)
    first.page.fill('[name="/contact/phone"]', "14 073")
    first.page.locator(".buttons button[value=next]").click()
    first.page.context.close()
    second = visit(browser, empty)
    second.open("/start/contact")
    expect(second.page.locator('[name="/contact/phone"]')).to_have_value("14 073")


def answer(page: Page, name: str, text: str) -> None:
    """Answer a question of the static page."""
    choice = page.locator(f'[name="{name}"][value="{text}"]')
    if choice.count():
        choice.check()
    else:
        page.fill(f'[name="{name}"]', text)


def test_the_static_page_makes_answers_for_the_command(browser: Browser, tmp_path: Path) -> None:
    static.write(tmp_path / "static", "inrichting@example.nl")
    page = browser.new_context(accept_downloads=True).new_page()
    watched = Watched(page, "file://")
    page.goto((tmp_path / "static/index.html").as_uri())
    assert findings(page) == []
    page.get_by_role("button", name="Sla mijn antwoorden op").click()
    expect(page.locator("[data-problems]")).to_be_focused()
    expect(page.locator("[data-problems]")).to_contain_text("Vul ‘")  # noqa: RUF001
    assert findings(page) == []
    page.fill('[name="/municipality/code"]', "'s-hertogenbosch")
    for name in ("contact", "platform"):
        for field, text in ANSWERS[name].items():
            answer(page, field, text)
    page.check('[name="/components/dex/enabled"][value=true]')
    expect(page.locator('[name="/identity/issuer"]')).to_be_hidden()
    page.fill('[name="/dex/connectors/0/tenant"]', "6f5902ac-237e-4f2b-8c1a-2f1f6f2c9d10")
    page.fill('[name="/dex/connectors/0/clientId"]', "1: '2\" # x")
    page.get_by_role("button", name="Sla mijn antwoorden op").click()
    expect(page.locator("[data-problems]")).to_contain_text("Client-id")
    page.fill('[name="/dex/connectors/0/clientId"]', "11111111-1111-1111-1111-111111111111")
    page.fill('[name="/identity/administrators"]', "a@s-hertogenbosch.nl\nb@s-hertogenbosch.nl\n")
    page.fill('[name="/branding/alert"]', "Let op: 'no' \"x\" # {{ y }}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Sla mijn antwoorden op").click()
    answers = tmp_path / "antwoorden.yaml"
    download.value.save_as(str(answers))
    made = command("new", str(tmp_path / "made"), "--answers", str(answers), "--no-input", "--offline", "--no-git")
    assert made.returncode == 0, made.stderr
    data = reader.read(tmp_path / "made/municipality.yaml").data
    assert data["municipality"]["code"] == "GM0796"
    assert data["branding"]["alert"] == "Let op: 'no' \"x\" # {{ y }}"
    assert data["identity"]["administrators"] == ["a@s-hertogenbosch.nl", "b@s-hertogenbosch.nl"]
    page.reload()
    expect(page.locator('[name="/contact/phone"]')).to_have_value("073 615 51 55")
    assert (watched.errors, watched.elsewhere) == ([], [])
    assert data["dex"]["connectors"][0]["type"] == "microsoft"
