"""Git, the program, in one folder: the one place where it is started."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.problems import UsageError

# What Git's hooks set would lead to another repository; who commits, and how Git is reached, is the person's business.
_KEPT: Final = (
    "GIT_AUTHOR_",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_",
    "GIT_CONFIG",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSL",
)
# Nothing is locked or asked for, a path is a path, and messages are in the words that callers look for.
_QUIET: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}


def git(directory: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run Git in a folder and return what it said; its exit code is for the caller."""
    environment = {
        name: value for name, value in variables().items() if not name.startswith("GIT_") or name.startswith(_KEPT)
    }
    return subprocess.run(  # noqa: S603  # no shell, and options of a person's end at --end-of-options
        ["git", "-C", str(directory), *arguments],  # noqa: S607  # whichever git the person has
        env={**environment, **_QUIET},
        input=stdin,
        capture_output=True,
        check=False,
    )


def must(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run Git in a folder and return what it printed. Raises UsageError with what it complained about."""
    done = git(directory, *arguments, stdin=stdin)
    if done.returncode != 0:
        command = next((one for one in arguments if not one.startswith("-")), "")
        raise UsageError(f"git {command} failed: {said(done)}")
    return done.stdout


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what Git complained about, on one line."""
    return " ".join(done.stderr.decode(errors="replace").split())
