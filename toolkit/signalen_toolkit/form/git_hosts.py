"""The Git server that a repository is on, and the file in which it looks for the pipeline.

The template has a pipeline for every kind of server; a repository keeps the one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

PIPELINES: Final = {
    "github": ".github/workflows/signalen.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
    "forgejo": ".forgejo/workflows/signalen.yml",
    "gitea": ".gitea/workflows/signalen.yml",
}
DEFAULT: Final = "github"
# What the name of a server tells; municipal servers are called gitlab.<municipality>.nl and the like.
# The template's hook has the same table, for where the toolkit is not installed.
_NAMES: Final = (
    (re.compile(r"(^|\.)(dev\.azure\.com|visualstudio\.com)$"), "azure"),
    (re.compile(r"(^|\.)codeberg\.org$|(^|[.-])forgejo[.-]"), "forgejo"),
    (re.compile(r"(^|[.-])gitea[.-]"), "gitea"),
    (re.compile(r"(^|[.-])gitlab[.-]"), "gitlab"),
)
_SERVER: Final = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?([^/:]+)")


# How Flux calls each kind of server (`repository.host`); Forgejo has the API of Gitea.
PROVIDERS: Final[Mapping[str, str]] = {
    "github": "github",
    "gitlab": "gitlab",
    "azure": "azuredevops",
    "forgejo": "gitea",
    "gitea": "gitea",
}
_AZURE: Final = "dev.azure.com"


def forge_of(url: str) -> str:
    """Tell the kind of Git server from the address of a repository (https://, ssh:// or git@host:path)."""
    return _told(url) or DEFAULT


def is_told(url: str) -> bool:
    """Tell whether the kind of Git server follows from the address, and is not just the most common one."""
    return bool(_told(url)) or DEFAULT in _server(url)


def _told(url: str) -> str:
    server = _server(url)
    return next((forge for pattern, forge in _NAMES if pattern.search(server)), "")


def _server(url: str) -> str:
    found = _SERVER.match(url)
    return found[1].lower() if found else ""


def keep_pipeline(directory: Path, forge: str) -> None:
    """Remove the pipelines of all other kinds of servers from a new repository."""
    for other, name in PIPELINES.items():
        path = directory / name
        if other == forge or not path.exists():
            continue
        path.unlink()
        for parent in path.parents:
            if parent == directory or any(parent.iterdir()):
                break
            parent.rmdir()


def web_address(url: str) -> str:
    """Return where people find a repository, from the address that it is fetched from (https:// or ssh://).

    Empty where nobody can tell, or for a server without an API that is known here.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", quote(unquote(parts.path.strip("/").removesuffix(".git")), safe="/")
    if not host or not path or "bitbucket" in host:
        return ""
    if _is_azure(host):
        return _azure(host, path.split("/"))
    if parts.scheme == "ssh":  # the port of SSH says nothing of that of the web
        return f"https://{host}/{path}"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{path}"


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
