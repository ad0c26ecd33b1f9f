"""Checks that a JSON Schema cannot express: each a function from a form to the problems it finds.

A module in a folder here is one subject; a new one is found by itself. A function becomes a rule by
`@rule(id, reason)`; the reason and the function's docstring are what `docs/rules.md` says of it.
`tests/forms/bad/<id>.yaml` shows a form with the mistake, `tests/forms/good/<id>.yaml` its neighbour without.

A rule never raises: what is missing from a form, or was refused by its schema, is absent or an empty text in the
completed form that a rule reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pkgutil import walk_packages

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form.model import Form

Check = Callable[[Form], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, why it exists, and the function that checks it."""

    id: str
    reason: str
    check: Check


def rule(id_: str, reason: str) -> Callable[[Check], Rule]:
    """Make a rule of a function."""
    return partial(Rule, id_, reason)


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by id, sorted; callers must not change it."""
    modules = (import_module(one.name) for one in walk_packages(__path__, f"{__name__}.") if not one.ispkg)
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Rule)]
    return {one.id: one for one in sorted(found, key=lambda one: one.id)}
