"""Git in somebody else's repository runs none of its settings, and a guard that cannot look says so."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git import first_commit, revisions, worktree
from signalen_toolkit.git.run import _COMMANDS, _is_harmless
from signalen_toolkit.git.run import git as run_git

from tests.support.lived_in import edit, repository
from tests.support.outside import HOOKS, run
from tests.support.pipelines import git

# {mark} leaves a file behind, and lets what is read from it pass.
SETTINGS = """
[core]
  fsmonitor = {mark}
  hooksPath = {place}/hooks
  sshCommand = {mark}
  gitProxy = {mark}
  askPass = {mark}
  editor = {mark}
  pager = {mark}
  alternateRefsCommand = {mark}
[filter "evil"]
  clean = {mark}
  smudge = {mark}
  required = true
[filter "evil=x"]
  process = {mark}
  required
[filter "a.b"]
  process = {mark}
[diff]
  external = {mark}
[diff "evil"]
  textconv = {mark}
  command = {mark}
[merge "evil"]
  driver = {mark}
[credential]
  helper = "!{mark}"
[gpg]
  program = {mark}
[commit]
  gpgSign = true
[alias]
  status = "!{mark}"
[pager]
  status = {mark}
[protocol "ext"]
  allow = always
[status]
  submoduleSummary = true
[extensions]
  worktreeConfig = true
[include]
  path = more
"""
MORE = """
[filter "included"]
  clean = {mark}
"""
ATTRIBUTES = """
*.yaml filter=evil diff=evil merge=evil
*.md filter=evil=x
*.svg filter=a.b
*.png filter=included
*.json filter=worktree
"""
HOOK_NAMES = [
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "reference-transaction",
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a repository, committed, in which whatever Git can be told to run leaves a mark."""
    place = repository(tmp_path / "repository")
    (place / "README.md").write_text("x\n")
    (place / "some.json").write_text("{}\n")
    (place / ".gitattributes").write_text(ATTRIBUTES)
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "x")
    script = tmp_path / "mark"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/marked-$$\nexec cat\n")
    script.chmod(0o755)
    (place / "hooks").mkdir()
    for name in HOOK_NAMES:
        for folder in (place / "hooks", place / ".git/hooks"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(script)
    with (place / ".git/config").open("a") as config:
        config.write(SETTINGS.format(mark=script, place=place))
    (place / ".git/more").write_text(MORE.format(mark=script))
    (place / ".git/config.worktree").write_text(MORE.format(mark=script).replace("included", "worktree"))
    (place / ".git/info/exclude").write_text("hooks\n")
    time.sleep(0.02)
    for path in place.rglob("*"):  # so that Git has to look at the content of every file again
        if path.is_file() and ".git" not in path.relative_to(place).parts:
            os.utime(path, (2_000_000_000, 2_000_000_000))
    return place


def marked(place: Path) -> bool:
    return any(place.parent.glob("marked-*"))


def test_git_itself_would_run_them(place: Path) -> None:
    subprocess.run(["git", "-C", place, "status"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert marked(place)


@pytest.mark.parametrize("path", ["README.md", "some.json", "municipality.yaml", "assets/logo.svg", "assets/icon.png"])
def test_git_itself_would_run_each_filter(place: Path, path: str) -> None:
    (place / "assets/icon.png").write_bytes((place / "assets/favicon.png").read_bytes())
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(place), "hash-object", path]
    subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert marked(place)


def test_nothing_that_asks_git_runs_them(place: Path) -> None:
    revisions.require(place)
    head = revisions.base(place)
    assert revisions.files(place, head.commit, "clusters")
    assert revisions.file(place, head.commit, "municipality.yaml")
    worktree.require_clean(place)
    assert "README.md" in worktree.tracked(place)
    assert worktree.untracked(place, "clusters") == []
    assert first_commit.work_tree(place) == str(place)
    for command in (["add", "--all"], ["checkout", "--", "."], ["diff", "HEAD"], ["hash-object", "README.md"]):
        run_git(place, *command)
    author = ("-c", "user.name=A", "-c", "user.email=a@example.nl", "-c", "commit.gpgSign=false")
    assert run_git(place, *author, "commit", "--quiet", "--allow-empty", "--message=x").code == 0
    assert not marked(place)


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "--from", "HEAD"],
        ["diff"],
        ["status"],
        ["update"],
        ["remove", "acceptance", "-C", "."],
        ["handover", "acceptance", "--delivery", "argocd"],
        ["resize"],
        ["check"],
        ["render"],
    ],
)
def test_no_command_runs_them(place: Path, arguments: list[str]) -> None:
    run(*arguments, cwd=place)
    run("render", cwd=place, program=HOOKS)
    assert not marked(place)


def test_a_new_repository_beside_it_does_not_either(place: Path, tmp_path: Path) -> None:
    (tmp_path / "form.yaml").write_bytes((place / "municipality.yaml").read_bytes())
    done = run("new", place / "below", "--answers", tmp_path / "form.yaml", "--no-input")
    assert done.returncode == 0
    assert "is part of the Git repository" in done.stdout
    assert not marked(place)


