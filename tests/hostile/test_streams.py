"""Input and output as they may be: closed, full, unread, in an encoding that lacks letters; and no home folder.

The command does its work and says so, or refuses before it changes anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from signalen_toolkit.base.layout import FORM_FILE

from tests.support.lived_in import FORM, edit, is_clean, repository, text
from tests.support.outside import HOOKS, run, snapshot
from tests.support.pipelines import git

WRONG = FORM.replace("delivery: flux", "delivery: fluks")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository")


def closed(*numbers: int) -> Callable[[], object]:
    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


# --- standard input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "acceptance", "production"], "nobody can be asked here"),
        (["new", "made", "--answers", "answers.yaml"], "nobody can be asked here"),
        (["new", "made", "--answers", "-"], "there is nothing in this file"),
        (["import", "made", "--backend", "values.yaml"], "nobody can be asked here"),
        (["secrets", "init", "acceptance"], ""),
        (["secrets", "set", "acceptance", "OIDC_RP_CLIENT_SECRET"], ""),
        (["secrets", "set", "acceptance", "OIDC_RP_CLIENT_SECRET", "--from-file", "-"], ""),
    ],
)
@pytest.mark.parametrize("numbers", [(0,), (0, 1), (0, 1, 2)])
def test_nobody_can_be_asked(place: Path, arguments: list[str], said: str, numbers: tuple[int, ...]) -> None:
    (place / "answers.yaml").write_text("municipality: {code: GM0796}\n")
    (place / "values.yaml").write_text("replicaCount: 1\n")
    before = snapshot(place)
    done = run(*arguments, cwd=place, before=closed(*numbers))
    assert done.returncode in (1, 2)
    if 2 not in numbers:
        assert said in done.stderr
        assert done.stderr.strip()
    assert snapshot(place) == before


# --- standard output


@pytest.mark.parametrize("numbers", [(1,), (2,), (1, 2), (0, 1, 2)])
def test_the_work_is_done_though_nobody_can_be_told(place: Path, numbers: tuple[int, ...]) -> None:
    done = run("bump", "4.22.0", "--environment", "acceptance", cwd=place, before=closed(*numbers))
    assert done.returncode == 0
    if 1 in numbers and 2 not in numbers:
        assert "standard output is closed" in done.stderr
    assert '"4.22.0"  # since May' in text(place)
    assert is_clean(place)
    assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("numbers", [(1,), (2,), (0, 1, 2)])
def test_a_guard_finds_what_it_finds(place: Path, numbers: tuple[int, ...]) -> None:
    (place / FORM_FILE).write_text(WRONG)
    assert run("check", cwd=place, before=closed(*numbers)).returncode == 1
    (place / FORM_FILE).write_text(FORM)
    assert run("check", cwd=place, before=closed(*numbers)).returncode == 0
    edit(place, "073 615 51 55", "073 615 51 56")
    assert run("render", "--check", cwd=place, before=closed(*numbers)).returncode == 1
    assert run("render", cwd=place, program=HOOKS, before=closed(*numbers)).returncode == 1


def unread() -> int:
    """Return the end to write to of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("arguments", [["check"], ["check", "--format", "json"], ["render", "--check"]])
def test_a_reader_that_has_seen_enough_changes_no_exit_code(place: Path, arguments: list[str]) -> None:
    edit(place, "073 615 51 55", "073 615 51 56")
    if arguments[0] == "check":
        (place / FORM_FILE).write_text(WRONG)
    writer = unread()
    assert run(*arguments, cwd=place, stdout=writer).returncode == 1
    os.close(writer)


def test_a_reader_of_a_long_list_is_not_an_error(place: Path) -> None:
    writer = unread()
    done = run("municipalities", cwd=place, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["bump", "4.22.0"], ["municipalities"], ["--help"], ["check", "--help"]])
def test_output_that_is_full_is_said(place: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*arguments, cwd=place, stdout=full.fileno())
    assert done.returncode == 2
    said = "Error: what this command has to say cannot be written to standard output: No space left on device\n"
    assert done.stderr.endswith(said)
    if arguments[0] == "bump":
        assert '"4.22.0"  # since May' in text(place)
        assert is_clean(place)


# --- encodings

