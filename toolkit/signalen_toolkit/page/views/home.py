"""The first page, the search, and what is there on every page: the language, throwing a draft away."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.language.words import LANGUAGES
from signalen_toolkit.page.views import shared

pages = Blueprint("home", __name__)
_YEAR = 365 * 24 * 3600


@pages.get("/")
def home() -> str | Response:
    """Show what the form has, and what is still to be done; a new form begins with its first open step."""
    now = shared.opened()
    if now.place.is_new and not now.draft.seen.issuperset(outline.STEPS):
        first = next(name for name in outline.STEPS if name not in now.draft.seen)
        return redirect(f"/start/{first}")
    counted = {}
    for environment in ("", *(one.name for one in now.environments)):
        for part in outline.parts(environment):
            counted[part.address] = shared.of_part(now, part)
    return render_template(
        "home.html",
        now=now,
        parts=_shown(now, ""),
        counted=counted,
        elsewhere=[one for one in now.problems if outline.part_of(one.place) is None],
    )


def filled(now: Opened, part: outline.Part) -> bool:
    """Tell whether anything is filled in on a page."""
    return any(now.given(place) not in (None, {}) for place, _ in part.settings)


def _shown(now: Opened, environment: str) -> list[outline.Part]:
    """Return the pages whose component is on, or that hold something."""
    on = {name for one in now.environments if environment in ("", one.name) for name in one.enabled}
    found = []
    for part in outline.parts(environment):
        component = part.about.get("x-component")
        if component is None or component in on or any(now.given(place) for place, _ in part.settings):
            found.append(part)
    return found


@pages.get("/environment/<name>")
def environment(name: str) -> str | Response:
    """Show the pages of one environment."""
    now = shared.opened()
    if name not in now.draft.data.get("environments", {}):
        return redirect("/environments")
    counted = {part.address: shared.of_part(now, part) for part in outline.parts(name)}
    return render_template("environment.html", now=now, name=name, parts=_shown(now, name), counted=counted)


@pages.get("/search")
def search() -> str:
    """Find settings by words."""
    query = request.args.get("q", "")[:100]
    return render_template("search.html", now=shared.opened(), query=query, hits=outline.search(query))


@pages.get("/accessibility")
def accessibility() -> str:
    """Say how accessible these pages are."""
    return render_template("accessibility.html")


@pages.post("/language")
def language() -> Response:
    """Choose the language of the pages."""
    from signalen_toolkit.page.app import LANGUAGE_COOKIE

    chosen = request.form.get("language", "")
    response = make_response(redirect(_back(), 303))
    if chosen in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR, httponly=True, samesite="Strict")
    return response


@pages.post("/discard")
@shared.changing
def discard() -> Response:
    """Throw the draft away."""
    shared.workplace().store.forget(g.person)
    return redirect("/", 303)


def _back() -> str:
    """Return the page from which something was asked; only a path of our own."""
    path = request.form.get("back", "/")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