def test_what_a_clone_lacks_is_not_fetched(place: Path, tmp_path: Path) -> None:
    """A remote that is a program, from which Git fetches an object as soon as that is asked for."""
    mark = tmp_path / "end"
    mark.write_text(f"#!/bin/sh\ntouch {tmp_path}/marked-$$\n")
    mark.chmod(0o755)
    with (place / ".git/config").open("a") as config:
        config.write(f'[remote "origin"]\n  url = "ext::{mark}"\n  promisor = true\n  uploadpack = {mark}\n')
        config.write("[extensions]\n  partialClone = origin\n[core]\n  repositoryformatversion = 1\n")
    blob = git(place, "-c", "core.fsmonitor=false", "rev-parse", "HEAD:municipality.yaml").strip()
    (place / ".git/objects" / blob[:2] / blob[2:]).unlink()
    command = ["git", "-C", str(place), "cat-file", "-p", blob]
    subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    assert marked(place)
    for path in tmp_path.glob("marked-*"):
        path.unlink()
    head = revisions.revision(place, "HEAD")
    with pytest.raises(UsageError, match=r"Git has lost the object|git cat-file failed"):
        revisions.file(place, head.commit, "municipality.yaml")
    assert not marked(place)


def test_what_a_person_set_for_themselves_still_counts(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are stored otherwise than they stand there, as with Git LFS: the person's own filter knows how."""
    (tmp_path / "config").write_text('[filter "own"]\n  clean = tr a-z A-Z\n  required = true\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "From the environment")
    (place / ".gitattributes").write_text("own.txt filter=own\n")
    (place / "own.txt").write_text("abc\n")
    run_git(place, "add", "--all")
    assert run_git(place, "cat-file", "-p", ":own.txt").output == b"ABC\n"
    assert run_git(place, "config", "user.name").output == b"From the environment\n"
    assert not marked(place)


# --- guards that cannot look


@pytest.mark.parametrize(
    "arguments", [["update"], ["diff"], ["remove", "acceptance"], ["handover", "acceptance", "--delivery", "argocd"]]
)
def test_a_repository_of_another_user(place: Path, arguments: list[str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    for path in [place, place / ".git"]:
        os.chown(path, 12345, 12345)
    done = run(*arguments, cwd=place)
    assert done.returncode == 2
    assert "is in a Git repository of another user, into which Git does not look" in done.stderr


def hook(place: Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    return run("render", cwd=place, program=HOOKS, variables=variables)


def test_the_hook_finds_what_is_left_out_of_a_commit(place: Path) -> None:
    (place / "clusters/acceptance/manifests/zz.yaml").write_text("")
    assert hook(place).returncode == 1
    # What Git tells hooks of another repository leads nowhere.
    assert hook(place, GIT_DIR="/nonexistent", GIT_WORK_TREE="/nonexistent").returncode == 1


@pytest.mark.parametrize("how", ["owner", "settings", "index", "absent", "no git"])
def test_the_hook_that_cannot_look_is_not_content(place: Path, tmp_path: Path, how: str) -> None:
    variables: dict[str, str | None] = {}
    if how == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder to another user")
        os.chown(place, 12345, 12345)
        os.chown(place / ".git", 12345, 12345)
    elif how == "settings":
        (place / ".git/config").write_text("[")
    elif how == "index":
        (place / ".git/index").write_bytes(b"DIRC")
    elif how == "absent":
        (place / ".git").rename(tmp_path / "away")
    else:
        variables["PATH"] = str(tmp_path)
    done = hook(place, **variables)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "git" in done.stderr.lower()


@pytest.mark.parametrize("how", ["settings", "index", "no git"])
def test_update_and_new_that_cannot_look_write_nothing(place: Path, tmp_path: Path, how: str) -> None:
    variables: dict[str, str | None] = {}
    if how == "settings":
        (place / ".git/config").write_text("[")
    elif how == "index":
        (place / ".git/index").write_bytes(b"DIRC")
    else:
        variables["PATH"] = str(tmp_path)
    edit(place, "073 615 51 55", "073 615 51 56")
    done = run("update", cwd=place, variables=variables)
    assert done.returncode == 2
    assert "commit or stash" not in done.stderr and "no commit" not in done.stderr
    assert run("render", "--check", cwd=place, variables=variables).returncode == 1
    if how == "settings":
        (tmp_path / "form.yaml").write_bytes((place / "municipality.yaml").read_bytes())
        done = run("new", place / "below", "--answers", tmp_path / "form.yaml", "--no-input")
        assert done.returncode == 2
        assert not (place / "below").exists()


PLAIN = '[core]\n  bare = false\n[remote "origin"]\n  url = https://git.example.nl/a.git\n'
ELSEWHERE = ["[include]\n  path = x\n", '[includeIf "onbranch:main"]\n  path = x\n', "[extensions]\n  worktreeConfig\n"]


@pytest.mark.parametrize("more", [*ELSEWHERE, *(f'[a "b"]\n  {word.title()} = x\n' for word in sorted(_COMMANDS))])
def test_git_is_asked_wherever_settings_may_name_a_program(more: str, tmp_path: Path) -> None:
    settings = tmp_path / ".git/config"
    settings.parent.mkdir()
    settings.write_text(PLAIN)
    assert _is_harmless(tmp_path)
    settings.write_text(PLAIN + more)
    assert not _is_harmless(tmp_path)


def test_git_is_asked_where_its_settings_are_elsewhere_or_no_file(tmp_path: Path) -> None:
    assert not _is_harmless(tmp_path)
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git/config")  # which nobody writes into
    assert not _is_harmless(tmp_path)
