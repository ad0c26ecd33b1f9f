"""The check of a page while somebody is typing: what was filled in so far, in answer what is wrong with it."""

from __future__ import annotations

from flask import Blueprint, abort, g, jsonify, request
from werkzeug.wrappers import Response

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.places import identifier
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.views import previews, shared, start
from signalen_toolkit.page.views.start import SUMMARY
from signalen_toolkit.repository import answers

pages = Blueprint("keystroke", __name__)


@pages.post("/check")
def check() -> Response:
    """Check what a page has now; nothing of it is kept."""
    page = request.form.get("page", "")
    now = start.with_municipality(shared.opened()) if page == "/start/municipality" else shared.opened()
    asked = _asked(now, page)
    found = shared.taken(now, asked)
    views = shared.views(found.opened, asked, shared.of_page(found.opened, asked))
    said = {
        field.id: [_said(problem) for problem in field.problems]
        for view in views
        for field in view.all()
        if field.problems and not field.is_secret
    }
    for place in found.refused:
        said[identifier(place)] = [
            {"message": g.words("secret:refused"), "hint": "", "severity": "error", "word": g.words("severity:error")}
        ]
    return jsonify(said=said, preview=previews.drawn(found.opened, *_preview(page)))


def _preview(page: str) -> tuple[str, str]:
    """Return the key of the page, and its environment."""
    parts = page.split("/")[1:]
    return parts[-1], parts[1] if parts[0] == "environment" else ""


def _said(problem: Problem) -> dict[str, str]:
    message, hint = g.words.problem(problem)
    return {
        "message": message,
        "hint": hint,
        "severity": str(problem.severity),
        "word": g.words(f"severity:{problem.severity}"),
    }


def _asked(now: Opened, page: str) -> shared.Asked:
    parts = page.split("/")[1:]
    if parts[:1] == ["start"] and len(parts) == 2 and parts[1] != SUMMARY:
        environments = list(now.draft.data.get("environments", {})) or [answers.FIRST_ENVIRONMENT]
        return next((one.settings for one in outline.steps(environments[0]) if one.name == parts[1]), None) or abort(
            404
        )
    found = None
    if parts[:1] == ["section"] and len(parts) == 2:
        found = outline.part(parts[1])
    elif parts[:1] == ["environment"] and len(parts) == 3:
        found = outline.part(parts[2], parts[1])
    return found.settings if found else abort(404)
