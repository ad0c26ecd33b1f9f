"""The application: pages over one repository, made of what is beside it."""

from __future__ import annotations

import gzip
from typing import Any, Final

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.form.municipalities import municipalities
from signalen_toolkit.page.asking import kinds, outline
from signalen_toolkit.page.asking.places import identifier, pointer
from signalen_toolkit.page.draft import secrecy
from signalen_toolkit.page.draft.workplace import Workplace
from signalen_toolkit.page.guard import Entrance, protect
from signalen_toolkit.page.language.words import LANGUAGES, Words
from signalen_toolkit.page.views import home, images, keystroke, previews, review, sections, start

LANGUAGE_COOKIE: Final = "signalen-language"
_MOST: Final = 8 * 2**20  # bytes that a browser may send: four images, and a form
_MOST_FIELDS: Final = 2000
_SMALL: Final = 1400  # bytes below which nothing is gained


def make_app(workplace: Workplace, access: Entrance, *, tiles: bool = False) -> Flask:
    """Return the application over a repository, reached in one way."""
    app = Flask(__name__, template_folder="templates", static_folder="assets", static_url_path="/assets")
    app.config.update(
        MAX_CONTENT_LENGTH=_MOST,
        MAX_FORM_MEMORY_SIZE=_MOST,
        MAX_FORM_PARTS=_MOST_FIELDS,
        WORKPLACE=workplace,
        ACCESS=access,
        TILES=tiles,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, access, tiles=tiles)

    @app.before_request
    def language() -> None:
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        g.words = Words(chosen if chosen in LANGUAGES else LANGUAGES[0])

    @app.context_processor
    def words() -> dict[str, Any]:
        return {"t": g.get("words") or Words(LANGUAGES[0]), "workplace": workplace}

    app.jinja_env.globals.update(
        Kind=kinds.FieldKind,
        all_parts=outline.parts,
        anchor=identifier,
        filled=home.filled,
        look_of=previews.look_of,
        map_of=previews.map_of,
        part_of=outline.part_of,
        pointer=pointer,
        register=municipalities(),
        shown=secrecy.shown,
        step_of=start.step_of,
    )

    for module in (home, start, sections, review, images, keystroke, previews):
        app.register_blueprint(module.pages)
    app.after_request(_compressed)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(ProblemsError, _unreadable)
    app.register_error_handler(UsageError, _unusable)
    return app


def _failed(error: HTTPException) -> tuple[str, int]:
    code = error.code or 500
    key = f"error:{code}" if Words("nl").has(f"error:{code}") else "error:other"
    return render_template("error.html", key=key, problems=(), reason=""), code


def _unreadable(error: ProblemsError) -> tuple[str, int]:
    return render_template("error.html", key="error:form", problems=error.problems, reason=""), 409


def _unusable(error: UsageError) -> tuple[str, int]:
    return render_template("error.html", key="error:usage", problems=(), reason=str(error)), 409


def _compressed(response: Response) -> Response:
    """Send text compressed to whoever takes it so."""
    takes = "gzip" in request.headers.get("Accept-Encoding", "")
    kind = response.mimetype or ""
    is_text = kind.startswith("text/") or kind in ("application/json", "image/svg+xml")
    response.headers.add("Vary", "Accept-Encoding")
    if not takes or not is_text or "Content-Encoding" in response.headers or response.status_code in (204, 304):
        return response
    response.direct_passthrough = False
    if len(data := response.get_data()) >= _SMALL:
        response.set_data(gzip.compress(data, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
