"""Versions: the release of Signalen that an environment is on, and what that release has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.environment import reads, variables
from signalen_toolkit.catalog.model import Component, SignalenRelease
from signalen_toolkit.catalog.schemas import knows
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# Settings that end in one key of the site's own configuration, and are left out where a version has no such key.
_SETTINGS: Final[Mapping[tuple[str, ...], str]] = MappingProxyType(
    {
        ("analytics", "azureConnectionString"): "azure.connectionString",
        ("analytics", "piwikId"): "piwik",
        ("branding", "alert"): "frontPageAlert",
        ("branding", "css"): "additionalCode",
        ("map", "layers", "clocks"): "map.layers.klokken",
        ("map", "layers", "containers"): "map.layers.containers",
        ("map", "layers", "lights"): "map.layers.verlichting",
        ("map", "layers", "oakProcessionaries"): "map.layers.eikenprocessierups",
        ("map", "layers", "trees"): "map.layers.bomen",
    }
)

# Settings that end in one variable which the backend's code reads from a version on, or up to one.
_VARIABLES: Final[Mapping[tuple[str, ...], str]] = MappingProxyType(
    {
        ("email", "office365", "saveToSent"): "O365_MAIL_SAVE_TO_SENT",
        ("identity", "userIdFields"): "USER_ID_FIELDS",
        ("map", "nearRadius"): "SIGNAL_API_CONTEXT_GEOGRAPHY_RADIUS",
        ("storage", "azure", "customDomain"): "AZURE_STORAGE_CUSTOM_DOMAIN",
    }
)
# What the backend does by the name of a provider, and the variable without which it does not.
_PROVIDERS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {("email", "office365"): "O365_MAIL_CLIENT_ID", ("storage", "s3"): "S3_STORAGE_ENABLED"}
)


@rule("unknown-version", "a release that was never published cannot be installed")
def unknown_version(form: Form) -> Iterator[Problem]:
    """Reports a version between the oldest and the newest known release that is none of them."""
    for environment, version in _versions(form):
        if version in form.charts.releases:
            continue
        if is_version(version):
            if not _is_newer(form, version) and not _is_too_old(form, version):
                near = " and ".join(_around(form, version))
                message = f"there is no release {version} of Signalen"
                yield _problem(form, "unknown-version", message, environment, f"the releases next to it are {near}")
        else:
            message = f"'{version}' is not how a release of Signalen is written"
            yield _problem(form, "unknown-version", message, environment, f"for example {form.charts.releases[0]}")


@rule("newer-version", "what a release has that this toolkit does not know is not checked")
def newer_version(form: Form) -> Iterator[Problem]:
    """Warns of a version newer than the newest known release: it is treated as that one."""
    for environment, version in _versions(form):
        if _is_newer(form, version):
            newest = form.charts.releases[0]
            message = f"release {version} is newer than {newest}, the newest that this toolkit knows"
            hint = f"update the toolkit, or use {newest}"
            yield _problem(form, "newer-version", message, environment, hint, Severity.WARNING)


@rule("version-too-old", "the charts of early releases cannot be set up without the defaults of Amsterdam")
def version_too_old(form: Form) -> Iterator[Problem]:
    """Reports a version older than the first release that every chart can be set up safely in."""
    for environment, version in _versions(form):
        if _is_too_old(form, version):
            oldest = form.charts.oldest_release
            message = f"release {version} is too old: {oldest} is the first that can be set up safely"
            hint = f"use {oldest} or later; the newest is {form.charts.releases[0]}"
            yield _problem(form, "version-too-old", message, environment, hint)


@rule("feature-needs-version", "a feature that a version does not have stays off, and nobody is told")
def feature_needs_version(form: Form) -> Iterator[Problem]:
    """Reports a feature that is switched on in a release that has no such feature, in any component."""
    for environment in form.config.environments:
        for component in environment.components:
            for feature, path in component.features.items():
                place = ("features", feature)
                if at(environment.settings, *place) is True and form.given(environment, *place):
                    yield from _lacking(form, environment, component, path, place)


@rule("setting-needs-version", "a setting that a version does not have does nothing, and nobody is told")
def setting_needs_version(form: Form) -> Iterator[Problem]:
    """Warns of a setting that its version has no place for, such as the message on the front page."""
    for environment in form.config.environments:
        for component in environment.components:
            for place, path in _paths(component):
                if at(environment.settings, *place) and form.given(environment, *place):
                    yield from _lacking(form, environment, component, path, place)


@rule("provider-needs-version", "the backend goes on without: photographs stay in a pod, and no mail is sent")
def provider_needs_version(form: Form) -> Iterator[Problem]:
    """Reports a provider of mail or storage that the backend of a release cannot use."""
    for environment in form.config.environments:
        for component in environment.components:
            for (section, provider), name in _PROVIDERS.items():
                used = at(environment.settings, section, "provider") == provider
                if used and name in variables(component):
                    place = (section, "provider")
                    yield from _lacking(form, environment, component, f"env.{name}", place, f"{section}: {provider}")


def _paths(component: Component) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the settings of the form that end in one place in the values of a component, and that place."""
    if component.application_config:
        for place, key in _SETTINGS.items():
            yield place, f"{component.application_config.values}.{key}"
    for place, name in _VARIABLES.items():
        if name in variables(component):
            yield place, f"env.{name}"


