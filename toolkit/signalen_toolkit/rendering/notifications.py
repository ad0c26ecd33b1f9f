"""How a Git server shows at a commit whether it was applied: where the repository is, and what its API takes.

Flux knows these APIs itself, and needs the address of the repository; Argo CD is told each request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from signalen_toolkit.form import git_hosts
from signalen_toolkit.form.config import Environment

# How each calls that a commit is on its way, was applied, or was not.
_STATES: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {"pending": "pending", "success": "success", "failure": "failure"},
    "gitlab": {"pending": "pending", "success": "success", "failure": "failed"},
    "azuredevops": {"pending": "pending", "success": "succeeded", "failure": "failed"},
    "gitea": {"pending": "pending", "success": "success", "failure": "failure"},
}
# Templates of Argo CD. Of an Application with several sources, the repository is the last.
_COMMIT: Final = "{{.app.status.sync.revisions | default (list .app.status.sync.revision) | last}}"
_NAME: Final = "argocd/{{.app.metadata.name}}"


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


def commit_status_of(environment: Environment) -> tuple[str, str] | None:
    """Return how Flux calls the Git server and where the repository is, if commits are to have a status."""
    settings = environment.settings
    address = git_hosts.web_address(settings["repository"]["cloneUrl"])
    if not (settings["notifications"]["commitStatus"] and address):
        return None
    return git_hosts.PROVIDERS[settings["repository"]["host"]], address


def mail_of(environment: Environment) -> list[str]:
    """Return the addresses that get messages by mail."""
    settings = environment.settings
    return list(settings["notifications"]["email"]["to"]) if settings["email"]["provider"] == "smtp" else []
