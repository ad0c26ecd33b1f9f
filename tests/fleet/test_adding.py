"""`signalen fleet new` and `add`: a fleet begins, and municipalities come in, one or many, in either shape."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.data import merge, without
from signalen_toolkit.fleet import listing
from signalen_toolkit.page.elsewhere import submitted_issue
from signalen_toolkit.page.elsewhere.questions import inquiries
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.repository.status import status
from signalen_toolkit.validation.check import check_file

from tests.support.fleets import DEFAULTS, FLEET, GROUP, fleet

ROWS = """\
municipality.code,contact.phone,contact.email,environments.acceptance.domain,groups,ring
GM0796,073 615 51 55,meldingen@s-hertogenbosch.nl,s-hertogenbosch.signalen.dev,brabant,canary
GM0855,013 542 88 11,meldingen@tilburg.nl,tilburg.signalen.dev,brabant,all
"""


def _signalen(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["fleet", *map(str, arguments)])


def _begun(tmp_path: Path, shape: str = "one-repository") -> Path:
    root = tmp_path / "fleet"
    assert _signalen("new", root, "--shape", shape).exit_code == 0
    if shape == "one-repository":
        (root / "groups/brabant.yaml").write_text(GROUP)
        (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + DEFAULTS.split("v1\n")[1])
    return root


def test_a_new_fleet_is_right_and_committed(tmp_path: Path) -> None:
    for shape in ("one-repository", "many-repositories"):
        root = tmp_path / shape
        assert _signalen("new", root, "--shape", shape).exit_code == 0
        found, problems = listing.checked(root)
        assert (found.shape, problems, found.members) == (shape, [], ())
        assert [(one.name, one.soak) for one in found.rings] == [("canary", 86400), ("early", 172800), ("all", 0)]
        said = subprocess.run(["git", "-C", root, "status", "--porcelain"], capture_output=True, text=True, check=True)
        assert said.stdout == ""
    assert _signalen("new", tmp_path / "one-repository").exit_code == 2


def test_many_from_a_table_have_what_is_their_own_in_their_forms(tmp_path: Path) -> None:
    root = _begun(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    assert said.exit_code == 0, said.output
    found = listing.read(root)
    assert [(one.name, one.groups, one.ring) for one in found.members] == [
        ("s-hertogenbosch", ("brabant",), "canary"),
        ("tilburg", ("brabant",), "all"),
    ]
    for member in found.members:
        folder = found.folder(member)
        own = yaml.safe_load((folder / FORM_FILE).read_text())
        assert {*own} == {"municipality", "contact", "repository", "environments"}
        assert own["repository"] == {"path": member.path}
        assert {*own["environments"]["acceptance"]} == {"domain", "cluster", "secrets"} - {
            key for key in ("secrets",) if key not in own["environments"]["acceptance"]
        }
        config, problems = check_file(folder / FORM_FILE, catalog())
        assert problems == []
        assert config.environments[0].settings["branding"]["title"] == "Meldingen Brabant"
        assert [one.tree for one in status(folder).environments] == ["clean"]


def test_given_again_it_changes_nothing_and_a_broken_row_stops_no_other(tmp_path: Path) -> None:
    root = _begun(tmp_path)
    broken = ROWS.replace("GM0796,073 615 51 55", "GM0796,not a phone")
    (tmp_path / "rows.csv").write_text(f"{broken}GM9999,,,,,\n")
    said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    assert said.exit_code == 1
    assert "contact.phone" in said.output and "GM9999" in said.output
    assert [one.name for one in listing.read(root).members] == ["tilburg"]
    assert [one.name for one in (root / "municipalities").iterdir() if one.is_dir()] == ["tilburg"]
    (tmp_path / "rows.csv").write_text(ROWS)
    said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    assert said.exit_code == 0, said.output
    assert "tilburg: is in the fleet already" in said.output
    assert [one.name for one in listing.read(root).members] == ["tilburg", "s-hertogenbosch"]


def test_one_that_was_made_and_not_listed_is_listed_the_next_time(tmp_path: Path) -> None:
    root = _begun(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    text = (root / FLEET_FILE).read_text()
    (root / FLEET_FILE).write_text(text[: text.index("  tilburg")])
    assert [one.rule for one in listing.checked(root)[1]] == ["fleet-folder"]
    form = (root / "municipalities/tilburg" / FORM_FILE).read_bytes()
    said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    assert said.exit_code == 0, said.output
    assert [one.name for one in listing.read(root).members] == ["s-hertogenbosch", "tilburg"]
    assert (root / FLEET_FILE).read_text() == text
    assert (root / "municipalities/tilburg" / FORM_FILE).read_bytes() == form


def test_each_in_a_repository_of_its_own(tmp_path: Path) -> None:
    root = _begun(tmp_path, "many-repositories")
    (tmp_path / "answers.yaml").write_text(DEFAULTS.replace("fleet/signalen", "tilburg/signalen"))
    (tmp_path / "rows.csv").write_text(
        ROWS.splitlines()[0].removesuffix(",groups,ring") + "\n" + ",".join(ROWS.splitlines()[2].split(",")[:4]) + "\n"
    )
    said = _signalen(
        "add", "-C", root, "--answers", tmp_path / "answers.yaml", "--from", tmp_path / "rows.csv", "--offline"
    )
    assert said.exit_code == 0, said.output
    (member,) = listing.read(root).members
    assert (member.repository, member.path) == ("https://git.example.nl/tilburg/signalen.git", "repositories/tilburg")
    clone = root / member.path
    assert check_file(clone / FORM_FILE, catalog())[1] == []
    log = subprocess.run(["git", "-C", clone, "log", "--oneline"], capture_output=True, text=True, check=True)
    assert len(log.stdout.splitlines()) == 1
    outer = subprocess.run(["git", "-C", root, "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert outer.stdout == f" M {FLEET_FILE}\n"


def test_a_group_or_a_ring_that_is_not_there_is_refused(tmp_path: Path) -> None:
    root = _begun(tmp_path)
    for row, word in (("brabant,nowhere", "ring 'nowhere'"), ("limburg,all", "groups/limburg.yaml")):
        (tmp_path / "rows.csv").write_text(ROWS.replace("brabant,canary", row))
        said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
        assert said.exit_code == 1 and word in said.output
    assert [one.name for one in listing.read(root).members] == ["tilburg"]


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ("name,phone\na,b\n", "no column 'municipality'"),
        ("municipality\na,b\n", "more cells"),
        ('municipality\n"a"b\n', "is not CSV"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, table: str, word: str) -> None:
    root = _begun(tmp_path)
    (tmp_path / "rows.csv").write_text(table)
    said = _signalen("add", "-C", root, "--from", tmp_path / "rows.csv", "--offline")
    assert said.exit_code == 2 and word in said.output


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("ring: all}", "ring: al}", "fleet-ring"),
        ("tilburg: {", "breda: {", "fleet-folder"),
        ("shape: one-repository", "shape: one", "unknown-value"),
        ("canary: {}", "canary: {soak: 2 days}", "wrong-format"),
        ("tilburg: {", "no: {", "wrong-format"),
        ("rings:", "ringen:", "unknown-key"),
    ],
)
def test_what_is_wrong_in_the_listing_is_told_at_its_place(tmp_path: Path, old: str, new: str, rule: str) -> None:
    root = fleet(tmp_path, listed=FLEET.replace(old, new))
    problems = listing.checked(root)[1]
    assert problems
    (line,) = [number for number, one in enumerate(FLEET.replace(old, new).splitlines(), 1) if new in one][:1]
    assert rule in {one.rule for one in problems}, problems
    if rule != "fleet-folder":
        assert line in {one.line for one in problems}


def test_no_fleet_here(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with `signalen fleet new`"):
        listing.read(tmp_path)


def test_what_the_layers_do_not_say_is_left_over() -> None:
    below = {"a": {"b": 1, "c": [1]}, "d": "x", "e": True}
    data = {"a": {"b": 1, "c": [1, 2], "f": 2}, "d": "x", "e": 1}
    assert without(data, below) == {"a": {"c": [1, 2], "f": 2}, "e": 1}
    assert merge(below, without(data, below)) == data


ISSUE = {
    "/municipality/code": "'s-Hertogenbosch",
    "/contact/phone": "073 615 51 55",
    "/contact/email": "meldingen@s-hertogenbosch.nl",
    "/environments/acceptance/domain": "s-hertogenbosch.signalen.dev",
    "/components/dex/enabled": "false",
}
OTHER_ISSUE = {
    **ISSUE,
    "/municipality/code": "Tilburg",
    "/contact/phone": "zes",
    "/environments/acceptance/domain": "tilburg.signalen.dev",
}


def _issue(path: Path, answers: dict[str, str]) -> Path:
    """Write an issue as GitHub does of its form."""
    text = "\n\n".join(
        f"### {submitted_issue.label(one, Words('nl'))}\n\n{answers.get(one.name) or '_No response_'}"
        for one in inquiries()
    )
    path.write_text(f"<!-- of a form,\n in two lines -->\n{text}\n")
    return path


def _line_of(path: Path, text: str) -> int:
    return path.read_text().splitlines().index(text) + 1


def test_issues_become_municipalities_and_what_is_wrong_is_told_at_its_question(tmp_path: Path) -> None:
    root = _begun(tmp_path)
    one, other = _issue(tmp_path / "1.md", ISSUE), _issue(tmp_path / "2.md", OTHER_ISSUE)
    none = tmp_path / "3.md"
    none.write_text("hello\n")
    given = ("--issue", one, "--issue", other, "--issue", none, "--group", "brabant", "--ring", "canary")
    said = _signalen("add", "-C", root, *given, "--offline")
    assert said.exit_code == 1
    assert [(member.name, member.groups, member.ring) for member in listing.read(root).members] == [
        ("s-hertogenbosch", ("brabant",), "canary")
    ]
    assert f"{other}:{_line_of(other, 'zes')}:" in said.output and "Telefoonnummer'" in said.output
    assert f"{none}: Vul de naam van de gemeente in" in said.output
    form = root / "municipalities/s-hertogenbosch" / FORM_FILE
    own = yaml.safe_load(form.read_text())
    assert own["contact"] == {"phone": "073 615 51 55", "email": "meldingen@s-hertogenbosch.nl"}
    assert "identity" not in own and "branding" not in own  # the layers have it
    assert check_file(form, catalog())[1] == []
    _issue(other, {**OTHER_ISSUE, "/contact/phone": "013 542 88 11", "/environments/acceptance/domain": ""})
    said = _signalen("add", "-C", root, "--issue", one, "--issue", other, "--offline")
    assert said.exit_code == 1 and "s-hertogenbosch: is in the fleet already" in said.output
    assert f"{other}:" in said.output and "the question is 'acceptance" in said.output
    _issue(other, {**OTHER_ISSUE, "/contact/phone": "013 542 88 11"})
    said = _signalen("add", "-C", root, "--issue", other, "--offline")
    assert said.exit_code == 0, said.output
    assert [one.name for one in listing.read(root).members] == ["s-hertogenbosch", "tilburg"]


@pytest.mark.parametrize("text", ["", "\0", "### x\n", "\ufeff", "\udcff"])
def test_any_file_is_an_issue_or_is_told(tmp_path: Path, text: str) -> None:
    root = _begun(tmp_path)
    (tmp_path / "1.md").write_bytes(text.encode(errors="surrogateescape"))
    said = _signalen("add", "-C", root, "--issue", tmp_path / "1.md")
    assert said.exit_code == 1 and f"{tmp_path / '1.md'}" in said.output
    assert "Traceback" not in said.output
