"""What a person has to know of files that are imported: secrets in them, and what is Amsterdam's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.model import Form
from signalen_toolkit.importing import files as existing
from signalen_toolkit.importing.files import ImportedFile
from signalen_toolkit.validation.rules.access.secrets import belongs, plain_secret
from signalen_toolkit.validation.rules.site.amsterdam import other_municipality


def secret_places(source: ImportedFile, charts: Catalog) -> list[tuple[Place, Problem]]:
    """Return the place in the file of every secret in plain text, with the remark on it; the last place first."""
    above: Place = ("overrides", source.component, *source.above)
    form = Form(_within(source.document, above), Config(()), charts)
    found = [
        (
            place,
            replace(
                problem,
                severity=Severity.WARNING,
                place=place,
                message=f"{problem.message.replace(dotted(problem.place), dotted(place))}, and is not copied",
                hint=f"{belongs(form, problem.place)}; change it, for it was readable",
            ),
        )
        for problem in plain_secret.check(form)
        for place in [problem.place[len(above) :]]
    ]
    return sorted(found, key=lambda one: last_first(one[0]), reverse=True)


def _within(document: Document, place: Place) -> Document:
    """Return a document as it would stand at a place in a form; positions stay."""
    root, data = document.root, document.data
    for key in reversed(place):
        data = {key: data}
        if root is not None:
            root = Node(root.start, root.end, "block", data, {key: root}, {key: (root.start, root.start)})
    return replace(document, data=data, root=root)


def amsterdam_remarks(sources: Iterable[ImportedFile], municipality: Any, charts: Catalog) -> list[Problem]:
    """Return a warning of everything in the files that is Amsterdam's, where the municipality is another."""
    found: list[Problem] = []
    for source in sources:
        document = source.document
        data = {**document.data, "municipality": municipality if isinstance(municipality, Mapping) else {}}
        found += other_municipality.check(Form(replace(document, data=data), Config(()), charts))
    return found


def unsaid(source: ImportedFile, component: Component, values: Mapping[str, Any]) -> list[Problem]:
    """Return a warning of everything of Amsterdam that the image takes because the files do not say otherwise."""
    hint = "the form has the municipality's own: see that this is right"
    return [
        Problem(
            "other-municipality",
            f"'{dotted(place)}' is not in this file, so that the site has that of Amsterdam",
            source.document.file,
            severity=Severity.WARNING,
            place=place,
            hint=hint,
        )
        for place in existing.foreign_places(component)
        if at(values, *place) is None
    ]


def take_out(data: dict[str, Any], place: Place) -> None:
    """Take a value out of data, and the maps that are empty without it.

    An item of a list goes as a whole: half a variable is another one.
    """
    keys = list(place)
    numbers = [index for index, key in enumerate(keys) if isinstance(key, int)]
    if numbers:
        del keys[numbers[-1] + 1 :]
    while keys:
        owner = at(data, *keys[:-1])
        if isinstance(owner, dict):
            owner.pop(keys[-1], None)
        elif isinstance(owner, list) and isinstance(keys[-1], int) and keys[-1] < len(owner):
            del owner[keys[-1]]
        if owner != {}:
            return
        keys.pop()


def without_tags(
    values: Mapping[str, Mapping[str, Any]], version: str, charts: Catalog
) -> dict[str, Mapping[str, Any]]:
    """Leave out the tags of images that the release has by itself."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, data in values.items():
        image = data.get("image")
        if isinstance(image, Mapping) and image.get("tag") in ("", charts.components[name].app_version(version)):
            shorter = deepcopy(dict(data))
            take_out(shorter, ("image", "tag"))
            data = shorter
        found[name] = data
    return found


def last_first(place: Place) -> tuple[tuple[bool, int, str], ...]:
    """Sort places so that, reversed, a list loses its last items first and the places of the others stay right."""
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in place)


def line_of(sources: list[ImportedFile], place: Place) -> tuple[str, int]:
    """Return the file and line that say what stands at a place in the values of a component (its first part)."""
    held = _held(sources, place)
    return (held[0].file, held[0].position(held[1]).line) if held else (_file(sources, place), 1)


def remark_on(sources: list[ImportedFile], place: Place, message: str, hint: str, rule: str) -> Problem:
    """Make a remark on a place in the values of a component (its first part), in the file that says it."""
    if held := _held(sources, place):
        document, below = held
        return document.problem(rule, message, below, severity=Severity.WARNING, hint=hint)
    return Problem(rule, message, _file(sources, place), severity=Severity.WARNING, place=place[1:], hint=hint)


def _held(sources: list[ImportedFile], place: Place) -> tuple[Document, Place] | None:
    """Return the file that says what stands at a place, or around it, and the place in that file."""
    for source, below in reversed(list(_holding(sources, str(place[0]), place[1:]))):
        if below and source.document.node(below[:1]) is not None:
            return source.document, below
    return None


def _file(sources: list[ImportedFile], place: Place) -> str:
    return next((source.document.file for source in sources if source.component == place[0]), "import")


def _holding(sources: list[ImportedFile], component: str, place: Place) -> Iterator[tuple[ImportedFile, Place]]:
    for source in sources:
        if source.component == component and (below := source.place(place)) is not None:
            yield source, below
