"""`secrets edit` that is ended half way: by a terminal that closes, by a system that shuts down, by kill -9."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from signalen_toolkit.base import processes
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.secrets import rotation
from signalen_toolkit.secrets.check import SecretsReport, check

from tests.support.secret_repository import PLAIN, everything, files_with, initialised, script

COMMAND = [sys.executable, "-m", "signalen_toolkit", "secrets", "edit", "acceptance", "signalen-backend-secrets", "-C"]
# It says that it is there, does not listen to the signals that a terminal sends, and goes on writing where it can.
STUBBORN = """trap '' HUP TERM
echo $$ "$1" > {log}.new && mv {log}.new {log}
while sleep 0.05; do cp "$1" "$1~" 2>/dev/null; done"""


@pytest.fixture
def memory(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder in memory for this test alone, and a repository with an editor that does not end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="signalen-test-", dir="/dev/shm"))  # what is tested
    except OSError as error:
        pytest.skip(f"this computer has no folder in memory: {error}")
    initialised(repository)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    home = repository.parent / "home"
    monkeypatch.setenv("EDITOR", script(home, STUBBORN.format(log=home / "log"), "editor"))
    yield folder
    shutil.rmtree(folder)


def until(path: Path) -> tuple[int, Path]:
    """Wait for the editor, and return its process and the file that it edits."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "the editor did not start"
        time.sleep(0.02)
    pid, _, name = path.read_text().strip().partition(" ")
    return int(pid), Path(name)


def is_there(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False


def assert_nothing_is_left(memory: Path, editor: int, repository: Path, before: dict[str, bytes]) -> None:
    assert list(memory.iterdir()) == []
    assert not is_there(editor)
    time.sleep(0.2)  # for an editor that would still write
    assert list(memory.iterdir()) == []
    assert everything(repository) == before
    assert files_with(repository.parent, PLAIN) == []
    assert list((repository.parent / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGHUP], [signal.SIGTERM], [signal.SIGHUP, signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM]],
    ids=lambda signals: "+".join(one.name for one in signals),
)
def test_a_signal_ends_the_editor_and_leaves_no_plain_text(
    repository: Path, memory: Path, signals: list[signal.Signals]
) -> None:
    before = everything(repository)
    with subprocess.Popen([*COMMAND, repository], stdin=subprocess.DEVNULL) as process:
        editor, file = until(repository.parent / "home/log")
        assert file.is_relative_to(memory)
        assert PLAIN in file.read_text()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)
        assert process.wait(30) == 128 + signals[0]
    assert_nothing_is_left(memory, editor, repository, before)


def test_a_terminal_that_closes_leaves_no_plain_text(repository: Path, memory: Path) -> None:
    before = everything(repository)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(COMMAND[0], [*COMMAND, str(repository)])  # noqa: S606
    editor, file = until(repository.parent / "home/log")
    assert PLAIN in file.read_text()
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP
    assert_nothing_is_left(memory, editor, repository, before)


def test_ctrl_c_is_for_the_editor(repository: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = repository.parent / "home/log"
    patient = (
        f"trap 'touch {log}.heard' INT\necho $$ \"$1\" > {log}\nwhile [ ! -e {log}.heard ]; do sleep 0.05; done; exit 0"
    )
    monkeypatch.setenv("EDITOR", script(repository.parent / "home", patient, "editor"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(COMMAND[0], [*COMMAND, str(repository)])  # noqa: S606
    until(log)
    os.write(terminal, b"\x03")
    while True:
        try:
            if not os.read(terminal, 1024):
                break
        except OSError:  # the other side has closed
            break
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    assert (log.with_name("log.heard").exists(), code) == (True, 0)
    assert list(memory.iterdir()) == []


def test_what_a_kill_left_goes_with_the_next_edit(
    repository: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([*COMMAND, repository], stdin=subprocess.DEVNULL) as process:
        until(repository.parent / "home/log")
        for pid in (process.pid, *processes._descendants(process.pid)):
            os.kill(pid, signal.SIGKILL)
    (left,) = memory.iterdir()
    assert files_with(left, PLAIN)
    monkeypatch.setattr(rotation, "_NEW", -1.0)
    monkeypatch.setenv("EDITOR", "true")
    busy = memory / "signalen-edit-busy"
    busy.mkdir()
    with rotation._in_use(busy):  # another edit that is open
        assert not rotation.edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    assert list(memory.iterdir()) == [busy]
    assert check(repository, catalog()) == SecretsReport((), ())
