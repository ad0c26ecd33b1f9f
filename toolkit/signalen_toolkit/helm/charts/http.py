"""Files from a web server: over HTTPS, of a bounded size, with patience for a server that stumbles.

A user name and password go to the server they are for, in a header; never into an address, a message or a command.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from signalen_toolkit import __version__
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.helm.charts.addresses import TRIES, Access, DownloadError, check_address, shown, unknown

_FIRST_PAUSE: Final = 1.0  # seconds; each next one is twice as long
_SILENCE: Final = 20.0  # seconds without a byte
_LONGEST: Final = 300.0  # seconds for one file in all
_CHUNK: Final = 2**16
_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)


class _PassingError(DownloadError):
    """One that may be gone at the next try."""


def fetch(
    url: str,
    access: Access,
    *,
    limit: int,
    pause: Callable[[float], object] = time.sleep,
) -> bytes:
    """Return the bytes at an address, at most `limit`. Only a server of `access.hosts` learns whom we are.

    What may pass (no connection, no answer, the server's own errors) is tried three times.
    Raises DownloadError; UsageError where the file with certificates is wrong.
    """
    check_address(url)
    opener = urllib.request.build_opener(_Redirects(), urllib.request.HTTPSHandler(context=_trust(access.ca_file)))
    for tried in range(1, TRIES + 1):
        try:
            return _once(opener, url, access, limit=limit)
        except _PassingError as error:
            if tried == TRIES:
                raise DownloadError(f"{error} (tried {TRIES} times)") from error
        pause(_FIRST_PAUSE * 2 ** (tried - 1))
    raise AssertionError  # the last try returns or raises


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server's directions, only to addresses that we would take ourselves."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # also ssl.SSLError
            reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise UsageError(f"SIGNALEN_CHART_CA_FILE names {ca_file}, which cannot be used: {reason}") from error
    return context


def _once(opener: urllib.request.OpenerDirector, url: str, access: Access, *, limit: int) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"signalen-toolkit/{__version__}"})  # noqa: S310
    if access.is_for(url):
        pair = base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {pair}")
    try:
        with opener.open(request, timeout=_SILENCE) as answer:
            return _read(answer, url, limit)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error.code, url, access) from error
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error


def _read(answer: http.client.HTTPResponse, url: str, limit: int) -> bytes:
    deadline = time.monotonic() + _LONGEST
    expected = answer.headers.get("Content-Length", "")
    data = bytearray()
    while chunk := answer.read(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise DownloadError(f"{shown(url)} is larger than {limit // 2**20} MiB, which is no chart")
        if time.monotonic() > deadline:
            raise _PassingError(f"{shown(url)} did not arrive within {_LONGEST:g} seconds")
    if expected.isdecimal() and len(data) < int(expected):
        raise _PassingError(f"{shown(url)} did not arrive as a whole: the connection was broken off")
    return bytes(data)


def _refused(code: int, url: str, access: Access) -> DownloadError:
    if code in _PASSING:
        return _PassingError(f"{shown(url)}: the server has an error of its own (HTTP {code})")
    if code in (401, 403):
        return DownloadError(f"{shown(url)} may not be read (HTTP {code}): {unknown(url, access)}")
    if code in (404, 410):
        return DownloadError(f"there is nothing at {shown(url)} (HTTP {code})")
    return DownloadError(f"{shown(url)} cannot be read (HTTP {code})")


def _unreachable(url: str, reason: object) -> DownloadError:
    host = urlsplit(url).hostname
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DownloadError(
            f"the certificate of {host} is not trusted: {reason.verify_message};"
            " if it is of your own certificate authority, name its file in SIGNALEN_CHART_CA_FILE"
        )
    if isinstance(reason, TimeoutError):
        return _PassingError(f"{host} did not answer within {_SILENCE:g} seconds")
    if isinstance(reason, socket.gaierror):
        kind = _PassingError if reason.errno == socket.EAI_AGAIN else DownloadError
        return kind(f"there is no computer called {host}, or no network")
    if isinstance(reason, OSError):
        return _PassingError(f"{host} cannot be reached: {reason.strerror or type(reason).__name__}")
    return _PassingError(f"{host} cannot be understood: {brief(str(reason))}")
