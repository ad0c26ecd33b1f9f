"""The shortest form that gives what the files gave: what follows by itself goes, what lacks becomes an override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.environment import does_nothing
from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity, has_errors
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.data import Place, at, merge, places_in
from signalen_toolkit.form import config
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.model import read_assets
from signalen_toolkit.form.text import form_text
from signalen_toolkit.importing import files as existing
from signalen_toolkit.importing.base import base
from signalen_toolkit.importing.remarks import last_first, take_out
from signalen_toolkit.importing.reverse import chart_default, in_environment
from signalen_toolkit.rendering.render import values
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository.answers import Answers

Values = Mapping[str, Mapping[str, Any]]

_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Settled:
    """A form, and what could not stand in it: the place (component first), the message and a hint."""

    form: Mapping[str, Any]
    answers: Answers
    refused: tuple[tuple[Place, str, str], ...]


def settle(
    whole: Answers,
    own: Iterable[tuple[str, ...]],
    given: Mapping[str, Any],
    environment: str,
    wanted: Values,
    images: Path,
    charts: Catalog,
) -> Settled:
    """Complete a form so that it renders to what is wanted.

    `own` are the settings that came from the files and may go again; `given` is what a person answered, which stays.
    """
    if has_errors(problems := whole.check(images)[1]):
        raise ProblemsError(problems)
    form = answering.completed(whole.data)
    _shorten(form, [in_environment(setting, environment) for setting in own], given, images, charts)
    wanted, refused = _without_nothing(wanted, form, charts, images)
    named = form.get("overrides", {})
    found = {}
    for name, text in _rendered(form, charts, images).items():
        lacking = _lacking(charts.components[name], text, wanted[name], form, charts, images) if name in wanted else {}
        refused += _without_empty(name, lacking, _loaded(text))
        if lacking:
            found[name] = lacking
    without = {key: value for key, value in form.items() if key != "overrides"}
    for _ in range(_MOST_ROUNDS):
        overrides = merge(found, named)
        form = {**form, "overrides": overrides} if overrides else {k: v for k, v in form.items() if k != "overrides"}
        answers = _answers(form, charts, images)
        problems = answers.check(images)[1]
        wrong = _refused(found, problems)
        if not has_errors(problems) or not wrong:
            break
        bare = {name: _loaded(text) for name, text in _rendered(without, charts, images).items()}
        for place, problem in wrong:
            refused.append((place, problem.message, problem.hint))
            take_out(found, _whole(place, bare))
    return Settled(form, answers, tuple(refused))


def _without_empty(name: str, lacking: dict[str, Any], rendered: Any) -> list[tuple[Place, str, str]]:
    """Take out every empty list that would take the place of one that is rendered, and return what is to be told."""
    empty = [place for place, value in existing.leaves(lacking) if value == [] and at(rendered, *place)]
    for place in empty:
        take_out(lacking, place)
    hint = "write in 'overrides' what is meant"
    return [((name, *place), "an empty list would take away what the form gives", hint) for place in empty]


def _whole(place: Place, rendered: Values) -> Place:
    """Return what goes with a place: all of a list that takes the place of one that is rendered.

    What is left of such a list would be another one than both.
    """
    for index, part in enumerate(place):
        have = at(rendered, *place[:index])
        if isinstance(part, int) and isinstance(have, list) and have and not existing.is_named(have):
            return place[:index]
    return place


def _loaded(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(text)


def _shorten(
    form: dict[str, Any], own: list[tuple[str, ...]], given: Mapping[str, Any], images: Path, charts: Catalog
) -> None:
    """Take out every setting without which the same is rendered."""
    environments = {"environments": form.get("environments", {})}
    asked = {question.place for question in answering.questions(environments)}
    now = _rendered(form, charts, images)
    # The deepest first: what follows from another setting goes before that one does.
    for place in reversed(own):
        if place in asked or place[-1] == "version" or at(given, *place) is not None or at(form, *place) is None:
            continue
        shorter = deepcopy(form)
        take_out(shorter, place)
        if _renders_to(now, shorter, charts, images):
            form.clear()
            form.update(shorter)


def _renders_to(wanted: Mapping[str, str], form: Mapping[str, Any], charts: Catalog, images: Path) -> bool:
    import jinja2

    try:
        return _rendered(form, charts, images) == wanted
    except jinja2.UndefinedError:
        return False  # without this setting another one is half an answer, such as a storage without its account


def _rendered(form: Mapping[str, Any], charts: Catalog, images: Path) -> dict[str, str]:
    """Return the values of each component of the first environment."""
    completed = config.build(form, charts, read_assets(images, form))
    first = completed.environments[0]
    return {component.name: values(first, component, completed, charts) for component in first.components}


def _lacking(
    component: Component, text: str, wanted: Mapping[str, Any], form: Mapping[str, Any], charts: Catalog, images: Path
) -> dict[str, Any]:
    """Return what the rendered values of a component lack, although something reads it: the chart neither has it."""
    version = config.build(form, charts, read_assets(images, form)).environments[0].version
    ours = _loaded(text)
    own = component.application_config
    if own is not None and own.values in wanted:
        ours = existing.lodash(base(component, version, component.app_version(version), amsterdam=False), ours)
    lacking = existing.difference(wanted, ours)
    for place, value in list(existing.leaves(lacking)):
        have = at(ours, *place)
        is_default = existing.same(value, chart_default(component, version, place))
        # An empty list that the chart has by itself says nothing: ours takes its place.
        is_left = is_default and (have is None or (value == [] and isinstance(have, list)))
        if place and (is_left or does_nothing(component, version, place)):
            take_out(lacking, place)
    return lacking


def _without_nothing(
    wanted: Values, form: Mapping[str, Any], charts: Catalog, images: Path
) -> tuple[dict[str, dict[str, Any]], list[tuple[Place, str, str]]]:
    """Take `null` out: to Helm it takes a default away, which the form cannot do."""
    version = config.build(form, charts, read_assets(images, form)).environments[0].version
    found: dict[str, dict[str, Any]] = {}
    refused: list[tuple[Place, str, str]] = []
    for name, data in wanted.items():
        found[name] = deepcopy(dict(data))
        for place, value in list(existing.leaves(data)):
            if value is None and place:
                take_out(found[name], place)
                if chart_default(charts.components[name], version, place) is not None:
                    hint = "write the value that is meant in 'overrides'"
                    refused.append(((name, *place), "null takes a default of the chart away", hint))
    return found, refused


def _answers(form: Mapping[str, Any], charts: Catalog, images: Path) -> Answers:
    """Return the form as the file that will be written, so that problems have its lines."""
    completed: Config = config.build(form, charts, read_assets(images, form))
    return Answers(reader.parse(form_text(form, completed), FORM_FILE))


def _refused(found: Values, problems: Iterable[Problem]) -> list[tuple[Place, Problem]]:
    """Return the places in our overrides that errors are about, the last first."""
    places = {("overrides", *place): place for place in places_in(found) if place}
    wrong: dict[Place, Problem] = {}
    for problem in problems:
        if problem.severity is Severity.ERROR and problem.place in places:
            wrong.setdefault(places[problem.place], problem)
    return sorted(wrong.items(), key=lambda one: last_first(one[0]), reverse=True)
