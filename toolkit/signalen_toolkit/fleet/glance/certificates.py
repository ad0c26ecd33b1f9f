"""Certificates that expire: those that stand in the files of a municipality.

A form has no certificates of its own, for cert-manager makes and renews them; but overrides, and objects of a person's
own, can hold some (of an authority, of who signs people in), as PEM or as that in base64, and nobody renews those.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import FORM_FILE, fleet_root
from signalen_toolkit.base.paths import placed
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.reader import LARGEST
from signalen_toolkit.form.fleet import layer_files

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s\\]{100,20000}?)-----END CERTIFICATE-----")
_ENCODED: Final = re.compile(rb"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t[A-Za-z0-9+/=]{100,60000}")  # PEM, in base64
_BETWEEN: Final = re.compile(rb"\\n|\\r|[\s\\]")  # a line break, also as a text between quotes writes it
_FOLDERS: Final = ("manifests", "assets")
_MOST: Final = 2_000  # files
_VERSION: Final = 0xA0  # the kind of the part that a certificate of version 1 does not have
_TWO_DIGITS: Final = 0x17
_TIMES: Final = {_TWO_DIGITS: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime and GeneralizedTime of X.509
_CENTURY: Final = 2050  # two digits from 50 are of the century before


@dataclass(frozen=True, slots=True)
class Expiry:
    """A certificate: where it is (a file with its line, or a host), and until when it holds, in seconds since 1970.

    Where that is not known it is 0, and `problem` says why. `environment` is that of a host.
    """

    where: str
    expires: int = 0
    problem: str = ""
    environment: str = ""


def in_files(folder: Path) -> list[Expiry]:
    """Return the certificates in the form of a municipality, the layers below it, and its own manifests and assets."""
    root = fleet_root(folder)
    layers = [(root, file) for file in layer_files(root, placed(folder).name)] if root else []
    found = []
    for place, file in [(folder, FORM_FILE), *layers, *((folder, file) for file in _own(folder))]:
        try:
            data = beneath.read(place, file, LARGEST) or b""
        except (OSError, UsageError):  # `check` tells what cannot be read
            continue
        found += [Expiry(f"{file}:{line}", until) for line, until in in_text(data)]
    return found


def in_text(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the line of each certificate in a file, and until when it holds, in seconds since 1970."""
    if b"CERTIFICATE" not in data and b"LS0tLS1CRUdJTiBD" not in data:
        return
    for found in _PEM.finditer(data):
        if until := _until(found[1]):
            yield data.count(b"\n", 0, found.start()) + 1, until
    for encoded in _ENCODED.finditer(data):
        try:
            inside = base64.b64decode(encoded[0] + b"==")
        except binascii.Error:
            continue
        for found in _PEM.finditer(inside):
            if until := _until(found[1]):
                yield data.count(b"\n", 0, encoded.start()) + 1, until


def _own(folder: Path) -> Iterator[str]:
    """Yield the files of a person's own that may hold certificates."""
    count = 0
    for below in _FOLDERS:
        try:
            for entry in beneath.walk(folder, below):
                count += 1
                if count > _MOST:
                    return
                if entry.is_file and entry.status.st_size <= LARGEST:
                    yield entry.path
        except (OSError, UsageError):  # a link, or no folder: nothing of it is rendered either
            continue


def _until(pem: bytes) -> int:
    """Return until when a certificate holds; 0 for what is none."""
    try:
        return not_after(base64.b64decode(_BETWEEN.sub(b"", pem), validate=True))
    except ValueError:
        return 0


def not_after(der: bytes) -> int:
    """Return until when a certificate in DER holds, in seconds since 1970. Raises ValueError for what is none.

    `ssl` of Python reads a certificate only where it trusts it. What is needed is the fifth part of the first part:
    https://www.rfc-editor.org/rfc/rfc5280#section-4.1
    """
    try:
        ((_, certificate),) = _parts(der)
        parts = _parts(_parts(certificate)[0][1])
        if parts[0][0] == _VERSION:
            del parts[0]
        kind, written = _parts(parts[3][1])[1]  # after the number, the way of signing and who signed: from, and until
        form = _TIMES[kind]
    except (IndexError, KeyError) as error:
        raise ValueError("no certificate") from error
    found = datetime.strptime(written.decode("ascii"), form).replace(tzinfo=UTC)
    if kind == _TWO_DIGITS and found.year >= _CENTURY:
        found = found.replace(year=found.year - 100)
    return int(found.timestamp())


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """Return the kind and the content of each part of a sequence in DER. Raises ValueError where it is none."""
    found, at = [], 0
    while at < len(der):
        if at + 2 > len(der):
            raise ValueError("cut off")
        kind, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size]), at + size
        if at + length > len(der):
            raise ValueError("cut off")
        found.append((kind, der[at : at + length]))
        at += length
    return found


def soon(now: datetime) -> int:
    """Return the time before which a certificate that expires is a problem: 30 days, as cert-manager renews them."""
    return int((now + timedelta(days=30)).timestamp())


def first(found: Sequence[Expiry]) -> Expiry | None:
    """Return the certificate that expires first of those of which that is known."""
    return min((one for one in found if one.expires), key=lambda one: one.expires, default=None)
