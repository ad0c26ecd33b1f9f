"""What a draft comes to: what changes, what is wrong, and the saving of it."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request
from werkzeug.wrappers import Response

from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents.data import Place
from signalen_toolkit.git import branches
from signalen_toolkit.page.asking.places import pointer
from signalen_toolkit.page.draft import draft as drafts
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.guard import LOCAL
from signalen_toolkit.page.saving import changes, resolve, save
from signalen_toolkit.page.saving.save import BehindError, Wish
from signalen_toolkit.page.views import shared

pages = Blueprint("review", __name__)
_LONGEST = 2000


@pages.get("/review")
def review() -> str | Response:
    """Show what a draft changes; where somebody else changed the form meanwhile, that first."""
    now = shared.opened()
    if now.is_behind and now.draft.is_changed:
        return render_template(
            "behind.html", now=now, theirs=resolve.theirs(now), clashes=drafts.clashes(now.draft, now.text), open=False
        )
    return _page(now)


@pages.get("/review/form")
def form() -> str:
    """Show the form as text, as it is to become, and its diff."""
    now = shared.opened()
    text, diff, problems = "", "", ()
    try:
        text = changes.form_of(now)
        diff = "" if now.place.is_new else changes.form_diff(now)
    except ProblemsError as error:
        problems = error.problems  # type: ignore[assignment]
    return render_template("form.html", now=now, text=text, diff=diff, problems=problems)


@pages.get("/review/cluster")
def cluster() -> str:
    """Show what a draft does on the cluster; it takes Helm a while."""
    from signalen_toolkit.page.saving.cluster import on_cluster

    now = shared.opened()
    text, fault = "", ""
    try:
        text = on_cluster(now, g.words.language)
    except ProblemsError:
        fault = g.words("cluster:errors")
    except UsageError as error:
        fault = str(error)
    return render_template("cluster.html", now=now, text=text, fault=fault)


@pages.post("/save")
@shared.changing
def keep() -> Response | str | tuple[str, int]:
    """Save a draft."""
    now = shared.opened()
    if shared.errors(now.problems):
        return redirect("/start/summary" if now.place.is_new else "/review", 303)
    try:
        saved = save.create(now) if now.place.is_new else save.save(now, _wish(now))
    except BehindError:
        return redirect("/review", 303)
    except ProblemsError as error:
        return _page(now, problems=error.problems), 409
    except UsageError as error:
        return _page(now, fault=str(error)), 409
    now.place.store.forget(g.person)
    g.pop("opened", None)
    return render_template("saved.html", now=shared.opened(), saved=saved)


@pages.post("/resolve")
@shared.changing
def settle() -> Response | tuple[str, int]:
    """Bring a draft onto a form that somebody else changed."""
    now = shared.opened()
    found = drafts.clashes(now.draft, now.text)
    chosen: dict[Place, bool] = {}
    for clash in found:
        if (whose := request.form.get(pointer(clash.place))) in ("mine", "theirs"):
            chosen[clash.place] = whose == "theirs"
    after = resolve.brought_on(now, chosen)
    if after is None:
        return render_template("behind.html", now=now, theirs=resolve.theirs(now), clashes=found, open=True), 422
    shared.keep(after)
    return redirect("/review", 303)


@pages.post("/renew")
@shared.changing
def renew() -> Response:
    """Bring the repository to what is delivered by now, where nothing in it waits for a commit."""
    now = shared.opened()
    if now.place.is_new or not now.environments:
        abort(404)
    branches.renew(now.place.directory, str(now.environments[0].settings["repository"]["branch"]))
    return redirect("/", 303)


def _wish(now: Opened) -> Wish:
    message = request.form.get("message", "").replace("\r\n", "\n").strip()[:_LONGEST]
    branch = request.form.get("branch", "").strip()
    author = (
        ""
        if g.person == LOCAL
        else f"{g.person.replace('<', '').replace('>', '')} <{g.person if '@' in g.person else ''}>"
    )
    return Wish(message or _proposed(now)[0], branch, author)


def _proposed(now: Opened) -> tuple[str, str]:
    """Return the message and the branch that are proposed."""
    message = save.proposed_message(now, changes.titles(now, g.words.title))
    return message, save.proposed_branch(now, message)


def _page(now: Opened, *, problems: object = (), fault: str = "") -> str:
    message, branch = ("", "") if now.place.is_new else _proposed(now)
    directory = now.place.directory
    has_git = not now.place.is_new and branches.is_work_tree(directory)
    return render_template(
        "review.html",
        now=now,
        changed=changes.changed(now),
        problems=problems or now.problems,
        fault=fault,
        message=request.form.get("message", message),
        branch=request.form.get("branch", branch),
        current=branches.current(directory) if has_git else "",
        has_git=has_git,
        remote=branches.remote_address(directory) if has_git else "",
    )
