"""A form as its overrides leave it: raw values have the last word, so that rules look at settings with them on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.catalog.named_values import named_values
from signalen_toolkit.documents.data import Place, at, merge
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.schema import compiled_form_schema
from signalen_toolkit.schema.validate import wrong_values

# What an environment is, which no value of one chart changes, and the sign-in, whose overrides have rules of their own.
_NOT: Final = frozenset({"components", "environments", "hosts", "identity", "municipality", "repository"})


def named_overrides(
    data: Mapping[str, Any], charts: Catalog, environment: str
) -> Iterator[tuple[Place, tuple[str, ...], Any]]:
    """Yield the overrides that set what a setting sets: their place in the form, the setting, and the value.

    Those of the environment come last, and so have the last word.
    """
    for outer in ((), ("environments", environment)):
        for component in charts.components.values():
            place: Place = (*outer, "overrides", component.name)
            if not isinstance(values := at(data, *place), Mapping):
                continue
            for inner, setting in named_values(component).items():
                value = at(values, *inner)
                if value is not None and setting[0] not in _NOT:
                    yield (*place, *inner), setting, value


def with_overrides(
    config: Config, data: Mapping[str, Any], charts: Catalog
) -> tuple[Config, dict[tuple[str, Place], Place]]:
    """Return a completed form with overrides in the place of the settings that they outdo, and where those stand.

    Values that the setting itself would refuse are left out, so that rules can count on types.
    """
    places: dict[tuple[str, Place], Place] = {}
    environments = []
    for environment in config.environments:
        settings = environment.settings
        for place, setting, value in named_overrides(data, charts, environment.name):
            laid = nested(setting, value)
            if not any(path[: len(setting)] == setting for path in wrong_values(laid, compiled_form_schema())):
                settings = merge(settings, laid)
                places[environment.name, setting] = place
        environments.append(replace(environment, settings=settings))
    return replace(config, environments=tuple(environments)), places


def nested(setting: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the form in which only this setting is filled in."""
    for key in reversed(setting):
        value = {key: value}
    found: dict[str, Any] = value
    return found
