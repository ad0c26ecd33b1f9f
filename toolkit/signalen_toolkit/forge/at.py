"""The API of the Git server that a repository is on."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from signalen_toolkit.forge.azure import Azure
from signalen_toolkit.forge.gitea import Gitea
from signalen_toolkit.forge.github import GitHub
from signalen_toolkit.forge.gitlab import GitLab
from signalen_toolkit.forge.model import Forge
from signalen_toolkit.forge.tokens import token_of
from signalen_toolkit.form.git_hosts import forge_of, git_hosts, page_of


def forge_at(url: str, host: str, variables: Mapping[str, str]) -> Forge | None:
    """Return the API for a repository; None where a person gave no token for its server.

    `url` is where it is fetched from, `host` the kind of its server, empty for the one that the address tells.
    """
    token, page = token_of(url, variables), page_of(url)
    if not token or not page:
        return None
    kind = host or forge_of(url)
    parts = urlsplit(page)
    site, path = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")
    if kind == "azure":
        project, _, repository = path.partition("/_git/")
        return Azure(f"{site}/{project}", repository, page, token)
    api = git_hosts()[kind].status
    facts = {"site": site, "path": path, "quoted": quote(unquote(path), safe="")}
    address = str(api.get("sites", {}).get(site, api["url"])).format_map(facts)
    if kind == "gitlab":
        return GitLab(address, token)
    return GitHub(address, token) if kind == "github" else Gitea(address, token)
