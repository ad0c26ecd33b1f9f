"""The map of the country: a dot for each municipality of the register, which together are its shape.

Those of the fleet are coloured by release, and have a form by release as well, for who does not see colours.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from signalen_toolkit.base.versions import parse
from signalen_toolkit.fleet.glance.rows import FleetRow
from signalen_toolkit.form.municipalities import municipalities

WIDTH: Final = 400  # of the drawing, in its own units
_MARGIN: Final = 12
_TITLE: Final = "The Netherlands, with each municipality of the fleet by its release; the table below says the same"
_OTHERS: Final = "older"
UNKNOWN: Final = "unknown"

# A colour and a form for each of the newest releases of the fleet, then for all that are older, and for who is unknown.
# Each colour has a contrast of 3:1 with the light and with the dark page.
COLOURS: Final = ("#2f7fd0", "#c4620a", "#2e8b57", "#a05ad0", "#d0457f", "#8a7d2a", "#808080")
_FORMS: Final = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",  # a circle
    "M-4-4h8v8h-8z",  # a square
    "M0-5L5 4H-5z",  # a triangle
    "M0-5.5L5.5 0L0 5.5L-5.5 0z",  # a diamond
    "M0 5L5-4H-5z",  # a triangle on its top
    "M-2-5h4v3h3v4h-3v3h-4v-3h-3v-4h3z",  # a plus
    "M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0z",  # a cross
)
_NAMED: Final = len(_FORMS) - 2


def drawing(found: Sequence[FleetRow]) -> str:
    """Return the map as an element of HTML, with what its colours mean."""
    by_member: dict[str, list[FleetRow]] = {}
    for row in found:
        by_member.setdefault(row.municipality, []).append(row)
    releases = {name: _release(of_one) for name, of_one in by_member.items()}
    kinds = _kinds({*releases.values()})
    ours = [_mark(of_one, kinds[releases[name]]) for name, of_one in by_member.items() if of_one[0].code]
    counts = [0] * len(_FORMS)
    for release in releases.values():
        counts[kinds[release]] += 1
    words = {kind: release for release, kind in kinds.items()} | {_NAMED: _OTHERS, _NAMED + 1: UNKNOWN}
    legend = (_legend(words[kind], kind, count) for kind, count in enumerate(counts) if count)
    height = _height()
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg {size} role="img" aria-labelledby="map-title">',
        f'<title id="map-title">{_TITLE}</title>',
        f'<g class="others">{_dots()}</g>',
        *ours,
        "</svg>",
        '<ul class="legend">',
        *legend,
        "</ul>",
    ]
    return "\n".join(lines)


def place(latitude: float, longitude: float) -> tuple[float, float]:
    """Return where a place (degrees, WGS84) is in the drawing, from its upper left corner."""
    north, west, scale, narrow = _frame()
    return round(_MARGIN + (longitude - west) * narrow * scale, 1), round(_MARGIN + (north - latitude) * scale, 1)


@cache
def _frame() -> tuple[float, float, float, float]:
    """Return the north and west of the country, units for a degree of latitude, and how narrow one of longitude is."""
    everyone = municipalities()
    north, south = max(one.latitude for one in everyone), min(one.latitude for one in everyone)
    west, east = min(one.longitude for one in everyone), max(one.longitude for one in everyone)
    narrow = math.cos(math.radians((north + south) / 2))
    return north, west, (WIDTH - 2 * _MARGIN) / ((east - west) * narrow), narrow


@cache
def _height() -> int:
    return math.ceil(max(place(one.latitude, one.longitude)[1] for one in municipalities()) + _MARGIN)


@cache
def _dots() -> str:
    places = (place(one.latitude, one.longitude) for one in municipalities())
    return "".join(f'<circle cx="{x}" cy="{y}" r="2.5"/>' for x, y in places)


def _release(of_one: Sequence[FleetRow]) -> str:
    """Return the release of a municipality: the oldest that it has, in production where it has that."""
    there = [row for row in of_one if row.environment]
    counted = [row for row in there if row.production] or there
    return min((row.release for row in counted), key=parse, default="")


def _kinds(releases: set[str]) -> dict[str, int]:
    """Return the number of the colour and form of each release."""
    newest_first = sorted((one for one in releases if one), key=parse, reverse=True)
    return {one: min(number, _NAMED) for number, one in enumerate(newest_first)} | {"": _NAMED + 1}


def _mark(of_one: Sequence[FleetRow], kind: int) -> str:
    x, y = place(of_one[0].latitude, of_one[0].longitude)
    said = ", ".join(_said(of_one)) or UNKNOWN
    title = html.escape(f"{of_one[0].name}: {said}")
    return (
        f'<path class="release{kind}" transform="translate({x} {y})" d="{_FORMS[kind]}"><title>{title}</title></path>'
    )


def _said(of_one: Sequence[FleetRow]) -> Iterator[str]:
    return (f"{row.environment} {row.release}" for row in of_one if row.environment)


def _legend(words: str, kind: int, count: int) -> str:
    form = f'<path class="release{kind}" d="{_FORMS[kind]}"/>'
    sign = f'<svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">{form}</svg>'
    return f"<li>{sign} {html.escape(words)}: <strong>{count}</strong></li>"
