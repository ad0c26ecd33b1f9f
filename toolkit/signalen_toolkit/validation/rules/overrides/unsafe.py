"""Unsafe overrides: raw values have the last word, and can undo what the templates protect against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule


class _Danger(NamedTuple):
    """A place in a chart's values, the value that is unsafe there, and what then happens."""

    path: tuple[str, ...]
    is_unsafe: Callable[[Any], bool]
    why: str


def _is_all(value: Any) -> bool:
    return isinstance(value, str) and "*" in [part.strip() for part in value.split(",")]


def _is_on(value: Any) -> bool:
    return value is True or str(value).strip().lower() in ("true", "1", "on", "yes", "y", "t")


def _is_off(value: Any) -> bool:
    return value is False or str(value).strip().lower() in ("false", "0", "off", "no", "n", "f")


def _is_nothing(value: Any) -> bool:
    return value is None or value == ""


def _is_empty(value: Any) -> bool:
    return not value


_DANGERS: Final = (
    _Danger(("settings", "allowedHosts"), _is_all, "the backend would answer to every host name"),
    _Danger(("settings", "allowedHosts"), _is_nothing, "the chart would let in every host name"),
    _Danger(("env", "ALLOWED_HOSTS"), _is_all, "the backend would answer to every host name"),
    _Danger(("env", "CORS_ALLOW_ALL_ORIGINS"), _is_on, "every site could call the API in a visitor's name"),
    _Danger(("env", "DEBUG"), _is_on, "an error page would show settings to every visitor"),
    _Danger(("env", "DJANGO_DEBUG"), _is_on, "an error page would show settings to every visitor"),
    _Danger(("env", "API_DETERMINE_STADSDEEL_ENABLED"), _is_on, "reports would get a district of Amsterdam"),
    _Danger(("ingress", "tls"), _is_empty, "the site would be without HTTPS"),
    _Danger(
        ("ingress", "annotations", "nginx.ingress.kubernetes.io/ssl-redirect"),
        _is_off,
        "visitors would stay on a connection that others can read",
    ),
    _Danger(("securityContext", "privileged"), _is_on, "a break-in in the container would be one in the node"),
    _Danger(("securityContext", "allowPrivilegeEscalation"), _is_on, "a process could become root"),
    _Danger(("podSecurityContext", "runAsNonRoot"), _is_off, "the container would run as root"),
    _Danger(("podSecurityContext", "runAsUser"), lambda value: value == 0, "the container would run as root"),
    _Danger(("securityContext", "runAsUser"), lambda value: value == 0, "the container would run as root"),
)


@rule("unsafe-override", "the published defaults of the charts are known to everybody, and unsafe")
def unsafe_override(form: Form) -> Iterator[Problem]:
    """Reports overrides that put back an unsafe value: every host, every origin, no Secret, no HTTPS, root, …"""
    for component, place in _places(form):
        values = at(form.document.data, *place)
        closed = at(values, "ingress", "enabled") is False
        for danger in _dangers(component):
            if closed and danger.path[0] == "ingress":
                continue  # there is no such address
            if _holds(values, danger.path) and danger.is_unsafe(at(values, *danger.path)):
                yield _problem(form, (*place, *danger.path), danger)
        yield from _variables(form, (*place, "envVars"))


def _places(form: Form) -> Iterator[tuple[Component, Place]]:
    names = [environment.name for environment in form.config.environments]
    outer: list[Place] = [(), *(("environments", name) for name in names)]
    for component in form.charts.components.values():
        for above in outer:
            if isinstance(at(form.document.data, *(place := (*above, "overrides", component.name))), Mapping):
                yield component, place


def _dangers(component: Component) -> Iterator[_Danger]:
    yield from _DANGERS
    if component.secrets:
        why = "the chart would make a Secret with passwords that everybody knows"
        yield _Danger(("existingSecret",), _is_nothing, why)


def _variables(form: Form, place: Place) -> Iterator[Problem]:
    """Look at environment variables as Kubernetes writes them: a list of names and values."""
    listed = at(form.document.data, *place)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        for danger in _DANGERS:
            named = danger.path[0] == "env" and at(item, "name") == danger.path[1]
            if named and _holds(item, ("value",)) and danger.is_unsafe(item["value"]):
                yield _problem(form, (*place, index, "value"), danger)


def _problem(form: Form, place: Place, danger: _Danger) -> Problem:
    message = f"with this value of '{danger.path[-1]}' {danger.why}"
    return form.document.problem("unsafe-override", message, place, hint="remove it: the toolkit sets a safe value")


def _holds(value: Any, path: tuple[str, ...]) -> bool:
    owner = at(value, *path[:-1])
    return isinstance(owner, Mapping) and path[-1] in owner
