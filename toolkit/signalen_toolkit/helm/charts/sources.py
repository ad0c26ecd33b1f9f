"""Where charts come from: a folder that is given, else the cache, else their repository.

Nothing gets into the cache that was not checked (`chart_archive`), and nothing in it is trusted that does not have the
digest in its name. A file is written aside and renamed, so processes that fill one cache do not disturb each other.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from signalen_toolkit.base.cache import is_ours
from signalen_toolkit.base.files import replace
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.helm.charts.addresses import Access, DownloadError, check_address, shown
from signalen_toolkit.helm.charts.archive import LARGEST_ARCHIVE, ChartError, check_archive, check_folder
from signalen_toolkit.helm.model import ChartReference

USER: Final = "SIGNALEN_CHART_USER"
PASSWORD: Final = "SIGNALEN_CHART_PASSWORD"  # noqa: S105  # the name of a variable
HOSTS: Final = "SIGNALEN_CHART_HOSTS"
CA_FILE: Final = "SIGNALEN_CHART_CA_FILE"

_LARGEST_INDEX: Final = 50 * 2**20
_ABANDONED: Final = 3600.0  # seconds after which a half-written file belongs to nobody
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION: Final = re.compile(r"v?[0-9][A-Za-z0-9._+-]*")
_State = tuple[int, int, int, int]
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart on disk that Helm takes: a packed one (.tgz), or a folder. The digest is `sha256:` and 64 digits."""

    reference: ChartReference
    path: Path
    digest: str

    @property
    def is_folder(self) -> bool:
        """Whether it is unpacked, as whoever works on a chart has it; its digest is not that of a package."""
        return self.path.is_dir()


@dataclass(frozen=True)
class Sources:
    """Where charts may come from.

    `folder` is that of --charts. `locked` are the digests in charts.lock, which choose between two packages of one
    version in the cache. `helm` gives the Helm program; it is only asked for where a registry (oci://) is read.
    `report` is told what takes time.
    """

    cache: Path
    folder: Path | None = None
    offline: bool = False
    access: Access = field(default_factory=Access)
    locked: Mapping[ChartReference, str] = field(default_factory=dict)
    helm: Callable[[], Path] | None = None
    report: Callable[[str], object] = lambda _: None
    pause: Callable[[float], object] = time.sleep
    # What repositories have, or why that cannot be read; asked once.
    indexes: dict[str, Mapping[str, Any] | DownloadError] = field(default_factory=dict)


def access(environment: Mapping[str, str]) -> Access:
    """Return whom we are for private repositories, and where: SIGNALEN_CHART_USER, _PASSWORD, _HOSTS and _CA_FILE."""
    ca_file = environment.get(CA_FILE)
    trusted = Path(os.path.expanduser(ca_file)) if ca_file else None  # noqa: PTH111  # also without a home
    hosts = frozenset(environment.get(HOSTS, "").lower().replace(",", " ").split())
    return Access(environment.get(USER, ""), environment.get(PASSWORD, ""), hosts, trusted, environment)


def at_hand(reference: ChartReference, sources: Sources) -> Chart | None:
    """Return a chart that need not be fetched, or None. Raises as `obtain` does."""
    if not _NAME.fullmatch(reference.name):
        raise ChartError(f"'{brief(reference.name)}' is not the name of a chart")
    if not _VERSION.fullmatch(reference.version):
        raise ChartError(
            f"{reference.name}: '{brief(reference.version)}' is not the version of one chart, as 4.23.0 is"
        )
    return _given(reference, sources.folder) or _cached(reference, sources)


