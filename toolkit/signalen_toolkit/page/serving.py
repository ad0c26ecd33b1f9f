"""The server: on this machine alone, or behind a proxy that signs people in."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from typing import Final

from flask import Flask
from waitress.server import create_server

_THREADS: Final = 8


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is one that is free. Raises OSError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(app: Flask, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until the process is asked to end; `ready` is called when it is listening."""
    server = create_server(app, sockets=[listener], threads=_THREADS, ident=None, clear_untrusted_proxy_headers=False)
    ready()
    try:
        server.run()
    finally:
        server.close()


def show(address: str) -> bool:
    """Open an address in the browser of the person, and tell whether there was one."""
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
