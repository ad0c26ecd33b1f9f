"""What several pages do: open the draft of whoever asks, take what was filled in, and tell what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import PurePosixPath
from typing import Any, ParamSpec, TypeVar

from flask import abort, current_app, g, request
from werkzeug.datastructures import FileStorage

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form import images as image_files
from signalen_toolkit.form.schema import resolve
from signalen_toolkit.page.asking import fields, outline, submitted
from signalen_toolkit.page.asking.fields import FieldView
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, kind_of
from signalen_toolkit.page.asking.outline import Part
from signalen_toolkit.page.asking.places import pointer
from signalen_toolkit.page.asking.texts import EMPTY
from signalen_toolkit.page.draft import edits
from signalen_toolkit.page.draft.workplace import Opened, Workplace

Asked = Sequence[tuple[Place, Schema]]
P = ParamSpec("P")
R = TypeVar("R")

_LARGEST_IMAGE = 2 * 2**20


def workplace() -> Workplace:
    """Return the repository that the pages are of."""
    found: Workplace = current_app.config["WORKPLACE"]
    return found


def opened() -> Opened:
    """Return the draft of whoever asks, opened once a request."""
    if "opened" not in g:
        g.opened = workplace().open(g.person)
    found: Opened = g.opened
    return found


def changing(function: Callable[P, R]) -> Callable[P, R]:
    """Give a page that changes something the turn; refuse it where nothing may be changed."""

    @wraps(function)
    def turned(*args: P.args, **kwargs: P.kwargs) -> R:
        if workplace().read_only:
            abort(403)
        with workplace().store.turn(g.person):
            return function(*args, **kwargs)

    return turned


def keep(now: Opened) -> Opened:
    """Keep a draft, and let the rest of the request see it."""
    now.keep(g.person)
    g.opened = now
    return now


@dataclass(frozen=True, slots=True)
class Taken:
    """A draft with what was filled in on a page, and the places at which that was a secret and was left out."""

    opened: Opened
    refused: Sequence[Place] = ()
    unreadable: Sequence[Place] = ()  # files that are no image


def taken(now: Opened, asked: Asked) -> Taken:
    """Take what was filled in on a page into its draft; nothing is kept yet."""
    data: Any = now.draft.data
    uploads: dict[str, bytes] = {}
    unreadable: list[Place] = []
    for place, schema in asked:
        data = edits.with_value(data, place, submitted.read(request.form, place, schema, at(data, *place)))
    for place, schema, file in _uploads(asked):
        content = file.stream.read(_LARGEST_IMAGE)
        kind = image_files.kind(content)
        if not kind:
            unreadable.append(place)
            continue
        path = _path(str(at(data, *place) or schema.get("default", "")), kind)
        uploads[path] = content
        data = edits.with_value(data, place, EMPTY if path == schema.get("default") else path)
    after, refused = now.with_data({} if data is EMPTY else data)
    if uploads:
        after = replace(after, draft=replace(after.draft, images={**after.draft.images, **uploads}))
    return Taken(after, refused, unreadable)


def _uploads(asked: Asked) -> Iterator[tuple[Place, Schema, FileStorage]]:
    for place, schema in asked:
        for inner, target in _images(place, resolve(schema)):
            file = request.files.get(pointer(inner))
            if file and file.filename:
                yield inner, target, file


def _images(place: Place, schema: Schema) -> Iterator[tuple[Place, Schema]]:
    if kind_of(schema) is FieldKind.IMAGE:
        yield place, schema
    for key, child in schema.get("properties", {}).items():
        yield from _images((*place, key), resolve(child))


def _path(given: str, kind: str) -> str:
    """Return where an image goes: in the place of the one that there is, with the ending of its kind."""
    return str(PurePosixPath(given).with_suffix(f".{kind}"))


def place_at(name: str, now: Opened) -> Place:
    """Return the place that a pointer stands for: a number is one where a list stands around it."""
    place: Place = ()
    for part in name.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        is_list = isinstance(at(now.draft.data, *place), list)
        place = (*place, int(key) if is_list and key.isdigit() else key)
    return place


def views(now: Opened, asked: Asked, problems: Iterable[Problem]) -> list[FieldView]:
    """Return the fields of a page."""
    found = tuple(problems)
    return [fields.view(now, place, schema, found) for place, schema in asked]


def of_page(now: Opened, asked: Asked) -> list[Problem]:
    """Return what is wrong with the settings of a page, errors first."""
    found = [one for one in now.problems if any(one.place[: len(place)] == place for place, _ in asked)]
    return sorted(found, key=lambda one: one.severity)


def of_part(now: Opened, part: Part) -> list[Problem]:
    """Return what is wrong on the page of a section, or with an environment as a whole, errors first."""
    return sorted((one for one in now.problems if outline.part_of(one.place) == part), key=lambda one: one.severity)


def at_no_field(problems: Sequence[Problem], found: Sequence[FieldView]) -> list[Problem]:
    """Return the problems of a page that are at none of its fields."""
    placed = {problem for view in found for field in view.all() for problem in field.problems}
    return [one for one in problems if one not in placed]


def in_order(problems: Sequence[Problem], found: Sequence[FieldView]) -> list[Problem]:
    """Return problems in the order of the fields that they are at; what is at none of them comes last."""
    placed = [problem for view in found for field in view.all() for problem in field.problems]
    return [*placed, *(problem for problem in problems if problem not in placed)]


def worth_saying(now: Opened, problems: Iterable[Problem], page: str) -> list[Problem]:
    """Leave out what is not answered yet on a page of a new form that nobody has gone through."""
    if not now.place.is_new or page in now.draft.seen:
        return list(problems)
    return [one for one in problems if at(now.draft.data, *one.place) is not None and one.rule != "missing-key"]


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return the errors among problems."""
    return [one for one in problems if one.severity is Severity.ERROR]


def seen(now: Opened, page: str) -> Opened:
    """Return a draft of which a page was gone through."""
    return replace(now, draft=replace(now.draft, seen=now.draft.seen | {page}))
