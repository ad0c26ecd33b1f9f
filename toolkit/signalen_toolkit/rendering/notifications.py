"""How a Git server shows at a commit whether it was applied: where the repository is, and what its API takes.

Flux knows these APIs itself, and needs the address of the repository; Argo CD is told each request. The APIs are data
of the Git servers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.git_hosts import GitHost, git_hosts, web_address


def service(host: GitHost, address: str, key: str) -> dict[str, Any]:
    """Return the settings of a webhook of Argo CD for the statuses of a repository; `key` holds the token."""
    api, parts = host.status, urlsplit(address)
    site, path = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")
    project, _, repository = path.partition("/_git/")
    facts = {
        "site": site,
        "path": path,
        "quoted": quote(unquote(path), safe=""),
        "project": project,
        "repository": repository,
        "token": f"${key}",
    }
    headers = {"Content-Type": "application/json", **_filled(api.get("headers", {}), facts)}
    found = {
        "url": _filled(api.get("sites", {}).get(site, api["url"]), facts),
        "headers": [{"name": name, "value": text} for name, text in headers.items()],
    }
    return {**found, **({"basicAuth": _filled(api["basicAuth"], facts)} if "basicAuth" in api else {})}


def request(host: GitHost, state: str, text: str, commit: str, name: str) -> dict[str, str]:
    """Return the request of such a webhook that gives a commit a status: `pending`, `success` or `failure`."""
    api, facts = host.status, {"commit": commit, "name": name}
    about = {"state": api["states"][state], "description": text, **_filled(api["whose"], facts)}
    return {"method": "POST", "path": _filled(api["request"], facts), "body": json.dumps(about)}


def _filled(data: Any, facts: Mapping[str, str]) -> Any:
    """Return data with facts in the places that its texts have for them."""
    if isinstance(data, Mapping):
        return {key: _filled(value, facts) for key, value in data.items()}
    return data.format_map(facts)


def commit_status_of(environment: Environment) -> tuple[GitHost, str] | None:
    """Return which Git server it is and where the repository is, if commits are to have a status."""
    settings = environment.settings
    address = web_address(settings["repository"]["cloneUrl"])
    if not (settings["notifications"]["commitStatus"] and address):
        return None
    return git_hosts()[settings["repository"]["host"]], address


def mail_of(environment: Environment) -> list[str]:
    """Return the addresses that get messages by mail."""
    settings = environment.settings
    return list(settings["notifications"]["email"]["to"]) if settings["email"]["provider"] == "smtp" else []
