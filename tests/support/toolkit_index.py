"""A package index on this computer, with wheels of this checkout and all that its lock names; and this checkout as Git.

What is served is only what the lock permits: the wheels are taken from the package index by their hashes, once a run.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from signalen_toolkit import __version__
from signalen_toolkit.installing import lock
from signalen_toolkit.installing.source import EXTRAS

from tests.conftest import TESTS
from tests.support.pipelines import git

ROOT = TESTS.parent


def checkout(folder: Path, version: str = __version__) -> Path:
    """Copy what Git knows of this checkout, as it is now, in another version where one is named."""
    copy = folder / "signalen-toolkit"
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    if version != __version__:
        for name in (
            "pyproject.toml",
            "toolkit/signalen_toolkit/__init__.py",
            "municipality-template/cookiecutter.json",
        ):
            text = (copy / name).read_text(encoding="utf-8")
            (copy / name).write_text(text.replace(f'"{__version__}"', f'"{version}"'), encoding="utf-8")
    return copy


def wheel(source: Path, folder: Path) -> Path:
    """Build a wheel of a checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def needed_wheels(folder: Path) -> Path:
    """Fetch the wheels that the lock names, for this computer, into a folder."""
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join([*lock.requirements((*EXTRAS, "build", "fast")), ""]), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--require-hashes", "--only-binary", ":all:", "-r", str(wanted), "-d", str(folder / "files")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "files"


def as_git(source: Path, folder: Path) -> str:
    """Make a checkout a repository that any web server can serve; return its commit."""
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "now")):
        git(source, *arguments)
    commit = git(source, "rev-parse", "HEAD")
    target = folder / "signalen-toolkit.git"
    git(folder, "clone", "--quiet", "--bare", str(source), str(target))
    git(target, "update-server-info")
    return commit


class Index:
    """A package index of files, by the simple API in JSON or HTML, and other files below the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self.html = folder, "", False

    @property
    def simple(self) -> str:
        """The address that pip is given."""
        return f"{self.url}/simple"

    def page(self, project: str) -> bytes:
        """Return what the index says of a project."""
        files = [path for path in (self.folder / "files").glob("*") if _name(path.name) == project]
        found = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
        if self.html:
            links = [f'<a href="/files/{name}#sha256={digest}">{name}</a>' for name, digest in found]
            return "\n".join(["<!DOCTYPE html><html><body>", *links, "</body></html>"]).encode()
        listed = [{"filename": name, "url": f"/files/{name}", "hashes": {"sha256": one}} for name, one in found]
        return json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": listed}).encode()


def _name(file: str) -> str:
    return re.sub(r"[-_.]+", "-", file.split("-")[0]).lower()


@contextmanager
def serving(folder: Path) -> Iterator[Index]:
    """Serve the folder while the block runs: `files/` as an index, the rest as it is."""
    index = Index(folder)

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            project = re.fullmatch(r"/simple/([^/]+)/", self.path)
            if not project:
                super().do_GET()
                return
            content = index.page(project[1])
            self.send_response(200)
            kind = "text/html" if index.html else "application/vnd.pypi.simple.v1+json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    index.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
