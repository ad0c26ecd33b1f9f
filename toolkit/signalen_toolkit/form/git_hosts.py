"""The Git server that a repository is on: what its address tells, and what differs between the kinds of servers.

The kinds are data: `git-hosts.yaml` in the template, which has a pipeline for each; a repository keeps the one of its
own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import GIT_HOSTS
from signalen_toolkit.base.paths import folder
from signalen_toolkit.documents.machine import load

_SERVER: Final = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?([^/:]+)")
_SCP: Final = re.compile(r"([^/@:]+@[^/:]+):(?!//)/*(.+)")  # git@host:path
_AZURE: Final = "dev.azure.com"


@dataclass(frozen=True, slots=True)
class GitHost:
    """A kind of Git server. `status` is its API for the status of a commit, with places to be filled in."""

    name: str
    title: str
    pipeline: str
    flux_provider: str
    sites: tuple[str, ...]
    words: tuple[str, ...]
    status: Mapping[str, Any]
    pull_request: str = ""

    def is_at(self, server: str) -> bool:
        """Tell whether a server is one of its own."""
        return any(f".{server}".endswith(f".{site}") for site in self.sites)

    def is_in(self, server: str) -> bool:
        """Tell whether somebody calls a server after it."""
        return any(re.search(rf"(^|[.-]){word}[.-]", server) for word in self.words)


@cache
def git_hosts() -> Mapping[str, GitHost]:
    """Return the kinds of Git servers by name, in the order in which they are offered."""
    return {
        name: GitHost(
            name,
            about["title"],
            about["pipeline"],
            about["fluxProvider"],
            tuple(about.get("sites", ())),
            tuple(about.get("words", ())),
            about["status"],
            about.get("pullRequest", ""),
        )
        for name, about in _data()["hosts"].items()
    }


@cache
def _data() -> Mapping[str, Any]:
    path = folder("municipality-template") / "{{cookiecutter.repository_name}}" / GIT_HOSTS
    data: Mapping[str, Any] = load(path.read_text(encoding="utf-8"))
    return data


def forge_of(url: str) -> str:
    """Tell the kind of Git server from the address of a repository (https://, ssh:// or git@host:path)."""
    return _told(url) or str(_data()["default"])


def is_told(url: str) -> bool:
    """Tell whether the kind of Git server follows from the address, and is not just the most common one."""
    return bool(_told(url))


def _told(url: str) -> str:
    # The template's hook does the same, for where the toolkit is not installed.
    server, hosts = _server(url), git_hosts().values()
    found = [one.name for one in hosts if one.is_at(server)] or [one.name for one in hosts if one.is_in(server)]
    return found[0] if found else ""


def _server(url: str) -> str:
    found = _SERVER.match(url)
    return found[1].lower() if found else ""


def keep_pipeline(directory: Path, forge: str) -> None:
    """Remove the pipelines of all other kinds of servers from a new repository, and the list of these."""
    beneath.remove(directory, GIT_HOSTS)
    for other in git_hosts().values():
        if other.name != forge:
            beneath.remove(directory, other.pipeline)


def web_address(url: str) -> str:
    """Return where people find a repository, from the address that it is fetched from (https:// or ssh://).

    Empty where nobody can tell, or for a server without an API that is known here.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", quote(unquote(parts.path.strip("/").removesuffix(".git")), safe="/")
    if not host or not path or any(name in host for name in _data()["withoutStatus"]):
        return ""
    if _is_azure(host):
        return _azure(host, path.split("/"))
    if parts.scheme == "ssh":  # the port of SSH says nothing of that of the web
        return f"https://{host}/{path}"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{path}"


def page_of(url: str) -> str:
    """Return where people find a repository, as `web_address` does, also for an address as git@host:path."""
    if found := _SCP.fullmatch(url):
        url = f"ssh://{found[1]}/{found[2]}"
    return web_address(url)


def pull_request_address(url: str, host: str, branch: str, base: str) -> str:
    """Return the address at which people make a pull request of a branch; empty where nobody can tell.

    `url` is where the repository is fetched from (https://, ssh:// or git@host:path), `host` the kind of its server.
    """
    known, address = git_hosts().get(host), page_of(url)
    if known is None or not known.pull_request or not address:
        return ""
    return known.pull_request.format(repository=address, branch=quote(branch, safe=""), base=quote(base, safe=""))


def _is_azure(host: str) -> bool:
    return host in (_AZURE, f"ssh.{_AZURE}") or host.endswith(".visualstudio.com")


def _azure(host: str, parts: list[str]) -> str:
    """Return the one form that Flux and the API take, of the several that Azure DevOps has."""
    if host in (f"ssh.{_AZURE}", "vs-ssh.visualstudio.com"):
        parts = parts[1:]  # v3
    else:
        if host != _AZURE:
            parts = [host.partition(".")[0], *(part for part in parts if part != "DefaultCollection")]
        parts = [part for part in parts if part != "_git"]
    if len(parts) == 2:  # a repository that is called as its project
        parts = [*parts, parts[1]]
    return f"https://{_AZURE}/{parts[0]}/{parts[1]}/_git/{parts[2]}" if len(parts) == 3 else ""
