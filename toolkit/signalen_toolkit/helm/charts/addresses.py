"""Addresses of servers: which may be asked, how they are shown, and whom we are there.

Apart from `downloads`, because what reads the network takes long to import, and most charts are in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from signalen_toolkit.diagnostics.source import brief

TRIES: Final = 3
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class DownloadError(Exception):
    """A file cannot be had. The message says why, with the address but without anything secret in it."""


@dataclass(frozen=True, slots=True)
class Access:
    """How servers are reached: whom we are and where, and which certificate authority is trusted beside the system's.

    `hosts` are the servers (`host`, or `host:port`) that may know whom we are: the person names them, for the address
    of a chart is the word of whoever wrote it down. `variables` is the environment, for programs that need its proxies,
    its certificates or its folder in memory.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def is_for(self, url: str) -> bool:
        """Tell whether the server at an address may know whom we are."""
        return bool(self.user) and server(url) in self.hosts


def server(url: str) -> str:
    """Return the server at an address as `Access.hosts` names it: with its port where that is not the usual one."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    usual = 80 if parts.scheme == "http" else 443
    return f"{host}:{port}" if port not in (None, usual) else host


def unknown(url: str, access: Access) -> str:
    """Say what to do where a server does not let us in."""
    if not access.user:
        return "set SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD, and name the server in SIGNALEN_CHART_HOSTS"
    if not access.is_for(url):
        return (
            "SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD go only to servers that you trust with them; if this is"
            f" one, name it: SIGNALEN_CHART_HOSTS={brief(server(url))}"
        )
    return "is the user name or password in SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD wrong?"


def check_address(url: str) -> None:
    """Raise DownloadError for an address that is not https (or http on this computer), or has a password in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise DownloadError(f"{shown(url)} is not an address: {error}") from error
    if "@" in parts.netloc:
        raise DownloadError(
            f"the address {shown(url)} has a user name or password in it: take it out, and give it with"
            " SIGNALEN_CHART_USER and SIGNALEN_CHART_PASSWORD, and the server with SIGNALEN_CHART_HOSTS"
        )
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise DownloadError(f"{shown(url)} is not fetched: only https:// is safe")


def shown(url: str) -> str:
    """Return an address without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "this"
    return brief(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")), 200)
