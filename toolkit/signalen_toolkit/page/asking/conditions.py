"""Which settings count: those of a component that is on, and those that go with what was chosen beside them.

The schema says so with `x-component` and `x-when`. A setting that was filled in all the same is shown, or nobody would
find it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.page.asking.kinds import Schema


def counts(schema: Schema, given: Any, around: Iterable[Any], environments: Iterable[Environment]) -> bool:
    """Tell whether a setting is asked.

    `given` is what was filled in for it, `around` the completed maps (one for each environment) in which it stands.
    """
    if given not in (None, {}, []):
        return True
    component = schema.get("x-component")
    if component is not None and not any(component in environment.enabled for environment in environments):
        return False
    when: Mapping[str, Any] = schema.get("x-when", {})
    return all(any(_holds(settings, key, wanted) for settings in around) for key, wanted in when.items())


def _holds(settings: Any, key: str, wanted: Any) -> bool:
    found = at(settings, *key.split("."))
    return found in wanted if isinstance(wanted, list) else found == wanted
