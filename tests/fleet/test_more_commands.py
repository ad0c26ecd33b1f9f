"""verify, diff, promote, update, secrets check and haven, for a whole fleet: with real Helm and Git."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.memory import Memory
from signalen_toolkit.fleet.operations import Verify
from signalen_toolkit.helm.options import Options

from tests.fleet.test_adding import ROWS
from tests.fleet.test_commands import FORMS, LISTED
from tests.support.fleets import DEFAULTS, GROUP, fleet

ENVIRONMENTS = """\
environments:
  acceptance: {version: 4.22.0}
  staging: {version: 4.21.0, production: false}
"""
STAGING = ROWS.replace("groups,", "environments.staging.domain,groups,").replace("dev,b", "dev,{}.signalen.test,b")


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.nl")
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "fleet"
    assert CliRunner().invoke(main, ["fleet", "new", str(root)]).exit_code == 0
    (root / "groups/brabant.yaml").write_text(GROUP)
    own = DEFAULTS.split("v1\n")[1].split("environments:")[0]
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + own + ENVIRONMENTS)
    lines = STAGING.splitlines()
    rows = [lines[0], lines[1].format("s-hertogenbosch"), lines[2].format("tilburg")]
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n")
    said = signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline")
    assert said.exit_code == 0, said.output
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "Take two up")
    return root


def signalen(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["fleet", arguments[0], "-C", str(root), *arguments[1:]])


def found(said: Result) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(said.stdout)["municipalities"]}


def test_verify_with_helm_and_what_is_remembered_of_it(root: Path, charts: Path) -> None:
    form = root / "municipalities/tilburg" / FORM_FILE
    right = form.read_text()
    form.write_text(f"{right}overrides: {{backend: {{extraEnvVars: {{A: [1]}}}}}}\n")
    said = signalen(root, "verify", "--charts", str(charts), "--offline", "--format", "json")
    assert {name: one["end"] for name, one in found(said).items()}["s-hertogenbosch"] == "fine", said.output
    assert found(said)["tilburg"]["end"] == "problems"
    form.write_text(right)
    again = ("verify", "--charts", str(charts), "--offline", "--format", "json")
    assert signalen(root, *again).exit_code == 0
    assert signalen(root, *again).exit_code == 0
    whole = listing.read(root)
    options = Options(charts=charts, offline=True, variables=dict(os.environ))
    memory = Memory(whole, "verify", dict(os.environ), asked=Verify(options, None, locked=False).around)
    assert [memory.recall(one) is not None for one in whole.members] == [True, True]
    (charts / "unknown.txt").write_text("another file among the charts")
    try:
        memory.look_again()
        assert [memory.recall(one) for one in whole.members] == [None, None]
    finally:
        (charts / "unknown.txt").unlink()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_get_what_the_work_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Where there are enough municipalities for processes, each of them runs Helm as one alone does."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("signalen_toolkit.fleet.run._method", lambda: method)
    root = fleet(tmp_path / "fleet", FORMS, LISTED)
    assert signalen(root, "render").exit_code == 0
    (tmp_path / "charts").mkdir()
    said = signalen(root, "verify", "--charts", str(tmp_path / "charts"), "--offline", "--format", "json")
    assert said.exit_code == 2, said.output
    assert {name for name, one in found(said).items() if "is not at hand" in str(one["said"])} == {*FORMS}


def test_diff_and_promote(root: Path, charts: Path) -> None:
    refused = signalen(root, "promote", "--from", "acceptance", "--to", "staging", "--offline")
    assert refused.exit_code == 2 and "add --yes" in refused.output
    said = signalen(root, "promote", "tilburg", "--from", "acceptance", "--to", "staging", "--yes", "--offline")
    assert said.exit_code == 0, said.output
    assert '"4.22.0"' in (root / "municipalities/tilburg" / FORM_FILE).read_text()
    said = signalen(root, "diff", "--from", "HEAD", "--charts", str(charts), "--offline", "--format", "json")
    assert said.exit_code == 0, said.output
    outcomes = found(said)
    assert outcomes["s-hertogenbosch"]["said"] == "nothing changes"
    assert "staging" in str(outcomes["tilburg"]["text"])
    again = signalen(root, "promote", "tilburg", "--from", "acceptance", "--to", "staging", "--yes", "--offline")
    assert again.exit_code == 0 and "has what acceptance has already" in again.stdout


def test_update_secrets_and_haven(root: Path, charts: Path) -> None:
    said = signalen(root, "update", "--check", "--format", "json")
    assert {one["said"] for one in found(said).values()} == {"is up to date"}, said.output
    said = signalen(root, "secrets-check", "--format", "json")
    assert said.exit_code == 1  # none was made yet
    assert all(one["problems"] for one in found(said).values())
    assert f"{root}/municipalities/tilburg/secrets" in said.stdout
    haven = (
        "haven",
        "tilburg",
        "--environment",
        "acceptance",
        "--charts",
        str(charts),
        "--offline",
        "--format",
        "json",
    )
    said = signalen(root, *haven)
    assert said.exit_code == 0, said.output
    assert str(found(said)["tilburg"]["said"]).startswith("acceptance: ")
    assert signalen(root, *haven, "--strict").exit_code == 1


def test_status_counts_the_points_of_haven(root: Path, charts: Path) -> None:
    how = ("--charts", str(charts), "--offline", "--format", "json")
    told = found(signalen(root, "haven", "tilburg", "--environment", "staging", *how))["tilburg"]["said"]
    assert signalen(root, "render").exit_code == 0
    rows = json.loads(signalen(root, "status", "tilburg", "--haven", *how).stdout)["environments"]
    points = {one["environment"]: one["haven"] for one in rows}["staging"]
    counted = f"{points['met']} van de {points['met'] + points['not_met']} punten voldoen, {points['not_met']} niet"
    assert str(told).startswith(f"staging: {counted}")
    refused = signalen(root, "status", "tilburg", "--haven", "--offline", "--format", "json")
    (first, *_) = json.loads(refused.stdout)["environments"]
    assert refused.exit_code == 0 and "is not at hand" in first["haven"]["problem"]


@pytest.mark.parametrize(
    "command",
    [("bump", "--to", "4.20.0", "--environment", "acceptance"), ("promote", "--from", "staging", "--to", "acceptance")],
    ids=["bump", "promote"],
)
def test_what_is_wrong_is_told_in_the_file_that_it_comes_from(root: Path, command: tuple[str, ...]) -> None:
    form = root / "municipalities/tilburg" / FORM_FILE
    form.write_text(form.read_text().replace("acceptance:\n", "acceptance:\n    version: 4.22.0\n"))
    git(root, "commit", "--quiet", "--all", "-m", "Give Tilburg a release of its own")
    said = signalen(root, *command, *(("--yes",) if command[0] == "promote" else ()))
    assert said.exit_code == 1
    assert f"{form}:" in said.output
    assert f"{root / 'defaults.yaml'}:" in said.output
