"""How a Git server shows at a commit whether it was applied: where the repository is, and what its API takes.

Flux knows these APIs itself, and needs the address of the repository; Argo CD is told each request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

# How Flux calls each kind of server (`repository.host`); Forgejo has the API of Gitea.
PROVIDERS: Final[Mapping[str, str]] = {
    "github": "github",
    "gitlab": "gitlab",
    "azure": "azuredevops",
    "forgejo": "gitea",
    "gitea": "gitea",
}
# How each calls that a commit is on its way, was applied, or was not.
_STATES: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {"pending": "pending", "success": "success", "failure": "failure"},
    "gitlab": {"pending": "pending", "success": "success", "failure": "failed"},
    "azuredevops": {"pending": "pending", "success": "succeeded", "failure": "failed"},
    "gitea": {"pending": "pending", "success": "success", "failure": "failure"},
}
_AZURE: Final = "dev.azure.com"
# Templates of Argo CD. Of an Application with several sources, the repository is the last.
_COMMIT: Final = "{{.app.status.sync.revisions | default (list .app.status.sync.revision) | last}}"
_NAME: Final = "argocd/{{.app.metadata.name}}"


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


def service(provider: str, address: str, key: str) -> dict[str, Any]:
    """Return the settings of a webhook of Argo CD for the statuses of a repository; `key` holds the token."""
    site, path = _site(address)
    token = f"${key}"
    match provider:
        case "github":
            api = "https://api.github.com" if site == "https://github.com" else f"{site}/api/v3"
            return _service(f"{api}/repos/{path}", "Authorization", f"Bearer {token}")
        case "gitlab":
            return _service(f"{site}/api/v4/projects/{quote(unquote(path), safe='')}", "PRIVATE-TOKEN", token)
        case "azuredevops":
            project, _, name = path.partition("/_git/")
            found = _service(f"{site}/{project}/_apis/git/repositories/{name}/commits")
            return {**found, "basicAuth": {"username": "", "password": token}}
    return _service(f"{site}/api/v1/repos/{path}", "Authorization", f"token {token}")


def request(provider: str, state: str, text: str) -> dict[str, str]:
    """Return the request of such a webhook that gives a commit a status: `pending`, `success` or `failure`."""
    about: dict[str, Any] = {"state": _STATES[provider][state], "description": text}
    path = f"/statuses/{_COMMIT}"
    match provider:
        case "gitlab":
            about["name"] = _NAME
        case "azuredevops":
            about["context"] = {"name": _NAME, "genre": "signalen"}
            path = f"/{_COMMIT}/statuses?api-version=7.1"
        case _:
            about["context"] = _NAME
    return {"method": "POST", "path": path, "body": json.dumps(about)}


def _service(url: str, header: str = "", value: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({header: value} if header else {})}
    return {"url": url, "headers": [{"name": name, "value": text} for name, text in headers.items()]}


def _site(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")


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
