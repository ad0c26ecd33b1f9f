"""Who hears of what becomes of a change, whether Flux or Argo CD tells it."""

from __future__ import annotations

from signalen_toolkit.form.config import Environment
from signalen_toolkit.rendering import commit_status


def commit_status_of(environment: Environment) -> tuple[str, str] | None:
    """Return how Flux calls the Git server and where the repository is, if commits are to have a status."""
    settings = environment.settings
    address = commit_status.web_address(settings["repository"]["cloneUrl"])
    if not (settings["notifications"]["commitStatus"] and address):
        return None
    return commit_status.PROVIDERS[settings["repository"]["host"]], address


def mail_of(environment: Environment) -> list[str]:
    """Return the addresses that get messages by mail."""
    settings = environment.settings
    return list(settings["notifications"]["email"]["to"]) if settings["email"]["provider"] == "smtp" else []
