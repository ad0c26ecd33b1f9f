"""The repository in which a municipality of a fleet is: the fleet's own, or one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.selection import repository_settings
from signalen_toolkit.forge.at import forge_at
from signalen_toolkit.forge.model import Forge
from signalen_toolkit.forge.tokens import git_settings
from signalen_toolkit.form.git_hosts import forge_of
from signalen_toolkit.git import branches


@dataclass(frozen=True, slots=True)
class Home:
    """A clone of a repository: where it is, where it is from, the kind of its server, and the branch that is delivered.

    `own` are the settings with which Git signs in there; they hold a secret.
    """

    folder: Path
    url: str
    host: str
    branch: str
    own: Mapping[str, str] = field(repr=False)

    def forge(self) -> Forge | None:
        """Return the API of its server; None where a person gave no token for that."""
        return forge_at(self.url, self.host, variables())

    @property
    def delivered(self) -> str:
        """The commit of the branch at the remote, as it was last fetched; empty where there is none."""
        return branches.at_remote(self.folder, self.branch)


def home_of(fleet: Fleet, member: Member) -> Home:
    """Return the repository of a municipality, whose folder is there.

    Raises UsageError where it has no remote, or the remote cannot be reached.
    """
    settings = repository_settings(fleet, member)
    folder = fleet.folder(member) if member.repository else fleet.root
    branch = str(settings.get("branch") or "") if member.repository else ""
    return home_in(folder, str(settings.get("host") or ""), branch)


def home_of_fleet(fleet: Fleet) -> Home:
    """Return the repository of the fleet itself, with the kind of server that its municipalities name.

    Raises UsageError as `home_of` does.
    """
    within = (repository_settings(fleet, one) for one in fleet.members if not one.repository)
    return home_in(fleet.root, next((str(one["host"]) for one in within if one.get("host")), ""), "")


def home_in(folder: Path, host: str = "", branch: str = "") -> Home:
    """Return the repository of a clone; its server and branch are looked up where they are not given.

    Raises UsageError as `home_of`.
    """
    url = _without_login(branches.remote_address(folder))
    if not url:
        raise UsageError(f"the repository of {folder} has no remote 'origin': add it, and push")
    own = git_settings(url, variables())
    return Home(folder, url, host or forge_of(url), branch or branches.default(folder, own), own)


def _without_login(url: str) -> str:
    """Return an address without the name and the password that a pipeline may have put into it: it is shown."""
    scheme, separator, rest = url.partition("://")
    if scheme not in ("http", "https"):
        return url
    server, slash, path = rest.partition("/")
    return f"{scheme}{separator}{server.rpartition('@')[2]}{slash}{path}"