def _lacking(
    form: Form, environment: Environment, component: Component, path: str, place: tuple[str, ...], called: str = ""
) -> Iterator[Problem]:
    """Report a setting that a component has no place for in the environment's release."""
    if _has(component, environment.version, path):
        return
    rules = {"features": "feature-needs-version", "provider": "provider-needs-version"}
    kind = rules.get(place[0]) or rules.get(place[-1])
    now = component.release(environment.version)
    name = f"'{called or '.'.join(place)}'"
    # A chart pinned for every release has one line, without a release to go to.
    releases = [known for known in component.releases if known.release and is_version(known.app)]
    later = [known for known in releases if parse(known.release) > parse(environment.version)]
    first = next((known for known in reversed(later) if _has(component, known.release, path)), None)
    if first:
        has = _version(path, component, now)
        message = f"{name} needs {_named(component, path, first)}, and release {environment.version} has {has}"
        hint = f"use version {first.release} or later, or remove it"
    else:
        message = f"{name} is no longer there in {_named(component, path, now)}"
        hint = "remove it"
    yield form.problem(
        kind or "setting-needs-version",
        message,
        environment,
        *place,
        hint=hint,
        severity=Severity.ERROR if kind else Severity.WARNING,
    )


def _has(component: Component, release: str, path: str) -> bool:
    """Tell whether a component has a place in a release. A variable can be set in any: what counts is who reads it."""
    variable = path.removeprefix("env.")
    if variable != path and variable in variables(component):
        return reads(component, release, variable)
    return knows(component, release, path)


def _named(component: Component, path: str, release: SignalenRelease) -> str:
    kind = component.name if _is_of_application(component, path) else f"chart {component.chart}"
    return f"{kind} {_version(path, component, release)} (release {release.release})"


def _version(path: str, component: Component, release: SignalenRelease) -> str:
    return release.app if _is_of_application(component, path) else release.chart


def _is_of_application(component: Component, path: str) -> bool:
    own = component.application_config
    return (own is not None and path.startswith(f"{own.values}.")) or path.startswith("env.")


def _versions(form: Form) -> Iterator[tuple[Environment, str]]:
    """Yield each environment with the version that a person wrote for it."""
    for environment in form.config.environments:
        if version := str(environment.settings.get("version", "")):
            yield environment, version


def _problem(
    form: Form, id_: str, message: str, environment: Environment, hint: str, severity: Severity = Severity.ERROR
) -> Problem:
    return form.problem(id_, message, environment, "version", hint=hint, severity=severity)


def _is_newer(form: Form, version: str) -> bool:
    return is_version(version) and parse(version) > parse(form.charts.releases[0])


def _is_too_old(form: Form, version: str) -> bool:
    return is_version(version) and parse(version) < parse(form.charts.oldest_release)


def _around(form: Form, version: str) -> list[str]:
    """Return the known releases just before and after a version."""
    before = next((known for known in form.charts.releases if parse(known) < parse(version)), "")
    after = next((known for known in reversed(form.charts.releases) if parse(known) > parse(version)), "")
    return [known for known in (before, after) if known]
