"""Standard input and output as they may be: closed, full, read by nobody any more, or in an encoding with few letters.

A command does its work whatever becomes of what it says, and its exit code is that of the work: who checks a form and
reads only the first line of the problems has not found it right.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError

_SPELLED: Final[Mapping[str, str]] = {"→": "->", "↔": "<->", "…": "...", "·": "-", "•": "-", "✓": "v", "✗": "x"}
_OUT, _ERR = 1, 2


def prepare() -> None:
    """Make sure that this process can be read from and written to, without an error of its own.

    Where somebody took the place of its streams already, as tests do, they are left alone.
    """
    codecs.register_error("signalen", _spelled)
    closed = [number for number in (0, _OUT, _ERR) if not _is_open(number)]
    for number in closed:  # else the next file that is opened would be taken for it
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor != number:
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "rb", closefd=False)), encoding="utf-8")
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _writer(_ERR, sys.stderr, _Unheard(_ERR, "wb", closefd=False), "backslashreplace")
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _writer(_OUT, sys.stdout, _Output(_OUT, "wb", closefd=False), "signalen")
    if _OUT in closed:
        say("standard output is closed: what this command has to say is not shown", err=True)


class _Output(io.FileIO):
    """Standard output. Who has read enough of it misses the rest, without an error; where it is full, that is said."""

    gone = False

    def write(self, data: Any, /) -> int:
        if self.gone:
            return len(data)
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            self.gone = True
            return len(data)
        except OSError as error:
            self.gone = True  # it is not tried again when the process ends
            raise UsageError(
                f"what this command has to say cannot be written to standard output: {error.strerror or error}"
            ) from error


class _Unheard(io.FileIO):
    """Standard error: where that cannot be written, there is nobody left to tell."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def _writer(number: int, before: TextIO | None, raw: io.FileIO, errors: str) -> TextIO:
    """Return a stream as Python makes them, on top of what writes the bytes."""
    encoding = before.encoding if before is not None else "utf-8"
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors=errors,
        line_buffering=number == _ERR or os.isatty(number),
        write_through=number == _ERR,
    )


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Spell what an encoding lacks in letters that it has: as people write it, else as JSON does (`\u00e9`)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_SPELLED.get(letter) or _escaped(letter) for letter in lacking), error.end


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
