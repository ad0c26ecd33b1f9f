"""The certificates that hosts show: each is asked by TLS, as a browser asks."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

from signalen_toolkit.fleet.glance.certificates import Expiry

_PORT: Final = 443
_SECONDS: Final = 5.0  # for a host
_ALL_SECONDS: Final = 120.0  # for all of them
_AT_ONCE: Final = 64


def of_hosts(hosts: Sequence[str], port: int = _PORT, seconds: float = _ALL_SECONDS) -> Mapping[str, Expiry]:
    """Ask hosts for their certificates, many at once, and return what each showed.

    One that cannot be reached, is not trusted, or does not answer in time says so, and stops no other.
    """
    context = ssl.create_default_context()
    found = {}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        asked = {pool.submit(_ask, host, port, context): host for host in dict.fromkeys(hosts)}
        done, late = wait(asked, timeout=seconds)
        found = {asked[one]: one.result() for one in done}
        found |= {asked[one]: Expiry(asked[one], problem=f"not asked within {seconds:g} seconds") for one in late}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return found


def _ask(host: str, port: int, context: ssl.SSLContext) -> Expiry:
    try:
        ends = time.monotonic() + _SECONDS
        with socket.create_connection((host, port), timeout=_SECONDS) as plain:
            plain.settimeout(max(0.1, ends - time.monotonic()))
            with context.wrap_socket(plain, server_hostname=host) as connection:
                until = (connection.getpeercert() or {}).get("notAfter")
    except ssl.SSLCertVerificationError as error:
        return Expiry(host, problem=f"not trusted: {error.verify_message}")
    except TimeoutError:
        return Expiry(host, problem=f"no answer within {_SECONDS:g} seconds")
    except (OSError, ValueError) as error:  # ValueError: a name that no host has
        return Expiry(host, problem=f"not reached: {getattr(error, 'strerror', None) or error}")
    return Expiry(host, int(ssl.cert_time_to_seconds(str(until))))
