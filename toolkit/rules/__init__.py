"""Checks that a JSON Schema cannot express: each a function from a form to the problems it finds.

A module here is one subject; a new one is found by itself. A function becomes a rule by `@rule(id, reason)`; the
reason and the function's docstring are what `docs/rules.md` says of it. `tests/forms/bad/<id>.yaml` shows a form
with the mistake, `tests/forms/good/<id>.yaml` its neighbour without.

A rule never raises: what is missing from a form, or was refused by its schema, is absent or an empty text in the
completed form that a rule reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from toolkit.form import Form
from toolkit.problems import Problem

Check = Callable[[Form], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, why it exists, and the function that checks it."""

    id: str
    reason: str
    check: Check


_rules: dict[str, Rule] = {}


def rule(id_: str, reason: str) -> Callable[[Check], Check]:
    """Register a function as the rule with this id."""

    def register(check: Check) -> Check:
        _rules[id_] = Rule(id_, reason, check)
        return check

    return register


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by id, sorted; callers must not change it."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(sorted(_rules.items()))
