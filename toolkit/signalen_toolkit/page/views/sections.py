"""The pages of the sections: for all environments together, and for each environment by itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.outline import Part
from signalen_toolkit.page.draft import edits
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.views import shared
from signalen_toolkit.page.views.shared import Taken

pages = Blueprint("sections", __name__)
_MOVES = {"up": -1, "down": 1}


@pages.get("/section/<key>")
@pages.get("/environment/<environment>/<key>")
def section(key: str, environment: str = "") -> str:
    """Show the settings of a section."""
    now = shared.opened()
    part = _part(now, key, environment)
    problems = shared.worth_saying(now, shared.of_part(now, part), part.address)
    return _page(part, Taken(now), problems)


@pages.post("/section/<key>")
@pages.post("/environment/<environment>/<key>")
@shared.changing
def change(key: str, environment: str = "") -> Response | str | tuple[str, int]:
    """Take what was filled in, and do what was asked with it."""
    now = shared.opened()
    part = _part(now, key, environment)
    found = shared.taken(now, part.settings)
    verb, _, name = request.form.get("do", "save").partition(":")
    after = acted(found.opened, verb, name)
    if verb in ("save", "next"):
        after = shared.seen(after, part.address)
    after = shared.keep(after)
    problems = shared.of_part(after, part)
    taken = Taken(after, found.refused, found.unreadable)
    if verb not in ("save", "next"):
        return _page(part, taken, shared.worth_saying(after, problems, part.address), is_sent=False)
    if shared.errors(problems) or found.refused or found.unreadable:
        return _page(part, taken, problems), 422
    return redirect(
        _next(part) if verb == "next" else part.address.rpartition("/")[0].removesuffix("/section") or "/", 303
    )


def acted(now: Opened, verb: str, name: str) -> Opened:
    """Add, move or take out an item of a list or map of a draft."""
    place = shared.place_at(name, now)
    if not place:
        return now
    data: Any = now.draft.data
    match verb:
        case "add":
            data = edits.added(data, place, {})
        case "remove":
            data = edits.without(data, place)
        case "up" | "down":
            data = edits.moved(data, place, _MOVES[verb])
        case _:
            return now
    return now.with_data(data)[0]


def _part(now: Opened, key: str, environment: str) -> Part:
    if environment and at(now.draft.data, "environments", environment) is None:
        abort(404)
    return outline.part(key, environment) or abort(404)


def _next(part: Part) -> str:
    every = list(outline.parts(part.environment))
    index = every.index(part)
    return every[index + 1].address if index + 1 < len(every) else "/"


def _page(part: Part, found: Taken, problems: list[Any], *, is_sent: bool = True) -> str:
    now = found.opened
    return render_template(
        "section.html",
        now=now,
        part=part,
        fields=(views := shared.views(now, part.settings, problems)),
        problems=shared.in_order(problems, views),
        loose=shared.at_no_field(problems, views),
        refused=found.refused,
        unreadable=found.unreadable,
        is_posted=request.method == "POST" and is_sent,
    )


# --- the environments


@pages.get("/environments")
def environments() -> str:
    """Show the environments, to be added, ordered and removed."""
    return render_template("environments.html", now=shared.opened(), fault="", typed="")


@pages.post("/environments")
@shared.changing
def change_environments() -> Response | tuple[str, int]:
    """Add, move or remove an environment."""
    now = shared.opened()
    verb, _, name = request.form.get("do", "").partition(":")
    place: Place = ("environments", name)
    given = now.draft.data.get("environments")
    known = given if isinstance(given, dict) else {}
    if verb == "new":
        name = request.form.get("name", "").strip()
        if fault := _fault(name, known):
            return render_template("environments.html", now=now, fault=fault, typed=name), 422
        data = edits.with_value(now.draft.data, ("environments", name), {})
        shared.keep(now.with_data(data)[0])
        return redirect(f"/environment/{name}/{outline.GENERAL}", 303)
    if name in known:
        data = (
            edits.without(now.draft.data, place)
            if verb == "remove"
            else edits.moved(now.draft.data, place, _MOVES.get(verb, 0))
        )
        shared.keep(now.with_data(data)[0])
    return redirect("/environments", 303)


def _fault(name: str, known: Any) -> str:
    """Say what is wrong with the name of a new environment, as a key of the words; nothing where it will do."""
    import re

    from signalen_toolkit.form.schema import form_schema

    pattern = form_schema()["properties"]["environments"]["propertyNames"]["pattern"]
    if name in known:
        return "environment:known"
    return "" if re.fullmatch(pattern, name) else "environment:wrong"
