"""When each municipality was changed last, as real Git knows it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.fleet import listing
from signalen_toolkit.fleet.glance import changes
from signalen_toolkit.fleet.glance.changes import last_changes

from tests.support.fleets import FLEET, fleet

DAY = 86_400


def git(root: Path, *arguments: str | Path, at: int = 1_700_000_000) -> None:
    when = {"GIT_AUTHOR_DATE": f"@{at} +0100", "GIT_COMMITTER_DATE": f"@{at} +0100"}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.nl", "-c", "init.defaultBranch=main")
    command = ["git", "-C", root, *who, *arguments]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **when})


def commit(root: Path, file: str, at: int) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.read_text() + "\n" if path.exists() else "")
    git(root, "add", "--all", at=at)
    git(root, "commit", "--quiet", "--allow-empty", "-m", "Change", at=at)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a fleet below the top of its repository, of which one municipality was changed after the other."""
    top = tmp_path / "top"
    root = fleet(top / "below")
    git(top, "init", "--quiet")
    commit(top, "x", DAY)
    commit(top, f"below/municipalities/tilburg/{FORM_FILE}", 5 * DAY)
    for number in range(6, 10):
        commit(top, "below/defaults.yaml", number * DAY)
    return root


@pytest.mark.parametrize("at_a_time", [1, 2, 64])
def test_of_each_the_newest_commit_on_its_folder(root: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    monkeypatch.setattr(changes, "_COMMITS", at_a_time)
    assert last_changes(listing.read(root)) == {"s-hertogenbosch": DAY, "tilburg": 5 * DAY}


def test_a_merge_is_of_the_day_on_which_it_was_merged(root: Path) -> None:
    git(root, "switch", "--quiet", "-c", "aside")
    commit(root, f"municipalities/s-hertogenbosch/{FORM_FILE}", 10 * DAY)
    git(root, "switch", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-ff", "aside", at=12 * DAY)
    assert last_changes(listing.read(root)) == {"s-hertogenbosch": 12 * DAY, "tilburg": 5 * DAY}


def test_what_a_shallow_clone_does_not_have_nobody_knows(root: Path, tmp_path: Path) -> None:
    git(root, "clone", "--quiet", "--depth", "2", f"file://{root.parent}", tmp_path / "shallow")
    assert last_changes(listing.read(tmp_path / "shallow/below")) == {}
    git(root, "clone", "--quiet", "--depth", "6", f"file://{root.parent}", tmp_path / "deeper")
    assert last_changes(listing.read(tmp_path / "deeper/below")) == {"tilburg": 5 * DAY}


def test_without_git_or_a_commit_nobody_knows(tmp_path: Path) -> None:
    root = fleet(tmp_path / "fleet")
    assert last_changes(listing.read(root)) == {}
    git(root, "init", "--quiet")
    assert last_changes(listing.read(root)) == {}


def test_one_with_a_repository_of_its_own_has_its_own_commits(tmp_path: Path) -> None:
    own = "{repository: 'https://git.example.nl/tilburg.git'}"
    root = fleet(tmp_path / "fleet", listed=FLEET.replace("{groups: [brabant], ring: all}", own))
    git(root, "init", "--quiet")
    commit(root, "municipalities/s-hertogenbosch/x", 3 * DAY)
    clone = root / "repositories/tilburg"
    clone.mkdir(parents=True)
    assert last_changes(listing.read(root)) == {"s-hertogenbosch": 3 * DAY}  # not the commit of the fleet around it
    git(clone, "init", "--quiet")
    commit(clone, FORM_FILE, 7 * DAY)
    assert last_changes(listing.read(root)) == {"s-hertogenbosch": 3 * DAY, "tilburg": 7 * DAY}
