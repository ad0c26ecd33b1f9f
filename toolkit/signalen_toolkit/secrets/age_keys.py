"""The age keys of environments: private ones in files outside every repository, and what is public of them.

Each environment of each municipality has a key of its own. A line in its file says which it serves, so that none is
taken for another repository without a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.environment import expanded, variables
from signalen_toolkit.base.layout import SECRETS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.reader import LARGEST
from signalen_toolkit.form import age_key
from signalen_toolkit.form.config import Environment
from signalen_toolkit.secrets import sops_config
from signalen_toolkit.secrets.sops import INSTALL, KEY_VARIABLE

PRIVATE: Final = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")
PUBLIC: Final = re.compile(r"age1[0-9a-z]{58}")
_SERVES: Final = "# serves: "
_LARGEST: Final = 2**16  # bytes of a file with keys


@dataclass(frozen=True, slots=True)
class AgeKey:
    """A private key in a file; `serves` is the environment that it was made for, empty where the file does not say."""

    public: str
    private: str = field(repr=False)
    serves: str = ""


def serving(environment: Environment) -> str:
    """Name an environment among those of all municipalities: `GM0796 acceptance https://git.example.nl/…`."""
    return f"{age_key.municipality(environment)} {environment.name} {age_key.repository(environment)}"


def serves_another(key: AgeKey, environment: Environment, *, anywhere: bool = False) -> bool:
    """Tell whether a key was made for another environment, as far as its file says.

    With `anywhere`, the same environment of the same municipality at another address is the same: repositories move.
    """
    whom, _, repository = key.serves.rpartition(" ")
    own, _, here = serving(environment).rpartition(" ")
    return bool(whom) and (whom != own or not (anywhere or age_key.same_repository(repository, here)))


def key_file(directory: Path, environment: Environment) -> Path:
    """Return where the private key of an environment is, or belongs: it need not exist.

    That is where SOPS_AGE_KEY_FILE says. Else it is the file, among those that `init` ever made on this computer, that
    opens what is encrypted for the environment: a repository may have had another address, and an older toolkit called
    the place after the folder. Where there is none, it is the place of this repository's address.
    Raises UsageError for a place inside the repository, from where it would get into Git.
    """
    if named := named_file():
        return _outside(named, directory, f"{KEY_VARIABLE} names {named}")
    place = own_place(directory, environment)
    wanted = _recipients(directory, environment.name)
    if not wanted or _opens(place, wanted):
        return place
    older = _settings() / age_key.KEYS / (directory.resolve().name or "repository") / f"{environment.name}.txt"
    others = sorted((_settings() / age_key.KEYS).rglob("*.txt"))
    return next((path for path in (older, *others) if _opens(path, wanted)), place)


def own_place(directory: Path, environment: Environment) -> Path:
    """Return the place of this repository's address, where a new key belongs. Raises as `key_file` does."""
    place = _settings() / age_key.age_key_place(environment)
    return _outside(place, directory, f"{place} is where the private key belongs")


def named_file() -> Path | None:
    """Return the file that SOPS_AGE_KEY_FILE names, if it names one."""
    named = variables().get(KEY_VARIABLE)
    return expanded(named).absolute() if named else None


def make(path: Path, environment: Environment, older: Sequence[AgeKey] = ()) -> str:
    """Make a private key, for an environment, in a file that only its owner may read; return the public one.

    Where there is a file already, the key is added to it: what is in it stays, for what is in Git's history. `older`
    are keys that a new file gets before it. All is written in one piece, where it is to stay: killed at any moment, no
    half of it and no copy of it is left behind.
    """
    private, public = _generate()
    about = "# A private age key: whoever has it reads the secrets of"
    before = [
        text
        for key in older
        for text in ([f"{_SERVES}{key.serves}"] if key.serves else []) + [f"# public key: {key.public}", key.private]
    ]
    lines = [*before, f"{about} {environment.name}.", f"{_SERVES}{serving(environment)}"]
    lines += [f"# public key: {public}", private]
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        folder.mkdir(mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        begun = os.fstat(descriptor).st_size
        ended = not begun or os.pread(descriptor, 1, begun - 1) == b"\n"
        os.write(descriptor, "\n".join([*([] if ended else [""]), *lines, ""]).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return public


def take_back(path: Path, size: int | None) -> None:
    """Undo what `make` did: cut a file to the size that it had, or remove it where there was none (None)."""
    with suppress(FileNotFoundError):
        if size is None:
            path.unlink()
        else:
            os.truncate(path, size)


def keys(path: Path) -> list[AgeKey]:
    """Return the keys in a file, in their order. Raises UsageError where it cannot be read, or has a damaged one."""
    pyrage = _pyrage()
    found, serves = [], ""
    for line in read(path).splitlines():
        if line.startswith(_SERVES):
            serves = line.removeprefix(_SERVES).strip()
        for private in PRIVATE.findall(line.upper()):
            try:
                public = str(pyrage.x25519.Identity.from_str(private).to_public())
            except Exception:  # noqa: BLE001  # pyrage's own error, whose text could show the key
                raise UsageError(f"{path} holds a private key that is damaged") from None
            found.append(AgeKey(public, private, serves))
            serves = ""
    return found


def publics(path: Path) -> list[str]:
    """Return the public keys of the private ones in a file, in their order. Raises UsageError without any."""
    found = [key.public for key in keys(path)]
    if not found:
        raise UsageError(f"{path} holds no private age key (AGE-SECRET-KEY-1…)")
    return found


def read(path: Path) -> str:
    """Return the text of a file with keys. Raises UsageError where it cannot be read, OSError never."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a file with age keys") from None  # the error quotes what it read


def has_library() -> bool:
    """Tell whether what makes and reads age keys is installed."""
    from importlib.util import find_spec

    return find_spec("pyrage") is not None


def _settings() -> Path:
    return expanded(variables().get("XDG_CONFIG_HOME") or "~/.config").absolute()


def _outside(path: Path, directory: Path, origin: str) -> Path:
    if path.resolve().is_relative_to(directory.resolve()):
        raise UsageError(f"{origin}, which is inside the repository: a private key never belongs in Git")
    return path


def _recipients(directory: Path, environment: str) -> frozenset[str]:
    """Return the public keys for which the secrets of an environment are encrypted, or are to be."""
    found = set(sops_config.read(directory).recipients(f"{SECRETS}/{environment}/x.yaml"))
    for entry in beneath.listed(directory, f"{SECRETS}/{environment}"):
        if entry.is_file and entry.path.endswith(".yaml"):
            content = beneath.read(directory, entry.path, LARGEST) or b""
            found.update(PUBLIC.findall(content.decode(errors="replace")))
    return frozenset(found)


def _opens(path: Path, recipients: frozenset[str]) -> bool:
    """Tell whether a file has a private key for one of the recipients."""
    if not path.is_file():
        return False
    try:
        text = read(path)
        return not recipients.isdisjoint(_told(text)) or not recipients.isdisjoint(publics(path))
    except UsageError:  # no key at all, or without the library that makes the public one of it
        return False


def _told(text: str) -> Iterator[str]:
    """Yield the public keys that stand in the comments of a file with private ones."""
    if PRIVATE.search(text.upper()):
        yield from PUBLIC.findall(text)


def _generate() -> tuple[str, str]:
    identity = _pyrage().x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _pyrage() -> Any:
    try:
        import pyrage  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(f"the library pyrage is missing: install it with {INSTALL}") from error
    return pyrage
