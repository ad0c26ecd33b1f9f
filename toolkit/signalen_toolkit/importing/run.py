"""`signalen import`: what a municipality runs today → a form, and the repository of that form.

What has a name in the form goes under its name, unless it follows by itself; what the rendered values then still
lack goes into `overrides`; what cannot stand there either is told, and why. So the rendered form gives what the
files gave, and nothing gets lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, Severity, UsageError
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.importing import files as existing
from signalen_toolkit.importing.files import ImportedFile
from signalen_toolkit.importing.minimise import settle
from signalen_toolkit.importing.remarks import (
    amsterdam_remarks,
    line_of,
    remark_on,
    secret_places,
    take_out,
    unsaid,
    without_tags,
)
from signalen_toolkit.importing.reverse import Found, in_environment, settings_in
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.answers import FIRST_ENVIRONMENT, Answers

_AMSTERDAM = "GM0363"


@dataclass(frozen=True, slots=True)
class Files:
    """What there is today, by component: Helm values, and the application's own configuration (`app.json`)."""

    values: Mapping[str, Path] = field(default_factory=dict)
    configs: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """A complete form with its text, and what a person has to know of what became of the files."""

    form: Mapping[str, Any]
    answers: Answers
    remarks: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Existing:
    """What the files say, by component, without secrets: as it is written, and as it counts."""

    values: Mapping[str, Mapping[str, Any]]
    effective: Mapping[str, Mapping[str, Any]]
    environment: str
    version: str


def run(
    directory: Path,
    files: Files,
    answers: Path | None,
    settings: Sequence[str],
    *,
    ask: bool,
    force: bool,
    git: bool,
    sources: Sources | None = None,
) -> tuple[scaffold.NewRepository, tuple[Problem, ...]]:
    """Make the configuration repository of a municipality from what it has today; return it and the remarks.

    The answers, as those of `signalen new`, go before what the files say, and are for what they do not say.
    Raises ProblemsError for files and answers that are wrong, UsageError for all that stands in the way.
    """
    remarks: list[Problem] = []

    def answered(images: Path) -> Answers:
        given = answering.read(scaffold.answers_file(answers), settings)
        imported = import_form(
            files, given, settings, images, lambda found: scaffold.complete_answers(found, images, ask=ask)
        )
        remarks.extend(imported.remarks)
        return imported.answers

    return scaffold.make(directory, answered, force=force, git=git, sources=sources), tuple(remarks)


def import_form(
    files: Files,
    given: Answers,
    settings: Sequence[str],
    images: Path,
    complete: Callable[[Answers], Answers],
) -> Imported:
    """Make a form from files and answers. `settings` are those of `given` that came from the command line.

    `images` is the folder that will hold the municipality's images. `complete` asks for what is still open, or
    raises ProblemsError for it.
    """
    charts = catalog()
    sources = _sources(files, charts)
    if not sources:
        raise UsageError("there is nothing to import: name a file with --frontend or --backend")
    remarks: list[Problem] = []
    today = _existing(sources, given.data, charts, remarks)
    candidates = _candidates(today, given.data, charts)
    answers = _named(candidates, given, settings, today, sources, images, remarks)
    remarks += amsterdam_remarks(sources, answers.data.get("municipality", {}), charts)
    whole = complete(answers)
    own = [found.setting for found in _first(candidates).values()]
    settled = settle(whole, own, given.data, today.environment, today.effective, images, charts)
    for place, message, hint in settled.refused:
        remarks.append(
            remark_on(sources, place, f"'{dotted(place[1:])}' has no place: {message}", hint, "not-imported")
        )
    return Imported(settled.form, settled.answers, tuple(dict.fromkeys(remarks)))


def _sources(files: Files, charts: Catalog) -> list[ImportedFile]:
    return [
        *(existing.read_values(path, charts.component(name).name) for name, path in files.values.items()),
        *(existing.read_config(path, charts.component(name)) for name, path in files.configs.items()),
    ]


# --- what there is


def _existing(
    sources: list[ImportedFile], given: Mapping[str, Any], charts: Catalog, remarks: list[Problem]
) -> _Existing:
    values = existing.given_values(sources)
    for source in sources:
        for place, problem in secret_places(source, charts):
            remarks.append(problem)
            take_out(values[source.component], (*source.above, *place))
    environments = given.get("environments")
    if isinstance(environments, Mapping) and len(environments) > 1:
        raise UsageError("the files are those of one environment: name one in the answers, and add others afterwards")
    own = at(environments, next(iter(environments))) if isinstance(environments, Mapping) and environments else {}
    version = str(at(own, "version") or given.get("version") or _version(values, charts, remarks))
    plain = [
        found
        for name, component in charts.components.items()
        if name in values
        for found in settings_in(component, values[name], version)
    ]
    first = _first(plain)
    if isinstance(environments, Mapping) and environments:
        environment = str(next(iter(environments)))
    else:
        named = first.get(("environments", "*"))
        environment = named.value if named else FIRST_ENVIRONMENT
    code = first.get(("municipality", "code"))
    section = given.get("municipality") or ({"code": code.value} if code else {})
    municipality = municipality_of(section) if isinstance(section, Mapping) else None
    effective = dict(values)
    for source in sources:
        component = charts.components[source.component]
        own_config = component.application_config
        if own_config is None or own_config.values not in values[source.component]:
            continue
        is_amsterdam = municipality is not None and municipality.code == _AMSTERDAM
        effective[source.component] = existing.lodash(
            existing.base(component, version, amsterdam=is_amsterdam), values[source.component]
        )
        if not is_amsterdam:
            remarks += unsaid(source, component, values[source.component])
    return _Existing(values, without_tags(effective, version, charts), environment, version)