ENCODINGS: dict[str, Mapping[str, str | None]] = {
    "ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "iso-8859-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_says_it_in_any_encoding(place: Path, charts: Path, encoding: str) -> None:
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "x")
    form = text(place).replace("# the end", 'branding: {title: "Súdwest-Fryslân → ontbreekt"}\nfeatures: {nope: "↯ 🏙"}')
    (place / FORM_FILE).write_text(form, encoding="utf-8")
    for arguments, code in (
        (["check"], 1),
        (["check", "--format", "json"], 1),
        (["check", "--format", "sarif"], 1),
        (["municipalities", "frys"], 0),
        (["status"], 0),
        (["schema", "municipality"], 0),
        (["first-day", "acceptance"], 1),
    ):
        there = "latin-1" if encoding == "latin-1" else "utf-8"
        done = run(*arguments, cwd=place, variables=ENCODINGS[encoding], encoding=there)
        assert done.returncode == code
        if {"json", "sarif", "schema"} & {*arguments}:
            assert json.loads(done.stdout)
    (place / FORM_FILE).write_text(FORM)
    done = run("bump", "4.22.0", cwd=place, variables=ENCODINGS[encoding])
    assert done.returncode == 0
    assert "4.22.0" in done.stdout
    assert is_clean(place)
    done = run("diff", "--charts", charts, cwd=place, variables=ENCODINGS[encoding])
    assert "'ascii'" not in done.stderr and "codec" not in done.stderr
    edit(place, "073 615 51 55", "073 615 51 56")
    (place / "clusters/acceptance/values/signalen-frontend.yaml").write_bytes(b"\xff\n")
    assert run("render", "--check", cwd=place, variables=ENCODINGS[encoding]).returncode == 2
    (place / "clusters/acceptance/values/signalen-frontend.yaml").unlink()
    assert run("render", cwd=place, program=HOOKS, variables=ENCODINGS[encoding]).returncode == 1


def test_letters_that_are_not_there_are_spelled(place: Path) -> None:
    form = text(place).replace("# the end", 'features: {nope: "é → ↯ 🏙"}')
    (place / FORM_FILE).write_text(form, encoding="utf-8")
    done = run("check", cwd=place, variables={"PYTHONIOENCODING": "cp1252"})
    assert "-> \\u21af \\ud83c\\udfd9" in done.stdout
    done = run("check", "--format", "json", cwd=place, variables={"PYTHONIOENCODING": "cp437"})
    assert json.loads(done.stdout)


def test_a_name_that_is_no_text_can_be_printed(place: Path) -> None:
    name = b"clusters/acceptance/\xff\x80.yaml"
    rendered = place / "clusters/acceptance/namespace.yaml"
    Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_bytes(rendered.read_bytes())
    for arguments in (["render", "--check"], ["status"], ["render"]):
        done = run(*arguments, cwd=place)
        assert done.returncode in (0, 1)
    assert "removed clusters/acceptance/\\udcff\\udc80.yaml" in done.stdout


# --- no home

# As for a user number that the system does not know, in a container.
NOBODY = """
import pwd, runpy, sys
def unknown(*_): raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
runpy.run_module("signalen_toolkit", run_name="__main__", alter_sys=True)
"""
HOMELESS = [sys.executable, "-P", "-c", NOBODY]


@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/proc/nothing", "relative"])
def test_there_need_be_no_home(place: Path, tmp_path: Path, charts: Path, home: str | None) -> None:
    variables: dict[str, str | None] = {
        "HOME": home,
        "XDG_CACHE_HOME": None,
        "XDG_CONFIG_HOME": None,
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def work(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run(*arguments, cwd=place, program=HOMELESS, variables=variables)

    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "x")
    for arguments in (["render"], ["render", "--check"], ["status"], ["doctor"]):
        assert work(*arguments).returncode == 0
    assert work("bump", "4.20.0", "--charts", charts).returncode == 0
    assert work("verify", "--charts", charts).returncode in (0, 1, 2)
    assert work("diff", "--charts", charts).returncode in (0, 2)
    done = work("secrets", "check")
    assert done.returncode in (1, 2)
    done = work("secrets", "init", "acceptance", "--no-input")
    assert done.returncode in (1, 2)
    assert done.stderr.strip()
    assert work("new", tmp_path / "made", "--answers", FORM_FILE, "--no-input").returncode == 0
