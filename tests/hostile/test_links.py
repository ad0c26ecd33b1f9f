"""A repository with links in it: no command writes, removes or reads outside, and none gets stuck."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from signalen_toolkit.base.layout import FORM_FILE, TEMPLATE_STATE

from tests.support.lived_in import FORM, edit, repository
from tests.support.outside import as_a_person, run, snapshot
from tests.support.pipelines import git

COMMANDS = {
    "render": ["render", "."],
    "bump": ["bump", "4.22.0"],
    "promote": ["promote", "acceptance", "production", "--yes"],
    "hook": [],
}


def signalen(place: Path, command: str) -> subprocess.CompletedProcess[str]:
    if command == "hook":
        from tests.support.outside import HOOKS

        return run("render", cwd=place, program=HOOKS)
    return run(*COMMANDS[command], cwd=place)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a repository whose tree is behind its form, beside a folder that is not its own."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs.txt").write_text("theirs\n")
    made = repository(tmp_path / "repository")
    edit(made, "073 615 51 55", "073 615 51 56")
    return made


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("link", ["clusters", "clusters/acceptance", "clusters/acceptance/values"])
def test_a_link_where_a_folder_should_be(place: Path, command: str, link: str) -> None:
    shutil.rmtree(place / link)
    (place / link).symlink_to(place.parent / "outside")
    before = snapshot(place.parent)
    done = signalen(place, command)
    assert done.returncode == 2
    assert f"{link} is a link, and a folder has to stand there: move it or delete it" in done.stderr
    assert snapshot(place.parent) == before

    # Once that is done, the same command has its way: nothing stuck.
    (place / link).unlink()
    assert signalen(place, command).returncode == (1 if command == "hook" else 0)
    assert run("render", "--check", place).returncode == 0
    assert not [*place.glob(".*")]
    assert snapshot(place.parent / "outside") == {"theirs.txt": b"theirs\n"}


@pytest.mark.parametrize("left", [".clusters.new", ".clusters.old", ".signalen.new"])
def test_a_link_in_the_place_of_what_is_built_aside(place: Path, left: str) -> None:
    (place / left).symlink_to("../outside")
    assert run("bump", "4.22.0", cwd=place).returncode == 0
    assert run("render", "--check", place).returncode == 0
    assert not [*place.glob(".*")]
    assert snapshot(place.parent / "outside") == {"theirs.txt": b"theirs\n"}


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "municipality.yaml"], ["render"], ["render", "--check"], ["bump"], ["status"], ["diff"]],
)
def test_a_form_that_is_a_link_to_elsewhere_is_not_read(place: Path, arguments: list[str]) -> None:
    (place.parent / "secrets.env").write_text("PASSWORD=hunter2: x\n")
    (place / FORM_FILE).unlink()
    (place / FORM_FILE).symlink_to("../secrets.env")
    git(place, "init", "--quiet")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "x")
    before = snapshot(place.parent)
    done = run(*arguments, cwd=place)
    assert done.returncode == 2
    assert "municipality.yaml is a link that leads out of" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert snapshot(place.parent) == before


def test_a_form_that_is_a_link_within_the_repository_is_a_persons_choice(place: Path) -> None:
    (place / "forms").mkdir()
    (place / FORM_FILE).rename(place / "forms/ours.yaml")
    (place / FORM_FILE).symlink_to("forms/ours.yaml")
    assert run("bump", "4.22.0", cwd=place).returncode == 0
    assert (place / FORM_FILE).is_symlink()
    assert 'version: "4.22.0"  # since May' in (place / "forms/ours.yaml").read_text()
    assert run("render", "--check", place).returncode == 0


@pytest.mark.parametrize("command", ["render", "bump"])
@pytest.mark.parametrize("folder", ["clusters/acceptance", "clusters/acceptance/values", "clusters", "."])
def test_a_folder_that_may_not_be_written(place: Path, folder: str, command: str) -> None:
    (place / folder).chmod(0o555)
    before = snapshot(place)
    done = run(*COMMANDS[command], cwd=place, before=as_a_person)
    assert done.returncode == 2
    assert "Permission denied" in done.stderr
    assert str(Path(folder)) in done.stderr
    assert snapshot(place) == before
    (place / folder).chmod(0o755)
    assert run(*COMMANDS[command], cwd=place, before=as_a_person).returncode == 0
    assert run("render", "--check", place).returncode == 0


def test_what_an_older_toolkit_left_stuck_is_cleared(place: Path) -> None:
    shutil.copytree(place / "clusters", place / ".clusters.new")
    (place / ".clusters.new/acceptance").chmod(0o555)
    assert run("render", place, before=as_a_person).returncode == 0
    assert not [*place.glob(".*")]


# --- update


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Give a new repository, committed."""
    form = tmp_path / "form.yaml"
    form.write_text(FORM)
    directory = tmp_path / "repository"
    assert run("new", directory, "--answers", form, "--no-input").returncode == 0
    return directory


