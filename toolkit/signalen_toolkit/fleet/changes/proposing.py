"""A pull request of a commit that is on no branch yet: opened once, looked after, and closed.

GitLab makes one for a push with options, Forgejo and Gitea for a push to `refs/for/`; GitHub and Azure DevOps are asked
by their API. All of them are found again by the name of the branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.changes.homes import Home
from signalen_toolkit.forge.model import PullRequest, PullState
from signalen_toolkit.forge.tokens import variable
from signalen_toolkit.git import branches
from signalen_toolkit.git.run import remotely, said

_GITLAB: Final = "gitlab"
_TOPICS: Final = ("forgejo", "gitea")  # a pull request without a branch
UNKNOWN: Final = ""


def opened(home: Home, commit: str, branch: str, title: str, text: str) -> str:
    """Open a pull request of a commit, unless the branch has one; return where it is.

    `title` and `text` are one line each. The address is empty where the server does not tell it without a token.
    Raises UsageError with what the server refuses, or which token is missing.
    """
    forge = home.forge()
    found = forge.found(branch) if forge else None
    if found:
        return found.address
    there = bool(branches.at_remote(home.folder, branch))
    if home.host in _TOPICS:
        options = (f"topic={branch}", f"title={title}", f"description={text}", "force-push=true")
        _push(home, commit, f"refs/for/{home.branch}", options)
    elif home.host == _GITLAB and not there:
        about = ("create", f"target={home.branch}", f"title={title}", f"description={text}", "remove_source_branch")
        _push(home, commit, f"refs/heads/{branch}", [f"merge_request.{one}" for one in about])
    elif home.host != _GITLAB:
        if forge is None:
            raise UsageError(f"{home.url} has to be asked for a pull request: {_how(home)}")
        if not there:
            _push(home, commit, f"refs/heads/{branch}")
        return forge.opened(branch, home.branch, title, text).address
    made = forge.found(branch) if forge else None
    return made.address if made else UNKNOWN


def standing(home: Home, branch: str) -> PullRequest:
    """Return how a pull request stands that was opened. Raises UsageError where the server does not answer."""
    if forge := home.forge():
        return forge.found(branch) or PullRequest(0, PullState.CLOSED, UNKNOWN)
    # Without a token only what Git shows: a branch that a person removed.
    gone = home.host not in _TOPICS and not branches.at_remote(home.folder, branch)
    return PullRequest(0, PullState.CLOSED if gone else PullState.OPEN, UNKNOWN)


def withdraw(home: Home, branch: str) -> str:
    """Close a pull request that is open, and return what a person has to do about it; nothing where it is closed.

    Raises UsageError where the server refuses.
    """
    if forge := home.forge():
        found = forge.found(branch)
        if found and found.state is PullState.OPEN:
            forge.close(found)
        return ""
    if home.host in _TOPICS:
        return f"close its pull request {branch} by hand, unless it is closed; {_how(home)} to have it done"
    if branches.at_remote(home.folder, branch):  # with its branch, a merge request is closed
        _push(home, "", f"refs/heads/{branch}")
    return ""


def _push(home: Home, commit: str, to: str, options: Sequence[str] = ()) -> None:
    """Push a commit to a reference of the remote; no commit removes the reference."""
    given = [part for one in options for part in ("--push-option", one)]
    done = remotely(home.folder, "push", "--quiet", *given, "origin", f"{commit}:{to}", own=home.own)
    if done.code != 0:
        raise UsageError(f"git push to {home.url} failed: {said(done)}")


def _how(home: Home) -> str:
    name = variable(home.url)
    return f"set {name} to a token of it" if name else "its address is none for which a token can be given"
