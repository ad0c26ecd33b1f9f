"""Whatever stands where a file of a repository should be, each command ends with a message, and touches nothing else.

What is tried is chosen by a number, so that it is the same each time.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from signalen_toolkit.cli.main import main

from tests.support.lived_in import FORM
from tests.support.outside import snapshot
from tests.support.pipelines import git

COMMANDS = (
    ["bump", "4.22.0"],
    ["check", "."],
    ["diff", ".", "--from", "HEAD"],
    ["handover", "acceptance", "--delivery", "argocd"],
    ["remove", "acceptance"],
    ["render", "."],
    ["render", ".", "--check"],
    ["resize"],
    ["secrets", "check"],
    ["secrets", "init", "acceptance", "--no-input"],
    ["status", "."],
    ["update", "."],
    ["verify", "."],
)
STRANGE = (
    b"charts: {a: 1}\ncreation_rules: 5\nkind: [1]\nmetadata: 3\nsops: {age: 5}\nspec: x\nenvironments: [1]\n"
    b"files: {x: 1}\nrepos: 4\n"
)
# Each gets the path, where nothing stands by then, and a folder outside.
KINDS: dict[str, Callable[[Path, Path], object]] = {
    "a folder": lambda path, _: path.mkdir(),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a link to a file": lambda path, outside: path.symlink_to(outside / "file"),
    "a link to a folder": lambda path, outside: path.symlink_to(outside / "folder"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a link to nothing": lambda path, outside: path.symlink_to(outside / "nothing"),
    "a link without end": lambda path, _: path.symlink_to("/dev/zero"),
    "bytes": lambda path, _: path.write_bytes(b"\xff\x00\xfe[{"),
    "nothing": lambda path, _: path.write_bytes(b""),
    "a list": lambda path, _: path.write_bytes(b"[1, {a: [b]}]"),
    "strange values": lambda path, _: path.write_bytes(STRANGE),
    "deep": lambda path, _: path.write_bytes(b"a: " + b"[" * 50_000),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a committed repository in which something stands at every place that a command knows."""
    folder = tmp_path_factory.mktemp("anything")
    (folder / "form.yaml").write_text(FORM)
    place = folder / "made"
    done = CliRunner().invoke(main, ["new", str(place), "--answers", str(folder / "form.yaml"), "--no-input"])
    assert done.exit_code == 0, done.output
    for path, text in {
        "manifests/acceptance/own.yaml": "kind: ConfigMap\nmetadata: {name: x, namespace: y}\n",
        "secrets/acceptance/signalen-backend-secrets.yaml": "kind: Secret\n",
        "charts.lock": "charts: []\n",
        ".sops.yaml": "creation_rules: []\n",
    }.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    git(place, "add", "--all", "--force")
    git(place, "commit", "--quiet", "--message", "x")
    return place


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """End what waits for ever, with an error."""

    def end(*_: object) -> None:
        raise AssertionError("it waits for ever")

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_anything(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("theirs")
    (outside / "folder/file").write_text("theirs")
    before = snapshot(outside)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    paths = [path.relative_to(made) for path in sorted(made.rglob("*")) if ".git" not in path.relative_to(made).parts]
    known = [path for path in paths if len(path.parts) < 3 or path.parts[0] in ("manifests", "secrets")]
    if kind == "a pipe":  # for which Git itself waits, until it is stopped
        known = [path for path in known if not path.name.startswith(".git")]
    random = Random(kind)  # nothing secret
    for path in random.sample(known, 7):
        place = tmp_path / "place"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made, place, symlinks=True)
        there = place / path
        shutil.rmtree(there) if there.is_dir() else there.unlink()
        KINDS[kind](there, outside)
        monkeypatch.chdir(place)
        if random.random() < 0.5 and kind != "a pipe":
            git(place, "add", "--all", "--force")
            git(place, "commit", "--quiet", "--allow-empty", "--message", "y")
        for command in random.sample(COMMANDS, 3):
            signal.alarm(60)
            result = CliRunner().invoke(main, command)
            signal.alarm(0)
            said = f"{path} is {kind}, and {command}: {result.exception!r}\n{result.output}"
            assert not isinstance(result.exception, Exception), said
            assert result.exit_code in (0, 1, 2), said
            assert snapshot(outside) == before, said
