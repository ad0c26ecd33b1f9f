"""Which Secrets an environment needs, with which keys: what the catalog says, where its conditions hold.

A condition is a place in the Helm values of the component, as they are with the form's overrides on top. For what
the tool of the delivery itself reads, it is a place in the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from signalen_toolkit.catalog.model import Component, Secret, SecretKey
from signalen_toolkit.form.config import Environment

_MIRRORS: Final = "docs/mirrors.md"


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
    """A Secret that is needed, in a namespace, with the component that needs it; without one, the delivery does.

    `by_hand` says that nothing of ours makes or changes it: a person adds the keys to a Secret that is there, or makes
    it as the page `guide` says.
    """

    name: str
    component: str
    keys: tuple[NeededKey, ...]
    namespace: str = ""
    by_hand: bool = False
    guide: str = ""


def needed_in(environment: Environment, values: Mapping[str, Mapping[str, Any]]) -> list[NeededSecret]:
    """Return the Secrets of an environment; `values` are the Helm values of its components, by component."""
    of_components = (
        replace(secret, namespace=environment.namespaces[secret.component])
        for secret in needed(environment.components, values)
    )
    return _apart([*of_components, *needed_by_delivery(environment), *_of_mirrors(environment)])


def needed_by_delivery(environment: Environment) -> list[NeededSecret]:
    """Return the Secrets that the tool of the delivery itself reads, in its own namespace."""
    settings = environment.settings
    found = (_secret(secret, "", settings) for secret in environment.delivery_secrets if holds(settings, secret.when))
    return [replace(secret, namespace=settings["sync"]["namespace"]) for secret in found if secret.keys]


def by_hand(environment: Environment) -> list[NeededSecret]:
    """Return the Secrets of an environment that nothing of ours makes, and that a person brings."""
    found = [*needed_by_delivery(environment), *_of_mirrors(environment)]
    return [secret for secret in found if secret.by_hand and any(not key.empty for key in secret.keys)]


def _of_mirrors(environment: Environment) -> Iterator[NeededSecret]:
    """Yield the Secrets with which images and charts are fetched from a mirror; what is in them, its owner knows."""
    settings = environment.settings
    namespaces = dict.fromkeys(environment.namespaces[one.name] for one in environment.components)
    for name in settings["images"]["pullSecrets"]:
        for namespace in (environment.namespace, *(one for one in namespaces if one != environment.namespace)):
            yield _given(name, namespace, {".dockerconfigjson": "What signs in at the registry of the images."})
    delivery = environment.delivery
    if name := settings["charts"].get("secret"):
        own = delivery.keeps_chart_secret
        yield _given(name, settings["sync"]["namespace"] if own else environment.namespace, delivery.chart_keys)


def _given(name: str, namespace: str, keys: Mapping[str, str]) -> NeededSecret:
    known = (SecretKey(key, description) for key, description in keys.items())
    found = tuple(NeededKey(name, key, random=0, empty=False) for key in known)
    return NeededSecret(name, "", found, namespace, by_hand=True, guide=_MIRRORS)


def needed(components: Iterable[Component], values: Mapping[str, Mapping[str, Any]]) -> list[NeededSecret]:
    """Return the Secrets of some components; `values` are their Helm values, by component.

    A key with the same value as one that is not needed stands by itself.
    """
    found = [
        _secret(secret, component.name, own)
        for component in components
        for own in [values.get(component.name, {})]
        for secret in component.secrets
        if holds(own, secret.when)
    ]
    return _apart(found)


def _apart(secrets: Iterable[NeededSecret]) -> list[NeededSecret]:
    """Let each key stand by itself of which the other one is not needed."""
    found = list(secrets)
    paths = {key.path for secret in found for key in secret.keys}

    def known(needed: NeededKey) -> NeededKey:
        alone = needed.key.same_as and needed.key.same_as not in paths
        return replace(needed, key=replace(needed.key, same_as="")) if alone else needed

    return [replace(secret, keys=tuple(map(known, secret.keys))) for secret in found]


def holds(values: Mapping[str, Any], when: str) -> bool:
    """Tell whether the value at a place is there, and not false or empty; no place is always so.

    In a list, a part of the place is the position.
    """
    value: Any = values
    for part in when.split(".") if when else ():
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return not when or bool(value)


def _secret(secret: Secret, component: str, values: Mapping[str, Any]) -> NeededSecret:
    keys = tuple(_key(secret.name, key, values) for key in secret.keys if holds(values, key.when))
    return NeededSecret(secret.name, component, keys, by_hand=secret.by_hand)


def _key(secret: str, key: SecretKey, values: Mapping[str, Any]) -> NeededKey:
    return NeededKey(
        secret,
        key,
        random=key.generate if holds(values, key.generate_when) else 0,
        empty=bool(key.empty_unless) and not holds(values, key.empty_unless),
    )
