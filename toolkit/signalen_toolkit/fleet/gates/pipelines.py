"""Whether the pipelines of municipalities are green, by the API of the Git server that runs or knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.changes.homes import Home, home_of
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.forge.model import CommitReport, Forge, Verdict
from signalen_toolkit.forge.tokens import variable
from signalen_toolkit.git import branches


def not_green(fleet: Fleet, members: Sequence[Member]) -> Iterator[str]:
    """Yield whose pipelines are not green, and why. What holds for a repository is asked once."""
    said: dict[Path, tuple[Home | None, str]] = {}
    for member in members:
        folder = fleet.folder(member) if member.repository else fleet.root
        if folder not in said:
            try:
                home = home_of(fleet, member)
                said[folder] = home, _said(home)
            except UsageError as error:
                said[folder] = None, f"cannot be asked: {without_contents(str(error))}"
        there, reason = said[folder]
        if there and not reason:
            reason = _not_delivered(there, fleet.folder(member))
        if reason:
            yield f"the pipelines of {member.name}: {reason}"


def by_tool(name: str) -> bool:
    """Tell whether a status is one that Flux or Argo CD gives: that is about health, and no pipeline."""
    return name.startswith(("kustomization/", "helmrelease/", "argocd/"))


def _not_delivered(home: Home, folder: Path) -> str:
    """Say whether what was changed is not in the branch whose pipelines were asked for."""
    if branches.holds(folder, home.delivered, branches.last_change(folder)):
        return ""
    return f"its newest commit is not in {home.branch} of {home.url} yet: push it"


def _said(home: Home) -> str:
    """Say why a repository is not green; nothing where it is."""
    branches.fetch(home.folder, home.own)
    commit, forge = home.delivered, home.forge()
    if forge is None:
        name = variable(home.url)
        return f"nobody knows: set {name} to a token" if name else f"nobody knows what {home.url} says of them"
    if not commit:
        return f"{home.url} has no branch {home.branch}"
    found = [*_counting(forge, home, commit)]
    bad = [one.name for one in found if one.verdict is Verdict.BAD]
    waiting = [one.name for one in found if one.verdict is Verdict.WAITING]
    if bad:
        return f"failed at {commit[:7]}: {', '.join(bad)}"
    if waiting:
        return f"not done at {commit[:7]}: {', '.join(waiting)}"
    return "" if found else f"there are none at {commit[:7]}"


def _counting(forge: Forge, home: Home, commit: str) -> Iterator[CommitReport]:
    """Yield what pipelines say of a commit, but for those of the rollout, which would wait for itself."""
    found = [one for one in forge.pipelines(commit, home.branch) if not by_tool(one.name)]
    own = {one.name for one in found if _is_ours(one, home.url, variables())}
    yield from (one for one in found if one.name not in own)


def _is_ours(one: CommitReport, url: str, given: Mapping[str, str]) -> bool:
    """Tell whether a report is of the run that we are in."""
    if given.get("GITLAB_CI"):
        return bool(one.run) and one.run == given.get("CI_PIPELINE_ID") and _is_at(url, given.get("CI_SERVER_URL", ""))
    numbers = filter(None, (given.get("GITHUB_RUN_ID"), given.get("GITHUB_RUN_NUMBER")))
    server = given.get("GITHUB_SERVER_URL", "")
    runs = (f"/actions/runs/{number}" for number in numbers if _is_at(url, server))
    return any(f"{one.run}/".find(f"{run}/") >= 0 for run in runs)


def _is_at(url: str, server: str) -> bool:
    return bool(server) and variable(url) == variable(f"{server.rstrip('/')}/a/b")
