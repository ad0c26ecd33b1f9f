"""Where a fleet stands, as a page, as JSON and as metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.fleet import listing, overview
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome

from tests.conftest import program
from tests.fleet.test_commands import FORMS, LISTED, NAMES, signalen
from tests.support.browser import findings
from tests.support.fleets import fleet

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
    assert rows["tilburg"]["errors"] > 0 and not rows["tilburg"]["failed"]
    assert "No such file" in rows["utrecht"]["failed"]


def test_metrics_are_the_text_format_of_prometheus(root: Path) -> None:
    text = signalen(root, "status", "--format", "prometheus").stdout
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert samples and all(SAMPLE.fullmatch(line) for line in samples), samples
    assert 'signalen_fleet_unreadable{municipality="utrecht"} 1' in samples
    assert 'signalen_fleet_tree_stale{municipality="breda",environment="acceptance"} 0' in samples
    families = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(families) == len({*families}) == 5
    whole = listing.read(root)
    odd = MemberOutcome("breda", Ending.FINE, "", data={"environments": [ENVIRONMENT | {"environment": 'a"\\\nb'}]})
    lines = overview.write(whole, [odd], "prometheus").splitlines()
    assert all(SAMPLE.fullmatch(line) for line in lines if not line.startswith("#"))


ENVIRONMENT = {
    "environment": "acceptance",
    "domain": "x.nl",
    "production": False,
    "version": "4.21.0",
    "behind": 2,
    "tree": "clean",
}


def test_nothing_of_a_form_is_part_of_the_page(root: Path) -> None:
    whole = listing.read(root)
    evil = "<script>alert(1)</script>${count}"
    odd = MemberOutcome("breda", Ending.FAILED, evil, data={"municipality": evil, "environments": [ENVIRONMENT]})
    page = overview.write(whole, [odd, replace(odd, name="utrecht", data={})], "html")
    assert "<script>alert" not in page and page.count("<script>") == 1
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;${count}") == 3


def test_the_page_is_searched_sorted_and_accessible(root: Path, tmp_path: Path, chromium: Browser) -> None:
    place = tmp_path / "index.html"
    place.write_text(signalen(root, "status", "--format", "html").stdout, encoding="utf-8")
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(place.as_uri())

    def shown() -> list[str]:
        return page.locator("tbody tr:visible th").all_inner_texts()

    assert len(shown()) == 4
    page.get_by_role("button", name="Municipality").click()
    order = ["'s-Hertogenbosch", "Breda", "tilburg", "utrecht"]
    assert shown() == order
    page.get_by_role("button", name="Municipality").click()
    assert shown() == order[::-1]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("searchbox").fill("canary 4.21")
    assert shown() == ["Breda"]
    assert page.get_by_role("status").inner_text() == "1 of 4 shown"
    assert findings(page) == []
    assert errors == []
    page.close()
