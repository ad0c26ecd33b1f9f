"""A chart that came from elsewhere, looked at before anything uses it: is it the chart it should be, and no trap?

An archive is read as a stream, against limits, and is never unpacked here.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents import reader

# Helm itself refuses larger files (5 MiB) and larger charts (100 MiB). Those of Signalen are below 1 MiB.
LARGEST_ARCHIVE: Final = 20 * 2**20
_LARGEST_FILE: Final = 5 * 2**20
_LARGEST_CHART: Final = 100 * 2**20
_MOST_FILES: Final = 10_000
_DAMAGED: Final = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class ChartError(UsageError):
    """A chart that cannot be had, or is not what it should be; `other_version` where it is, but in another version."""

    def __init__(self, message: str, *, other_version: bool = False) -> None:
        super().__init__(message)
        self.other_version = other_version


def check_archive(file: IO[bytes], name: str, version: str) -> None:
    """Check an archive (.tgz) from where the file stands.

    Raises ChartError where it is damaged, larger than Helm takes, has entries outside a folder with the chart's
    name, has links or devices, or is another chart or another version.
    """
    unpacked = _Limited(file)
    chart_yaml: bytes | None = None
    seen: set[str] = set()
    try:
        with tarfile.open(fileobj=unpacked, mode="r|") as archive:
            for member in archive:
                _check_member(member, name)
                if member.name in seen:
                    raise ChartError(f"the archive has {_shown(member.name)} twice")
                seen.add(member.name)
                if len(seen) > _MOST_FILES:
                    raise ChartError(f"the archive has more than {_MOST_FILES} files")
                if member.name == f"{name}/Chart.yaml" and member.isreg():
                    content = archive.extractfile(member)
                    chart_yaml = content.read() if content else b""
        while unpacked.read(2**16):  # the checksum is at the very end
            pass
    except _DAMAGED as error:
        raise ChartError("the file is not a packed chart (.tgz), or it is damaged") from error
    if chart_yaml is None:
        raise ChartError(f"the archive has no {name}/Chart.yaml, so it is not the chart {name}")
    _check_chart_yaml(chart_yaml, name, version)


def check_folder(folder: Path, name: str, version: str) -> str:
    """Check an unpacked chart and return the digest of its files: `sha256:` over names and contents, in order.

    Raises ChartError as `check_archive` does, and for a link that leads out of the folder.
    """
    try:
        chart_yaml = (folder / "Chart.yaml").read_bytes()
    except OSError as error:
        raise ChartError(f"{folder} has no Chart.yaml that can be read, so it is not a chart") from error
    _check_chart_yaml(chart_yaml, name, version)
    digest = hashlib.sha256()
    total = 0
    paths = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
    if len(paths) > _MOST_FILES:
        raise ChartError(f"{folder} has more than {_MOST_FILES} files")
    for path in paths:
        parts = _entry(path, folder)
        total += sum(map(len, parts))
        if total > _LARGEST_CHART:
            raise ChartError(f"{folder} is larger than {_LARGEST_CHART // 2**20} MiB")
        _add(digest, parts)
    return f"sha256:{digest.hexdigest()}"


class _Limited(io.RawIOBase):
    """The unpacked bytes of a gzip file, of which there may only be so many."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=file, mode="rb")
        self._count = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(min(size, 2**20) if size >= 0 else 2**20)
        self._count += len(data)
        if self._count > _LARGEST_CHART:
            raise ChartError(f"the archive is larger than {_LARGEST_CHART // 2**20} MiB when it is unpacked")
        return data


def _check_member(member: tarfile.TarInfo, name: str) -> None:
    path = member.name
    shown = _shown(path)
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "\\" in path or _DRIVE.match(path) or not path.isprintable():
        raise ChartError(f"the archive has an entry with a name that no chart has: {shown}")
    if ".." in parts:
        raise ChartError(f"the archive has an entry that leads out of its folder: {shown}")
    if member.issym() or member.islnk():
        raise ChartError(f"the archive has a link, which charts may not have: {shown}")
    if not (member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)) or member.issparse():
        raise ChartError(f"the archive has an entry that is not a file: {shown}")
    if not parts or parts[0] != name or (len(parts) == 1 and not member.isdir()):
        raise ChartError(f"the archive has an entry outside the folder {name}/: {shown}")
    if member.size > _LARGEST_FILE:
        raise ChartError(f"the archive has a file larger than {_LARGEST_FILE // 2**20} MiB: {shown}")


@lru_cache(maxsize=256)  # of a fleet, nearly all have the same charts
def _check_chart_yaml(content: bytes, name: str, version: str) -> None:
    """Raise ChartError unless a Chart.yaml is readable and is about this chart in this version."""
    chart = reader.parse(content, "Chart.yaml")
    if chart.data is None:
        reason = chart.problems[0].message if chart.problems else "it holds nothing"
        raise ChartError(f"the Chart.yaml of {name} cannot be read: {reason}")
    is_name, is_version = (chart.data.get(key) for key in ("name", "version"))
    if not isinstance(is_version, str):  # `version: 1.10` is a number, and yet this text
        is_version = chart.written(("version",))
    if is_name != name:
        raise ChartError(f"this is the chart {_shown(str(is_name))}, not {name}")
    if is_version.removeprefix("v") != version.removeprefix("v"):
        raise ChartError(f"this is {name} {_shown(is_version)}, not {name} {version}", other_version=True)


def _entry(path: Path, folder: Path) -> tuple[bytes, bytes, bytes]:
    """Return what a file adds to the digest: its path, its kind and its content."""
    name = os.fsencode(path.relative_to(folder).as_posix())
    shown = _shown(str(path.relative_to(folder)))
    if path.is_symlink():
        try:
            inside = path.resolve(strict=True).is_relative_to(folder.resolve())
        except (OSError, RuntimeError):  # leads nowhere, or in a circle
            inside = False
        if not inside:
            raise ChartError(f"{folder} has a link that leads out of it or nowhere: {shown}")
        return name, b"link", os.fsencode(path.readlink())
    if path.is_dir():
        return name, b"folder", b""
    if not path.is_file():
        raise ChartError(f"{folder} has an entry that is not a file: {shown}")
    if path.stat().st_size > _LARGEST_FILE:
        raise ChartError(f"{folder} has a file larger than {_LARGEST_FILE // 2**20} MiB: {shown}")
    return name, b"file", path.read_bytes()


def _add(digest: hashlib._Hash, parts: Iterable[bytes]) -> None:
    for part in parts:
        digest.update(b"%d:" % len(part))  # so that no two lists of parts give the same bytes
        digest.update(part)


def _shown(text: str) -> str:
    return brief("".join(letter if letter.isprintable() else "?" for letter in text))
