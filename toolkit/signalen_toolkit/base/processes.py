"""Other programs, run so that none of them can hang the toolkit, fill its memory or outlive it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from signalen_toolkit.diagnostics.problems import UsageError

_CHUNK: Final = 2**16
# What a program says about an error: more than anyone reads.
_MOST_ERRORS: Final = 2**20


class TooSlowError(Exception):
    """The program was not done in time, and was stopped."""


class TooMuchError(Exception):
    """The program wrote more than it may, and was stopped."""


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
) -> Done:
    """Run a program in a folder, with this environment and nothing of ours, for at most `timeout` seconds.

    Its output may be `limit` bytes. Stopped for either, or interrupted, it goes with all processes it started.
    Raises TooSlowError and TooMuchError, and UsageError where the program cannot be started at all.
    """
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
            output, errors = _talk(process, stdin, deadline, limit)
            code = process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired as error:
            _stop(process)
            raise TooSlowError from error
        except BaseException:  # also a person's Ctrl-C, which the group does not get
            _stop(process)
            raise
    return Done(code, output, errors)


def signal_name(code: int) -> str:
    """Name the signal of a negative exit code: `SIGKILL`."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _talk(process: subprocess.Popen[bytes], stdin: bytes, deadline: float, limit: int) -> tuple[bytes, bytes]:
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
            ready = selector.select(deadline - time.monotonic())
            if not ready and time.monotonic() >= deadline:
                raise TooSlowError
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
            if time.monotonic() >= deadline:
                raise TooSlowError
    return bytes(output), bytes(errors)


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
