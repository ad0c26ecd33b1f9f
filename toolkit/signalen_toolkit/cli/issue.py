"""Makes a municipality of an issue that somebody filled in, in the pipeline that takes it up.

    python -P -m signalen_toolkit.cli.issue

It makes the municipality in the clone that it runs in, commits it on a branch of that issue, pushes that, makes a pull
request, and answers in the issue, in Dutch. What stands in an issue is a stranger's: it goes into values of the form
and nowhere else, neither into a command nor into the name of a branch. An issue that was answered and has not changed
is left alone. The token is in SIGNALEN_COMMENT_TOKEN, as for `signalen_toolkit.cli.comment`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli import streams
from signalen_toolkit.cli.comment import TOKEN, needed
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.forge.ask import call
from signalen_toolkit.git import branches
from signalen_toolkit.git.run import must, remotely, said
from signalen_toolkit.page.elsewhere import submitted_issue
from signalen_toolkit.page.elsewhere.issue_form import LABEL
from signalen_toolkit.page.elsewhere.submitted_issue import TakenUp

Variables = Mapping[str, str]

_MARK: Final = "<!-- signalen issue {digest} -->"
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class _Issue:
    """An issue: its number on the server, and its text."""

    number: int
    body: str

    @property
    def branch(self) -> str:
        """The branch of its municipality: nothing that somebody wrote is in it."""
        return f"nieuwe-gemeente/{self.number}"

    @property
    def mark(self) -> str:
        """By this an answer is known as one to this text."""
        return _MARK.format(digest=hashlib.sha256(self.body.encode(errors="replace")).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class _Server:
    """The addresses of one server: comments of an issue, pull requests, and what these are called in."""

    headers: Mapping[str, str]
    comments: str  # with {number}
    pulls: str
    login: str
    base: str
    source: str
    target: str
    text: str

    def request(self, branch: str, title: str, text: str) -> dict[str, str]:
        """Return what a pull request is made with."""
        return {"title": title, self.source: branch, self.target: self.base, self.text: text}


def main(directory: Path, variables: Variables) -> list[str]:
    """Take up the issues that a pipeline is about, and say what was done with each. Raises UsageError."""
    if not variables.get(TOKEN):
        raise UsageError(f"there is no {TOKEN}, so no issue can be answered")
    is_gitlab = bool(variables.get("GITLAB_CI"))
    server = _gitlab(variables) if is_gitlab else _github(variables)
    issues = list(_listed(server)) if is_gitlab else [_of_event(variables)]
    return [_taken(directory, server, issue) for issue in issues]


def _taken(directory: Path, server: _Server, issue: _Issue) -> str:
    comments = server.comments.format(number=issue.number)
    if any(
        issue.mark in str(one.get("body", "")) for one in call(f"{comments}?per_page={_PAGE}", server.headers) or ()
    ):
        return f"issue {issue.number}: answered already"
    start = must(directory, "rev-parse", "HEAD").decode().strip()
    try:
        outcome = submitted_issue.take(issue.body, directory)
        answer = outcome.answer
        if outcome.is_made:
            answer += f"\n{_proposed(directory, server, issue, outcome)}\n"
    finally:
        must(directory, "switch", "--quiet", "--detach", start)
    call(comments, server.headers, "POST", {"body": f"{issue.mark}\n{answer}"})
    return f"issue {issue.number}: {'made ' + outcome.folder if outcome.is_made else 'answered what is wrong'}"


def _proposed(directory: Path, server: _Server, issue: _Issue, outcome: TakenUp) -> str:
    """Commit and push a municipality, make a pull request of it, and say where that is."""
    name = outcome.municipality.name if outcome.municipality else ""
    title = f"Richt Signalen in voor {name}"
    must(directory, "switch", "--quiet", "--force-create", issue.branch)
    branches.commit(directory, [outcome.folder], f"{title}\n\nUit issue #{issue.number}.")
    login = base64.b64encode(server.login.encode()).decode()
    header = {"http.extraHeader": f"Authorization: Basic {login}"}
    pushed = remotely(
        directory, "push", "--quiet", "--force", "origin", f"{issue.branch}:refs/heads/{issue.branch}", own=header
    )
    if pushed.code != 0:
        raise UsageError(f"git push failed: {said(pushed).replace(login, '…')}")
    for one in (
        call(
            f"{server.pulls}?state={'opened' if 'merge_requests' in server.pulls else 'open'}&per_page={_PAGE}",
            server.headers,
        )
        or ()
    ):
        head = one.get("source_branch") or (one.get("head") or {}).get("ref")
        if head == issue.branch:
            return f"Het staat in {one.get('web_url') or one.get('html_url')}."
    text = f"Uit issue #{issue.number}. Gecontroleerd met `signalen check`."
    made = call(server.pulls, server.headers, "POST", server.request(issue.branch, title, text))
    return f"Het staat klaar om na te kijken in {made.get('web_url') or made.get('html_url')}."


def _github(variables: Variables) -> _Server:
    """GitHub, and Forgejo and Gitea, which have the same addresses below theirs."""
    repository = f"{needed(variables, 'GITHUB_API_URL')}/repos/{needed(variables, 'GITHUB_REPOSITORY')}"
    event = _event(variables)
    base = str((event.get("repository") or {}).get("default_branch") or "main")
    headers = {"Authorization": f"Bearer {variables[TOKEN]}", "Accept": "application/json"}
    login = f"x-access-token:{variables[TOKEN]}"
    return _Server(
        headers, f"{repository}/issues/{{number}}/comments", f"{repository}/pulls", login, base, "head", "base", "body"
    )


def _gitlab(variables: Variables) -> _Server:
    project = f"{needed(variables, 'CI_API_V4_URL')}/projects/{needed(variables, 'CI_PROJECT_ID')}"
    base = needed(variables, "CI_DEFAULT_BRANCH")
    return _Server(
        {"PRIVATE-TOKEN": variables[TOKEN]},
        f"{project}/issues/{{number}}/notes",
        f"{project}/merge_requests",
        f"oauth2:{variables[TOKEN]}",
        base,
        "source_branch",
        "target_branch",
        "description",
    )


def _listed(server: _Server) -> Iterator[_Issue]:
    """Yield the open issues of the label; GitLab starts a pipeline for none of them."""
    project = server.pulls.rpartition("/")[0]
    for one in call(f"{project}/issues?state=opened&labels={quote(LABEL)}&per_page={_PAGE}", server.headers) or ():
        yield _Issue(int(one["iid"]), str(one.get("description") or ""))


def _of_event(variables: Variables) -> _Issue:
    issue = _event(variables).get("issue") or {}
    if not issue.get("number"):
        raise UsageError("this pipeline runs for no issue")
    return _Issue(int(issue["number"]), str(issue.get("body") or ""))


def _event(variables: Variables) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(needed(variables, "GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    streams.prepare()
    try:
        for line in main(Path(), variables()):
            say(line)
    except (UsageError, OSError, ValueError, KeyError) as error:
        say(f"Error: {error}", err=True)
        sys.exit(2)
