"""Charts from a registry of container images (oci://), which Helm itself fetches.

Helm reads whom we are from a file. It is written in a folder of its own that only we may read, in memory where the
system has such a place, and is removed with it; so the password is on no command line and in no environment.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from signalen_toolkit.base import processes
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.charts.addresses import TRIES, Access, DownloadError, shown, unknown
from signalen_toolkit.helm.errors import one_line

if TYPE_CHECKING:
    from signalen_toolkit.helm.model import ChartReference

_SECONDS: Final = 300.0
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PASSING: Final = re.compile(
    r"timeout|timed out|connection re|EOF|no such host|temporary"
    r"|unexpected status[^\n]{0,200} (?:429|5\d\d)|TLS handshake",
    re.I,
)
_DENIED: Final = re.compile(r"\b(?:401|403)\b|unauthorized|denied|basic credential not found", re.IGNORECASE)


def pull(
    program: Path,
    reference: ChartReference,
    access: Access,
    limit: int,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> bytes:
    """Return a packed chart of a registry, of at most `limit` bytes; what may pass is tried three times.

    Raises DownloadError, and UsageError where Helm or the file with certificates cannot be used.
    """
    if not _is_registry(reference.repository):
        raise DownloadError(
            f"{shown(reference.repository)} is not the address of a registry (oci://host/path); a user name and"
            " password are given with SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD"
        )
    if access.ca_file is not None and not access.ca_file.is_file():
        raise UsageError(f"SIGNALEN_CHART_CA_FILE names {access.ca_file}, and there is no such file")
    for tried in range(1, TRIES + 1):
        try:
            return _once(program, reference, access, limit)
        except DownloadError as error:
            if tried == TRIES or not _PASSING.search(str(error)):
                raise
        pause(2.0 ** (tried - 1))
    raise AssertionError  # the last try returns or raises


def _is_registry(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def _once(program: Path, reference: ChartReference, access: Access, limit: int) -> bytes:
    with ExitStack() as stack:
        home, environment = stack.enter_context(helm.isolated(access.variables))
        private = Path(stack.enter_context(TemporaryDirectory(prefix="signalen-", dir=_memory(access.variables))))
        environment["HELM_REGISTRY_CONFIG"] = str(_credentials(private, reference, access))
        command: list[str | Path] = [program, "pull", f"--version={reference.version}"]
        command += ["--destination", home / "chart"]
        if access.ca_file is not None:
            command += ["--ca-file", access.ca_file.absolute()]
        if urlsplit(reference.repository).hostname in _LOOPBACK and access.ca_file is None:
            command += ["--plain-http"]
        command += ["--", f"{reference.repository.rstrip('/')}/{reference.name}"]
        (home / "chart").mkdir()
        try:
            done = processes.run(command, environment=environment, folder=home, timeout=_SECONDS, limit=2**20)
        except processes.TooSlowError as error:
            raise DownloadError(f"helm had not fetched it after {_SECONDS:g} seconds, and was stopped") from error
        except processes.TooMuchError as error:
            raise DownloadError("helm printed without end while fetching it, and was stopped") from error
        if done.code != 0:
            raise _failed(done, reference, access)
        return _package(home / "chart", limit)


def _memory(variables: Mapping[str, str]) -> str | None:
    """Return a folder in memory that is ours alone, where the system has one."""
    folder = variables.get("XDG_RUNTIME_DIR", "")
    return folder if Path(folder).is_absolute() and os.access(folder, os.W_OK | os.X_OK) else None


def _credentials(private: Path, reference: ChartReference, access: Access) -> Path:
    """Write whom we are, in the form that `helm registry login` writes it."""
    logins = {}
    if access.is_for(reference.repository):
        pair = base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
        logins[urlsplit(reference.repository).netloc] = {"auth": pair}
    path = private / "config.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"auths": logins}, file)
    return path


def _package(folder: Path, limit: int) -> bytes:
    packages = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    if len(packages) != 1:
        raise DownloadError("helm fetched nothing, and did not say why")
    if packages[0].stat().st_size > limit:
        raise DownloadError(f"it is larger than {limit // 2**20} MiB, which is no chart")
    return packages[0].read_bytes()


def _failed(done: processes.Done, reference: ChartReference, access: Access) -> DownloadError:
    if done.code < 0:
        return DownloadError(f"helm was killed by {processes.signal_name(done.code)} while fetching it")
    reason = one_line(helm.said(done).replace("Error: ", "")) or f"exit code {done.code}"
    if access.password:
        reason = reason.replace(access.password, "***")
    if _DENIED.search(reason):
        return DownloadError(f"{reason}: {unknown(reference.repository, access)}")
    return DownloadError(reason)
