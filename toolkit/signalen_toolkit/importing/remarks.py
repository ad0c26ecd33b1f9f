"""What a person has to know of files that are imported: secrets in them, and what is Amsterdam's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from signalen_toolkit.base.versions import is_version
from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.model import Form
from signalen_toolkit.importing import base
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


def unsaid(source: ImportedFile, component: Component, values: Mapping[str, Any], *, amsterdam: bool) -> list[Problem]:
    """Return a warning of what the image takes from others because the files do not say otherwise.

    Of each thing of Amsterdam one, such as its map and logo; of the texts of the makers of Signalen one together.
    """
    hint = "the form has the municipality's own: see that this is right"
    found = [
        _unsaid(
            source, place, f"'{dotted(place)}' is not in this file, so that the site has that of Amsterdam", hint=hint
        )
        for place in base.owned(component, base.AMSTERDAM)
        if not amsterdam and at(values, *place) is None
    ]
    texts = [place for place in base.owned(component, base.SIGNALEN) if at(values, *place) is None]
    if texts:
        names = ", ".join(f"'{dotted(place[1:])}'" for place in texts)
        what = f"the site has texts and links of the makers of Signalen, since these are not in this file: {names}"
        found.append(_unsaid(source, texts[0][:1], what, hint=hint))
    return found


def flipped(
    source: ImportedFile, component: Component, values: Mapping[str, Any], release: str, app: str | None
) -> list[Problem]:
    """Return a warning of everything that the file leaves to the image, and that other versions of it have otherwise.

    `app` is the version of the image today; None where nobody says it, and it is taken to be that of the release.
    """
    now = component.app_version(release)
    found = []
    for place, ones in base.flips(component, release):
        before, after = (next((one for one in ones if one.is_in(version)), None) for version in (app or now, now))
        if at(values, *place) is not None or before is None or after is None or (app and before == after):
            continue
        said = f"'{dotted(place[1:])}' is not in this file"
        if app:
            what = f"{said}: {component.name} {app} has {inline(before.value)} by itself, which {now} has not; it stays"
        else:
            each = ", ".join(f"{_span(one)} {inline(one.value)}" for one in ones)
            what = f"{said}, and the image, whose version is not known, has by itself {each}; that of {now} is taken"
        found.append(_unsaid(source, place, what, rule="image-default", hint="see that this is right"))
    return found


def _span(one: base.Default) -> str:
    if one.since and one.until:
        return f"from {one.since} to {one.until}"
    return f"from {one.since}" if one.since else f"up to {one.until}"


def _unsaid(
    source: ImportedFile, place: Place, message: str, *, hint: str, rule: str = "other-municipality"
) -> Problem:
    return Problem(rule, message, source.document.file, severity=Severity.WARNING, place=place, hint=hint)


def take_out(data: dict[str, Any], place: Place) -> None:
    """Take a value out of data, and the maps and lists that are empty without it.

    An item of a list goes as a whole: half a variable is another one, and so is an item with a list that became empty.
    """
    keys = list(place)
    while keys:
        numbers = [index for index, key in enumerate(keys) if isinstance(key, int)]
        if numbers:
            del keys[numbers[-1] + 1 :]
        owner = at(data, *keys[:-1])
        if isinstance(owner, dict):
            owner.pop(keys[-1], None)
        elif isinstance(owner, list) and isinstance(keys[-1], int) and keys[-1] < len(owner):
            del owner[keys[-1]]
        if owner not in ({}, []):
            return
        keys.pop()


def without_tags(
    values: Mapping[str, Mapping[str, Any]], version: str, charts: Catalog, *, answered: bool
) -> tuple[dict[str, Mapping[str, Any]], list[Place]]:
    """Leave out the tags of images that the release has by itself, and those that contradict it.

    That is another version where the release was answered, and of an application with a configuration of its own: what
    is rendered for one version stops another. Return the places of these too, component first.
    """
    found: dict[str, Mapping[str, Any]] = {}
    other: list[Place] = []
    for name, data in values.items():
        tag, component = at(data, "image", "tag"), charts.components[name]
        is_own = tag in ("", component.app_version(version))
        is_other = not is_own and isinstance(tag, str) and is_version(tag)
        is_other = is_other and (answered or component.application_config is not None)
        if is_own or is_other:
            shorter = deepcopy(dict(data))
            take_out(shorter, ("image", "tag"))
            data = shorter
        if is_other:
            other.append((name, "image", "tag"))
        found[name] = data
    return found, other


def last_first(place: Place) -> tuple[tuple[bool, int, str], ...]:
    """Sort places so that, reversed, a list loses its last items first and the places of the others stay right."""
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in place)


def name_of(sources: list[ImportedFile], place: Place) -> str:
    """Return how the file that says it calls a place in the values of a component (its first part)."""
    inner = next((below for _, below in _holding(sources, str(place[0]), place[1:])), place[1:])
    return dotted(inner)


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
