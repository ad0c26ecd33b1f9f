"""What a person sees who watches a command on a fleet, on a real terminal; and that nobody else sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.base.paths import PACKAGE

from tests.fleet.test_commands import FORMS, LISTED, NAMES
from tests.support.fleets import fleet

COUNT = re.compile(r"(\d)/4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = fleet(tmp_path / "fleet", FORMS, LISTED)
    (root / "municipalities/tilburg" / FORM_FILE).write_text("a: [")
    return root


def watched(root: Path, *arguments: str, both: bool = False, more: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Run a command with a terminal for its errors (or for both); return what is printed, and what is seen there."""
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "NO_COLOR")}
    environment = {**inherited, "XDG_CACHE_HOME": str(root.parent / "cache"), "PYTHONPATH": str(PACKAGE.parent)}
    environment |= {"TERM": "xterm-256color", **(more or {})}
    command = [sys.executable, "-m", "signalen_toolkit", "fleet", *arguments]
    out = other if both else subprocess.PIPE
    seen = b""
    with subprocess.Popen(command, cwd=root, env=environment, stdout=out, stderr=other) as process:
        os.close(other)
        while select.select([terminal], [], [], 60)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the other side is closed: Linux' way to say so
                break
            if not part:
                break
            seen += part
        printed = process.stdout.read() if process.stdout else b""
    os.close(terminal)
    return printed.decode(), seen.decode()


def test_how_far_it_is_and_what_is_broken_as_it_happens(root: Path) -> None:
    printed, seen = watched(root, "check")
    counted = {found[1] for found in COUNT.finditer(seen)}  # not each of them, where the machine is busy
    assert "4" in counted and len(counted) > 1
    assert any(name in seen for name in NAMES)
    assert "tilburg: 1 error" in seen
    assert seen.index("tilburg: 1 error") < seen.rindex("4/4")
    assert seen.endswith("\x1b[2K") or seen.rstrip("\r\n").endswith("\x1b[2K")  # the line is gone at the end
    assert "4 municipalities" in printed and "\x1b" not in printed and not COUNT.search(printed)


def test_what_is_printed_is_whole_where_both_are_one_terminal(root: Path) -> None:
    _, seen = watched(root, "check", both=True)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "\n")
    assert any(line.startswith("municipality ") for line in plain.splitlines())
    assert any(line.startswith("4 municipalities: ") for line in plain.splitlines())
    (said,) = (line for line in plain.splitlines() if "error[yaml-syntax]" in line)
    assert said.startswith("municipalities/tilburg")


@pytest.mark.parametrize("more", [{"CI": "true"}, {"TF_BUILD": "True"}, {"TERM": "dumb"}])
def test_a_pipeline_with_a_terminal_sees_none_of_it(root: Path, more: Mapping[str, str]) -> None:
    printed, seen = watched(root, "check", more=more)
    assert seen == ""
    assert "4 municipalities" in printed


def test_a_program_that_reads_json_sees_none_of_it(root: Path) -> None:
    printed, seen = watched(root, "check", "--format", "json")
    assert seen == "" and printed.startswith("{")
    page, seen = watched(root, "status", "--format", "html")
    assert COUNT.search(seen) and page.startswith("<!DOCTYPE html>")


def test_a_pipe_sees_none_of_it(root: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(root.parent / "cache"), "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-m", "signalen_toolkit", "fleet", "check"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr == "" and not COUNT.search(done.stdout)
