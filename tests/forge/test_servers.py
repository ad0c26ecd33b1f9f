"""What the API of a server answers, as its documentation shows it, and what a server may not make of our token."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.forge.azure import Azure
from signalen_toolkit.forge.github import GitHub
from signalen_toolkit.forge.gitlab import GitLab
from signalen_toolkit.forge.model import CommitReport, PullRequest, PullState, Verdict

from tests.support.forges import recorded

COMMIT = "23d0bc5b128a10056dc68afece360d8a0fabb014"
PULL = {
    "pullRequestId": 22,
    "status": "active",
    "sourceRefName": "refs/heads/signalen/x",
    "targetRefName": "refs/heads/main",
    "title": "Signalen",
}
AZURE: dict[str, Any] = {
    "/statuses?latestOnly=true": {
        "count": 2,
        "value": [
            {"id": 2, "state": "succeeded", "context": {"name": "kustomization/x/1", "genre": "fluxcd"}},
            {"id": 1, "state": "error", "context": {"name": "scan", "genre": "ci"}, "targetUrl": "https://ci/1"},
        ],
    },
    "/_apis/build/builds": {
        "value": [
            {"id": 9, "sourceVersion": COMMIT, "status": "inProgress", "definition": {"name": "signalen"}},
            {
                "id": 8,
                "sourceVersion": COMMIT,
                "status": "completed",
                "result": "failed",
                "definition": {"name": "signalen"},
            },
            {
                "id": 7,
                "sourceVersion": COMMIT,
                "status": "completed",
                "result": "succeeded",
                "definition": {"name": "b"},
            },
            {
                "id": 6,
                "sourceVersion": "0" * 40,
                "status": "completed",
                "result": "failed",
                "definition": {"name": "c"},
            },
        ]
    },
    "/pullrequests": {"value": [PULL], **PULL},
    "/repositories/repo": {"id": "2f3d611a-f012-4b39-b157-8db63f380226", "name": "repo"},
}


def test_azure_says_what_its_builds_and_others_say() -> None:
    with recorded(dict(AZURE)) as url:
        azure = Azure(f"{url}/org/project", "repo", "https://dev.azure.com/org/project/_git/repo", "x")
        found = [*azure.pipelines(COMMIT, "main")]
    assert found == [
        CommitReport("fluxcd/kustomization/x/1", Verdict.GOOD),
        CommitReport("ci/scan", Verdict.BAD, "https://ci/1"),
        CommitReport("signalen", Verdict.WAITING, "9"),
        CommitReport("b", Verdict.GOOD, "7"),
    ]


def test_azure_has_pull_requests_that_are_abandoned_and_completed() -> None:
    answers = {**AZURE}
    with recorded(answers) as url:
        azure = Azure(f"{url}/org/project", "repo", "https://dev.azure.com/org/project/_git/repo", "x")
        address = "https://dev.azure.com/org/project/_git/repo/pullrequest/22"
        assert azure.found("signalen/x") == PullRequest(22, PullState.OPEN, address)
        assert azure.found("signalen/y") is None
        assert azure.opened("signalen/x", "main", "Signalen", "text").address == address
        azure.close(PullRequest(22, PullState.OPEN, address))
        for status, state in {"completed": PullState.MERGED, "abandoned": PullState.CLOSED}.items():
            answers["/pullrequests"] = {"value": [{**PULL, "status": status}]}
            found = azure.found("signalen/x")
            assert found and found.state is state
    (opening, closing) = answers["sent"]
    assert opening[0] == "POST" and opening[2]["targetRefName"] == "refs/heads/main"
    assert closing[0] == "PATCH" and closing[1].startswith("/org/project/_apis/git/repositories/repo/pullrequests/22")
    assert closing[2] == {"status": "abandoned"}


@pytest.mark.parametrize("answer", [[], {}, None, "no", 4, [None, "x", 3], {"value": None}, {"check_runs": {}}])
def test_what_a_server_makes_up_is_nothing_good(answer: Any) -> None:
    with recorded({"/": answer}) as url:
        for server in (GitHub(f"{url}/a/b", "x"), GitLab(f"{url}/a", "x"), Azure(f"{url}/a/b", "c", url, "x")):
            try:
                found = [*server.pipelines(COMMIT, "main")]
                assert server.found("b") is None
            except UsageError:
                continue
            assert [one for one in found if one.verdict is Verdict.GOOD] == []
