"""Forgejo and Gitea, whose API is one, below `/api/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from signalen_toolkit.documents.data import mapping
from signalen_toolkit.forge.ask import call, listed, number
from signalen_toolkit.forge.model import CommitReport, PullRequest, PullState, Verdict

_VERDICTS: Final[Mapping[str, Verdict]] = {
    **dict.fromkeys(("success", "skipped"), Verdict.GOOD),
    "pending": Verdict.WAITING,
}


@dataclass(frozen=True, slots=True)
class Gitea:
    """A repository there; `address` is that of its API, with the owner and the name."""

    address: str
    token: str = field(repr=False)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}", "Accept": "application/json"}

    def found(self, branch: str) -> PullRequest | None:
        """Return the newest pull request of a branch, or of a topic, which is labelled with who pushed it."""
        for one in listed(f"{self.address}/pulls?state=all", self._headers):
            head = mapping(one, "head")
            if (
                head.get("ref") == branch
                or str(head.get("label", "")).endswith(f"/{branch}")
                or head.get("label") == branch
            ):
                return _pull_request(one)
        return None

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
        for one in listed(f"{self.address}/commits/{commit}/statuses?sort=recentupdate", self._headers):
            name = str(one.get("context", ""))
            if name not in seen:
                seen.add(name)
                verdict = _VERDICTS.get(str(one.get("status") or one.get("state")), Verdict.BAD)
                yield CommitReport(name, verdict, str(one.get("target_url") or ""))

    def pipelines(self, commit: str, _branch: str, /) -> Iterator[CommitReport]:
        """Yield the statuses: its own pipelines say it by these."""
        yield from self.statuses(commit)


def _pull_request(data: Mapping[str, Any]) -> PullRequest:
    standing = (
        PullState.MERGED if data.get("merged") else PullState.OPEN if data.get("state") == "open" else PullState.CLOSED
    )
    return PullRequest(number(data, "number"), standing, str(data.get("html_url", "")))
