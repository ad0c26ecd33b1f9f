"""Where the value of a secret comes from: chance, a file, a variable, standard input, or a person who types it.

Never an argument, which other users of the computer can see and a shell writes down.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import string
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret

_ALPHABET: Final = string.ascii_letters + string.digits
# A Secret holds 1 MiB in all.
_LARGEST: Final = 2**18
_HOW: Final = "--from-file KEY=PATH or --from-env KEY=VARIABLE"


@dataclass(frozen=True)
class ValueSources:
    """Where values come from, by key (`<secret>/<key>`, or the key alone). With `ask`, a person gives the rest."""

    files: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    ask: bool = False

    def __bool__(self) -> bool:
        return bool(self.files or self.variables)

    def given(self, key: NeededKey) -> str | None:
        """Return the value that was given for a key, if there is one."""
        for name in (key.path, key.key.name):
            if name in self.files:
                return from_file(self.files[name], key.path)
            if name in self.variables:
                return from_variable(self.variables[name], key.path)
        return None

    def check(self, needs: Iterable[NeededSecret]) -> None:
        """Raise UsageError for a key that no Secret has, that two have, or whose value is that of another."""
        keys = [key for secret in needs for key in secret.keys]
        known = [name for key in keys for name in (key.path, key.key.name)]
        for name in (*self.files, *self.variables):
            found = [key for key in keys if name in (key.path, key.key.name)]
            if not found:
                raise UsageError(f"no Secret needs a key {name}; {did_you_mean(name, known)}".removesuffix("; "))
            if len(found) > 1:
                raise UsageError(f"more Secrets have a key {name}: write one of {', '.join(k.path for k in found)}")
            if found[0].key.same_as:
                raise UsageError(f"{name} has the value of {found[0].key.same_as}: give that one")


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """Read the arguments KEY=WHERE of an option. Raises UsageError, which never shows what stands after the `=`."""
    found: dict[str, str] = {}
    for text in given:
        key, equals, where = text.partition("=")
        if not (key and equals and where):
            raise UsageError(f"{option} is written as KEY={'PATH' if 'file' in option else 'VARIABLE'}")
        if key in found:
            raise UsageError(f"{option} is given twice for {key}")
        found[key] = where
    return found


def random_text(key: NeededKey) -> str:
    """Return a new random value for a key."""
    return key.key.prefix + "".join(secrets.choice(_ALPHABET) for _ in range(key.random))


def from_file(path: Path, key: str) -> str:
    """Read a value from a file, `-` for standard input; a line break at its end does not belong to it."""
    if str(path) == "-":
        return from_stdin(key)
    try:
        with path.open("rb") as file:
            return _text(file.read(_LARGEST + 1), key)
    except OSError as error:
        raise UsageError(f"the value of {key} cannot be read from {path}: {error.strerror or error}") from error


def from_variable(name: str, key: str) -> str:
    """Read a value from an environment variable."""
    if name not in variables():
        raise UsageError(f"the value of {key} was to come from the variable {name}, which is not set")
    return _text(os.fsencode(variables()[name]), key)


def from_stdin(key: str) -> str:
    """Read a value from standard input."""
    return _text(sys.stdin.buffer.read(_LARGEST + 1), key)


def obtain(key: str, path: Path | None, about: str = "the new value") -> str:
    """Return the value that a person gives for one key: in a file, typed, or else on standard input."""
    if path is not None:
        return from_file(path, key)
    return ask(key, about) if can_ask() else from_stdin(key)


def ask(key: str, about: str) -> str:
    """Have a person type a value, which is not shown. Raises UsageError where nobody can be asked."""
    if not can_ask():
        raise UsageError(f"nobody can be asked for {key} here, since this is no terminal")
    try:
        return _text(getpass.getpass(f"{key}: {about}\n  (not shown): ").encode("utf-8", "surrogateescape"), key)
    except EOFError as error:
        raise UsageError(f"no value was given for {key}") from error


def can_ask() -> bool:
    """Tell whether a person can type without what is typed being shown."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def check_value(value: str, key: NeededKey) -> str:
    """Return a value that may be used. Raises UsageError for one that everybody knows, or that is no value."""
    from signalen_toolkit.catalog.published_passwords import PUBLISHED  # few commands need it

    if value.strip().lower() in PUBLISHED:
        raise UsageError(f"the value of {key.path} is one that a chart was published with: everybody knows it")
    if key.key.in_address and (found := re.search(r"[/?#\[\]%\t\r\n]", value)):
        # The parsers of addresses in the backend's clients (kombu, elasticsearch) end a password there, or decode it.
        raise UsageError(f"the value of {key.path} stands in an address, which '{found.group()}' breaks")
    if not value and not key.empty:
        raise UsageError(f"the value of {key.path} is empty")
    return value


def missing(keys: Sequence[NeededKey], environment: str) -> UsageError:
    """Make the error for keys that have no value; all of them at once."""
    lines = [f"  {key.path}: {key.key.description}" for key in keys]
    return UsageError(
        "\n".join([f"these secrets of {environment} cannot be random, and were not given with {_HOW}:", *lines])
    )


def _text(data: bytes, key: str) -> str:
    if len(data) > _LARGEST:
        raise UsageError(f"the value of {key} is larger than {_LARGEST // 1024} KiB")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the value of {key} is not text in UTF-8") from None  # the error quotes what it read
    if "\0" in text:
        raise UsageError(f"the value of {key} holds a character that no program takes (NUL)")
    return text.removesuffix("\n").removesuffix("\r")
