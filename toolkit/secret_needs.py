"""Which Secrets an environment needs, with which keys: what the catalog says, where its conditions hold.

A condition is a place in the Helm values of the component, as they are with the form's overrides on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.catalog import Component, SecretKey


@dataclass(frozen=True, slots=True)
class NeededKey:
    """A key that is needed. `random` is the length of the random text that it may hold, 0 where a person knows it.

    `empty` says that the value is of no use, and empty unless a person gives one.
    """

    secret: str
    key: SecretKey
    random: int
    empty: bool

    @property
    def path(self) -> str:
        """The key as a person names it: `<secret>/<key>`."""
        return f"{self.secret}/{self.key.name}"


@dataclass(frozen=True, slots=True)
class NeededSecret:
    """A Secret that is needed, with the component that needs it."""

    name: str
    component: str
    keys: tuple[NeededKey, ...]


def needed(components: Iterable[Component], values: Mapping[str, Mapping[str, Any]]) -> list[NeededSecret]:
    """Return the Secrets of some components; `values` are their Helm values, by component."""
    return [
        NeededSecret(
            secret.name,
            component.name,
            tuple(_key(secret.name, key, own) for key in secret.keys if holds(own, key.when)),
        )
        for component in components
        for own in [values.get(component.name, {})]
        for secret in component.secrets
        if holds(own, secret.when)
    ]


def holds(values: Mapping[str, Any], when: str) -> bool:
    """Tell whether the value at a place is there, and not false or empty; no place is always so."""
    value: Any = values
    for part in when.split(".") if when else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    return not when or bool(value)


def _key(secret: str, key: SecretKey, values: Mapping[str, Any]) -> NeededKey:
    return NeededKey(
        secret,
        key,
        random=key.generate if holds(values, key.generate_when) else 0,
        empty=bool(key.empty_unless) and not holds(values, key.empty_unless),
    )
