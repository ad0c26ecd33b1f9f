"""The steps of who starts: a few questions a page, and a summary at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request
from werkzeug.wrappers import Response

from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.outline import StartStep
from signalen_toolkit.page.draft import edits
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.views import shared
from signalen_toolkit.page.views.sections import acted
from signalen_toolkit.page.views.shared import Taken
from signalen_toolkit.repository import answers

pages = Blueprint("start", __name__)
SUMMARY = "summary"
_CONNECTOR = {"type": "microsoft", "name": "Entra ID"}


@pages.get("/start/<name>")
def step(name: str) -> str:
    """Show a step."""
    now = shared.opened()
    if name == SUMMARY:
        return _summary(now)
    found = _step(now, name)
    problems = shared.worth_saying(now, shared.of_page(now, found.settings), name)
    return _page(found, Taken(now), problems)


@pages.post("/start/<name>")
@shared.changing
def answer(name: str) -> Response | str | tuple[str, int]:
    """Take the answers of a step, and go on to the next one where nothing is wrong with them."""
    now = shared.opened()
    found = _step(now, name)
    if fault := _unknown_municipality(found):
        return _page(found, Taken(now), [], fault), 422
    given = shared.taken(with_municipality(now), found.settings)
    verb, _, pointed = request.form.get("do", "next").partition(":")
    after = _with_connector(acted(given.opened, verb, pointed))
    is_done = verb == "next"
    asked = _asked(after, found)
    after = shared.keep(shared.seen(after, name) if is_done else after)
    problems = shared.of_page(after, asked)
    taken = Taken(after, given.refused, given.unreadable)
    # What is only asked because of an answer on this very page was not answered yet.
    is_new = {place for place, _ in asked} - {place for place, _ in _asked(now, found)}
    if not is_done or is_new:
        return _page(found, taken, [] if is_new else shared.worth_saying(after, problems, name), is_sent=False)
    if shared.errors(problems) or given.refused or given.unreadable:
        return _page(found, taken, problems), 422
    names = [*outline.STEPS, SUMMARY]
    return redirect(f"/start/{names[names.index(name) + 1]}", 303)


def step_of(place: Place, steps: Sequence[tuple[StartStep, Any]]) -> str:
    """Return the address of the step on which a setting is asked; empty where it is on none."""
    found = (one for one, _ in steps if any(place[: len(asked)] == asked for asked, _ in one.settings))
    step_ = next(found, None)
    return step_.address if step_ else ""


def _step(now: Opened, name: str) -> StartStep:
    if not now.place.is_new:
        abort(404)
    environments = list(now.draft.data.get("environments", {})) or [answers.FIRST_ENVIRONMENT]
    return next((one for one in outline.steps(environments[0]) if one.name == name), None) or abort(404)


def _asked(now: Opened, found: StartStep) -> shared.Asked:
    """Return the settings of a step that are still asked: not what follows from others, as sign-in from a Dex."""
    on = {name for one in now.environments for name in one.enabled}
    kept = []
    for place, schema in found.settings:
        follows = (
            answers.is_derived(now.draft.data, tuple(map(str, place)))
            and now.given(place) is None
            and schema.get("x-question")
        )
        is_off = place[0] != "components" and _component(place) not in (None, *on)
        if not follows and not is_off:
            kept.append((place, schema))
    return kept


def _component(place: Place) -> str | None:
    component: str | None = resolve(form_schema()["properties"].get(str(place[0]), {})).get("x-component")
    return component


def _searched() -> str:
    """Return what was searched for: a municipality of the hits goes before what was typed."""
    return (request.form.get("chosen") or request.form.get("municipality", "")).strip()


def _unknown_municipality(found: StartStep) -> str:
    """Say why what was typed is no municipality; nothing where it is one."""
    if found.name != "municipality" or request.form.get("do") == "refresh":
        return ""
    text = _searched()
    if not text:
        words: str = g.words("municipality:empty")
        return words
    meant = municipalities.meant_by(text)
    if len(meant) == 1:
        return ""
    said: str = g.words("municipality:several" if meant else "municipality:unknown", text=text)
    return said


def with_municipality(now: Opened) -> Opened:
    """Take a municipality that was searched for by its name."""
    found = municipalities.meant_by(_searched())
    if not _searched() or len(found) != 1:
        return now
    return now.with_data(edits.with_value(now.draft.data, ("municipality", "code"), found[0].code))[0]


def _with_connector(now: Opened) -> Opened:
    """Give a Dex that was just chosen the identity provider that most municipalities have."""
    data = now.draft.data
    if at(data, "components", "dex", "enabled") is True and not at(data, "dex", "connectors"):
        return now.with_data(edits.with_value(data, ("dex", "connectors"), [_CONNECTOR]))[0]
    return now


def _page(found: StartStep, taken: Taken, problems: list[Any], fault: str = "", *, is_sent: bool = True) -> str:
    now = taken.opened
    names = list(outline.STEPS)
    section = now.draft.data.get("municipality")
    searched = _searched()
    chosen = municipality_of(section) if isinstance(section, dict) else None
    return render_template(
        "start.html",
        now=now,
        step=found,
        number=names.index(found.name) + 1,
        count=len(names) + 1,
        previous=f"/start/{names[names.index(found.name) - 1]}" if found.name != names[0] else "",
        fields=(views := shared.views(now, _asked(now, found), problems)),
        problems=shared.in_order(problems, views),
        refused=taken.refused,
        unreadable=taken.unreadable,
        municipality=chosen,
        searched=searched,
        hits=municipalities.search(searched, 12) if fault and searched else [],
        fault=fault,
        is_posted=request.method == "POST" and is_sent,
    )


def _summary(now: Opened) -> str:
    if not now.place.is_new:
        abort(404)
    environments = list(now.draft.data.get("environments", {})) or [answers.FIRST_ENVIRONMENT]
    steps = [
        (one, shared.views(now, _asked(now, one), shared.of_page(now, one.settings)))
        for one in outline.steps(environments[0])
    ]
    others = [one for one in now.problems if outline.part_of(one.place) is None]
    return render_template("summary.html", now=now, steps=steps, problems=now.problems, others=others)
