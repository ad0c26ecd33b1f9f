"""What another release means for one environment of a form: versions, keys that it uses, Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.catalog.schemas import knows
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.needed_secrets import needed_in
from signalen_toolkit.rendering.render import values


@dataclass(frozen=True, slots=True)
class ComponentVersions:
    """The versions of one component before and after; empty where it is not there."""

    component: str
    app: tuple[str, str]
    chart: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Notes:
    """What changes in one environment.

    `added` and `removed` are the keys of Helm values that this form sets and that only one of both releases has.
    """

    environment: str
    before: str
    after: str
    versions: tuple[ComponentVersions, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    secrets: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield the notes as text for a person."""
        same = self.before == self.after
        yield f"{self.environment}: " + (f"{self.after}, as before" if same else f"{self.before} → {self.after}")
        for version in self.versions:
            app, chart = (" → ".join(dict.fromkeys(filter(None, pair))) for pair in (version.app, version.chart))
            yield f"  {version.component} {app} (chart {chart})"
        for title, keys in (
            ("has a place from now on for", self.added),
            ("has no place any more for", self.removed),
        ):
            for key in keys:
                yield f"  {title} {key}"
        for secret in self.secrets:
            yield f"  needs a new secret: {secret}"


def notes(before: Config, after: Config, environment: str, charts: Catalog) -> Notes:
    """Compare an environment of a form with that of the form as it becomes."""
    sides = [_find(config, environment) for config in (before, after)]
    both = [
        {component.name: _read(values(side, component, config, charts)) for component in side.components}
        for side, config in zip(sides, (before, after), strict=True)
    ]
    old, new = sides
    keys = {(name, key) for found in both for name, data in found.items() for key in _paths(data, "")}
    had, has = ({one for one in keys if _has_place(one, side, charts)} for side in sides)
    needed = [_secrets(side, found) for side, found in zip(sides, both, strict=True)]
    return Notes(
        environment=environment,
        before=old.version,
        after=new.version,
        versions=tuple(_versions(old, new)),
        added=_named(has - had, charts),
        removed=_named(had - has, charts),
        secrets=tuple(sorted(needed[1] - needed[0])),
    )


def _find(config: Config, name: str) -> Environment:
    for environment in config.environments:
        if environment.name == name:
            return environment
    raise UsageError(f"there is no environment '{name}'")


def _read(text: str) -> Any:
    return reader.parse(text, "values.yaml").data or {}


def _paths(data: Any, at: str) -> Iterator[str]:
    if not isinstance(data, Mapping):
        return
    for key, child in data.items():
        if "." in str(key):  # an annotation or a host: a name, and not a key of the chart
            continue
        yield f"{at}{key}"
        yield from _paths(child, f"{at}{key}.")


def _has_place(one: tuple[str, str], side: Environment, charts: Catalog) -> bool:
    component = charts.component(one[0])
    return component in side.components and knows(component, side.version, one[1])


def _named(keys: set[tuple[str, str]], charts: Catalog) -> tuple[str, ...]:
    """Name keys, the innermost of each branch, as the form does where a feature sets them."""
    return tuple(
        sorted(
            _name(charts.component(name), key)
            for name, key in keys
            if not any(other == name and longer.startswith(f"{key}.") for other, longer in keys)
        )
    )


def _name(component: Component, key: str) -> str:
    feature = next((feature for feature, path in component.features.items() if path == key), "")
    return f"{f'features.{feature}' if feature else key} ({component.name})"


def _versions(old: Environment, new: Environment) -> Iterator[ComponentVersions]:
    before, after = ({one.name: one.release(side.version) for one in side.components} for side in (old, new))
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        app = (was.app if was else "", now.app if now else "")
        chart = (was.chart if was else "", now.chart if now else "")
        if app[0] != app[1] or chart[0] != chart[1]:
            yield ComponentVersions(name, app, chart)


def _secrets(side: Environment, found: Mapping[str, Any]) -> set[str]:
    secrets = {secret.name: frozenset(one.key.name for one in secret.keys) for secret in needed_in(side, found)}
    return {f"{name}/{key}" for name, keys in secrets.items() for key in keys}
