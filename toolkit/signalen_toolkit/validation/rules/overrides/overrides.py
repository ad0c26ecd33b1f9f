"""Overrides: raw Helm values, checked against what the chart of each environment's very version accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import (
    compiled_config_schema,
    compiled_values_schema,
    config_key_versions,
    key_versions,
    knows,
)
from signalen_toolkit.catalog.versioned_schema import Span
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.reader import parse as parse_form
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.schema import compiled_form_schema
from signalen_toolkit.schema.validate import Compiled, schema_problems
from signalen_toolkit.validation.effective import named_overrides, nested
from signalen_toolkit.validation.rules import rule


@rule("unknown-override", "Helm ignores a value that its chart does not know, without a word")
def unknown_override(form: Form) -> Iterator[Problem]:
    """Reports a key that no version of the chart has, and a value of another kind than the chart takes."""
    yield from once(problem for problem in _of_values(form) if problem.rule != "override-needs-version")


@rule("override-needs-version", "Helm ignores a value that its version of the chart does not know, without a word")
def override_needs_version(form: Form) -> Iterator[Problem]:
    """Reports a key that other versions of the chart have, and that of the environment has not."""
    yield from once(problem for problem in _of_values(form) if problem.rule == "override-needs-version")


@rule("frontend-config-key", "the site's container stops at a key that it does not know, again and again")
def frontend_config_key(form: Form) -> Iterator[Problem]:
    """Reports a key or value in the application's own configuration that its version refuses."""
    yield from once(_of_config(form))


@rule("override-refused", "what a setting refuses is no better in an override, which does the same")
def override_refused(form: Form) -> Iterator[Problem]:
    """Reports an override of what a setting of the form sets, with a text that the setting does not take."""
    yield from once(_refused(form))


def _refused(form: Form) -> Iterator[Problem]:
    for environment in form.config.environments:
        for place, setting, value in named_overrides(form.document.data, form.charts, environment.name):
            laid = parse_form(inline(nested(setting, value)), form.document.file)
            for problem in schema_problems(laid, compiled_form_schema()):
                if problem.rule == "wrong-format" and problem.place[: len(setting)] == setting:
                    where = (*place, *problem.place[len(setting) :])
                    yield form.document.problem("override-refused", problem.message, where, hint=problem.hint)


def overrides(form: Form) -> Iterator[tuple[Environment, Component, Place]]:
    """Yield the places of overrides that count for each environment."""
    for environment in form.config.environments:
        for component in form.charts.components.values():
            for place in (
                ("overrides", component.name),
                ("environments", environment.name, "overrides", component.name),
            ):
                if isinstance(at(form.document.data, *place), dict):
                    yield environment, component, place


def _of_values(form: Form) -> Iterator[Problem]:
    for environment, component, place in overrides(form):
        version = component.chart_version(environment.version)
        what = f"the values of chart {component.chart} {version}"
        for problem, path in _problems(form, compiled_values_schema(component, version), place, what):
            if path is None:
                yield problem
                continue
            span = key_versions(component, path)
            fault = _span_fault(path, span, version, f"chart {component.chart}")
            if fault:
                hint = _hint(form, environment, component, path)
                message = f"{fault}, and '{environment.name}' has {version}"
                yield replace(problem, rule="override-needs-version", message=message, hint=hint)
            else:
                yield replace(problem, rule="unknown-override")


def _of_config(form: Form) -> Iterator[Problem]:
    for environment, component, outer in overrides(form):
        own = component.application_config
        if own is None or not isinstance(at(form.document.data, *(place := (*outer, own.values))), dict):
            continue
        version = component.app_version(environment.version)
        what = f"the configuration of {component.name} {version}"
        for problem, path in _problems(form, compiled_config_schema(version, component), place, what):
            message, hint = problem.message, problem.hint
            span = config_key_versions(path, component) if path else None
            if path and (fault := _span_fault(path, span, version, component.name)):
                message = f"{fault}, and '{environment.name}' has {version}"
                hint = _hint(form, environment, component, (own.values, *path))
            message = f"{message}; {component.name} would not start with it"
            id_ = problem.rule if path is None else "frontend-config-key"
            yield replace(problem, rule=id_, message=message, hint=hint)


def _problems(form: Form, schema: Compiled, place: Place, what: str) -> Iterator[tuple[Problem, Place | None]]:
    """Yield what is wrong with the data at a place; with an unknown key its path from that place."""
    for problem in schema_problems(form.document, schema, at=place, what=what):
        yield problem, problem.place[len(place) :] if problem.rule == "unknown-key" else None


def _span_fault(path: Place, span: Span | None, version: str, of: str) -> str:
    """Say which versions have a key that this one has not; nothing where none has it."""
    if not path or span is None or not is_version(version):
        return ""
    since, until = span
    if since and parse(version) < parse(since):
        return f"'{path[-1]}' needs {of} {since}"
    if until and parse(version) > parse(until):
        return f"{of} {until} was the last with '{path[-1]}'"
    return ""


def _hint(form: Form, environment: Environment, component: Component, path: Place) -> str:
    """Say which release has a key, or that it has to go."""
    place = ".".join(map(str, path))
    later = [known for known in reversed(form.charts.releases) if parse(known) > parse(environment.version)]
    first = next((known for known in later if knows(component, known, place)), None)
    return f"use version {first} or later, or remove it" if first else "remove it"


def once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Keep one problem of a kind for each place: what stands at the top is checked for every environment."""
    seen: set[tuple[str, Place]] = set()
    for problem in problems:
        mark = (problem.rule, problem.place)
        if mark not in seen:
            seen.add(mark)
            yield problem
