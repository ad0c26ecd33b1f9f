"""The outcome of `signalen preflight` as text, in Dutch, and as JSON, with English keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.diagnostics.terminal import plain
from signalen_toolkit.preflight.observations import Observation, Standing
from signalen_toolkit.preflight.preflight import SIGNS, Comparison

FORMATS: Final = ("text", "json")
# Of the JSON: it changes where a key gets another meaning, or goes.
VERSION: Final = 1


def write(comparisons: Sequence[Comparison], format_: str) -> str:
    """Return the comparisons in one of FORMATS, without a line break at the end."""
    if format_ == "json":
        return json_text(_data(comparisons))
    return "\n".join(line for one in comparisons for line in _text(one)).rstrip("\n")


def _text(one: Comparison) -> Iterator[str]:
    yield plain(f"{one.environment}: {summary(one)}")
    yield plain(f"  cluster: {one.place}")
    for group, points in one.points.items():
        yield ""
        yield f"  {group}"
        for point in points:
            yield from _point(point)
    yield ""


def _point(point: Observation) -> Iterator[str]:
    said = f": {point.message}" if point.message else ""
    yield plain(f"    {SIGNS[point.standing]} {point.subject}{said}")
    if point.todo and point.standing is not Standing.OK:
        yield plain(f"        → {point.todo}")


def summary(one: Comparison) -> str:
    """Count: `12 punten in orde, 2 ontbreken, 1 om naar te kijken`."""
    counts = {standing: len(one.of(standing)) for standing in Standing}
    words = {
        Standing.OK: f"{counts[Standing.OK]} {'punt' if counts[Standing.OK] == 1 else 'punten'} in orde",
        Standing.MISSING: f"{counts[Standing.MISSING]} {'ontbreekt' if counts[Standing.MISSING] == 1 else 'ontbreken'}",
        Standing.ATTENTION: f"{counts[Standing.ATTENTION]} om naar te kijken",
        Standing.UNKNOWN: f"{counts[Standing.UNKNOWN]} niet te zien",
    }
    return ", ".join(text for standing, text in words.items() if counts[standing] or standing is Standing.OK)


def _data(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "environments": [
            {
                "environment": one.environment,
                "namespace": one.namespace,
                "cluster": one.place,
                "points": [
                    {
                        "id": point.id,
                        "group": group,
                        "standing": point.standing.value,
                        "subject": point.subject,
                        "message": point.message,
                        "todo": point.todo,
                    }
                    for group, points in one.points.items()
                    for point in points
                ],
            }
            for one in comparisons
        ],
    }
