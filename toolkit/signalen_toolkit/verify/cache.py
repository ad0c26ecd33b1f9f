"""What `signalen verify` found before, so that nothing is done twice for the same input.

A result is kept in the user's cache under a key of all that it depends on: the form, charts.lock, the options, the
Helm program and the toolkit itself. Files that only turn out to matter on the way (images, charts) are kept with the
result, and compared before it counts. A result that cannot be read is none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.files import replace
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE, cache_home
from signalen_toolkit.diagnostics.problems import Problem, Severity

_KEPT: Final = 200  # results; each is a few kilobytes
_watched: set[Path] = set()


def watch(paths: Iterable[Path]) -> None:
    """Name files and folders on which the result that is being worked out depends."""
    _watched.update(path.absolute() for path in paths)


def remembered(repository: Path, inputs: Sequence[object], work: Callable[[], list[Problem]]) -> list[Problem]:
    """Return what `work` finds, or found before for the same inputs and files.

    `inputs` are what else the outcome depends on, in a form that `repr` tells apart; a Path stands for its content.
    """
    key = _digest([_stamp(one) if isinstance(one, Path) else repr(one) for one in (*inputs, *_own())])
    place = cache_folder() / f"{key}.json"
    known = _recall(place)
    if known is not None:
        return known
    _watched.clear()
    watch(path for path in (repository / "assets").rglob("*") if path.is_file())
    found = work()
    # Inputs may have changed on the way: charts.lock is written by the work itself.
    again = _digest([_stamp(one) if isinstance(one, Path) else repr(one) for one in (*inputs, *_own())])
    _remember(cache_folder() / f"{again}.json", found)
    return found


def cache_folder() -> Path:
    """Return the folder with results."""
    return cache_home() / "verify"


def _own() -> list[Path]:
    """Return what the toolkit itself is made of."""
    beside = [CHECKOUT / "chart-templates"] if (CHECKOUT / "chart-templates").is_dir() else []
    return [PACKAGE, *beside]


def _stamp(path: Path) -> str:
    """Return what changes when a file, or anything below a folder, does: small files by content, others by date."""
    if path.is_file():
        state = path.stat()
        if state.st_size <= 2**20:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{state.st_size} {state.st_mtime_ns}"
    if not path.is_dir():
        return "missing"
    lines: list[str] = []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118  # thousands of times
            lines.append(f"{folder}/{name} {state.st_size} {state.st_mtime_ns}")
    return _digest(lines)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _recall(place: Path) -> list[Problem] | None:
    try:
        kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        if any(_stamp(Path(path)) != stamp for path, stamp in kept["files"].items()):
            return None
        return [
            Problem(**{**one, "severity": Severity(one["severity"]), "place": tuple(one["place"])})
            for one in kept["problems"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(place: Path, found: Sequence[Problem]) -> None:
    kept = {
        "files": {str(path): _stamp(path) for path in sorted(_watched)},
        "problems": [asdict(problem) for problem in found],
    }
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, json.dumps(kept).encode())
        results = sorted(place.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in results[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # a full or read-only disk: the next run works it out again
