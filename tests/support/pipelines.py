"""Runs the shell steps of a pipeline as its server would: the real `signalen`, no installing, charts of our own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import yaml as pyyaml
from signalen_toolkit.base.paths import PACKAGE

TOKEN: Final = "token-of-the-job"  # made up


@dataclass(frozen=True)
class Step:
    """One piece of shell, and the variables that only it gets."""

    name: str
    script: str
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ("--noprofile", "--norc", "-eo", "pipefail")


def github_steps(workflow: Mapping[str, Any], *, pull_request: bool) -> Iterator[Step]:
    """Yield the steps of a workflow of GitHub, Forgejo or Gitea; `{{changes}}` stands for what the first job gives."""
    for name in ("check", "comment") if pull_request else ("check",):
        yield from _github_job(workflow["jobs"][name], pull_request=pull_request)


def _github_job(job: Mapping[str, Any], *, pull_request: bool) -> Iterator[Step]:
    known = {"${{ github.token }}": TOKEN, "${{ needs.check.outputs.changes }}": "{{changes}}"}
    known["${{ secrets.SIGNALEN_PUSH_TOKEN }}"] = TOKEN
    for step in job["steps"]:
        if "run" in step and (pull_request or "if" not in step):
            own = {name: known[value] for name, value in step.get("env", {}).items()}
            yield Step(step["name"], step["run"], {**job.get("env", {}), **own})


def completing(pipeline: Mapping[str, Any]) -> list[Step]:
    """Return the steps of the job that completes a branch of Renovate, of whichever server."""
    jobs = pipeline.get("jobs", {})
    if isinstance(jobs, list):
        return [*_azure_job(next(job for job in jobs if job["job"] == "complete"), pipeline, pull_request=True)]
    if jobs:
        return [*_github_job(jobs["complete"], pull_request=True)]
    return [_gitlab_job("complete", pipeline)]


def gitlab_steps(pipeline: Mapping[str, Any], *, pull_request: bool) -> Iterator[Step]:
    """Yield a step for each job: GitLab runs the lines of one in one shell."""
    for name in ("check", "comment") if pull_request else ("check",):
        yield _gitlab_job(name, pipeline)


def _gitlab_job(name: str, pipeline: Mapping[str, Any]) -> Step:
    job = pipeline[name]
    return Step(name, "\n".join([*job.get("before_script", ()), *job["script"]]), pipeline["variables"])


def azure_steps(pipeline: Mapping[str, Any], *, pull_request: bool) -> Iterator[Step]:
    """Yield the steps of a pipeline of Azure, which stops at no failing line by itself."""
    yield from _azure_job(pipeline["jobs"][0], pipeline, pull_request=pull_request)


def _azure_job(job: Mapping[str, Any], pipeline: Mapping[str, Any], *, pull_request: bool) -> Iterator[Step]:
    everywhere = {one["name"]: one["value"] for one in pipeline.get("variables", ())}
    for step in job["steps"]:
        if "bash" in step and (pull_request or "condition" not in step):
            own = {name: {"$(System.AccessToken)": TOKEN}[value] for name, value in step.get("env", {}).items()}
            yield Step(step["displayName"], step["bash"], {**everywhere, **own}, ("--noprofile", "--norc"))


def parse(path: Path) -> dict[str, Any]:
    """Read a pipeline as its server does: `on` is a text, and no number is one."""
    found: dict[str, Any] = pyyaml.load(path.read_text(encoding="utf-8"), Loader=pyyaml.BaseLoader)  # noqa: S506  # makes texts alone
    return found


class Machine:
    """The computer that a pipeline runs on: its programs, its variables and its folder."""

    def __init__(
        self, folder: Path, charts: Path, workspace: Path, variables: Mapping[str, str], *, clean: Path | None = None
    ) -> None:
        """Make one. With a `clean` environment of Python, what the steps install is really installed into that."""
        self.folder, self.workspace = folder, workspace
        programs = folder / "bin"
        programs.mkdir(parents=True)
        python = shlex.quote(str(clean / "bin/python") if clean else sys.executable)
        self._program(
            programs / "signalen",
            f'case $1 in verify | diff) set -- "$@" --offline --charts {shlex.quote(str(charts))} ;; esac\n'
            f'exec {python} -m signalen_toolkit "$@"',
        )
        if clean:
            path = f"{programs}{os.pathsep}{clean / 'bin'}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
            home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "LANG": "C.UTF-8"}
            self.variables: dict[str, str] = {"PATH": path, **home, "PIP_NO_COMPILE": "1", **variables}
            return
        self._program(
            programs / "python",
            f'if [ "$2" = pip ]; then echo "${{*:6}}" >> {shlex.quote(str(folder / "installed"))}; exit 0; fi\n'
            f'exec {python} "$@"',
        )
        self.variables = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PACKAGE.parent),
            **variables,
        }

    def _program(self, path: Path, script: str) -> None:
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    @property
    def installed(self) -> list[str]:
        """What the steps asked pip for, a line each time."""
        return (self.folder / "installed").read_text(encoding="utf-8").splitlines()

    def run(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Run one step, with the output of the steps before it in place of `{{changes}}`."""
        output = self.folder / "output"
        found = re.search(r"^changes=(.*)$", output.read_text() if output.exists() else "", re.MULTILINE)
        own = {name: value.replace("{{changes}}", found[1] if found else "") for name, value in step.variables.items()}
        done = subprocess.run(
            ["bash", *step.options, "-c", step.script],
            cwd=self.workspace,
            env={**self.variables, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        for path in re.findall(r"^##vso\[task\.prependpath\](.*)$", done.stdout, re.MULTILINE):  # Azure
            self.variables["PATH"] = f"{path}{os.pathsep}{self.variables['PATH']}"
        return done

    def with_engine(self, image: str) -> None:
        """Stand a program `docker` on this computer that runs programs of an image, which are those of this machine.

        There is no container engine where tests run: folders and users are not those of a container.
        """
        options = (
            "--entrypoint) program=$2; shift 2 ;; --rm) shift ;; --env | --volume | --workdir | --user) shift 2 ;;"
        )
        self._program(
            self.folder / "bin/docker",
            f'[ "$1" = run ] || exit 64\nshift\nwhile :; do case $1 in {options} *) break ;; esac; done\n'
            f'[ "$1" = {shlex.quote(image)} ] || exit 65\nshift\n'
            f'export PATH={shlex.quote(self.variables["PATH"])}\nexec "$program" "$@"',
        )


def git(folder: Path, *arguments: str) -> str:
    """Run Git as somebody."""
    who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
    command = [shutil.which("git") or "git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class Comments:
    """The comments of a made-up server, and who asked it what."""

    url: str = ""
    texts: dict[int, str] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    status: int = 200
    page: int = 2


@contextmanager
def comment_server() -> Iterator[Comments]:
    """Give a server that keeps comments as GitHub, GitLab and Azure do."""
    comments = Comments()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            comments.requests.append((self.command, path))
            comments.tokens.add(self.headers["PRIVATE-TOKEN"] or self.headers["Authorization"])
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
            azure = path.endswith("/threads") or "/threads/" in path
            answer: Any = {}
            if self.command == "GET":
                page = re.search(r"[?&]page=(\d+)", self.path)
                first = (int(page[1]) - 1) * comments.page if page else 0
                listed = list(comments.texts.items())[first : first + comments.page]
                answer = [{"id": number, "body": text} for number, text in listed]
                if azure:
                    threads = [
                        {"id": n, "comments": [{"id": 1, "content": text}]} for n, text in comments.texts.items()
                    ]
                    answer = {"value": threads}
            elif comments.status == 200 and "ref" not in sent:  # which starts a workflow
                text = sent["comments"][0]["content"] if "comments" in sent else sent.get("body") or sent["content"]
                number = len(comments.texts) + 1
                if self.command != "POST":
                    number = int(path.split("/")[-3] if azure else path.split("/")[-1])
                comments.texts[number] = text
            self.send_response(comments.status)
            if comments.status == 302:
                self.send_header("Location", f"{comments.url}/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815  # as http.server wants it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    comments.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield comments
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
