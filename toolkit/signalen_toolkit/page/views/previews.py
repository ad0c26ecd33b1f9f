"""What a page shows of the site before it is saved: the header with its colours, or the map."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template

from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.preview.look import SiteLook, look
from signalen_toolkit.page.preview.map_view import MapView, map_view
from signalen_toolkit.page.views import shared

pages = Blueprint("previews", __name__)
_LOOKS = ("branding", "appearance")
_MAPS = ("map", "municipality")


def look_of(now: Opened, key: str, environment: str = "") -> SiteLook | None:
    """Return the look of the site for the page of a section or step; None for one that has none."""
    found = [one for one in now.environments if environment in ("", one.name)]
    return look(found[0]) if key in _LOOKS and found else None


def map_of(now: Opened, key: str, environment: str = "") -> MapView | None:
    """Return the map for the page of a section or step; None for one that has none."""
    found = [one for one in now.environments if environment in ("", one.name)]
    return map_view(found[0], tiles=current_app.config["TILES"]) if key in _MAPS and found else None


def drawn(now: Opened, key: str, environment: str = "") -> str:
    """Return the preview of a page as it is drawn, for one that is being filled in."""
    return render_template("previews.html", now=now, preview_key=key, preview_environment=environment).strip()


@pages.get("/preview/<environment>/colors.css")
def colors(environment: str) -> Response:
    """Return the colours of an environment as a style sheet: a page cannot have styles in itself."""
    now = shared.opened()
    found = look_of(now, "branding", environment) or abort(404)
    return Response(found.stylesheet, mimetype="text/css")
