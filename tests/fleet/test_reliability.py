"""What is wrong with one municipality stops no other: its token, its remote, the toolkit by which it was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from signalen_toolkit import __version__
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE, TEMPLATE_STATE
from signalen_toolkit.fleet import rolling

from tests.fleet.test_pull_requests import Begin, apart, begin
from tests.fleet.test_rollout import OFFLINE, commit, git, signalen
from tests.support.forges import TOKEN, ForgeServer

__all__ = ["begin"]  # the fixture


def ends(said: Result) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["end"], one["said"]) for one in json.loads(said.stdout)["municipalities"]}


def three(begin: Begin, change: tuple[str, str]) -> tuple[Path, ForgeServer]:
    """Begin with three municipalities, two of which have repositories of their own, and change the list of them."""
    root, server = begin("github")
    for name in ("tilburg", "utrecht"):
        apart(root, server, name)
    listing = root / FLEET_FILE
    listing.write_text(listing.read_text().replace(*change))
    return root, server


def test_one_token_that_expired_and_one_remote_that_is_gone_stop_nobody_else(begin: Begin) -> None:
    root, server = three(begin, ("/org/utrecht.git", "/org/gone.git"))
    server.expired = {"tilburg"}
    said = signalen(root, "check", "--format", "json")
    found = ends(said)
    assert said.exit_code == 2 and found["s-hertogenbosch"][0] == "fine"
    assert found["tilburg"][0] == found["utrecht"][0] == "failed"
    assert "cannot be cloned" in found["tilburg"][1] and TOKEN not in said.stdout
    assert not [one for one in (root / "repositories").iterdir() if one.is_dir()]
    server.expired = set()
    again = ends(signalen(root, "check", "--format", "json"))
    assert again["tilburg"][0] == "fine" and again["utrecht"][0] == "failed"


def test_a_token_that_expires_during_a_rollout_holds_up_its_own_municipality(begin: Begin) -> None:
    root, server = three(begin, ("ring: all", "ring: canary"))
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    rolling.go(root, "4.23.0", OFFLINE)
    for pull in server.pulls:
        if pull.repository != "utrecht":
            server.merge(pull)
    server.expired = {"utrecht"}
    part = rolling.go(root, "4.23.0", OFFLINE)
    assert {one.name: one.end for one in part.outcomes} == {
        "s-hertogenbosch": "fine",
        "tilburg": "fine",
        "utrecht": "failed",
    }
    assert not part.fine and not part.waits and TOKEN not in repr(part)
    server.expired = set()
    assert rolling.go(root, "4.23.0", OFFLINE).waits and len(server.pulls) == 3


@pytest.mark.parametrize(("version", "end"), [("99.0.0", "failed"), ("0.0.1", "fine"), ("?", "fine"), ("", "fine")])
def test_another_toolkit_is_understood_or_refused_with_a_reason(begin: Begin, version: str, end: str) -> None:
    root, server = begin("github")
    apart(root, server, "tilburg")
    assert ends(signalen(root, "check", "--format", "json"))["tilburg"][0] == "fine"
    state = root / "repositories/tilburg" / TEMPLATE_STATE
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"about": "x", "toolkit": version, "files": {}}))
    form = root / "repositories/tilburg" / FORM_FILE
    before = form.read_bytes()
    for command in (("check",), ("render",), ("render", "--check"), ("bump", "--to", "4.23.0", "--offline")):
        said = ends(signalen(root, *command, "--format", "json"))
        assert said["s-hertogenbosch"][0] == "fine" and said["tilburg"][0] == end, command
        if end == "failed":
            reason = f"it was made or updated with toolkit {version}, and this is {__version__}: install that"
            assert said["tilburg"][1] == reason and form.read_bytes() == before
    rows = json.loads(signalen(root, "status", "--format", "json").stdout)["environments"]
    assert {one["municipality"] for one in rows if bool(one["failed"]) == (end == "failed")} >= {"tilburg"}


def test_what_is_kept_of_a_toolkit_may_be_broken(begin: Begin, tmp_path: Path) -> None:
    root, server = begin("github")
    apart(root, server, "tilburg")
    signalen(root, "check")
    state = root / "repositories/tilburg" / TEMPLATE_STATE
    state.parent.mkdir(exist_ok=True)
    state.write_text("{")
    said = ends(signalen(root, "check", "--format", "json"))
    assert said["tilburg"][0] == "failed" and "git checkout HEAD" in said["tilburg"][1]
    assert said["s-hertogenbosch"][0] == "fine"
