"""Puts a text on the pull request that a pipeline runs for, in place of the one that it put there before.

    python -P -m signalen_toolkit.cli.comment FILE      (- is standard input)

GitHub, Forgejo, Gitea, GitLab and Azure DevOps tell a pipeline in variables where it runs. The token is in
SIGNALEN_COMMENT_TOKEN; it goes to that server in a header, and nowhere else.
"""

from __future__ import annotations

import json
import sys
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli import streams
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.forge.ask import call, listed

# By this a pipeline knows its own comment; a reader does not see it.
MARK: Final = "<!-- signalen diff -->"
TOKEN: Final = "SIGNALEN_COMMENT_TOKEN"  # noqa: S105  # the name of a variable
_LONGEST: Final = 65_000  # characters; GitHub takes 65,536
_CLOSED: Final = 4  # the state of a thread of Azure that asks for no answer

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """How the comments of one pull request are listed and written on one server."""

    comments: str  # address of the list
    one: str  # address of one comment, with {id}
    headers: Mapping[str, str] = field(repr=False)
    update: str = "PATCH"


def put(text: str, variables: Variables) -> str:
    """Write the comment and say what was done.

    Raises UsageError where this is no pipeline of a pull request, there is no token, or the server refuses.
    """
    if not variables.get(TOKEN):
        raise UsageError(f"there is no {TOKEN}, so no comment can be written")
    body = f"{MARK}\n{text}"
    if len(body) > _LONGEST:
        body = f"{body[:_LONGEST]}\n\n…"
    if variables.get("TF_BUILD"):
        return _put_azure(body, variables)
    server = _gitlab(variables) if variables.get("GITLAB_CI") else _github(variables)
    for comment in listed(server.comments, server.headers):
        if str(comment.get("body", "")).startswith(MARK):
            call(server.one.format(id=comment["id"]), server.headers, server.update, {"body": body})
            return "changed the comment"
    call(server.comments, server.headers, "POST", {"body": body})
    return "wrote a comment"


def _github(variables: Variables) -> Server:
    """GitHub, and Forgejo and Gitea, which have the same addresses below theirs."""
    event = json.loads(Path(needed(variables, "GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    number = (event.get("pull_request") or {}).get("number")
    if not number:
        raise UsageError("this pipeline runs for no pull request")
    issues = f"{needed(variables, 'GITHUB_API_URL')}/repos/{needed(variables, 'GITHUB_REPOSITORY')}/issues"
    headers = {"Authorization": f"Bearer {variables[TOKEN]}", "Accept": "application/json"}
    return Server(f"{issues}/{int(number)}/comments", f"{issues}/comments/{{id}}", headers)


def _gitlab(variables: Variables) -> Server:
    project = f"{needed(variables, 'CI_API_V4_URL')}/projects/{needed(variables, 'CI_PROJECT_ID')}"
    notes = f"{project}/merge_requests/{needed(variables, 'CI_MERGE_REQUEST_IID')}/notes"
    return Server(notes, f"{notes}/{{id}}", {"PRIVATE-TOKEN": variables[TOKEN]}, update="PUT")


def _put_azure(body: str, variables: Variables) -> str:
    """Azure has threads of comments, all of them on one page."""
    project = urllib.parse.quote(needed(variables, "SYSTEM_TEAMPROJECT"))
    repository = needed(variables, "BUILD_REPOSITORY_ID")
    number = needed(variables, "SYSTEM_PULLREQUEST_PULLREQUESTID")
    base = f"{needed(variables, 'SYSTEM_COLLECTIONURI').rstrip('/')}/{project}/_apis/git/repositories/{repository}"
    threads, version = f"{base}/pullRequests/{number}/threads", "?api-version=7.1"
    headers = {"Authorization": f"Bearer {variables[TOKEN]}"}
    for thread in call(threads + version, headers).get("value", []):
        for comment in thread.get("comments") or []:
            if str(comment.get("content") or "").startswith(MARK) and not thread.get("isDeleted"):
                address = f"{threads}/{thread['id']}/comments/{comment['id']}{version}"
                call(address, headers, "PATCH", {"content": body})
                return "changed the comment"
    comment = {"parentCommentId": 0, "content": body, "commentType": 1}
    call(threads + version, headers, "POST", {"comments": [comment], "status": _CLOSED})
    return "wrote a comment"


def needed(variables: Variables, name: str) -> str:
    """Return a variable of the pipeline. Raises UsageError where it is missing."""
    if not variables.get(name):
        raise UsageError(f"the variable {name} is missing: this is no pipeline of a pull request")
    return variables[name]


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code."""
    if len(arguments) != 1:
        say("use: python -P -m signalen_toolkit.cli.comment FILE", err=True)
        return 2
    try:
        source = arguments[0]
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        say(put(content.decode("utf-8", errors="replace"), variables()))
    except (UsageError, OSError, ValueError) as error:
        say(f"Error: {error}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    streams.prepare()
    sys.exit(main(sys.argv[1:]))
