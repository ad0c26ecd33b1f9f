"""The age keys of environments: private ones in files outside every repository, and what is public of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import files as atomic
from signalen_toolkit.base.environment import expanded, variables
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.secrets.sops import INSTALL, KEY_VARIABLE

PRIVATE: Final = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")
PUBLIC: Final = re.compile(r"age1[0-9a-z]{58}")


def key_file(repository: Path, environment: str) -> Path:
    """Return where the private key of an environment stands: where SOPS_AGE_KEY_FILE says, else by our own custom.

    It need not exist. Raises UsageError for a place inside the repository, from where it would get into Git.
    """
    if named := variables().get(KEY_VARIABLE):
        path, origin = expanded(named).absolute(), f"{KEY_VARIABLE} names {named}"
    else:
        folder = expanded(variables().get("XDG_CONFIG_HOME") or "~/.config").absolute()
        name = repository.resolve().name or "repository"
        path = folder / "signalen" / "age" / name / f"{environment}.txt"
        origin = f"{path} is where the private key belongs"
    if path.resolve().is_relative_to(repository.resolve()):
        raise UsageError(f"{origin}, which is inside the repository: a private key never belongs in Git")
    return path


def make(path: Path, environment: str) -> str:
    """Make a private key in a new file that only its owner may read; return the public one.

    Raises UsageError where there is a file already.
    """
    private, public = _generate()
    about = f"# The private age key of {environment}: whoever has it reads the secrets of {environment}."
    text = f"{about}\n# public key: {public}\n{private}\n"
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        folder.mkdir(mode=0o700)
    try:
        atomic.create(path, text.encode(), mode=0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already, and a private key is never overwritten") from error
    return public


def add(path: Path) -> str:
    """Add a private key to a file that has one; return the public one. The others stay, for what is in Git already."""
    private, public = _generate()
    before = read(path)
    atomic.replace(path, f"{before.rstrip()}\n# public key: {public}\n{private}\n".encode(), mode=0o600)
    return public


def publics(path: Path) -> list[str]:
    """Return the public keys of the private ones in a file, in their order. Raises UsageError without any."""
    pyrage = _pyrage()
    found = []
    for private in PRIVATE.findall(read(path).upper()):
        try:
            found.append(str(pyrage.x25519.Identity.from_str(private).to_public()))
        except Exception:  # noqa: BLE001  # pyrage's own error, whose text could show the key
            raise UsageError(f"{path} holds a private key that is damaged") from None
    if not found:
        raise UsageError(f"{path} holds no private age key (AGE-SECRET-KEY-1…)")
    return found


def read(path: Path) -> str:
    """Return the text of a file with keys. Raises UsageError where it cannot be read, OSError never."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a file with age keys") from error


def _generate() -> tuple[str, str]:
    identity = _pyrage().x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _pyrage() -> Any:
    try:
        import pyrage  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(f"the library pyrage is missing: install it with {INSTALL}") from error
    return pyrage
