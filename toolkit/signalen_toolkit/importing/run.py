"""`signalen import`: what a municipality runs today → a form, and the repository of that form.

What has a name in the form goes under its name, unless it follows by itself; what the rendered values then still
lack goes into `overrides`; what cannot stand there either is told, and why. So the rendered form gives what the
files gave, and nothing gets lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
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
from signalen_toolkit.importing.base import base
from signalen_toolkit.importing.files import ImportedFile
from signalen_toolkit.importing.minimise import settle
from signalen_toolkit.importing.remarks import (
    amsterdam_remarks,
    flipped,
    last_first,
    line_of,
    name_of,
    remark_on,
    secret_places,
    take_out,
    unsaid,
    without_tags,
)
from signalen_toolkit.importing.reverse import Found, in_environment, settings_in
from signalen_toolkit.importing.truth import Overruled, overruled
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.answers import FIRST_ENVIRONMENT, Answers

_AMSTERDAM = "GM0363"
_SIGN_IN = ("oidc", "authEndpoint")


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
    toolkit: Mapping[str, Any] | None = None,
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

    made = scaffold.make(directory, answered, force=force, git=git, sources=sources, toolkit=toolkit)
    return made, tuple(remarks)


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
    remarks += [told for source in sources for told in source.remarks]
    today = _existing(sources, given.data, charts, remarks)
    found = _found(today, given.data, charts)
    gone = overruled(found, given.data, today.environment)
    remarks += [told for one in gone if (told := _told(one, today, given.data, sources))]
    without = {(one.component, one.place) for one in gone}
    candidates = _candidates([one for one in found if (one.component, one.place) not in without], today, given.data)
    answers, refused = _named(candidates, given, settings, today, sources, images, remarks)
    remarks += amsterdam_remarks(sources, answers.data.get("municipality", {}), charts)
    whole = complete(answers)
    named = _first(candidates).values()
    remarks += [
        remark_on(sources, (one.component, *one.place), one.note, "see that this is right", "merged-municipality")
        for one in named
        if one.note
    ]
    wanted = _without(today.effective, [*without, *refused, *_read_otherwise(found, whole.data, today.environment)])
    own = [one.setting for one in named]
    settled = settle(whole, own, given.data, today.environment, wanted, images, charts)
    for place, message, hint in settled.refused:
        what = f"'{name_of(sources, place)}' has no place: {message}"
        remarks.append(remark_on(sources, place, what, hint, "not-imported"))
    return Imported(settled.form, settled.answers, tuple(dict.fromkeys(remarks)))


def _sources(files: Files, charts: Catalog) -> list[ImportedFile]:
    return [
        *(existing.read_values(path, charts.component(name)) for name, path in files.values.items()),
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
    effective: dict[str, Mapping[str, Any]] = dict(values)
    for source in sources:
        component = charts.components[source.component]
        own_config = component.application_config
        if own_config is None or own_config.values not in values[source.component]:
            continue
        is_amsterdam = municipality is not None and municipality.code == _AMSTERDAM
        tag = at(values[source.component], "image", "tag")
        app = tag if isinstance(tag, str) and is_version(tag) else None
        below = base(component, version, app or component.app_version(version), amsterdam=is_amsterdam)
        if at(values[source.component], own_config.values, *_SIGN_IN) is None:
            take_out(below, (own_config.values, _SIGN_IN[0]))  # the image's own is that of a developer's machine
        effective[source.component] = existing.lodash(below, values[source.component])
        remarks += unsaid(source, component, values[source.component], amsterdam=is_amsterdam)
        remarks += flipped(source, component, values[source.component], version, app)
    effective, tags = without_tags(effective, version, charts, answered=_has_version(given))
    for place in tags:
        tag, own_tag = at(values, *place), charts.components[str(place[0])].app_version(version)
        message = f"'{dotted(place[1:])}' is {tag}, and release {version} has {own_tag}: the form has that"
        remarks.append(remark_on(sources, place, message, "name another with --set version=…", "release-unknown"))
    return _Existing(values, effective, environment, version)


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


def _found(today: _Existing, given: Mapping[str, Any], charts: Catalog) -> list[Found]:
    """List all that the files say of settings, the most trusted first, and last what the image has by itself."""
    section = given.get("municipality")
    own = municipality_of(section) if isinstance(section, Mapping) else None
    return [
        one
        for name, component in charts.components.items()
        if name in today.values
        for data in (today.values[name], today.effective[name])
        for one in settings_in(component, data, today.version, own)
    ]


def _told(one: Overruled, today: _Existing, given: Mapping[str, Any], sources: list[ImportedFile]) -> Problem | None:
    """Make the remark on what gives way to an answer; none where it is only the image that says it."""
    if at(today.values[one.component], *one.place) is None:
        return None
    setting = dotted(one.setting)
    answer = at(given, *in_environment(one.setting, today.environment))
    answer = at(given, *one.setting) if answer is None else answer
    said = f"'{setting}' is answered" if answer is None else f"'{setting}' is answered as {inline(answer)}"
    place: Place = (one.component, *one.place)
    message = f"{said}, and goes before '{name_of(sources, place)}'"
    hint = f"leave out the answer to '{setting}' to keep what this file says"
    return remark_on(sources, place, message, hint, "answered-otherwise")


def _read_otherwise(found: list[Found], form: Mapping[str, Any], environment: str) -> list[tuple[str, Place]]:
    """List the places that a setting of the form stands for, although they read otherwise than what is rendered."""
    by_place: dict[tuple[str, Place], list[Found]] = {}
    for one in found:
        if one.is_old:
            by_place.setdefault((one.component, one.place), []).append(one)
    return [
        place
        for place, ones in by_place.items()
        if all(existing.same(at(form, *in_environment(one.setting, environment)), one.value) for one in ones)
    ]


def _without(
    values: Mapping[str, Mapping[str, Any]], places: Iterable[tuple[str, Place]]
) -> dict[str, Mapping[str, Any]]:
    found = {name: deepcopy(dict(data)) for name, data in values.items()}
    for component, place in sorted(places, key=lambda one: last_first(one[1]), reverse=True):
        take_out(found[component], place)
    return dict(found)


def _candidates(found: list[Found], today: _Existing, given: Mapping[str, Any]) -> list[Found]:
    """List what the files say of settings that the answers leave open, the most trusted first.

    What the form refuses comes last: it counts where nothing else does, so that its message has a place.
    """
    has_code = any(one.setting == ("municipality", "code") for one in found)
    is_named = at(given, "municipality", "name") is not None or at(given, "municipality", "code") is not None
    open_ = [
        one
        for one in found
        if one.setting != ("environments", "*")
        and not one.is_weak
        and at(given, *one.setting) is None
        and at(given, *in_environment(one.setting, today.environment)) is None
        and not (one.setting == ("municipality", "code") and is_named)
        and not (one.setting == ("municipality", "name") and (is_named or has_code))
    ]
    return sorted(open_, key=lambda one: not one.fits)


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
) -> tuple[Answers, list[tuple[str, Place]]]:
    """Put what has a name under it; a value that a rule refuses there gives way to the next, or to none.

    What is asked for otherwise stays, right or wrong: then the message says what to answer. Returned as well are the
    places of what was refused, which comes in under no other name.
    """
    environment = today.environment
    asked = {question.place for question in answering.questions({"environments": {environment: {}}})}
    asked.add(("municipality", "name"))  # it does where the code is asked
    no: list[tuple[Found, Problem]] = []
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
            break
        no += [(found, refused[in_environment(found.setting, environment)]) for found in wrong]
        candidates[:] = [found for found in candidates if found not in wrong]
    taken = {(found.component, found.place) for found in first.values() if found.is_old}
    no = [(found, problem) for found, problem in no if (found.component, found.place) not in taken]
    for found, problem in no:
        message = f"'{dotted(found.setting)}' cannot be {inline(found.value)}: {problem.message}"
        where: Place = (found.component, *found.place)
        remarks.append(remark_on(sources, where, message, problem.hint, problem.rule))
    return answers, [(found.component, found.place) for found, _ in no]


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