def obtain(reference: ChartReference, sources: Sources) -> Chart:
    """Return a chart, fetched where it is not at hand.

    Raises ChartError where it cannot be had, is another chart than it should be or is no chart at all; OSError where
    a folder cannot be read.
    """
    chart = at_hand(reference, sources)
    if chart is not None:
        return chart
    what = f"{reference.name} {reference.version}"
    place = shown(reference.repository)
    if sources.offline:
        raise ChartError(f"the chart {what} of {place} is not at hand, and nothing is fetched: {_advice(reference)}")
    sources.report(f"fetching the chart {what} from {place}")
    try:
        data = _pull(reference, sources)
        return _store(reference, data, sources.cache)
    except DownloadError as error:
        message = f"the chart {what} cannot be fetched from {place}: {error}; without a network: {_advice(reference)}"
        raise ChartError(message) from error
    except ChartError as error:
        raise ChartError(f"the chart {what} of {place} is refused: {error}") from error


def _advice(reference: ChartReference) -> str:
    return f"put {reference.name}-{reference.version}.tgz in a folder and give that with --charts DIR"


# --- without a network


def _given(reference: ChartReference, folder: Path | None) -> Chart | None:
    """Find a chart in the folder of --charts. What has its name and version is taken, or refused aloud."""
    if folder is None:
        return None
    if not folder.is_dir():
        raise UsageError(f"--charts names {folder}, and there is no such folder")
    full = f"{reference.name}-{reference.version}"
    archive = folder / f"{full}.tgz"
    if archive.is_file():
        return _packed(reference, archive)
    for unpacked in (folder / full, folder / reference.name):
        if not (unpacked / "Chart.yaml").is_file():
            continue
        try:
            digest = _digest_of_folder(unpacked, reference.name, reference.version, tuple(_states(unpacked)))
            return Chart(reference, unpacked.absolute(), digest)
        except ChartError as error:
            # A folder without a version in its name may well hold another version, which is no mistake.
            if unpacked.name == full or not error.other_version:
                raise ChartError(f"{unpacked}: {error}") from error
    return None


def _packed(reference: ChartReference, archive: Path) -> Chart:
    if archive.stat().st_size > LARGEST_ARCHIVE:
        raise ChartError(f"{archive} is larger than {LARGEST_ARCHIVE // 2**20} MiB, which is no chart")
    try:
        digest = _digest_of_archive(archive, reference.name, reference.version, _state(archive.stat()))
    except ChartError as error:
        raise ChartError(f"{archive}: {error}") from error
    return Chart(reference, archive.absolute(), f"sha256:{digest}")


# Many environments have the same charts: each is read again only when its files changed.


@lru_cache(maxsize=256)
def _digest_of_archive(archive: Path, name: str, version: str, _states: _State) -> str:
    with archive.open("rb") as file:
        check_archive(file, name, version)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _digest_of_folder(folder: Path, name: str, version: str, _states: tuple[tuple[str, _State], ...]) -> str:
    return check_folder(folder, name, version)


def _states(folder: Path) -> Iterator[tuple[str, _State]]:
    """Yield the state of every entry below a folder; into links nobody goes."""
    for place, folders, files in os.walk(folder):
        for path in (f"{place}{os.sep}{name}" for name in sorted((*folders, *files))):
            yield path, _state(os.lstat(path))


def _state(state: os.stat_result) -> _State:
    """Return what changes whenever a file does; ctime cannot be set back, as mtime can."""
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _cached(reference: ChartReference, sources: Sources) -> Chart | None:
    """Find a chart in the cache: the locked one, else the one that came last."""
    folder = _cache_place(reference, sources.cache)
    locked = _DIGEST.fullmatch(sources.locked.get(reference, ""))
    pattern = f"{locked[1] if locked else '*'}.tgz"
    found: list[tuple[int, Path]] = []
    for path in folder.glob(pattern):
        with suppress(OSError):  # another process may tidy up
            if not is_ours(path):
                continue
            found.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(found, reverse=True):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            continue
        if digest == path.stem:
            return Chart(reference, path, f"sha256:{digest}")
        sources.report(f"{path} was damaged; it is fetched again")
        with suppress(OSError):
            path.unlink()
    return None


def _cache_place(reference: ChartReference, cache: Path) -> Path:
    repository = hashlib.sha256(reference.repository.rstrip("/").encode()).hexdigest()[:16]
    return cache / repository / f"{reference.name}-{reference.version}"


