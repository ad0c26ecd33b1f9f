"""The encrypted Secrets in a repository: `secrets/<environment>/<name>.yaml`, a Kubernetes Secret each."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import SECRETS
from signalen_toolkit.base.together import together
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import at
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.secrets.sops import Sops

_ENCRYPTED: Final = re.compile(r"ENC\[AES256_GCM,data:(?P<data>[^,\]]+),iv:[^,\]]+,tag:[^,\]]+,type:\w+\]")
# An annotation, which everybody can read: where values come from, and nothing of what they are.
_ORIGINS: Final = ("metadata", "annotations", "signalen.org/origins")


class ValueOrigin(StrEnum):
    """Where the value of a key comes from: chance, somebody who knows it, or another key that it follows."""

    RANDOM = "random"
    GIVEN = "given"
    FOLLOWS = "follows"


@dataclass(frozen=True)
class SecretFile:
    """One file. What is in it, is as it stands there: encrypted, when all is well."""

    document: Document

    @property
    def data(self) -> dict[str, Any]:
        """The Secret."""
        return self.document.data if isinstance(self.document.data, dict) else {}

    @property
    def recipients(self) -> list[str]:
        """The age keys for which it is encrypted."""
        sops = self.data.get("sops")
        found = sops.get("age") if isinstance(sops, dict) else None
        listed = found if isinstance(found, list) else []
        return [str(one.get("recipient", "")) for one in listed if isinstance(one, dict)]

    @property
    def origins(self) -> dict[str, ValueOrigin]:
        """Where the values of keys come from, as far as the file says: one of an older toolkit does not."""
        known = {origin.value: origin for origin in ValueOrigin}
        pairs = (pair.partition("=") for pair in str(at(self.data, *_ORIGINS) or "").split(","))
        return {key.strip(): known[word.strip()] for key, _, word in pairs if word.strip() in known}

    def length(self, key: str) -> int | None:
        """Return how many bytes a value has, encrypted or not; None where nobody can tell."""
        value = next((value for place, value in self.values() if place[1] == key), None)
        found = _ENCRYPTED.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return len(str(value).encode()) if value is not None else None
        try:
            return len(base64.b64decode(found["data"], validate=True))
        except ValueError:
            return None

    def values(self) -> Iterator[tuple[tuple[str, str], Any]]:
        """Yield the place and the value of every key of the Secret."""
        for section in ("data", "stringData"):
            found = self.data.get(section)
            if isinstance(found, dict):
                yield from (((section, key), value) for key, value in found.items())

    def place(self, key: str) -> tuple[str, str]:
        """Return where a key stands, or belongs."""
        return next((place for place, _ in self.values() if place[1] == key), ("stringData", key))

    def has(self, key: str) -> bool:
        """Tell whether there is such a key."""
        return any(place[1] == key for place, _ in self.values())

    def plain(self) -> list[tuple[str, str]]:
        """Return the places of values that anyone can read. An empty text is none: SOPS leaves it as it is."""
        return [place for place, value in self.values() if value != "" and not is_encrypted(value)]


def is_encrypted(value: Any) -> bool:
    """Tell whether SOPS made a value."""
    return isinstance(value, str) and _ENCRYPTED.fullmatch(value) is not None


def path_of(environment: str, secret: str) -> str:
    """Return where a Secret stands in the repository."""
    return f"{SECRETS}/{environment}/{secret}.yaml"


def read(repository: Path, path: str) -> SecretFile | None:
    """Read a file, or return None where there is none."""
    content = beneath.read(repository, path, reader.LARGEST + 1)
    return None if content is None else SecretFile(reader.parse(content, path))


def secret_text(name: str, namespace: str, values: Mapping[str, str], origins: Mapping[str, ValueOrigin]) -> str:
    """Return a Secret in plain text. It goes to SOPS, and nowhere else."""
    _, part, annotation = _ORIGINS
    told = [f"  {part}:", f"    {annotation}: {inline(_told(origins))}"] if origins else []
    lines = [
        "apiVersion: v1",
        "kind: Secret",
        "metadata:",
        f"  name: {inline(name)}",
        f"  namespace: {inline(namespace)}",
        "  labels:",
        "    app.kubernetes.io/part-of: signalen",
        *told,
        "type: Opaque",
        "stringData:",
        *(f"  {inline(key)}: {inline(value)}" for key, value in values.items()),
    ]
    return "\n".join(lines) + "\n"


def decrypted(text: str) -> dict[str, str]:
    """Return the values in the plain text (JSON) of a Secret, by key; those in `data` decoded."""
    secret: dict[str, Any] = json.loads(text)
    encoded = (secret.get("data") or {}).items()
    plain = (secret.get("stringData") or {}).items()
    decoded = {str(key): base64.b64decode(str(value)).decode("utf-8", "replace") for key, value in encoded}
    return decoded | {str(key): str(value) for key, value in plain}


def changed(
    repository: Path,
    path: str,
    file: SecretFile,
    values: Mapping[str, str],
    origins: Mapping[str, ValueOrigin],
    sops: Sops,
) -> str:
    """Return the text of an encrypted file with other values for some keys; the rest is as it was, letter by letter."""
    with copy_of(repository, path) as copy:
        for key, value in values.items():
            place = file.place(key)
            stored = base64.b64encode(value.encode()).decode() if place[0] == "data" else value
            sops.set(copy, place, stored)
        tell_origins(copy, file, origins, sops)
        return copy.read_text(encoding="utf-8")


def tell_origins(copy: Path, file: SecretFile, origins: Mapping[str, ValueOrigin], sops: Sops) -> None:
    """Write down in an encrypted file where values come from, beside what it says already (`file`)."""
    after = {**file.origins, **origins}
    if after != file.origins:
        sops.set(copy, _ORIGINS, _told(after))


def _told(origins: Mapping[str, ValueOrigin]) -> str:
    return ",".join(f"{key}={origin}" for key, origin in sorted(origins.items()))


def write(repository: Path, texts: Mapping[str, str], also: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write encrypted files by their paths, and others that change with them: all of them, or none.

    Raises UsageError for a text that is not encrypted, which never gets out, OSError where the disk is full.
    """
    for path, text in texts.items():
        file = SecretFile(reader.parse(text, path))
        if "sops" not in file.data or file.plain() or not list(file.values()):
            raise UsageError(f"{path} was not written: what sops made of it is not encrypted; does .sops.yaml say so?")
    with together(repository) as files:
        for path, text in {**texts, **also}.items():
            files.write(path, text.encode(), beneath.read(repository, path))
        files.take_place()


@contextmanager
def copy_of(repository: Path, path: str) -> Iterator[Path]:
    """Give a copy of an encrypted file to work on, in a folder that goes afterwards; `write` puts it back."""
    with tempfile.TemporaryDirectory(prefix="signalen-secrets-") as folder:
        copy = Path(folder) / Path(path).name
        copy.write_bytes(beneath.read(repository, path) or b"")
        yield copy