def commit(directory: Path) -> None:
    git(directory, "add", "--all", "--force")
    git(directory, "commit", "--quiet", "--message", "x")


def remember(directory: Path, path: str, content: str) -> None:
    """Make the record of the template say that a file was made by it."""
    record = directory / TEMPLATE_STATE
    kept = json.loads(record.read_text())
    kept["files"][path] = content
    record.write_text(json.dumps(kept))


def test_update_removes_nothing_behind_a_link(made: Path) -> None:
    victim = made.parent / "victim/sub"
    victim.mkdir(parents=True)
    (victim / "known.txt").write_text("known\n")
    (made / "link").symlink_to("../victim")
    remember(made, "link/sub/known.txt", "known\n")
    commit(made)
    assert run("update", made).returncode == 0
    assert snapshot(made.parent / "victim") == {"sub/": "", "sub/known.txt": b"known\n"}


@pytest.mark.parametrize("link", [".signalen", ".github/workflows", "bootstrap"])
def test_update_writes_nothing_behind_a_link(made: Path, link: str) -> None:
    outside = made.parent / "outside"
    shutil.copytree(made / link, outside)
    for path in outside.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text() + "\n")
    shutil.rmtree(made / link)
    (made / link).symlink_to("../outside")
    commit(made)
    before = snapshot(outside)
    done = run("update", made)
    assert snapshot(outside) == before
    assert done.returncode in (0, 2)
    if done.returncode == 2:
        assert f"{link} is a link, and a f" in done.stderr
    assert git(made, "status", "--porcelain") == ""


def test_the_record_of_the_template_is_not_read_through_a_link(made: Path) -> None:
    (made.parent / "secret").write_text("hunter2")
    (made / TEMPLATE_STATE).unlink()
    (made / TEMPLATE_STATE).symlink_to("../../secret")
    commit(made)
    done = run("update", made)
    assert done.returncode == 2
    assert "template.json is not a plain file" in done.stderr
    assert run("status", made).returncode == 0


# --- new, secrets, remove


@pytest.mark.parametrize("link", [".github", ".github/workflows", "bootstrap", ".signalen", "clusters"])
def test_new_in_a_folder_with_links(tmp_path: Path, link: str) -> None:
    outside, directory, form = tmp_path / "outside", tmp_path / "repository", tmp_path / "form.yaml"
    outside.mkdir()
    form.write_text(FORM)
    (directory / link).parent.mkdir(parents=True, exist_ok=True)
    (directory / link).symlink_to(outside)
    before = snapshot(tmp_path)
    done = run("new", directory, "--answers", form, "--no-input", "--force")
    assert done.returncode == 2
    assert f"{link} is a link, and a folder has to stand there" in done.stderr
    assert snapshot(tmp_path) == before
    (directory / ".signalen-new").symlink_to(outside)
    (directory / link).unlink()
    assert run("new", directory, "--answers", form, "--no-input", "--force").returncode == 0
    assert snapshot(outside) == {}
    assert not (directory / ".signalen-new").is_symlink()


