"""The toolkit's own files in a package index: their hashes, and the proof that they are what runs here.

No file can hold its own hash, so it is asked of the index, once, and kept in the repository from then on. A name in an
index can be somebody else's: so the wheel is fetched, and its content compared with the toolkit that runs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from signalen_toolkit import __version__
from signalen_toolkit.base.paths import PACKAGE, folder
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief

_PAGE: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
_LINK: Final = re.compile(r'href="([^"#]+)#sha256=([0-9a-f]{64})"')
_HERE: Final = ("127.0.0.1", "localhost", "::1")
_SILENCE: Final = 20.0  # seconds
_LARGEST: Final = 64 * 2**20  # bytes


def hashes(index: str, version: str = __version__) -> tuple[str, ...]:
    """Return the sha256 of the wheel of this very toolkit in an index.

    Raises UsageError where the index cannot be read, has no such version, or has other files under its name.
    """
    found = {name: (url, digest) for name, url, digest in _files(index) if _is_wheel(name, version)}
    if not found:
        raise UsageError(f"{index} has no signalen-toolkit {version}")
    for name, (url, digest) in found.items():
        data = _get(url)
        if hashlib.sha256(data).hexdigest() != digest:
            raise UsageError(f"{name} in {index} is not the file that the index says it is")
        if (different := _difference(data)) is not None:
            raise UsageError(
                f"{name} in {index} is another toolkit than the one that runs here (in {different}): is that index"
                " yours, and the version right? Nothing of it was kept"
            )
    return tuple(sorted(digest for _, digest in found.values()))


def _is_wheel(name: str, version: str) -> bool:
    return name.startswith(f"signalen_toolkit-{version}-") and name.endswith(".whl")


def _files(index: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, address and hash of each file of the project, from either form of the simple API (PEP 503, 691)."""
    page = f"{index.rstrip('/')}/signalen-toolkit/"
    text = _get(page).decode("utf-8", "replace")
    try:
        listed = json.loads(text)["files"]
    except (ValueError, KeyError, TypeError):
        listed = [{"url": url, "hashes": {"sha256": digest}} for url, digest in _LINK.findall(text)]
    for one in listed:
        url = urllib.parse.urljoin(page, str(one["url"]))
        digest = str(one.get("hashes", {}).get("sha256", ""))
        yield urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2]), url, digest


def _difference(wheel: bytes) -> str | None:
    """Return the first file of a wheel that is not as it is here; None where all are."""
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
            rows = [*csv.reader(archive.read(record).decode().splitlines())]
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError, KeyError):
        return "what is no wheel"
    theirs: dict[str, str] = {row[0]: row[1] for row in rows if len(row) > 1 and row[0].startswith("signalen_toolkit/")}
    for name, digest in theirs.items():
        path = _place(name.removeprefix("signalen_toolkit/"))
        if path is None or digest != f"sha256={_record_hash(path.read_bytes())}":
            return name
    extra = sorted({*_ours()} - {*theirs})
    return extra[0] if extra else None


def _ours() -> Iterator[str]:
    yield from (f"signalen_toolkit/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py"))


def _place(name: str) -> Path | None:
    top, _, rest = name.partition("/")
    path = folder(top) / rest if top in ("chart-templates", "municipality-template") else PACKAGE / name
    return path if path.is_file() else None


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class _Safe(urllib.request.HTTPRedirectHandler):
    """Follows a server's directions to addresses that we would take ourselves."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _check(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise UsageError(f"{brief(url)} is not fetched: only https:// is safe")


def _get(url: str) -> bytes:
    """Return what is at an address. Raises UsageError."""
    _check(url)
    headers = {"User-Agent": f"signalen-toolkit/{__version__}", "Accept": _PAGE}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # checked above
    try:
        with urllib.request.build_opener(_Safe()).open(request, timeout=_SILENCE) as answer:
            data: bytes = answer.read(_LARGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise UsageError(f"{brief(url)} cannot be read (HTTP {error.code})") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{brief(url)} cannot be read: {getattr(error, 'reason', error)}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{brief(url)} is larger than {_LARGEST // 2**20} MiB, which is no toolkit")
    return data
