"""One way to name the folder of a repository, for every command; and `signalen set`, completion, `new` in a clone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.answers import Answers, GaveUpError

from tests.repository.test_new import given_as
from tests.support.pipelines import git

# They are about no repository.
ELSEWHERE = {"new", "import", "doctor", "schema", "municipalities", "catalog", "completion", "hook", "fleet new"}


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            named = {f"{name} {one}": inner for one, inner in command.commands.items()}
            yield from ((one, inner) for one, inner in named.items() if name != "catalog" and one not in ELSEWHERE)
        elif name not in ELSEWHERE:
            yield name, command


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    scaffold.new(tmp_path / "x", None, given_as(), ask=False, force=False, git=True)
    return tmp_path / "x"


@pytest.mark.parametrize("command", [pytest.param(one, id=name) for name, one in commands()])
def test_every_command_takes_the_folder_behind_c(command: click.Command) -> None:
    names = [name for one in command.params if isinstance(one, click.Option) for name in one.opts]
    assert "-C" in names
    assert "--directory" in names


def test_the_repository_is_found_from_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "clusters/acceptance")
    for arguments in (["check"], ["render", "--check"], ["status"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    (repository / FORM_FILE).write_text("nothing: 1\n", encoding="utf-8")
    assert "../../municipality.yaml:1:1: error" in CliRunner().invoke(main, ["check"]).output


def test_the_search_ends_at_the_root_of_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = repository / "other"
    inside.mkdir()
    git(inside, "init", "--quiet")
    monkeypatch.chdir(inside)
    assert CliRunner().invoke(main, ["status"]).exit_code == 2


def test_a_folder_that_is_named_twice_is_refused(repository: Path) -> None:
    done = CliRunner().invoke(main, ["render", str(repository), "-C", "elsewhere"])
    assert done.exit_code == 2
    assert "name the folder once" in done.output


# --- set


def test_set_changes_the_form_and_the_tree(repository: Path) -> None:
    before = (repository / FORM_FILE).read_text(encoding="utf-8")
    done = CliRunner().invoke(main, ["set", "contact.phone", "073 615 51 56", "-C", str(repository)])
    assert done.exit_code == 0, done.output
    assert '+  phone: "073 615 51 56"' in done.output
    assert "clusters/acceptance: 1 file written" in done.output
    after = (repository / FORM_FILE).read_text(encoding="utf-8")
    assert after == before.replace("073 615 51 55", "073 615 51 56", 1)
    assert CliRunner().invoke(main, ["render", "--check", str(repository)]).exit_code == 0
    again = CliRunner().invoke(main, ["set", "contact.phone", "073 615 51 56", "-C", str(repository)])
    assert "nothing changes" in again.output


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("contact.fone", "1", "unknown-key"),
        ("replicas.frontend", "many", "wrong-type"),
        ("", "1", "is not KEY=VALUE"),
    ],
)
def test_set_writes_nothing_that_is_wrong(repository: Path, key: str, value: str, said: str) -> None:
    before = (repository / FORM_FILE).read_bytes()
    done = CliRunner().invoke(main, ["set", key, value, "-C", str(repository)])
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert (repository / FORM_FILE).read_bytes() == before


# --- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_SIGNALEN_COMPLETE={shell}_complete" in done.output


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_takes_the_completion(tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(CliRunner().invoke(main, ["completion", "bash"]).output, encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


# --- new in a clone, and answers that are kept


def test_a_fresh_clone_is_filled(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "server.git")
    git(tmp_path, "clone", "--quiet", "server.git", "here")
    clone = tmp_path / "here"
    made = scaffold.new(clone, None, given_as(), ask=False, force=False, git=True)
    assert made.remarks == ()
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "log", "--format=%s") == "Richt Signalen in voor 's-Hertogenbosch"
    git(clone, "push", "--quiet", "origin", "main")
    assert FORM_FILE in git(tmp_path / "server.git", "ls-tree", "--name-only", "main")


def test_a_clone_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "here")
    (tmp_path / "here/README.md").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(main, ["new", str(tmp_path / "here"), "--no-input"])
    assert done.exit_code == 2
    assert "is not empty" in done.output


def test_answers_are_kept_when_a_person_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def stopped(given: Answers, _: Path) -> Answers:
        raise GaveUpError(given.with_setting("contact.phone=073 615 51 55", 9))

    monkeypatch.setattr(scaffold, "_is_terminal", lambda: True)
    monkeypatch.setattr("signalen_toolkit.repository.wizard.ask", stopped)
    done = CliRunner().invoke(main, ["new", str(tmp_path / "x"), "--set", "municipality.code=GM0796"])
    assert done.exit_code == 2
    kept = tmp_path / "cache/signalen/answers/x.yaml"
    assert f"signalen new {tmp_path / 'x'} --answers {kept}" in " ".join(done.output.split())
    assert not (tmp_path / "x").exists()
    rest = [f"--set={one}" for one in given_as() if not one.startswith(("contact.phone", "municipality"))]
    again = CliRunner().invoke(
        main, ["new", str(tmp_path / "x"), "--no-input", "--no-git", "--answers", str(kept), *rest]
    )
    assert again.exit_code == 0, again.output
    assert 'phone: "073 615 51 55"' in (tmp_path / "x" / FORM_FILE).read_text(encoding="utf-8")
