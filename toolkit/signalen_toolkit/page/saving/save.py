"""A draft saved as a person would: the form and the tree, a commit on a branch, and a push where a remote is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base import files
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import CHARTS_LOCK, FORM_FILE
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, has_errors
from signalen_toolkit.documents.rewrite import rewritten
from signalen_toolkit.form.git_hosts import pull_request_address
from signalen_toolkit.git import branches
from signalen_toolkit.installing import origin
from signalen_toolkit.page.asking.places import ENVIRONMENTS
from signalen_toolkit.page.draft.draft import FormDraft
from signalen_toolkit.page.draft.workplace import Opened
from signalen_toolkit.page.saving.undo import Undo
from signalen_toolkit.repository import change, charts_lock, new
from signalen_toolkit.repository.answers import Answers

_ORDERED: Final = ((ENVIRONMENTS,),)
_LONGEST_BRANCH: Final = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants a draft saved: the message of the commit, its branch (empty: the one that it is on)."""

    message: str
    branch: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of it. `not_pushed` says why the branch is not at the remote, `remarks` what nobody expects."""

    branch: str = ""
    commit: str = ""
    pushed: bool = False
    not_pushed: str = ""
    pull_request: str = ""
    remarks: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


class BehindError(Exception):
    """Somebody changed the form since the draft was last looked at."""


def text_of(draft: FormDraft) -> str:
    """Return the text of the form as a draft makes it. Raises ProblemsError where it cannot be written."""
    return rewritten(draft.base, draft.data, FORM_FILE, ordered=_ORDERED)


def save(opened: Opened, wish: Wish) -> Saved:
    """Save a draft of a form that is there.

    Raises BehindError where the form is another one by now, ProblemsError where the draft has errors or cannot be
    written, UsageError where Git or a file of a person is in the way. Then all is as it was.
    """
    directory, draft, charts = opened.place.directory, opened.draft, opened.place.charts
    with files.alone(directory):
        before = change.read(directory, charts)
        if before.text != draft.base:
            raise BehindError
        undo = Undo(directory)
        try:
            undo.begin(wish.branch)
            made = change.revise(directory, before, charts, lambda _: text_of(draft), images=draft.images)
            locked = charts_lock.plan(directory, made.files, charts, charts_lock.sources_of(opened.place.options))
            also = {**locked.files(), **draft.images}
            undo.keep((FORM_FILE, *also, *made.changes.written, *made.changes.removed))
            changes = change.put(made, also)
            remarks = tuple(locked.lacks())
            paths = (FORM_FILE, CHARTS_LOCK, *draft.images, *made.files, *changes.removed)
            written = (FORM_FILE, *draft.images, *changes.written)
            return _committed(opened, wish, paths, remarks, made.after.problems, written)
        except BaseException:
            undo.all()
            raise


def create(opened: Opened) -> Saved:
    """Make the repository of a new form. Raises as `repository.new.make` does."""
    place, draft = opened.place, opened.draft

    def answered(_: Path) -> Answers:
        found = Answers(opened.document)
        if has_errors(opened.problems):
            raise ProblemsError(opened.problems)
        return found

    made = new.make(
        place.directory,
        answered,
        force=True,
        git=True,
        sources=charts_lock.sources_of(place.options),
        images=draft.images,
        toolkit=origin.running(variables()),
    )
    if not made.commit:
        return Saved(remarks=made.remarks, warnings=made.warnings, files=made.files)
    return _pushed(opened, "made", made.remarks, made.warnings, made.files)


def _committed(
    opened: Opened,
    wish: Wish,
    paths: Sequence[str],
    remarks: tuple[str, ...],
    problems: Sequence[Problem],
    written: Sequence[str],
) -> Saved:
    directory = opened.place.directory
    if not branches.is_in_repository(directory):
        return Saved(remarks=remarks, warnings=tuple(problems), files=tuple(written))
    commit = branches.commit(directory, paths, wish.message, wish.author)
    return _pushed(opened, commit, remarks, problems, written)


def _pushed(
    opened: Opened, commit: str, remarks: tuple[str, ...], problems: Sequence[Problem], written: Sequence[str]
) -> Saved:
    """Push the branch of a commit where a remote is, and say where people make a pull request of it."""
    directory = opened.place.directory
    branch = branches.current(directory)
    address = branches.remote_address(directory)
    failure = branches.push(directory, branch) if address and branch and commit else ""
    pushed = bool(address and branch and commit) and not failure
    repository = opened.environments[0].settings["repository"] if opened.environments else {}
    base = str(repository.get("branch", ""))
    pull_request = ""
    if pushed and branch != base:
        # The form says where people find it; a clone may come from a mirror.
        pull_request = pull_request_address(
            str(repository.get("url", "")), str(repository.get("host", "")), branch, base
        )
    return Saved(branch, commit, pushed, failure, pull_request, remarks, tuple(problems), tuple(written))


# --- what is proposed


def proposed_message(opened: Opened, titles: Sequence[str]) -> str:
    """Return a message for the commit of a draft, from the titles of what it changes."""
    name = opened.environments[0].settings["municipality"]["name"] if opened.environments else ""
    if not titles:
        return f"Werk het formulier van {name} bij"
    listed = titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} en {titles[-1]}"
    subject = f"Wijzig {listed}"
    return subject if len(subject) <= 72 else f"Wijzig {len(titles)} instellingen van {name}\n\n{listed}"


def proposed_branch(opened: Opened, message: str) -> str:
    """Return a name for the branch of a draft: the one that it is on, unless that is the one that is delivered."""
    directory = opened.place.directory
    if not branches.is_work_tree(directory):
        return ""
    now = branches.current(directory)
    delivered = {str(one.settings["repository"]["branch"]) for one in opened.environments} | {"main", "master"}
    if now and now not in delivered:
        return now
    wanted = f"formulier/{_slug(message.splitlines()[0] if message else '')}"[:_LONGEST_BRANCH].rstrip("-")
    number, found = 1, wanted
    while branches.exists(directory, found):
        number += 1
        found = f"{wanted}-{number}"
    return found


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "wijziging"
