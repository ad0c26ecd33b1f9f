"""Git, the program, in one folder: the one place where it is started.

A repository can be somebody else's, with a configuration (`.git/config`, and what that includes) in which programs
stand: for a file system monitor, for filters of files, for hooks, for a connection. None of these runs: what names a
program in it is given another value, in the environment, which goes before every file. What a person has in their own
configuration counts as ever. Nothing is fetched, and nothing stands in the place of an object (`git replace`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from signalen_toolkit.base import processes
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.processes import Done
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
_QUIET: Final = {
    # Nothing is locked or asked for, a path is a path, and messages are in the words that callers look for.
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
    # Objects are those of the repository, as they are, and what is not there is not fetched from anywhere.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
# Whoever says otherwise: no monitor, no hook, and no look into submodules, which have settings of their own.
_FIXED: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "diff.ignoreSubmodules": "all",
    "status.submoduleSummary": "false",
    "submodule.recurse": "false",
}
# The last parts of names of settings that hold a command, or say that a command has to succeed.
_COMMANDS: Final = frozenset(
    [
        "alternaterefscommand",
        "askpass",
        "clean",
        "cmd",
        "command",
        "difffilter",
        "driver",
        "editor",
        "external",
        "gitproxy",
        "helper",
        "packobjectshook",
        "pager",
        "process",
        "program",
        "receivepack",
        "required",
        "smudge",
        "sshcommand",
        "textconv",
        "uploadpack",
        "vcs",
    ]
)
# What leads from the file of a repository's settings to another.
_ELSEWHERE: Final = (b"include", b"worktreeconfig")
_PROTOCOLS: Final = "file:http:https:ssh"
_SECONDS: Final = 120.0
_LARGEST_SETTINGS: Final = 2**16  # bytes of a file that is worth to be read
_LARGEST: Final = 2**28  # bytes of what Git prints


def git(directory: Path, *arguments: str, stdin: bytes = b"") -> Done:
    """Run Git in a folder and return what it said; its exit code is for the caller.

    Raises UsageError where there is no Git, where it cannot read the settings of the repository, or does not end.
    """
    settings = {**_FIXED, **{name: _harmless(name) for name in _programs(directory)}}
    return _run(directory, arguments, _with(_environment(), settings), stdin)


def remotely(directory: Path, *arguments: str, own: Mapping[str, str] = MappingProxyType({})) -> Done:
    """Run Git where it has to reach another repository, by a protocol that starts nothing of that repository's choice.

    How that is done (a program for SSH, who keeps passwords) is what the person's own configuration says, and `own`:
    settings of Git by name, which may be secret, for they are given in the environment. Raises as `git` does.
    """
    settings = {**_FIXED, **{name: _harmless(name) for name in _programs(directory)}, **own}
    environment = {**_environment(), "GIT_ALLOW_PROTOCOL": _PROTOCOLS}
    return _run(directory, arguments, _with(environment, settings))


def must(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run Git in a folder and return what it printed. Raises UsageError with what it complained about."""
    done = git(directory, *arguments, stdin=stdin)
    if done.code != 0:
        raise failed(directory, done, arguments)
    return done.output


def found(directory: Path, *arguments: str) -> bytes | None:
    """Run Git in a folder and return what it printed, or None where it says that there is none (exit code 1).

    Raises UsageError where it could not look.
    """
    done = git(directory, *arguments)
    if done.code == 1 and not done.errors.strip():
        return None
    if done.code != 0:
        raise failed(directory, done, arguments)
    return done.output


def failed(directory: Path, done: Done, arguments: tuple[str, ...]) -> UsageError:
    """Make the error for what Git did not do."""
    if b"dubious ownership" in done.errors:
        return UsageError(
            f"{directory} is in a Git repository of another user, into which Git does not look; if you trust it, add it"
            " to Git's safe.directory"
        )
    command = next((one for one in arguments if not one.startswith("-")), "")
    return UsageError(f"git {command} failed: {said(done)}")


def said(done: Done) -> str:
    """Return what Git complained about, on one line."""
    return " ".join(done.errors.decode(errors="replace").split())


def _programs(directory: Path) -> Iterator[str]:
    """Yield the settings of the repository around a folder that may name a program."""
    if _is_harmless(directory):
        return
    done = _run(directory, ("config", "--list", "--show-scope", "--name-only", "-z", "--includes"), _environment())
    if done.code != 0 and b"dubious ownership" not in done.errors:  # of that, Git reads nothing
        raise failed(directory, done, ("config",))
    words = done.output.decode(errors="surrogateescape").split("\0")
    for scope, name in zip(words[::2], words[1::2], strict=False):
        if scope in ("local", "worktree") and name.rpartition(".")[2] in _COMMANDS:
            yield name


def _is_harmless(directory: Path) -> bool:
    """Tell whether the settings of a repository surely name no program, as those of nearly all do not.

    A name stands in the file of the settings as it is, in letters of either size; so no word in it is no such setting,
    where it includes no other file. To ask Git takes as long as what is asked of it then.
    """
    place = directory / ".git" / "config"
    try:
        if not place.is_file() or place.stat().st_size > _LARGEST_SETTINGS:  # further up, or of another working tree
            return False
        written = place.read_bytes().lower()
    except OSError:
        return False
    return not any(word in written for word in _ELSEWHERE) and not any(word.encode() in written for word in _COMMANDS)


def _harmless(name: str) -> str:
    """Return a value with which a setting names no program: false where it says yes or no."""
    return "false" if name.endswith(".required") else ""


def _environment() -> dict[str, str]:
    given = variables()
    kept = {name: value for name, value in given.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    kept.pop("GIT_CONFIG", None)  # in the place of all files, of which the repository's are to be known
    return {**kept, **_QUIET}


def _with(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Add settings behind those that a person gives in the environment, exactly as they are called."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isascii() and count.isdigit() else 0
    result = {**environment, "GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        result |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return result


def _run(directory: Path, arguments: tuple[str, ...], environment: Mapping[str, str], stdin: bytes = b"") -> Done:
    command = ["git", "-C", str(directory), *arguments]
    name = " ".join(command[3:4])
    try:
        return processes.run(
            command, environment=environment, folder=Path.cwd(), timeout=_SECONDS, limit=_LARGEST, stdin=stdin
        )
    except processes.TooSlowError as error:
        raise UsageError(f"git {name} was not done after {_SECONDS:g} seconds, and was stopped") from error
    except processes.TooMuchError as error:
        raise UsageError(f"git {name} printed more than {_LARGEST // 2**20} MiB, and was stopped") from error
