"""A run of the tests says at its end which programs are missing: nothing is skipped in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import TESTS

WAITING = """
from tests.conftest import program

def test_one():
    program("no-such-program", "some-package")

def test_other():
    program("no-such-program", "some-package")
"""


def run(folder: Path, *options: str, **variables: str) -> str:
    (folder / "test_waiting.py").write_text(WAITING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    done = subprocess.run(
        [*command, *options], cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_what_waits_is_counted_and_how_to_install_it_is_said(tmp_path: Path) -> None:
    for options in ((), ("-n", "2")):
        said = run(tmp_path, *options)
        assert "2 tests wait for the program no-such-program" in said
        assert "sudo .ci/programs" in said


def test_in_ci_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    said = run(tmp_path, CI="true")
    assert "2 failed" in said
    assert "missing program: no-such-program, of some-package" in said
