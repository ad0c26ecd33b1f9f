"""Git, the program, in one folder: not led elsewhere by what Git sets for its hooks, and in English."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

_ELSEWHERE: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


def git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run Git in a folder and return what it said; its exit code is for the caller."""
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    environment["LC_ALL"] = "C"
    return subprocess.run(  # noqa: S603  # no shell, and the arguments are ours
        ["git", "-C", str(directory), *arguments],  # noqa: S607  # whichever git the person has
        env=environment,
        capture_output=True,
        check=False,
    )


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what Git complained about, on one line."""
    return " ".join(done.stderr.decode(errors="replace").split())
