"""A release in rings by pull requests: opened once, waited for, merged in whichever way, closed, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from signalen_toolkit.base.layout import FLEET_FILE, FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet import listing, rolling, rollout
from signalen_toolkit.fleet.changes import proposing
from signalen_toolkit.fleet.changes.homes import Home
from signalen_toolkit.fleet.changes.kept import BRANCH, kept

from tests.fleet.test_adding import ROWS
from tests.fleet.test_rollout import CANARY, OFFLINE, OLD, THIRD, commit, git, signalen, versions
from tests.support.fleets import DEFAULTS, GROUP
from tests.support.forges import TOKEN, ForgeServer, forge

LISTING = """\
apiVersion: signalen.org/v1
environments: [acceptance]
changes: pull-requests
rings:
  canary: {}
  all: {approval: true}
municipalities:
"""
KINDS = ("github", "gitlab", "forgejo")
Begin = Callable[[str], tuple[Path, ForgeServer]]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Give a fleet of three in one repository, which is on a server of a kind, with a token for that."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with ExitStack() as stack:

        def begun(kind: str) -> tuple[Path, ForgeServer]:
            server = stack.enter_context(forge(kind, tmp_path / "served"))
            monkeypatch.setenv(server.variable, TOKEN)
            root = tmp_path / "fleet"
            assert CliRunner().invoke(main, ["fleet", "new", str(root)]).exit_code == 0
            (root / FLEET_FILE).write_text(LISTING)
            (root / "groups/brabant.yaml").write_text(GROUP)
            shared = DEFAULTS.split("v1\n")[1].replace('signalen.git"', f'signalen.git", host: {kind}')
            (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + shared)
            (tmp_path / "rows.csv").write_text(ROWS + THIRD)
            said = signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline")
            assert said.exit_code == 0, said.output
            commit(root)
            published(root, server, "fleet")
            return root, server

        yield begun


def published(folder: Path, server: ForgeServer, name: str) -> str:
    url = server.repository(name)
    git(folder, "remote", "add", "origin", url)
    git(folder, "push", "--quiet", server.bare(name), "HEAD:refs/heads/main")
    return url


def apart(root: Path, server: ForgeServer, name: str) -> None:
    """Give a municipality a repository of its own on the server, of which there is no clone yet."""
    said = signalen(root, "split", name, "--repository", f"https://git.example.nl/{name}/signalen.git")
    assert said.exit_code == 0, said.output
    clone = root / "repositories" / name
    url = published(clone, server, name)
    clone.rename(root.parent / f"{name}-made")
    listing = root / FLEET_FILE
    listing.write_text(listing.read_text().replace(f"https://git.example.nl/{name}/signalen.git", url))
    git(root, "rm", "-r", "--quiet", f"municipalities/{name}")
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")


@pytest.mark.parametrize(("kind", "squash"), [*((kind, True) for kind in KINDS), ("github", False)])
def test_a_step_is_done_once_it_is_merged(begin: Begin, kind: str, squash: bool) -> None:
    root, server = begin(kind)
    before = git(root, "rev-parse", "HEAD")
    first = rolling.go(root, "4.23.0", OFFLINE)
    assert (first.fine, first.waits) == (False, True), first
    server.settle("fleet")
    (pull,) = server.pulls
    assert (pull.title, pull.base) == ("Signalen 4.23.0 in acceptance", "main")
    assert (
        versions(root) == OLD and git(root, "rev-parse", "HEAD") == before and git(root, "status", "--porcelain") == ""
    )
    assert git(root, "worktree", "list").count("\n") == 1

    again = rolling.go(root, "4.23.0", OFFLINE)
    assert again.waits and [one.said for one in again.outcomes] == [
        f"waits to be merged: {server.url}/org/fleet/pulls/1"
    ]
    server.settle("fleet")
    assert len(server.pulls) == 1
    assert f"4.23.0: {server.url}/org/fleet/pulls/1" in signalen(root, "rollout", "--status").output

    server.merge(pull, squash=squash)
    asked = rolling.go(root, "4.23.0", OFFLINE)
    assert asked.waits and asked.said[1] == "ring 'all' begins with a person's yes: add --yes"
    assert versions(root) == CANARY
    assert signalen(root, "rollout", "4.23.0", "--offline").exit_code == 1
    assert signalen(root, "rollout", "4.23.0", "--offline", "--patient").exit_code == 0

    rolling.go(root, "4.23.0", OFFLINE, yes=True)
    server.settle("fleet")
    assert [one.state for one in server.pulls] == ["merged", "open"]
    server.merge(server.pulls[1], squash=squash)
    last = rolling.go(root, "4.23.0", OFFLINE)
    assert last.fine and last.said == ("release 4.23.0 is everywhere",)
    assert {*versions(root).values()} == {"4.23.0"} and len(server.pulls) == 2
    assert signalen(root, "render", "--check").exit_code == 0
    assert "done" in signalen(root, "rollout", "--status").output


def test_each_repository_has_its_own_and_an_expired_token_stops_nobody_else(begin: Begin) -> None:
    root, server = begin("github")
    for name in ("tilburg", "utrecht"):
        apart(root, server, name)
    (root / FLEET_FILE).write_text((root / FLEET_FILE).read_text().replace("ring: all", "ring: canary"))
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    server.expired = {"tilburg"}
    first = rolling.go(root, "4.23.0", OFFLINE)
    ends = {one.name: one.end for one in first.outcomes}
    assert ends == {"s-hertogenbosch": "fine", "utrecht": "fine", "tilburg": "failed"} and not first.waits
    assert [one.repository for one in server.pulls] == ["fleet", "utrecht"]
    assert TOKEN not in repr(first)

    server.expired = set()
    assert rolling.go(root, "4.23.0", OFFLINE).waits
    assert [one.repository for one in server.pulls] == ["fleet", "utrecht", "tilburg"]
    for pull in server.pulls:
        server.merge(pull)
    assert rolling.go(root, "4.23.0", OFFLINE, yes=True).fine
    assert {*versions(root).values()} == {"4.23.0"}
    for config in root.rglob(".git/config"):
        assert TOKEN not in config.read_text()
    assert TOKEN not in git(root, "log", "-p", f"origin/{BRANCH}")


def test_one_whose_form_is_wrong_holds_the_ring_up_and_gets_its_own_once_it_is_mended(begin: Begin) -> None:
    root, server = begin("github")
    apart(root, server, "utrecht")
    listing_ = root / FLEET_FILE
    listing_.write_text(listing_.read_text().replace("ring: all", "ring: canary"))
    forms = [root / "municipalities" / name / FORM_FILE for name in ("s-hertogenbosch", "tilburg")]
    right = [form.read_text() for form in forms]
    for form, text in zip(forms, right, strict=True):
        form.write_text(text.replace("contact:", "contacts:"))
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    part = rolling.go(root, "4.23.0", OFFLINE)
    ends = {one.name: one.end for one in part.outcomes}
    assert ends == {"s-hertogenbosch": "problems", "tilburg": "problems", "utrecht": "fine"} and not part.waits
    for form, text in zip(forms, right, strict=True):
        form.write_text(text)
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    assert rolling.go(root, "4.23.0", OFFLINE).waits
    assert [one.repository for one in server.pulls] == ["utrecht", "fleet"]
    assert len({one.branch for one in server.pulls}) == 2
    for pull in server.pulls:
        server.merge(pull)
    assert rolling.go(root, "4.23.0", OFFLINE, yes=True).fine and {*versions(root).values()} == {"4.23.0"}


def test_one_that_expires_when_it_is_opened_is_opened_the_next_time(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, server = begin("github")
    monkeypatch.delenv(server.variable)
    server.open_to_all = True  # Git signs in another way
    first = rolling.go(root, "4.23.0", OFFLINE)
    assert [(one.name, one.end) for one in first.outcomes] == [("s-hertogenbosch", "failed")]
    assert server.variable in first.outcomes[0].said and not server.pulls
    monkeypatch.setenv(server.variable, TOKEN)
    assert rolling.go(root, "4.23.0", OFFLINE).waits
    assert [one.state for one in server.pulls] == ["open"]


@pytest.mark.parametrize("kind", ["gitlab", "forgejo"])
def test_push_options_need_no_token(begin: Begin, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    root, server = begin(kind)
    monkeypatch.delenv(server.variable)
    server.open_to_all = True
    for _ in range(2):
        assert rolling.go(root, "4.23.0", OFFLINE).waits
    server.settle("fleet")
    assert [one.state for one in server.pulls] == ["open"] and not [one for one in server.asked if "/api/" in one]
    server.merge(server.pulls[0])
    assert "person's yes" in rolling.go(root, "4.23.0", OFFLINE).said[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_one_is_said_and_what_is_open_is_closed_on_the_way_back(begin: Begin, kind: str) -> None:
    root, server = begin(kind)
    rolling.go(root, "4.23.0", OFFLINE)
    server.settle("fleet")
    server.pulls[0].state = "closed"
    closed = rolling.go(root, "4.23.0", OFFLINE)
    assert not closed.waits and "was closed without being merged: reopen it" in closed.outcomes[0].said
    server.pulls[0].state = "open"
    assert signalen(root, "rollout", "--stop").exit_code == 0
    with pytest.raises(UsageError, match="--resume"):
        rolling.go(root, "4.23.0", OFFLINE)
    back = rolling.back(root, OFFLINE)
    assert back.fine and server.pulls[0].state == "closed" and versions(root) == OLD
    assert rolling.go(root, "4.23.0", OFFLINE).waits  # anew: another rollout has other branches
    server.settle("fleet")
    assert [one.state for one in server.pulls] == ["closed", "open"]


def test_the_next_ring_waits_for_the_pipelines_of_what_was_merged(begin: Begin) -> None:
    root, server = begin("github")
    listing_ = root / FLEET_FILE
    listing_.write_text(
        listing_.read_text().replace("canary: {}", "canary: {pipelines: true}").replace("approval: true", "")
    )
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    rolling.go(root, "4.23.0", OFFLINE)
    server.merge(server.pulls[0])
    waits = rolling.go(root, "4.23.0", OFFLINE)
    assert waits.waits and waits.said[1].startswith("the pipelines of s-hertogenbosch: there are none at ")
    assert len(server.pulls) == 1
    server.runs.append({"name": "check", "status": "completed", "conclusion": "success"})
    assert rolling.go(root, "4.23.0", OFFLINE).waits
    assert [one.state for one in server.pulls] == ["merged", "open"]


def test_what_was_merged_is_taken_back_by_pull_requests(begin: Begin) -> None:
    root, server = begin("github")
    rolling.go(root, "4.23.0", OFFLINE)
    server.merge(server.pulls[0])
    rolling.go(root, "4.23.0", OFFLINE, yes=True)  # the second ring is proposed
    for _ in range(2):  # its pull request is closed, and that of the canary reversed, once
        back = rolling.back(root, OFFLINE)
        assert not back.fine and back.waits
    assert [(one.state, one.title) for one in server.pulls] == [
        ("merged", "Signalen 4.23.0 in acceptance"),
        ("closed", "Signalen 4.23.0 in acceptance"),
        ("open", "Signalen terug naar 4.22.0 in acceptance"),
    ]
    with pytest.raises(UsageError, match="say --back again"):
        rolling.go(root, "4.23.0", OFFLINE)
    server.merge(server.pulls[2])
    assert rolling.back(root, OFFLINE).fine and versions(root) == OLD
    assert "4.23.0: back" in signalen(root, "rollout", "--status").output


def test_on_the_way_back_each_has_what_it_had_and_no_other_change(begin: Begin) -> None:
    root, server = begin("github")
    listing_ = root / FLEET_FILE
    listing_.write_text(listing_.read_text().replace("ring: all", "ring: canary"))
    said = signalen(root, "bump", "tilburg", "--to", "4.21.0", "--allow-downgrade", "--offline")
    assert said.exit_code == 0, said.output
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    rolling.go(root, "4.23.0", OFFLINE)
    server.merge(server.pulls[0])
    assert rolling.back(root, OFFLINE).waits
    back = server.pulls[1:]
    assert [one.title.split(" in ")[0] for one in back] == [f"Signalen terug naar 4.2{number}.0" for number in (2, 1)]
    for one, names in zip(back, (["s-hertogenbosch", "utrecht"], ["tilburg"]), strict=True):
        changed = server.git("-C", server.bare("fleet"), "diff", "--name-only", f"main...{one.branch}").split()
        assert sorted({path.split("/")[1] for path in changed}) == names
    server.merge(back[0])
    assert rolling.back(root, OFFLINE).waits  # for the other
    assert versions(root) == {**OLD, "tilburg": "4.23.0"}


@pytest.mark.parametrize(("kind", "after"), [*((kind, True) for kind in KINDS), ("github", False)])
def test_killed_before_or_after_the_push_it_goes_on(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, kind: str, after: bool
) -> None:
    root, server = begin(kind)
    push = proposing._push

    def killed(home: Home, commit: str, to: str, options: Sequence[str] = ()) -> None:
        if after:
            push(home, commit, to, options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(proposing, "_push", killed)
        with pytest.raises(KeyboardInterrupt):
            rolling.go(root, "4.23.0", OFFLINE)
    assert "pull request not opened yet" in signalen(root, "rollout", "--status").output
    assert rolling.go(root, "4.23.0", OFFLINE).waits
    server.settle("fleet")
    assert [one.state for one in server.pulls] == ["open"]
    server.merge(server.pulls[0])
    rolling.go(root, "4.23.0", OFFLINE)
    assert versions(root) == CANARY


def test_two_who_roll_out_at_once_do_not_overwrite_each_other(begin: Begin, tmp_path: Path) -> None:
    root, server = begin("github")
    git(tmp_path, "clone", "--quiet", server.bare("fleet"), "other")
    git(tmp_path / "other", "remote", "set-url", "origin", f"{server.url}/org/fleet.git")
    found = rollout.Rollout("4.23.0", rollout.RUNNING)
    ours, theirs = kept(listing.read(root)), kept(listing.read(tmp_path / "other"))
    theirs.keep(found, "x")
    with pytest.raises(UsageError, match="so it stops here"):
        ours.keep(rollout.Rollout("4.22.0", rollout.RUNNING), "y")
    assert kept(listing.read(root)).read() == found


def test_the_work_tree_has_to_be_as_it_was_committed(begin: Begin) -> None:
    root, _ = begin("github")
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + "# mine\n")
    with pytest.raises(UsageError, match="not committed"):
        rolling.go(root, "4.23.0", OFFLINE)


def test_commits_are_pushed_where_that_is_asked_for_and_what_was_refused_the_next_time(begin: Begin) -> None:
    root, server = begin("github")
    apart(root, server, "utrecht")
    listing_ = root / FLEET_FILE
    said = listing_.read_text().replace("pull-requests", "pushed-commits").replace("ring: all", "ring: canary")
    listing_.write_text(said.replace("approval: true", ""))
    commit(root)
    git(root, "push", "--quiet", server.bare("fleet"), "HEAD:refs/heads/main")
    hook = Path(server.bare("utrecht")) / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = rolling.go(root, "4.23.0", OFFLINE)
    assert {one.name: one.end for one in refused.outcomes if one.end == "failed"} == {"utrecht": "failed"}
    assert "does not take the commit" in next(one.said for one in refused.outcomes if one.name == "utrecht")
    hook.unlink()
    (root / rollout.FILE).write_text((root / rollout.FILE).read_text() + "# as a run leaves it that is killed\n")
    assert rolling.go(root, "4.23.0", OFFLINE).fine
    for name, folder in (("fleet", root), ("utrecht", root / "repositories/utrecht")):
        assert git(folder, "rev-parse", "HEAD").strip() == server.git("-C", server.bare(name), "rev-parse", "main")
    assert rolling.back(root, OFFLINE).fine and versions(root) == OLD
    assert git(root, "rev-parse", "HEAD").strip() == server.git("-C", server.bare("fleet"), "rev-parse", "main")