def _version(values: Mapping[str, Mapping[str, Any]], charts: Catalog, remarks: list[Problem]) -> str:
    """Return the release that the images are of; the newest of those that have them, or else of all."""
    fitting = list(charts.releases)
    tags: list[str] = []
    for name, component in charts.components.items():
        tag = at(values.get(name, {}), "image", "tag")
        having = [known.release for known in component.releases if known.app == tag and known.release]
        both = [release for release in fitting if release in having]
        if isinstance(tag, str) and is_version(tag) and both:
            fitting = both
            tags.append(f"{name} {tag}")
    version = fitting[0]
    if tags and parse(version) < parse(charts.oldest_release):
        version = charts.oldest_release
        what = f"{' and '.join(tags)} is of a release before {version}, the first that can be set up: the form has that"
    elif len(fitting) > 1:
        those = f"{' and '.join(tags)} is in each release from {fitting[-1]} to {version}" if tags else "no image"
        what = f"{those}: the form has {version}" if tags else f"no image tag says which release this is: {version}"
    else:
        return version
    hint = "name another with --set version=…"
    remarks.append(Problem("release-unknown", what, "image.tag", severity=Severity.WARNING, hint=hint))
    return version


# --- what has a name


def _candidates(today: _Existing, given: Mapping[str, Any], charts: Catalog) -> list[Found]:
    """List what the files say of settings that the answers leave open, the most trusted first."""
    found = [
        one
        for name, component in charts.components.items()
        if name in today.values
        for one in (
            *settings_in(component, today.values[name], today.version),
            *settings_in(component, today.effective[name], today.version),  # also what the image has by itself
        )
    ]
    return [
        one
        for one in found
        if one.setting != ("environments", "*")
        and at(given, *one.setting) is None
        and at(given, *in_environment(one.setting, today.environment)) is None
        and not (one.setting == ("municipality", "code") and at(given, "municipality", "name"))
    ]


def _first(found: Iterable[Found]) -> dict[tuple[str, ...], Found]:
    first: dict[tuple[str, ...], Found] = {}
    for one in found:
        first.setdefault(one.setting, one)
    return first


def _named(
    candidates: list[Found],
    given: Answers,
    settings: Sequence[str],
    today: _Existing,
    sources: list[ImportedFile],
    images: Path,
    remarks: list[Problem],
) -> Answers:
    """Put what has a name under it; a value that a rule refuses there gives way to the next, or to none.

    What is asked for otherwise stays, right or wrong: then the message says what to answer.
    """
    environment = today.environment
    asked = {question.place for question in answering.questions({"environments": {environment: {}}})}
    for _ in range(len(candidates) + 1):
        first = _first(candidates)
        answers = _answers(first.values(), given, settings, today, sources)
        refused = {problem.place: problem for problem in answers.check(images)[1] if problem.severity is Severity.ERROR}
        wrong = [
            found
            for found in first.values()
            if (place := in_environment(found.setting, environment)) not in asked and place in refused
        ]
        if not wrong:
            return answers
        for found in wrong:
            problem = refused[in_environment(found.setting, environment)]
            message = f"'{dotted(found.setting)}' cannot be {inline(found.value)}: {problem.message}"
            where: Place = (found.component, *found.place)
            remarks.append(remark_on(sources, where, message, problem.hint, problem.rule))
        candidates[:] = [found for found in candidates if found not in wrong]
    return answers


def _answers(
    found: Iterable[Found], given: Answers, settings: Sequence[str], today: _Existing, sources: list[ImportedFile]
) -> Answers:
    """Make one document of what the files say and, over it, of what was answered."""
    answers = Answers(Document("import", "", {}))
    release = Found(("version",), today.version, "", ("image", "tag"))
    named = [*found] if _has_version(given.data) else [*found, release]
    for one in named:
        place = in_environment(one.setting, today.environment)
        origin = line_of(sources, (one.component, *one.place))
        answers = answers.answered(place, one.value, f"{dotted(place)}={_flat(one.value)}", origin)
    for leaf, value in existing.leaves(given.data):
        line = given.document.position(leaf).line
        if leaf and not (given.further and line > given.own_lines):  # those beyond are of the command line
            place = tuple(map(str, leaf))
            answers = answers.answered(place, value, f"{dotted(place)}={_flat(value)}", (given.document.file, line))
    for number, setting in enumerate(settings, 1):
        answers = answers.with_setting(setting, number)
    return answers


def _has_version(given: Mapping[str, Any]) -> bool:
    environments = given.get("environments")
    own = environments.values() if isinstance(environments, Mapping) else ()
    return "version" in given or any(isinstance(one, Mapping) and "version" in one for one in own)


def _flat(value: Any) -> str:
    return " ".join((value if isinstance(value, str) else inline(value)).split())
