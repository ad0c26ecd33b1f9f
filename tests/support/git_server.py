"""Serve the Git repositories of a folder over HTTP to anybody, also to push to.

    python -m tests.support.git_server FOLDER ADDRESS

For a cluster in CI that lives as long as its job, and for the Git servers of the tests. Git's own `git http-backend`
does the work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class GitHandler(BaseHTTPRequestHandler):
    """Hands each request to Git, for the repositories in `folder`; what serves an API beside them has `answer` anew."""

    folder = ""

    def do_GET(self) -> None:
        """As every request."""
        self.answer()

    def do_POST(self) -> None:
        """As every request."""
        self.answer()

    def do_PUT(self) -> None:
        """As every request."""
        self.answer()

    def do_PATCH(self) -> None:
        """As every request."""
        self.answer()

    def answer(self) -> None:
        """Answer as Git does."""
        self.send(*self.git(self.body()))

    def git(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Return what Git answers: the code, the content and the headers."""
        url = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "robot",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return int(headers.pop("Status", "200").split()[0]), content, headers

    def send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        """Send an answer."""
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> bytes:
        """Return what was sent, whole or in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


def main() -> None:
    """Serve until somebody stops it."""
    GitHandler.folder, address = sys.argv[1:]
    host, _, port = address.rpartition(":")
    ThreadingHTTPServer((host, int(port)), GitHandler).serve_forever()


if __name__ == "__main__":
    main()
