"""What Flux and Argo CD say of an environment by the statuses that they give the commit, read from the Git server."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.documents.data import maps, text
from signalen_toolkit.fleet.gates.argocd import GROUP, sources
from signalen_toolkit.fleet.gates.delivered import Delivered
from signalen_toolkit.forge.model import Verdict
from signalen_toolkit.forge.tokens import variable
from signalen_toolkit.git import branches


def complaints(there: Delivered) -> Iterator[str]:
    """Yield what is not as it has to be. Raises UsageError where the server does not answer."""
    home = there.home
    forge = home.forge() if home else None
    if home is None or forge is None:
        name = variable(home.url) if home else ""
        yield f"nobody knows what its Git server says{f': set {name} to a token' if name else ''}"
        return
    branches.fetch(home.folder, home.own)
    commit = home.delivered
    if not branches.holds(home.folder, commit, there.change):
        yield f"its newest commit is not in {home.branch} of {home.url} yet: push it"
        return
    wanted = [*_names(there)]
    if not wanted:
        yield "nothing that is rendered of it gives a commit a status: set notifications.commitStatus"
        return
    found = list(forge.statuses(commit))
    for name in wanted:
        # Flux writes its own id behind the name.
        own = [one for one in found if one.name == name or one.name.startswith(f"{name}/")]
        if not own:
            yield f"{name} has said nothing of {commit[:7]} yet"
        for one in own:
            if one.verdict is not Verdict.GOOD:
                yield f"{one.name} says of {commit[:7]} that it is {one.verdict}"


def _names(there: Delivered) -> Iterator[str]:
    """Yield the names of the statuses: of what knows the commit, and is told to give it one."""
    for one in there.of("notification.toolkit.fluxcd.io", "Alert"):
        if one.name.endswith("-status"):
            yield from (f"kustomization/{text(source, 'name')}" for _, source in maps(one.data, "spec", "eventSources"))
    for one in there.of(GROUP, "Application"):
        told = text(one.data, "metadata", "annotations", "notifications.argoproj.io/subscriptions")
        if "-commit" in told and not any(text(source, "chart") for source in sources(one.data)):
            yield f"argocd/{one.name}"
