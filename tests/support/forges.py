"""A Git server on this machine: repositories that are pushed to over HTTP, and the API of GitHub, GitLab or Forgejo.

Git's own `git http-backend` takes the pushes, with the options and the references by which GitLab and Forgejo make pull
requests. What the API answers has the fields that the documentation of each server gives.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.git_server import GitHandler

TOKEN = "token-of-the-fleet"  # made up
_HOOK = """#!/bin/sh
while read old new name; do
  echo "ref $name $old" >> pushed
  i=0
  while [ "$i" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
    eval "echo \\"option \\$GIT_PUSH_OPTION_$i\\"" >> pushed
    i=$((i + 1))
  done
  echo end >> pushed
done
"""
_GONE = "0" * 40


@dataclass
class ForgePull:
    """A pull request of a repository."""

    repository: str
    number: int
    branch: str
    base: str
    title: str
    state: str = "open"


@dataclass
class ForgeServer:
    """The server: its kind, its pull requests, what is said of commits, and for which repositories a token expired."""

    kind: str
    folder: Path
    url: str = ""
    open_to_all: bool = False
    pulls: list[ForgePull] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def variable(self) -> str:
        """The variable in which its token is looked for."""
        return f"SIGNALEN_TOKEN_127_0_0_1_{self.url.rpartition(':')[2]}"

    def repository(self, name: str) -> str:
        """Make an empty repository, and return its address."""
        bare = self.folder / "org" / f"{name}.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        for setting in ("http.receivepack", "receive.advertisePushOptions"):
            self.git("-C", str(bare), "config", setting, "true")
        hook = bare / "hooks/post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)
        return f"{self.url}/org/{name}.git"

    def bare(self, name: str) -> str:
        """Return the folder of a repository."""
        return str(self.folder / "org" / f"{name}.git")

    def git(self, *arguments: str) -> str:
        """Run Git as somebody."""
        who = ("-c", "user.name=S", "-c", "user.email=s@example.nl")
        command = [shutil.which("git") or "git", *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def settle(self, name: str) -> None:
        """Make of what was pushed what the server makes of it: pull requests, also those that go with their branch."""
        log = Path(self.bare(name)) / "pushed"
        entries = log.read_text().split("end\n")[:-1] if log.exists() else []
        log.unlink(missing_ok=True)
        for lines in (entry.splitlines() for entry in entries):
            reference = lines[0].split()[1]
            options = dict(line.removeprefix("option ").partition("=")[::2] for line in lines[1:])
            self._pushed(name, reference, options)
        for pull in self.of(name):
            there = self.git("-C", self.bare(name), "branch", "--list", pull.branch)
            if self.kind == "gitlab" and pull.state == "open" and not there:
                pull.state = "closed"

    def _pushed(self, name: str, reference: str, options: dict[str, str]) -> None:
        if self.kind == "gitlab" and "merge_request.create" in options:
            title, base = options["merge_request.title"], options["merge_request.target"]
            self._new(name, reference.removeprefix("refs/heads/"), base, title)
        if self.kind == "forgejo" and reference.startswith("refs/for/"):
            topic = options["topic"]
            if not [one for one in self.of(name) if one.branch == topic and one.state == "open"]:
                self._new(name, topic, reference.removeprefix("refs/for/"), options["title"])
            bare = self.bare(name)
            self.git("-C", bare, "update-ref", f"refs/topics/{topic}", reference)
            self.git("-C", bare, "update-ref", "-d", reference)

    def _new(self, name: str, branch: str, base: str, title: str) -> ForgePull:
        self.pulls.append(ForgePull(name, len(self.pulls) + 1, branch, base, title))
        return self.pulls[-1]

    def of(self, name: str) -> list[ForgePull]:
        """Return the pull requests of a repository."""
        return [one for one in self.pulls if one.repository == name]

    def merge(self, pull: ForgePull, *, squash: bool = True) -> None:
        """Merge a pull request, as one new commit or as it is."""
        bare, topics = self.bare(pull.repository), "refs/topics" if self.kind == "forgejo" else "refs/heads"
        tip = self.git("-C", bare, "rev-parse", f"{topics}/{pull.branch}")
        if squash:
            tip = self.git("-C", bare, "commit-tree", f"{tip}^{{tree}}", "-p", pull.base, "-m", pull.title)
        self.git("-C", bare, "update-ref", f"refs/heads/{pull.base}", tip)
        pull.state = "merged"

    def allows(self, headers: Any, name: str) -> bool:
        """Tell whether a request has the token."""
        login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        given = headers.get("PRIVATE-TOKEN") or headers.get("Authorization", "").partition(" ")[2]
        return name not in self.expired and (self.open_to_all or given in (TOKEN, login))

    # --- the API

    def answer(self, method: str, name: str, rest: str, query: dict[str, list[str]], sent: dict[str, Any]) -> Any:
        """Answer a request of the API about a repository."""
        self.settle(name)
        page = int(query.get("page", ["1"])[0])
        if found := re.fullmatch(r"(?:pulls|merge_requests)(?:/(\d+))?", rest):
            if method == "GET":
                return [self._data(one) for one in reversed(self.of(name))] if page == 1 else []
            if method == "POST":
                return self._data(self._new(name, sent.get("head", ""), sent.get("base", ""), sent["title"]))
            pull = next(one for one in self.of(name) if one.number == int(found[1]))
            assert "close" in json.dumps(sent)
            pull.state = "closed"
            return self._data(pull)
        if rest.endswith("/check-runs"):
            return {"total_count": len(self.runs), "check_runs": self.runs if page == 1 else []}
        if rest == "pipelines":
            return self.runs if page == 1 else []
        if rest.endswith("/statuses"):
            return self.statuses if page == 1 else []
        raise AssertionError(f"nobody asks for {method} {rest}")

    def _data(self, one: ForgePull) -> dict[str, Any]:
        address = f"{self.url}/org/{one.repository}/pulls/{one.number}"
        if self.kind == "gitlab":
            state = "opened" if one.state == "open" else one.state
            return {"iid": one.number, "state": state, "web_url": address, "source_branch": one.branch}
        head = {"ref": one.branch}
        if self.kind == "forgejo":
            head = {"ref": f"refs/pull/{one.number}/head", "label": f"robot/{one.branch}"}
        merged = {"merged": one.state == "merged", "merged_at": "2026-01-01" if one.state == "merged" else None}
        return {
            "number": one.number,
            "state": "open" if one.state == "open" else "closed",
            "html_url": address,
            "head": head,
            **merged,
        }


@contextmanager
def forge(kind: str, folder: Path) -> Iterator[ForgeServer]:
    """Serve repositories in a folder on an address of this machine alone."""
    server = ForgeServer(kind, folder)

    class Handler(GitHandler):
        def answer(self) -> None:
            url, body = urlsplit(self.path), self.body()
            server.asked.append(f"{self.command} {url.path}")
            api = re.fullmatch(r"/api/v\d/(?:repos|projects)/org(?:/|%2F)([a-z-]+)/(.*)", url.path)
            name = api[1] if api else url.path.split("/")[2].removesuffix(".git")
            if not server.allows(self.headers, name):
                self.send(401, b"{}", {"WWW-Authenticate": 'Basic realm="x"'})
            elif api:
                sent = json.loads(body or b"{}")
                found = server.answer(self.command, name, unquote(api[2]), parse_qs(url.query), sent)
                self.send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})
            else:
                self.send(*self.git(body))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    Handler.folder = str(folder)
    there = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{there.server_port}"
    thread = threading.Thread(target=there.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        there.shutdown()
        there.server_close()
        thread.join()


@contextmanager
def recorded(answers: dict[str, Any]) -> Iterator[str]:
    """Serve recorded answers of an API, by the end of what is asked with its query; what is not there is a 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = [data for path, data in answers.items() if path in unquote(self.path)]
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found[0] if found else {}).encode())

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers.setdefault("sent", []).append((self.command, self.path, sent))
            self.do_GET()

        do_PATCH = do_POST  # noqa: N815  # as http.server wants it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    there = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=there.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{there.server_port}"
    finally:
        there.shutdown()
        there.server_close()
        thread.join()