@pytest.mark.parametrize("link", ["secrets", "secrets/acceptance", ".sops.yaml"])
def test_secrets_are_not_written_behind_a_link(place: Path, tmp_path: Path, link: str) -> None:
    (place / link).parent.mkdir(exist_ok=True)
    (place / link).symlink_to(tmp_path / "outside" / ("new" if link == ".sops.yaml" else ""))
    (tmp_path / "outside/deep").mkdir()
    before = snapshot(tmp_path)
    values = {"OIDC": "x", "XDG_CONFIG_HOME": str(tmp_path / "home")}
    given = "--from-env=OIDC_RP_CLIENT_SECRET=OIDC"
    done = run("secrets", "init", "acceptance", given, "--no-input", cwd=place, variables=values)
    assert done.returncode == 2
    assert "is a link, and a folder has to stand there" in done.stderr or "is not a plain file" in done.stderr
    assert {name: data for name, data in snapshot(tmp_path).items() if not name.startswith("home")} == before
    assert not [*tmp_path.glob("home/**/*.txt")]


def test_of_an_environment_that_goes_no_secrets_behind_a_link_go(place: Path) -> None:
    edit(
        place,
        "domain: s-hertogenbosch.signalen.dev",
        "domain: s-hertogenbosch.signalen.dev\n        sync: {paused: true}",
    )
    assert run("render", place).returncode == 0
    (place / "secrets").symlink_to("../outside")
    (place.parent / "outside/acceptance").mkdir()
    (place.parent / "outside/acceptance/theirs.yaml").write_text("theirs\n")
    git(place, "init", "--quiet")
    commit(place)
    before = snapshot(place.parent)
    done = run("remove", "acceptance", cwd=place)
    assert done.returncode == 2
    assert "secrets is a link, and a folder has to stand there" in done.stderr
    assert snapshot(place.parent) == before


TREES: dict[str, Callable[[Path], object]] = {
    "deep": lambda place: (place / "clusters" / "/".join(["d"] * 900)).mkdir(parents=True),
    "own objects": lambda place: (place / "manifests/acceptance" / "/".join(["d"] * 900)).mkdir(parents=True),
}


@pytest.mark.parametrize("what", TREES)
def test_a_tree_that_is_very_deep_is_a_message(place: Path, what: str) -> None:
    TREES[what](place)
    git(place, "init", "--quiet")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "x")
    for arguments in (["render", "--check"], ["render"], ["diff"]):
        done = run(*arguments, cwd=place)
        if what == "deep" or arguments == ["diff"]:
            assert done.returncode == 2, done.stdout
            assert "folders deep, which no repository is" in done.stderr
    assert not [*place.glob(".clusters*")]


def test_images_are_not_taken_from_elsewhere(tmp_path: Path) -> None:
    directory, form = tmp_path / "repository", tmp_path / "form.yaml"
    form.write_text(FORM)
    (directory / "assets").mkdir(parents=True)
    (tmp_path / "secret").write_text("hunter2")
    (directory / "assets/logo.svg").symlink_to("../../secret")
    before = snapshot(tmp_path)
    done = run("new", directory, "--answers", form, "--no-input", "--force")
    assert done.returncode == 2
    assert "logo.svg is a link that leads out of" in done.stderr
    assert snapshot(tmp_path) == before


# --- guards that cannot look


@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        ("sub", ["check"]),
        ("clusters/acceptance", ["check"]),
        ("clusters/acceptance", ["render", "--check"]),
        ("clusters/acceptance/values", ["render", "--check"]),
        ("clusters/acceptance/values", ["diff"]),
        ("manifests/acceptance/x", ["diff"]),
        ("secrets/acceptance", ["secrets", "check"]),
        ("secrets/x", ["secrets", "check"]),
    ],
)
def test_a_folder_that_may_not_be_looked_into(place: Path, folder: str, arguments: list[str]) -> None:
    git(place, "init", "--quiet")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "x")
    (place / folder).mkdir(parents=True, exist_ok=True)
    (place / folder).chmod(0o000)
    done = run(*arguments, cwd=place, before=as_a_person)
    (place / folder).chmod(0o755)
    assert done.returncode == 2
    assert f"{folder}" in done.stderr and "Permission denied" in done.stderr