def _store(reference: ChartReference, data: bytes, cache: Path) -> Chart:
    """Check a package and put it in the cache, as a whole or not at all."""
    check_archive(io.BytesIO(data), reference.name, reference.version)
    digest = hashlib.sha256(data).hexdigest()
    folder = _cache_place(reference, cache)
    target = folder / f"{digest}.tgz"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(folder)
        replace(target, data, mode=0o600)
    except OSError as error:
        message = f"it cannot be kept in {cache}: {error.strerror or error}; XDG_CACHE_HOME names another folder"
        raise ChartError(message) from error
    return Chart(reference, target, f"sha256:{digest}")


def _tidy(folder: Path) -> None:
    """Remove what processes that were killed left behind."""
    for path in folder.glob(".*.new"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


# --- from a repository


def _pull(reference: ChartReference, sources: Sources) -> bytes:
    if reference.repository.startswith("oci://"):
        if sources.helm is None:
            raise DownloadError("the program helm is needed for a registry (oci://)")
        from signalen_toolkit.helm.charts import registry

        return registry.pull(sources.helm(), reference, sources.access, LARGEST_ARCHIVE, pause=sources.pause)
    from signalen_toolkit.helm.charts import (
        http,  # what reads the network takes long to import, and most charts are at hand
    )

    check_address(reference.repository)
    repository = reference.repository.rstrip("/") + "/"
    url, digest = _package(reference, _index(repository, sources))
    try:
        url = urljoin(repository, url)
    except ValueError as error:
        raise DownloadError("the repository's index names an address for it that is none") from error
    data = http.fetch(url, sources.access, limit=LARGEST_ARCHIVE, pause=sources.pause)
    if digest and hashlib.sha256(data).hexdigest() != digest:
        raise ChartError(
            f"its digest is sha256:{hashlib.sha256(data).hexdigest()}, and the repository's index says sha256:{digest}"
        )
    return data


def _index(repository: str, sources: Sources) -> Mapping[str, Any]:
    """Return the entries of a repository's index, which is read once; so is the reason why it cannot be read."""
    from signalen_toolkit.helm.charts import http

    known = sources.indexes.get(repository)
    if known is None:
        try:
            url = urljoin(repository, "index.yaml")
            data = http.fetch(url, sources.access, limit=_LARGEST_INDEX, pause=sources.pause)
            known = _entries(data, url)
        except DownloadError as error:
            known = error
        sources.indexes[repository] = known
    if isinstance(known, DownloadError):
        raise known
    return known


def _entries(data: bytes, url: str) -> Mapping[str, Any]:
    import yaml

    from signalen_toolkit.documents.machine import load

    try:
        entries = load(data.decode()).get("entries")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DownloadError(f"{shown(url)} is not the index of a chart repository: not YAML") from error
    if not isinstance(entries, dict):
        raise DownloadError(f"{shown(url)} is not the index of a chart repository: it has no entries")
    return entries


def _package(reference: ChartReference, entries: Mapping[str, Any]) -> tuple[str, str]:
    """Return the address and the digest (or an empty text) of a package in an index."""
    listed = entries.get(reference.name)
    packages = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not packages:
        raise DownloadError(f"the repository has no chart {reference.name}")
    wanted = reference.version.removeprefix("v")
    for one in packages:
        if str(one.get("version", "")).removeprefix("v") == wanted:
            urls = one.get("urls")
            if not (isinstance(urls, list) and urls and isinstance(urls[0], str)):
                raise DownloadError("the repository's index names no address for it")
            digest = _DIGEST.fullmatch(str(one.get("digest") or ""))
            return urls[0], digest[1] if digest else ""
    versions = ", ".join(brief(str(one.get("version", "")), 20) for one in packages[:3])
    raise DownloadError(f"the repository has no such version; it has {versions}{', …' if len(packages) > 3 else ''}")
