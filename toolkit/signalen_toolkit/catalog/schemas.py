"""What a component accepts, by version: the schema of its values, and which keys a version has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from signalen_toolkit.base.versions import between, is_version, parse
from signalen_toolkit.catalog import versioned_schema
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Component, _unknown
from signalen_toolkit.catalog.versioned_schema import Schema, Span
from signalen_toolkit.diagnostics.problems import UsageError

if TYPE_CHECKING:
    from signalen_toolkit.schema.validate import Compiled


def values_schema(component: str | Component, version: str) -> Schema:
    """Return the JSON Schema of the values of one chart version. It is shared: do not change it.

    A version newer than the catalog knows has the schema of the newest known one.
    """
    component = _found(component)
    known = [release.chart for release in component.releases]
    if version not in known and not (is_version(version) and parse(version) > parse(known[0])):
        raise _unknown(f"version of the chart {component.chart}", version, known)
    return _plain(_values_file(component), version, partial=False)


def config_schema(version: str, component: str | Component = "frontend", *, partial: bool = False) -> Schema:
    """Return the JSON Schema of the application's own configuration for one version of the application.

    `partial` is for a piece that is merged over a complete configuration: nothing is required of it.
    A tag that is no version (`latest`) counts as the newest version that the catalog knows.
    The schema is shared: do not change it.
    """
    component = _found(component)
    return _plain(_config_file(component), _config_version(component, version), partial=partial)


def compiled_values_schema(component: Component, version: str) -> Compiled:
    """Return what `values_schema` does, ready to check with."""
    values_schema(component, version)  # which refuses a version that there is not
    return _compiled(_values_file(component), version, partial=False)


def compiled_config_schema(version: str, component: Component) -> Compiled:
    """Return the schema of a piece of an application's own configuration, ready to check with."""
    return _compiled(_config_file(component), _config_version(component, version), partial=True)


def key_versions(component: str | Component, path: Sequence[str | int]) -> Span | None:
    """Return the first and the last chart version that have the key at a path, or None where none has it.

    An end that is None is open: there is no earlier, or no later version without the key.
    """
    return versioned_schema.key_versions(_read(_values_file(_found(component))), path)


def config_key_versions(path: Sequence[str | int], component: str | Component = "frontend") -> Span | None:
    """Return the same for the application's own configuration, in versions of the application."""
    return versioned_schema.key_versions(_read(_config_file(_found(component))), path)


def knows(component: Component, release: str, path: str) -> bool:
    """Tell whether a component has a place in its values (`config.featureFlags.appMode`) in a Signalen release."""
    version, config = component.release(release), component.application_config
    if config and path.startswith(f"{config.values}."):
        span = _span(config.schema, path.partition(".")[2])
        return span is not None and (not is_version(version.app) or between(version.app, *span))
    span = _span(_values_file(component), path)
    return span is not None and between(version.chart, *span)


def _found(component: str | Component) -> Component:
    return component if isinstance(component, Component) else catalog().component(component)


def _values_file(component: Component) -> Path:
    return component.folder / "values.schema.json"


def _config_file(component: Component) -> Path:
    if component.application_config is None:
        raise UsageError(f"{component.name} has no application configuration of its own")
    return component.application_config.schema


@cache
def _read(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _span(path: Path, place: str) -> Span | None:
    """Return the first and the last version with a place, which templates ask for again and again."""
    return versioned_schema.key_versions(_read(path), place.split("."))


def _config_version(component: Component, version: str) -> str:
    if is_version(version):
        return version
    known = [release.app for release in component.releases]
    if version not in known:
        raise _unknown(f"version of {component.name}", version, known)
    return max(filter(is_version, known), key=parse)


@cache
def _plain(path: Path, version: str, *, partial: bool) -> Schema:
    return versioned_schema.plain(_read(path), version, partial=partial)


@cache
def _compiled(path: Path, version: str, *, partial: bool) -> Compiled:
    from signalen_toolkit.schema.validate import compiled  # which rendering does not wait for

    return compiled(_plain(path, version, partial=partial))
