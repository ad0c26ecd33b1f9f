"""The commands for one repository, for a whole fleet: who is asked, what comes of it, and what is not done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing, report
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.memory import Memory
from signalen_toolkit.fleet.operations import Check
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.run import run
from signalen_toolkit.fleet.selection import Selection, selected

from tests.support.fleets import FLEET, OTHER, OWN, fleet

BREDA = (
    OWN.replace("GM0796", "GM0758").replace("s-hertogenbosch", "breda").replace("{domain", '{version: "4.21.0", domain')
)
UTRECHT = OWN.replace("GM0796", "GM0344").replace("s-hertogenbosch", "utrecht")
FORMS = {"breda": BREDA, "s-hertogenbosch": OWN, "tilburg": OTHER, "utrecht": UTRECHT}
LISTED = f"{FLEET}  breda: {{ring: canary}}\n  utrecht: {{}}\n"
NAMES = [*FORMS]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fleet(tmp_path / "fleet", FORMS, LISTED)


def signalen(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["fleet", arguments[0], "-C", str(root), *arguments[1:]])


def ends(said: Result) -> dict[str, str]:
    return {one["name"]: one["end"] for one in json.loads(said.stdout)["municipalities"]}


def test_all_are_checked_rendered_and_looked_at(root: Path) -> None:
    assert signalen(root, "check").exit_code == 0
    stale = signalen(root, "render", "--check", "--format", "json")
    assert stale.exit_code == 1 and {*ends(stale).values()} == {"problems"}
    assert signalen(root, "render").exit_code == 0
    assert signalen(root, "render", "--check").exit_code == 0
    said = signalen(root, "status", "--format", "json")
    assert said.exit_code == 0
    rows = json.loads(said.stdout)["environments"]
    assert {one["municipality"]: (one["release"], one["tree"]) for one in rows} == {
        "breda": ("4.21.0", "clean"),
        "s-hertogenbosch": ("4.22.0", "clean"),
        "tilburg": ("4.22.0", "clean"),
        "utrecht": ("4.22.0", "clean"),
    }


def test_a_fleet_gives_what_each_command_gives(root: Path, tmp_path: Path) -> None:
    """Rendered together or one by one, the trees are the same."""
    other = fleet(tmp_path / "other", FORMS, LISTED)
    assert signalen(root, "render", "--processes", "2").exit_code == 0
    for name in FORMS:
        assert CliRunner().invoke(main, ["render", str(other / "municipalities" / name)]).exit_code == 0
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("clusters/**/*") if path.is_file()}
    assert len(files) > 40
    assert files == {
        path.relative_to(other): path.read_bytes() for path in other.rglob("clusters/**/*") if path.is_file()
    }


def test_a_broken_one_stops_no_other(root: Path) -> None:
    (root / "municipalities/breda" / FORM_FILE).write_bytes(b"\xff\xfe\x00")
    (root / "municipalities/tilburg" / FORM_FILE).unlink()
    said = signalen(root, "render", "--format", "json", "--processes", "2")
    assert ends(said) == {"breda": "problems", "s-hertogenbosch": "fine", "tilburg": "failed", "utrecht": "fine"}
    assert said.exit_code == 2
    assert (root / "municipalities/utrecht/clusters").is_dir()
    said = signalen(root, "check", "breda")
    assert said.exit_code == 1 and "UTF-16" in said.stdout


def test_a_release_for_a_part_of_them(root: Path) -> None:
    signalen(root, "render")
    said = signalen(root, "bump", "--to", "4.22.0", "--release", "<4.22", "--offline")
    assert said.exit_code == 0, said.output
    assert "breda" in said.stdout and "tilburg" not in said.stdout
    assert '"4.22.0"' in (root / "municipalities/breda" / FORM_FILE).read_text()
    assert signalen(root, "render", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Selection(), {*NAMES}),
        (Selection(names=("breda", "utrecht")), {"breda", "utrecht"}),
        (Selection(groups=("brabant",)), {"s-hertogenbosch", "tilburg"}),
        (Selection(rings=("canary",)), {"s-hertogenbosch", "breda"}),
        (Selection(provinces=("utrecht",)), {"utrecht"}),
        (Selection(provinces=("Noord-Brabant",), rings=("all",)), {"tilburg"}),
        (Selection(release="<4.22"), {"breda"}),
        (Selection(release="4.22"), {*NAMES} - {"breda"}),
        (Selection(release=">=4"), {*NAMES}),
        (Selection(release="!= 4.22.0"), {"breda"}),
    ],
)
def test_who_is_meant(root: Path, wanted: Selection, names: set[str]) -> None:
    assert {one.name for one in selected(listing.read(root), wanted)} == names


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Selection(names=("bredaa",)), "did you mean 'breda'"),
        (Selection(groups=("limburg",)), "no group 'limburg'"),
        (Selection(rings=("early",)), "no ring 'early'"),
        (Selection(provinces=("Brabant",)), "no province"),
        (Selection(release="~4"), "no release to compare"),
        (Selection(shard="0/3"), "no share"),
        (Selection(shard="4/3"), "no share"),
    ],
)
def test_who_is_not_there_is_said(root: Path, wanted: Selection, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        selected(listing.read(root), wanted)


@given(st.sets(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), max_size=60), st.integers(1, 20))
def test_shares_are_together_exactly_all(names: set[str], count: int) -> None:
    members = tuple(Member(name, (), "", "") for name in sorted(names))
    whole = Fleet(Path(), listing.ONE, ("acceptance",), (), members)
    parts = [selected(whole, Selection(shard=f"{number}/{count}")) for number in range(1, count + 1)]
    assert sorted(one.name for part in parts for one in part) == sorted(names)


def test_shares_report_together_what_one_run_does(root: Path) -> None:
    whole = json.loads(signalen(root, "check", "--format", "json").stdout)["municipalities"]
    parts = [signalen(root, "check", "--format", "json", "--shard", f"{number}/3") for number in (1, 2, 3)]
    together = [one for part in parts for one in json.loads(part.stdout)["municipalities"]]
    assert sorted(together, key=lambda one: one["name"]) == whole


@dataclass(frozen=True)
class Counting:
    """Checks, and leaves a mark for each municipality in which it works."""

    marks: Path

    def __call__(self, name: str, folder: Path) -> MemberOutcome:
        with (self.marks / name).open("a") as file:
            file.write("x")
        return Check()(name, folder)


def test_only_what_changed_is_done_again(root: Path, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def worked() -> dict[str, int]:
        for one in marks.iterdir():
            one.unlink()
        whole = listing.read(root)
        memory = Memory(whole, "check", dict(os.environ), only_facts=True)
        found = [*run(whole, whole.members, Counting(marks), memory, 2)]
        assert sorted(one.name for one in found) == NAMES
        return {one.name: len(one.read_text()) for one in sorted(marks.iterdir())}

    def change(file: str) -> Callable[[], None]:
        def changed() -> None:
            (root / file).write_text((root / file).read_text() + "\n")

        return changed

    assert worked() == dict.fromkeys(NAMES, 1)
    assert worked() == {}
    for act, names in (
        (change("municipalities/breda/municipality.yaml"), ["breda"]),
        (change("municipalities/utrecht/assets/logo.svg"), ["utrecht"]),
        (change("groups/brabant.yaml"), ["s-hertogenbosch", "tilburg"]),
        (change("defaults.yaml"), NAMES),
    ):
        act()
        assert [*worked()] == names
        assert worked() == {}
    (root / FLEET_FILE).write_text(LISTED.replace("breda: {", "breda: {groups: [brabant], "))
    assert [*worked()] == ["breda"]
    (root / "municipalities/breda" / FORM_FILE).write_text("a: 1\n")
    assert [*worked()] == ["breda"] == [*worked()]  # what is wrong is looked at again each time


def test_killed_half_way_nothing_is_half_and_the_next_run_goes_on(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "signalen_toolkit", "fleet", "render", "-C", str(root), "--processes", "2"]
    for wait in (0.4, 0.6, 0.8):
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as one:
            time.sleep(wait)
            os.killpg(one.pid, signal.SIGKILL)
        for name in NAMES:
            folder = root / "municipalities" / name
            if (folder / "clusters").exists():
                assert CliRunner().invoke(main, ["render", "--check", str(folder)]).exit_code == 0
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert signalen(root, "render", "--check").exit_code == 0
    assert not [*root.rglob(".clusters.*")]


def test_a_clone_that_cannot_be_made_stops_no_other(root: Path, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    assert CliRunner().invoke(main, ["new", str(origin), "--no-input", "--offline", *_answers()]).exit_code == 0
    (root / FLEET_FILE).write_text(
        LISTED + f"  arnhem: {{repository: 'file://{origin}'}}\n  ede: {{repository: 'file://{tmp_path}/nowhere'}}\n"
    )
    said = signalen(root, "check", "--format", "json")
    assert ends(said) == {**dict.fromkeys(NAMES, "fine"), "arnhem": "fine", "ede": "failed"}
    assert said.exit_code == 2
    assert (root / "repositories/arnhem/municipality.yaml").is_file()
    assert [one.name for one in (root / "repositories").iterdir()] == ["arnhem"]


def _answers() -> list[str]:
    given = {
        "municipality": "GM0202",
        "contact.phone": "026 377 30 00",
        "contact.email": "meldingen@arnhem.nl",
        "repository.url": "https://git.example.nl/arnhem/signalen.git",
        "identity.issuer": "https://id.s-hertogenbosch.nl/realms/signalen",
        "identity.clientId": "3f0c6a7e",
        "environments.acceptance.domain": "arnhem.signalen.dev",
    }
    return [part for key, value in given.items() for part in ("--set", f"{key}={value}")]


FOUND = [
    MemberOutcome("utrecht", Ending.FINE, "no problems"),
    MemberOutcome("breda", Ending.FAILED, "<b>|\x00 went wrong"),
]


def test_each_format_says_who_and_how() -> None:
    assert report.write("check", FOUND, "text").splitlines() == [
        "municipality          what came of it",
        "breda         failed  <b>|\x00 went wrong",
        "utrecht       fine    no problems",
        "",
        "2 municipalities: 1 fine, 1 failed",
    ]
    suite = ElementTree.fromstring(report.write("check", FOUND, "junit"))
    assert [(case.get("name"), [one.tag for one in case]) for case in suite] == [("breda", ["error"]), ("utrecht", [])]
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "1", "0")
    page = report.write("check", FOUND, "html")
    assert "<b>" not in page and "&lt;b&gt;" in page and '<th scope="row">utrecht</th>' in page
    rows = [line for line in report.write("check", FOUND, "markdown").splitlines() if line.startswith("|")]
    assert len(rows) == 4 and "<b>" not in rows[2] and rows[2].replace("\\|", "").count("|") == 4
    assert json.loads(report.write("check", FOUND, "json"))["code"] == 2


def test_status_uses_what_render_remembers_and_no_more_than_that(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not render again where that is known, and sees every change of the tree since."""
    assert signalen(root, "render").exit_code == 0

    def trees() -> dict[str, str]:
        rows = json.loads(signalen(root, "status", "--processes", "1", "--format", "json").stdout)["environments"]
        return {one["municipality"]: one["tree"] for one in rows}

    def refuse(*_: object) -> None:
        raise AssertionError("rendered again")

    with monkeypatch.context() as patched:
        patched.setattr("signalen_toolkit.repository.status.render", refuse)
        assert trees() == dict.fromkeys(NAMES, "clean")
    values = root / "municipalities/breda/clusters/acceptance/values/signalen-frontend.yaml"
    values.write_text(values.read_text() + "# other\n")
    (root / "municipalities/tilburg/clusters/acceptance/bootstrap.yaml").unlink()
    assert trees() == dict.fromkeys(NAMES, "clean") | {"breda": "stale", "tilburg": "stale"}
