"""The certificates that hosts show: real TLS with a server of our own."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from signalen_toolkit.fleet.glance.hosts import of_hosts

from tests.support.certificates import end, make


@contextmanager
def server(certificate: Path, key: Path) -> Iterator[int]:
    """Answer by TLS on a port of this machine, until the end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        ended = threading.Event()

        def answer() -> None:
            while not ended.is_set():
                try:
                    one, _ = listening.accept()
                except TimeoutError:
                    continue
                try:
                    with context.wrap_socket(one, server_side=True) as connection:
                        connection.recv(1)
                except OSError:
                    continue  # who does not trust us goes

        thread = threading.Thread(target=answer)
        thread.start()
        yield int(listening.getsockname()[1])
        ended.set()
        thread.join()


def test_a_host_shows_until_when_its_certificate_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = make(tmp_path)
    with server(certificate, key) as port:
        untrusted = of_hosts(["localhost"], port)["localhost"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        found = of_hosts(["localhost", "127.0.0.1", "localhost"], port)
    assert untrusted.problem.startswith("not trusted: ") and not untrusted.expires
    assert (found["localhost"].expires, found["localhost"].problem) == (end(certificate), "")
    assert "127.0.0.1" in found["127.0.0.1"].problem  # the certificate is of another name


def test_one_that_does_not_answer_says_so_and_holds_up_no_other(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as deaf, server(certificate, key) as port:
        silent = int(deaf.getsockname()[1])
        start = time.monotonic()
        late = of_hosts(["localhost"], silent, seconds=0.5)["localhost"]
        assert time.monotonic() - start < 4
        assert late.problem == "not asked within 0.5 seconds"
        assert "not trusted" in of_hosts(["localhost"], port)["localhost"].problem
    refused = of_hosts(["localhost", "no.such.host.invalid", "a" * 300, ""], silent)
    assert refused["localhost"].problem == "not reached: Connection refused"
    assert all(one.problem and not one.expires for one in refused.values())
