"""Other programs, run so that none of them can hang the toolkit, fill its memory or outlive it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from signalen_toolkit.diagnostics.problems import UsageError

_CHUNK: Final = 2**16
# What a program says about an error: more than anyone reads.
_MOST_ERRORS: Final = 2**20
# Seconds until it is seen that nobody waits for a program any longer.
_LOOK: Final = 0.05
# Seconds in which an editor can put its things in order before the next, less kind signal.
_KINDLY: Final = 1.0


class TooSlowError(Exception):
    """The program was not done in time, and was stopped."""


class TooMuchError(Exception):
    """The program wrote more than it may, and was stopped."""


class StoppedError(Exception):
    """Nobody waits for the program any longer, so it was stopped, or not even started."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended: its exit code (negative: killed by that signal), its output, and what it complained of."""

    code: int
    output: bytes
    errors: bytes


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    timeout: float,
    limit: int,
    stdin: bytes = b"",
    stop: threading.Event | None = None,
) -> Done:
    """Run a program in a folder, with this environment and nothing of ours, for at most `timeout` seconds.

    Its output may be `limit` bytes. Stopped for either, by another thread (`stop`) or interrupted, it goes with all
    processes it started.
    Raises TooSlowError, TooMuchError and StoppedError, and UsageError where the program cannot be started at all.
    """
    if stop is not None and stop.is_set():
        raise StoppedError
    deadline = time.monotonic() + timeout
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell, and the arguments are ours
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,  # a group of its own, to be stopped as a whole
        )
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror or error}") from error
    with process:
        try:
            output, errors = _talk(process, stdin, deadline, limit, stop)
            code = _wait(process, deadline, stop)
        except BaseException:  # also a person's Ctrl-C, which the group does not get
            _stop(process)
            raise
    return Done(code, output, errors)


def watched(command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> int:
    """Run a program that a person works with, in this terminal, until it ends; return its exit code.

    Ctrl-C is ignored, by us and by the program as it starts: it is for what that program starts in its turn. Where we
    are to end (SIGTERM, or the terminal is closed), so is the program with all that it started: nothing of it writes
    any more when this returns or raises. Raises OSError where it cannot be started.
    """
    with _ignoring_interrupts():
        process = subprocess.Popen(command, env=dict(environment), cwd=folder)  # noqa: S603  # no shell
        try:
            return process.wait()
        except BaseException:
            _end_all(process)
            raise


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, as do programs that are started meanwhile. Outside the main thread Python gets none anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started, which may be in groups of their own; first kindly, then at once."""
    family = [process.pid, *_descendants(process.pid)]
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
        for pid in filter(_runs, family):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + _KINDLY
        while any(_runs(pid) for pid in family):
            process.poll()  # so that it is no zombie
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK)
        else:
            return


def _descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process started, and theirs; where there is no /proc, none."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    yield from found[1:]


def _runs(pid: int) -> bool:
    """Tell whether a process is there and does something: one that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] not in ("Z", "X")


def signal_name(code: int) -> str:
    """Name the signal of a negative exit code: `SIGKILL`."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _talk(
    process: subprocess.Popen[bytes], stdin: bytes, deadline: float, limit: int, stop: threading.Event | None
) -> tuple[bytes, bytes]:
    """Give the program its input and take what it writes, whichever comes first."""
    assert process.stdin and process.stdout and process.stderr  # noqa: S101  # all three are pipes
    written, output, errors = 0, bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, event in (
            (process.stdin, selectors.EVENT_WRITE),
            (process.stdout, selectors.EVENT_READ),
            (process.stderr, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, event)
        while selector.get_map():
            ready = selector.select(_patience(deadline, stop))
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    written += _write(process.stdin, stdin[written : written + _CHUNK])
                    if written >= len(stdin):
                        selector.unregister(process.stdin)
                        _close(process.stdin)
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += chunk
                    if len(output) > limit:
                        raise TooMuchError
                elif len(errors) < _MOST_ERRORS:
                    errors += chunk
            _go_on(deadline, stop)
    return bytes(output), bytes(errors)


def _wait(process: subprocess.Popen[bytes], deadline: float, stop: threading.Event | None) -> int:
    """Wait for a program that says nothing more."""
    while True:
        try:
            return process.wait(max(_patience(deadline, stop), 0.01))
        except subprocess.TimeoutExpired:
            _go_on(deadline, stop)


def _patience(deadline: float, stop: threading.Event | None) -> float:
    left = deadline - time.monotonic()
    return left if stop is None else min(left, _LOOK)


def _go_on(deadline: float, stop: threading.Event | None) -> None:
    """Raise where the program is to be stopped now."""
    if stop is not None and stop.is_set():
        raise StoppedError
    if time.monotonic() >= deadline:
        raise TooSlowError


def _write(pipe: IO[bytes], chunk: bytes) -> int:
    """Write a part of the input; a program that reads no further has all that it wants."""
    try:
        return os.write(pipe.fileno(), chunk) if chunk else 1
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return 2**62


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):
        pipe.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the program's group. It was not waited for yet, so the number is still its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):  # macOS: a group of the dead
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
