"""Who may ask, and what a browser may do with what it gets.

Every request must come for a host and, where it changes something, from a page that are ours; must be let in by the
proxy in front (a header or a token), or by the key in the address that was opened at the start; and carries a token of
its own page. Nothing may be fetched from elsewhere, nothing shown in a frame, nothing kept in a cache.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

COOKIE: Final = "signalen-form"
CSRF: Final = "csrf"
LOCAL: Final = "local"
_TILES: Final = "https://service.pdok.nl"
_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, a browser says of its own page that its origin is null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:{tiles}; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# An image of a municipality is a stranger's: opened by itself, nothing in it may run or fetch.
IMAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Entrance:
    """How the server is reached. `origin` is its address for people, `hosts` what may stand in the header Host.

    Behind a proxy, `user_header` says who a person is, and `token` is what the proxy sends as a bearer. Without one,
    `key` is in the address that is opened.
    """

    origins: tuple[str, ...]
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    user_header: str = ""
    token: str = ""

    @property
    def is_proxied(self) -> bool:
        """Whether a proxy lets people in."""
        return bool(self.user_header or self.token)

    @property
    def hosts(self) -> frozenset[str]:
        """What may stand in the header Host."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)

    @property
    def secure(self) -> bool:
        """Whether people reach it by https alone."""
        return all(origin.startswith("https:") for origin in self.origins)


def protect(app: Flask, access: Entrance, *, tiles: bool = False) -> None:
    """Let an application refuse what it must not answer, and put headers on all that it answers."""

    @app.before_request
    def refuse() -> AnyResponse | None:
        if request.host not in access.hosts:
            abort(421)
        if request.path == f"/open/{access.key}" and not access.is_proxied:
            return _enter(access)
        g.person = _person(access)
        if request.method not in ("GET", "HEAD"):
            _require_own_page(access)
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        policy = _POLICY.format(tiles=f" {_TILES}" if tiles else "")
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    @app.context_processor
    def own_token() -> dict[str, object]:
        return {"csrf": lambda: csrf_token(access)}


def csrf_token(access: Entrance) -> str:
    """Return the token of a page: another one each time, so that it cannot be guessed from how a page is compressed."""
    nonce = secrets.token_urlsafe(9)
    return f"{nonce}.{_mac(access, f'{nonce}.{g.person}')}"


def _require_own_page(access: Entrance) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin not in access.origins:
        abort(403)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    nonce, _, mac = (request.headers.get("X-CSRF-Token") or request.form.get(CSRF, "")).partition(".")
    if not hmac.compare_digest(mac, _mac(access, f"{nonce}.{g.person}")):
        abort(403)


def _person(access: Entrance) -> str:
    """Return who asks. Aborts with 401 where nobody let them in."""
    if access.token and not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {access.token}"):
        abort(401)
    if access.user_header:
        return request.headers.get(access.user_header, "").strip() or abort(401)
    if access.is_proxied:
        return LOCAL
    if not hmac.compare_digest(request.cookies.get(COOKIE, ""), _mac(access, "cookie")):
        abort(401)
    return LOCAL


def _enter(access: Entrance) -> AnyResponse:
    response = redirect("/")
    response.set_cookie(COOKIE, _mac(access, "cookie"), httponly=True, samesite="Strict", secure=access.secure)
    return response


def _mac(access: Entrance, text: str) -> str:
    return hmac.new(access.key.encode(), text.encode(), hashlib.sha256).hexdigest()
