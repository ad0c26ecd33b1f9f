"""A release in rings: step by step, through gates, stopped, taken back, and never twice; with real Git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing, rolling, rollout
from signalen_toolkit.fleet.changes.ways import Ways
from signalen_toolkit.fleet.selection import releases

from tests.fleet.test_adding import ROWS
from tests.support.fleets import DEFAULTS, GROUP

OFFLINE = Ways(offline=True, processes=1)
THIRD = "GM0344,030 286 00 00,meldingen@utrecht.nl,utrecht.signalen.dev,,all\n"
RINGS = """\
environments: [acceptance]
rings:
  canary: {soak: 2h, health: true}
  all: {approval: true}
municipalities:
"""


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.nl")
    done = subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "fleet"
    assert CliRunner().invoke(main, ["fleet", "new", str(root)]).exit_code == 0
    (root / FLEET_FILE).write_text(f"apiVersion: signalen.org/v1\n{RINGS}")
    (root / "groups/brabant.yaml").write_text(GROUP)
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + DEFAULTS.split("v1\n")[1])
    (tmp_path / "rows.csv").write_text(ROWS + THIRD)
    said = signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline")
    assert said.exit_code == 0, said.output
    commit(root)
    return root


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "x")


def signalen(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["fleet", arguments[0], "-C", str(root), *arguments[1:]])


def versions(root: Path) -> dict[str, str]:
    fleet = listing.read(root)
    return {one.name: releases(fleet, one)["acceptance"] for one in fleet.members}


def health(tmp_path: Path, script: str) -> Ways:
    program = tmp_path / "healthy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Ways(str(program), None, True, 1)


OLD = {"s-hertogenbosch": "4.22.0", "tilburg": "4.22.0", "utrecht": "4.22.0"}
CANARY = {**OLD, "s-hertogenbosch": "4.23.0"}


def test_ring_by_ring_through_every_gate(root: Path, tmp_path: Path) -> None:
    first = rolling.go(root, "4.23.0", OFFLINE, at="2026-01-01T10:00:00+00:00")
    assert first.fine and versions(root) == CANARY
    assert git(root, "status", "--porcelain") == ""
    assert "s-hertogenbosch" in git(root, "log", "--format=%s", "-2")

    well = health(tmp_path, "exit 0")
    early = rolling.go(root, "4.23.0", well, yes=True, at="2026-01-01T11:30:00+00:00")
    assert not early.fine and early.said[1].endswith("wait 31m more")
    no_yes = rolling.go(root, "4.23.0", well, at="2026-01-01T12:01:00+00:00")
    assert no_yes.said[1:] == ("ring 'all' begins with a person's yes: add --yes",)
    with pytest.raises(UsageError, match="name a program that tells it with --health"):
        rolling.go(root, "4.23.0", OFFLINE, yes=True, at="2026-01-01T12:01:00+00:00")
    ill = health(tmp_path, 'echo "$SIGNALEN_MUNICIPALITY $SIGNALEN_RELEASE is down"; exit 1')
    unwell = rolling.go(root, "4.23.0", ill, yes=True, at="2026-01-01T12:01:00+00:00")
    assert unwell.said[1:] == ("acceptance of s-hertogenbosch is not healthy: s-hertogenbosch 4.23.0 is down",)
    assert versions(root) == CANARY and git(root, "status", "--porcelain") == ""

    last = rolling.go(root, "4.23.0", health(tmp_path, "exit 0"), yes=True, at="2026-01-01T12:01:00+00:00")
    assert last.fine and {*versions(root).values()} == {"4.23.0"}
    assert last.said == ("release 4.23.0 is in acceptance of ring 'all'", "release 4.23.0 is everywhere")
    log = git(root, "log", "--oneline")
    again = rolling.go(root, "4.23.0", OFFLINE)
    assert (again.said, again.outcomes) == (("release 4.23.0 is everywhere",), ())
    assert git(root, "log", "--oneline") == log and git(root, "status", "--porcelain") == ""
    assert signalen(root, "render", "--check").exit_code == 0


def test_nothing_is_waited_for_in_a_ring_of_nobody(root: Path) -> None:
    listing_ = root / FLEET_FILE
    listing_.write_text(listing_.read_text().replace("ring: canary", "ring: all").replace("approval: true", ""))
    commit(root)
    for _ in range(2):
        step = rolling.go(root, "4.23.0", OFFLINE, at="2026-01-01T10:00:00+00:00")
        assert step.fine, step.said
    assert {*versions(root).values()} == {"4.23.0"}


def test_stopped_resumed_and_taken_back(root: Path, tmp_path: Path) -> None:
    assert signalen(root, "rollout", "4.23.0", "--offline").exit_code == 0
    assert signalen(root, "rollout", "--stop").exit_code == 0
    stopped = signalen(root, "rollout", "4.23.0", "--offline")
    assert stopped.exit_code == 2 and "--resume" in stopped.output
    assert "release 4.23.0: stopped" in signalen(root, "rollout", "--status").stdout
    assert signalen(root, "rollout", "--resume").exit_code == 0
    other = signalen(root, "rollout", "4.22.0", "--offline")
    assert other.exit_code == 2 and "is on its way" in other.output
    taken = signalen(root, "rollout", "--back", "--offline")
    assert taken.exit_code == 0, taken.output
    assert versions(root) == OLD and git(root, "status", "--porcelain") == ""
    assert signalen(root, "render", "--check").exit_code == 0
    assert signalen(root, "rollout", "--back", "--offline").exit_code == 2
    assert signalen(root, "rollout", "4.23.0", "--offline").exit_code == 0  # repaired, it begins anew
    assert versions(root) == CANARY


def test_one_that_cannot_be_changed_holds_the_ring_up_and_no_other(root: Path) -> None:
    rolling.go(root, "4.23.0", OFFLINE, at="2020-01-01T10:00:00+00:00")
    (root / FLEET_FILE).write_text((root / FLEET_FILE).read_text().replace(", health: true", ""))
    form = root / "municipalities/tilburg" / FORM_FILE
    right = form.read_text()
    form.write_text(right.replace("013 542 88 11", "nothing"))
    commit(root)
    part = rolling.go(root, "4.23.0", OFFLINE, yes=True)
    assert not part.fine and {one.name: one.end for one in part.outcomes} == {"tilburg": "problems", "utrecht": "fine"}
    assert versions(root) == {**CANARY, "utrecht": "4.23.0"}
    form.write_text(right)
    dirty = rolling.go(root, "4.23.0", OFFLINE)
    assert [(one.name, one.end) for one in dirty.outcomes] == [("tilburg", "failed")]
    commit(root)
    assert rolling.go(root, "4.23.0", OFFLINE).fine and {*versions(root).values()} == {"4.23.0"}
    assert git(root, "status", "--porcelain") == ""


def test_what_a_killed_run_left_is_completed_and_committed(root: Path) -> None:
    fleet = listing.read(root)
    begun = rollout.Rollout(
        "4.23.0", rollout.RUNNING, (rollout.RolloutStep("canary", "acceptance", {"s-hertogenbosch": "4.22.0"}),)
    )
    rollout.write(root, begun)
    form = fleet.folder(fleet.member("s-hertogenbosch")) / FORM_FILE
    said = CliRunner().invoke(main, ["bump", "4.23.0", "-C", str(form.parent), "--offline"])
    assert said.exit_code == 0, said.output
    assert rolling.go(root, "4.23.0", OFFLINE).fine
    assert git(root, "status", "--porcelain") == ""
    state = yaml.safe_load((root / rollout.FILE).read_text())
    assert [one["before"] for one in state["steps"]] == [{"s-hertogenbosch": "4.22.0"}]
    assert state["steps"][0]["done"]


def test_what_a_person_has_not_committed_is_never_taken_along(root: Path) -> None:
    form = root / "municipalities/s-hertogenbosch" / FORM_FILE
    form.write_text(form.read_text() + "# mine\n")
    said = rolling.go(root, "4.23.0", OFFLINE)
    assert not said.fine and "not committed" in said.outcomes[0].said
    assert versions(root) == OLD


def test_a_rollout_needs_rings_and_git_and_a_release(root: Path, tmp_path: Path) -> None:
    assert signalen(root, "rollout").exit_code == 2
    assert signalen(root, "rollout", "4.23.0", "--stop").exit_code == 2
    assert "is not how a release" in signalen(root, "rollout", "4.23").output
    assert "no release was rolled out" in signalen(root, "rollout", "--status").stdout
    (root / rollout.FILE).write_text("release: 1\n")
    assert "take it back from Git" in signalen(root, "rollout", "--status").output
    (root / rollout.FILE).unlink()
    (root / FLEET_FILE).write_text((root / FLEET_FILE).read_text().split("rings:")[0])
    assert "no rings" in signalen(root, "rollout", "4.23.0").output
