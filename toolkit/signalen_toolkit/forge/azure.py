"""Azure DevOps, as https://learn.microsoft.com/rest/api/azure/devops/ describes it, version 7.1."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from signalen_toolkit.documents.data import at, mapping, text
from signalen_toolkit.forge.ask import call, number, objects
from signalen_toolkit.forge.model import CommitReport, PullRequest, PullState, Verdict

_VERSION: Final = "api-version=7.1"
_STANDINGS: Final = {"active": PullState.OPEN, "completed": PullState.MERGED}
_STATES: Final = {
    **dict.fromkeys(("succeeded", "notApplicable"), Verdict.GOOD),
    **dict.fromkeys(("pending", "notSet"), Verdict.WAITING),
}


@dataclass(frozen=True, slots=True)
class Azure:
    """A repository there: `project` is the address of its project, `web` where people find it."""

    project: str
    repository: str
    web: str
    token: str = field(repr=False)

    @property
    def _headers(self) -> dict[str, str]:
        login = base64.b64encode(f":{self.token}".encode()).decode()
        return {"Authorization": f"Basic {login}"}

    @property
    def _address(self) -> str:
        return f"{self.project}/_apis/git/repositories/{self.repository}"

    def found(self, branch: str) -> PullRequest | None:
        """Return the newest pull request of a branch."""
        criteria = f"searchCriteria.status=all&searchCriteria.sourceRefName={quote(f'refs/heads/{branch}', safe='')}"
        found = objects(at(call(f"{self._address}/pullrequests?{criteria}&{_VERSION}", self._headers), "value"))
        own = [one for one in found if one.get("sourceRefName") == f"refs/heads/{branch}"]
        return self._pull_request(own[0]) if own else None

    def opened(self, branch: str, base: str, title: str, text: str) -> PullRequest:
        """Open a pull request."""
        refs = {"sourceRefName": f"refs/heads/{branch}", "targetRefName": f"refs/heads/{base}"}
        sent = {**refs, "title": title, "description": text}
        return self._pull_request(
            mapping(call(f"{self._address}/pullrequests?{_VERSION}", self._headers, "POST", sent))
        )

    def close(self, one: PullRequest) -> None:
        """Abandon a pull request."""
        address = f"{self._address}/pullrequests/{one.number}?{_VERSION}"
        call(address, self._headers, "PATCH", {"status": "abandoned"})

    def statuses(self, commit: str) -> Iterator[CommitReport]:
        """Yield the newest status of each name."""
        statuses = call(f"{self._address}/commits/{commit}/statuses?latestOnly=true&{_VERSION}", self._headers)
        for one in objects(at(statuses, "value")):
            whose = mapping(one, "context")
            name = "/".join(filter(None, (text(whose, "genre"), text(whose, "name"))))
            verdict = _STATES.get(str(one.get("state")), Verdict.BAD)
            yield CommitReport(name, verdict, str(one.get("targetUrl") or ""))

    def pipelines(self, commit: str, branch: str, /) -> Iterator[CommitReport]:
        """Yield the newest build of each pipeline, and the statuses, by which other servers say it."""
        yield from self.statuses(commit)
        known = str(at(call(f"{self._address}?{_VERSION}", self._headers), "id") or "")
        of_branch = f"repositoryType=TfsGit&repositoryId={known}&branchName={quote(f'refs/heads/{branch}', safe='')}"
        builds = call(f"{self.project}/_apis/build/builds?{of_branch}&{_VERSION}", self._headers)
        seen = set()
        for one in objects(at(builds, "value")):  # the newest first
            name = str(at(one, "definition", "name") or "")
            if one.get("sourceVersion") == commit and name not in seen:
                seen.add(name)
                done = one.get("status") == "completed"
                good = Verdict.GOOD if one.get("result") == "succeeded" else Verdict.BAD
                yield CommitReport(name, good if done else Verdict.WAITING, str(one.get("id", "")))

    def _pull_request(self, data: Mapping[str, Any]) -> PullRequest:
        known = number(data, "pullRequestId")
        standing = _STANDINGS.get(str(data.get("status")), PullState.CLOSED)
        return PullRequest(known, standing, f"{self.web}/pullrequest/{known}")
