"""A chart repository on this computer, which counts what it is asked."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """A loopback web server: answers by path, in turn; the last one stays. It keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, bytes, dict[str, str]]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    def put(self, path: str, *answers: bytes | int, **headers: str) -> None:
        """Set what a path answers: content, or a code without any."""
        self.answers[path] = [(one, b"", headers) if isinstance(one, int) else (200, one, headers) for one in answers]

    def repository(self, package: bytes, *, digest: str = "", url: str = "demo-1.2.3.tgz") -> None:
        """Serve a repository with one chart."""
        entry = {
            "name": "demo",
            "version": "1.2.3",
            "urls": [url],
            "digest": digest or hashlib.sha256(package).hexdigest(),
        }
        self.put("/index.yaml", json.dumps({"apiVersion": "v1", "entries": {"demo": [entry]}}).encode())
        self.put("/demo-1.2.3.tgz", package)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server while the block runs."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server.asked.append((path, self.headers.get("Authorization", "")))
            answers = server.answers.get(path, [(404, b"", {})])
            code, content, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(code)
            for name, value in {"Content_Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of a client that breaks off: some tests do."""

    httpd = Quiet(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    if context:
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join(10)
