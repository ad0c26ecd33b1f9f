"""Checks that a JSON Schema cannot express: each a function from a form to the problems it finds.

A module here is one subject. A function becomes a rule by `@rule(id, reason)`; the reason is what
`docs/rules.md` says of it. `tests/forms/bad/<id>.yaml` shows one form with the mistake, `tests/forms/good/<id>.yaml`
its neighbour without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from toolkit.form import Form
from toolkit.problems import Problem

Check = Callable[[Form], Iterator[Problem]]

_SUBJECTS: Final = ("branding", "cluster", "hosts", "map", "overrides", "safety", "texts", "versions")


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


def rules() -> dict[str, Rule]:
    """Return all rules by id, sorted."""
    for subject in _SUBJECTS:
        import_module(f"toolkit.rules.{subject}")
    return dict(sorted(_rules.items()))
