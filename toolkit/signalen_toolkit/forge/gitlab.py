"""GitLab, as https://docs.gitlab.com/api/ describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from signalen_toolkit.documents.data import mapping
from signalen_toolkit.forge.ask import call, listed, number, objects
from signalen_toolkit.forge.model import CommitReport, PullRequest, PullState, Verdict

_STANDINGS: Final = {"opened": PullState.OPEN, "locked": PullState.OPEN, "merged": PullState.MERGED}
_VERDICTS: Final[Mapping[str, Verdict]] = {
    **dict.fromkeys(("success", "skipped"), Verdict.GOOD),
    **dict.fromkeys(
        ("created", "waiting_for_resource", "preparing", "pending", "running", "scheduled", "manual"), Verdict.WAITING
    ),
}


@dataclass(frozen=True, slots=True)
class GitLab:
    """A project there; `address` is that of its API, with its quoted path."""

    address: str
    token: str = field(repr=False)

    @property
    def _headers(self) -> dict[str, str]:
        return {"PRIVATE-TOKEN": self.token}

    def found(self, branch: str) -> PullRequest | None:
        """Return the newest merge request of a branch."""
        head = quote(branch, safe="")
        found = objects(call(f"{self.address}/merge_requests?state=all&source_branch={head}", self._headers))
        own = [one for one in found if one.get("source_branch") == branch]
        return _pull_request(own[0]) if own else None

    def opened(self, branch: str, base: str, title: str, text: str) -> PullRequest:
        """Open a merge request."""
        sent = {"title": title, "source_branch": branch, "target_branch": base, "description": text}
        return _pull_request(mapping(call(f"{self.address}/merge_requests", self._headers, "POST", sent)))

    def close(self, one: PullRequest) -> None:
        """Close a merge request."""
        call(f"{self.address}/merge_requests/{one.number}", self._headers, "PUT", {"state_event": "close"})

    def statuses(self, commit: str) -> Iterator[CommitReport]:
        """Yield the newest status of each name; the jobs of its own pipelines are among them."""
        for one in listed(f"{self.address}/repository/commits/{commit}/statuses", self._headers):
            verdict = Verdict.GOOD if one.get("allow_failure") is True else _verdict(one.get("status"))
            yield CommitReport(str(one.get("name", "")), verdict, str(one.get("target_url") or ""))

    def pipelines(self, commit: str, branch: str, /) -> Iterator[CommitReport]:
        """Yield the newest pipeline of each source, of which `external` has the statuses of others."""
        seen = set()
        address = f"{self.address}/pipelines?sha={commit}&ref={quote(branch, safe='')}&order_by=id"
        for one in listed(address, self._headers):  # the newest first
            source = str(one.get("source", ""))
            if source not in seen:
                seen.add(source)
                yield CommitReport(f"pipeline ({source})", _verdict(one.get("status")), str(one.get("id", "")))


def _verdict(said: Any) -> Verdict:
    return _VERDICTS.get(str(said), Verdict.BAD)


def _pull_request(data: Mapping[str, Any]) -> PullRequest:
    standing = _STANDINGS.get(str(data.get("state")), PullState.CLOSED)
    return PullRequest(number(data, "iid"), standing, str(data.get("web_url", "")))
