"""The command as a process of its own, as people and pipelines start it: for what only shows there."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from signalen_toolkit.base.paths import PACKAGE

SIGNALEN = [sys.executable, "-P", "-m", "signalen_toolkit"]
HOOKS = [sys.executable, "-P", "-m", "signalen_toolkit.cli.hooks"]
_DROP = 24  # PR_CAPBSET_DROP of linux/prctl.h
_ABOVE_MODES = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: by which root may what no mode allows


def run(
    *arguments: str | Path,
    cwd: Path | None = None,
    program: Sequence[str] = SIGNALEN,
    variables: Mapping[str, str | None] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.PIPE,
    before: Callable[[], object] | None = None,
    timeout: float = 120,
    encoding: str = "utf-8",
) -> subprocess.CompletedProcess[str]:
    """Run the command and say that it printed no traceback; a variable that is None is not set."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **(variables or {})}
    done = subprocess.run(
        [*program, *map(str, arguments)],
        cwd=cwd,
        env={name: value for name, value in environment.items() if value is not None},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding=encoding,
        errors="backslashreplace",
        check=False,
        preexec_fn=before,
        timeout=timeout,
    )
    for text in (done.stdout or "", done.stderr):
        assert "Traceback" not in text and "Exception ignored" not in text, text
    return done


def as_a_person() -> None:
    """Take from the process that begins what root may beside others, so that the mode of a file counts for it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in _ABOVE_MODES:
            assert libc.prctl(_DROP, capability, 0, 0, 0) == 0


def snapshot(folder: Path) -> dict[str, str | bytes]:
    """Return all that is in a folder: the content of files by path, where links lead, and folders."""
    found: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[f"{name}/"] = ""
        else:
            found[name] = path.read_bytes()
    return found
