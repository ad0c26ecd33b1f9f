"""What `signalen verify` found before, so that nothing is done twice for the same input.

An outcome is kept in the user's cache under one key, taken before the work, of all that it depends on (`inputs`). It is
kept only where the key is still the same afterwards, so that an edit made meanwhile, or a chart that had to be fetched,
leaves nothing behind that may be wrong. One with errors is not kept: a Helm that took too long may be done the next
time, and who has an error changes something anyway. What cannot be read is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.cache import is_ours
from signalen_toolkit.base.files import replace
from signalen_toolkit.diagnostics.problems import Problem, Severity, has_errors

_KEPT: Final = 200  # results; each is a few kilobytes


def remembered(folder: Path | None, key: Callable[[], str | None], work: Callable[[], list[Problem]]) -> list[Problem]:
    """Return what `work` finds, or found before for the same key; None stands for what cannot be told apart.

    Without a folder nothing is kept.
    """
    before = key() if folder else None
    if folder is None or before is None:
        return work()
    place = folder / f"{before}.json"
    known = _recall(place)
    if known is not None:
        return known
    found = work()
    if not has_errors(found) and key() == before:
        _remember(place, found)
    return found


def _recall(place: Path) -> list[Problem] | None:
    try:
        if not is_ours(place):
            return None
        kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        return [restored_problem(one) for one in kept["problems"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def restored_problem(kept: dict[str, Any]) -> Problem:
    """Make a problem of what `asdict` gave, through JSON, which knows no tuples."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()}
    return Problem(**{**fields, "severity": Severity(fields["severity"])})


def _remember(place: Path, found: Sequence[Problem]) -> None:
    kept = {"problems": [asdict(problem) for problem in found]}
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, json.dumps(kept).encode(), mode=0o600)
        results = sorted(place.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in results[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # a full or read-only disk: the next run works it out again
