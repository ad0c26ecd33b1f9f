"""GitHub, as https://docs.github.com/en/rest describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from signalen_toolkit.documents.data import at, mapping
from signalen_toolkit.forge.ask import MOST_PAGES, call, listed, number, objects
from signalen_toolkit.forge.model import CommitReport, PullRequest, PullState, Verdict

_VERDICTS: Final[Mapping[str, Verdict]] = {
    **dict.fromkeys(("success", "neutral", "skipped"), Verdict.GOOD),
    **dict.fromkeys(("pending", "queued", "in_progress", "waiting", "requested"), Verdict.WAITING),
}


@dataclass(frozen=True, slots=True)
class GitHub:
    """A repository there; `address` is that of its API, with the owner and the name."""

    address: str
    token: str = field(repr=False)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}

    def found(self, branch: str) -> PullRequest | None:
        """Return the newest pull request of a branch."""
        owner = self.address.split("/")[-2]
        head = quote(f"{owner}:{branch}", safe="")
        found = objects(call(f"{self.address}/pulls?state=all&head={head}", self._headers))
        # A server that does not know the filter gives all.
        own = [one for one in found if at(one, "head", "ref") == branch]
        return _pull_request(own[0]) if own else None

    def opened(self, branch: str, base: str, title: str, text: str) -> PullRequest:
        """Open a pull request."""
        sent = {"title": title, "head": branch, "base": base, "body": text}
        return _pull_request(mapping(call(f"{self.address}/pulls", self._headers, "POST", sent)))

    def close(self, one: PullRequest) -> None:
        """Close a pull request."""
        call(f"{self.address}/pulls/{one.number}", self._headers, "PATCH", {"state": "closed"})

    def statuses(self, commit: str) -> Iterator[CommitReport]:
        """Yield the newest status of each context."""
        seen = set()
        for one in listed(f"{self.address}/commits/{commit}/statuses", self._headers):  # the newest first
            name = str(one.get("context", ""))
            if name not in seen:
                seen.add(name)
                yield CommitReport(name, _verdict(one.get("state")), str(one.get("target_url") or ""))

    def pipelines(self, commit: str, _branch: str, /) -> Iterator[CommitReport]:
        """Yield the runs of checks, and the statuses, by which other pipelines than GitHub's own say it."""
        yield from self.statuses(commit)
        for page in range(1, MOST_PAGES + 1):
            runs = objects(self._checks(commit, page))
            if not runs:
                return
            for one in runs:
                said = one.get("conclusion") if one.get("status") == "completed" else one.get("status")
                yield CommitReport(str(one.get("name", "")), _verdict(said), str(one.get("details_url") or ""))

    def _checks(self, commit: str, page: int) -> Any:
        found = call(f"{self.address}/commits/{commit}/check-runs?per_page=100&page={page}", self._headers)
        return mapping(found).get("check_runs")


def _verdict(said: Any) -> Verdict:
    return _VERDICTS.get(str(said), Verdict.BAD)


def _pull_request(data: Mapping[str, Any]) -> PullRequest:
    merged = data.get("merged_at") or data.get("merged")
    standing = PullState.MERGED if merged else PullState.OPEN if data.get("state") == "open" else PullState.CLOSED
    return PullRequest(number(data, "number"), standing, str(data.get("html_url", "")))
