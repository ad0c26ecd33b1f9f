"""Where a fleet stands, as a page, as JSON and as metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.glance import overview
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome

from tests.conftest import program
from tests.fleet.test_commands import FORMS, LISTED, NAMES, signalen
from tests.support.browser import findings
from tests.support.fleets import fleet

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SAMPLE = re.compile(r'(signalen_fleet_[a-z_]+)\{([a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*)\} \d+')


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program("chromium", "chromium"), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = fleet(tmp_path / "fleet", FORMS, LISTED)
    assert signalen(root, "render").exit_code == 0
    (root / "municipalities/tilburg" / FORM_FILE).write_text("a: [")
    (root / "municipalities/utrecht" / FORM_FILE).unlink()
    return root


def test_json_says_where_each_environment_stands(root: Path) -> None:
    found = json.loads(signalen(root, "status", "--format", "json").stdout)
    rows = {one["municipality"]: one for one in found["environments"]}
    assert [*rows] == NAMES
    breda = rows["breda"]
    facts = (breda["name"], breda["code"], breda["province"], breda["ring"], breda["release"], breda["tree"])
    assert facts == ("Breda", "GM0758", "Noord-Brabant", "canary", "4.21.0", "clean")
    assert breda["behind"] == rows["s-hertogenbosch"]["behind"] + 1 > 1
    assert (breda["certificates"], breda["changed"], breda["haven"]) == ([], "", None)
    assert 51 < breda["latitude"] < 52 and 4 < breda["longitude"] < 5
    assert rows["tilburg"]["errors"] > 0 and not rows["tilburg"]["failed"]
    assert "No such file" in rows["utrecht"]["failed"]


def test_metrics_are_the_text_format_of_prometheus(root: Path) -> None:
    text = signalen(root, "status", "--format", "prometheus").stdout
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert samples and all(SAMPLE.fullmatch(line) for line in samples), samples
    assert 'signalen_fleet_unreadable{municipality="utrecht"} 1' in samples
    assert 'signalen_fleet_tree_stale{municipality="breda",environment="acceptance"} 0' in samples
    families = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(families) == len({*families}) == 9
    whole = listing.read(root)
    odd = MemberOutcome("breda", Ending.FINE, "", data={"environments": [ENVIRONMENT | {"environment": 'a"\\\nb'}]})
    lines = overview.write(whole, [odd], "prometheus", NOW).splitlines()
    assert all(SAMPLE.fullmatch(line) for line in lines if not line.startswith("#"))


ENVIRONMENT = {
    "environment": "acceptance",
    "domain": "x.nl",
    "production": False,
    "version": "4.21.0",
    "behind": 2,
    "tree": "clean",
}


def test_what_expires_what_changed_and_what_haven_says_is_told_alike(root: Path) -> None:
    whole, now = listing.read(root), int(NOW.timestamp())
    certificates = [{"where": "municipality.yaml:3", "expires": now + 86_400}, {"where": "manifests/x", "expires": 1}]
    points = {"acceptance": {"met": 18, "not_met": 6, "not_applicable": 3}, "odd": {"problem": "no Helm"}}
    environments = [ENVIRONMENT, ENVIRONMENT | {"environment": "odd"}]
    data = {"environments": environments, "certificates": certificates, "haven": points}
    found = [MemberOutcome("breda", Ending.FINE, "acceptance 4.21.0", data=data)]
    page = overview.write(whole, found, "html", NOW)
    assert '<td class="bad">1970-01-01 (expired): manifests/x</td><td>18 of 24</td>' in page
    assert "<td>no Helm</td>" in page
    assert "expires within 30 days: <strong>1</strong>" in page
    first, odd = json.loads(overview.write(whole, found, "json", NOW))["environments"]
    assert [one["expires"] for one in first["certificates"]] == ["2026-11-02T12:00:00Z", "1970-01-01T00:00:01Z"]
    assert first["haven"]["not_met"] == 6 and odd["haven"]["problem"] == "no Helm"
    lines = overview.write(whole, found, "prometheus", NOW).splitlines()
    labels = 'municipality="breda",environment="",where="municipality.yaml:3"'
    assert f"signalen_fleet_certificate_expiry_timestamp_seconds{{{labels}}} {now + 86_400}" in lines
    assert 'signalen_fleet_haven_points{municipality="breda",environment="acceptance",status="not-met"} 6' in lines
    assert len([line for line in lines if line.startswith("signalen_fleet_haven_points")]) == 3
    said = overview.write(whole, found, "text", NOW)
    assert "acceptance 4.21.0; certificate 1970-01-01 (expired): manifests/x" in said


def test_a_host_that_does_not_answer_is_marked_and_not_counted_as_one_that_expires(root: Path) -> None:
    data = {"environments": [ENVIRONMENT], "certificates": [{"where": "x.nl", "problem": "no answer"}]}
    page = overview.write(listing.read(root), [MemberOutcome("breda", Ending.FINE, "", data=data)], "html", NOW)
    assert '<td class="bad">x.nl: no answer</td>' in page
    assert "expires within 30 days: <strong>0</strong>" in page


def test_hosts_are_asked_where_somebody_wants_it(root: Path) -> None:
    """Nobody has a name below `.invalid`, so each host says that it was not reached, and nothing ends by that."""
    own = root / "municipalities/breda" / FORM_FILE
    own.write_text(own.read_text().replace("breda.signalen.dev", "breda.invalid"))
    said = signalen(root, "status", "breda", "--certificates", "--format", "json")
    (breda,) = json.loads(said.stdout)["environments"]
    hosts = {one["where"]: one for one in breda["certificates"]}
    assert {"breda.invalid", "api.breda.invalid"} <= {*hosts}
    assert all(one["problem"] and not one["expires"] and one["environment"] == "acceptance" for one in hosts.values())
    lines = signalen(root, "status", "breda", "--certificates", "--format", "prometheus").stdout.splitlines()
    labels = 'municipality="breda",environment="acceptance",where="breda.invalid"'
    assert f"signalen_fleet_certificate_unknown{{{labels}}} 1" in lines


def test_nothing_of_a_form_is_part_of_the_page(root: Path) -> None:
    whole = listing.read(root)
    evil = "<script>alert(1)</script>${count}"
    odd = MemberOutcome("breda", Ending.FAILED, evil, data={"municipality": evil, "environments": [ENVIRONMENT]})
    page = overview.write(whole, [odd, replace(odd, name="utrecht", data={})], "html", NOW)
    assert "<script>alert" not in page and page.count("<script>") == 1
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;${count}") == 4


def test_the_page_is_searched_sorted_and_accessible(root: Path, tmp_path: Path, chromium: Browser) -> None:
    place = tmp_path / "index.html"
    place.write_text(signalen(root, "status", "--format", "html").stdout, encoding="utf-8")
    page = chromium.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(place.as_uri())

    def shown() -> list[str]:
        return page.locator("tbody tr:visible th").all_inner_texts()

    assert len(shown()) == 4
    assert page.locator(".map svg[role=img] > path").count() == 4  # also whose form cannot be read
    assert list(map(str.strip, page.locator(".legend li").all_inner_texts())) == [
        "4.22.0: 1",
        "4.21.0: 1",
        "unknown: 2",
    ]
    page.get_by_role("button", name="Municipality").click()
    order = ["'s-Hertogenbosch", "Breda", "Tilburg", "Utrecht"]
    assert shown() == order
    page.get_by_role("button", name="Municipality").click()
    assert shown() == order[::-1]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("searchbox").fill("canary 4.21")
    assert shown() == ["Breda"]
    assert page.get_by_role("status").inner_text() == "1 of 4 shown"
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page) == []
    assert errors == [] and asked == [place.as_uri()]
    page.close()


def test_without_javascript_it_is_the_map_and_the_table(root: Path, tmp_path: Path, chromium: Browser) -> None:
    place = tmp_path / "index.html"
    place.write_text(signalen(root, "status", "--format", "html").stdout, encoding="utf-8")
    page = chromium.new_page(java_script_enabled=False)
    page.goto(place.as_uri())
    assert page.locator("tbody tr:visible").count() == 4
    assert page.locator(".map svg:visible").count() > 1
    assert not page.get_by_role("searchbox").is_visible()
    page.close()
