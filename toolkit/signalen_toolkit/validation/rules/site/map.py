"""The map: where it opens, and how far it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.form.schema import defaults
from signalen_toolkit.validation.rules import rule

_TILE: Final = ("{z}", "{x}", "{y}")
_KNOWN: Final = frozenset({*_TILE, "{-y}", "{s}", "{r}"})  # what Leaflet fills in


class Coordinates(NamedTuple):
    """A place on earth in degrees (WGS84)."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """What lies between two corners."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, point: Coordinates, margin: float = 0) -> bool:
        """Tell whether a point lies inside, or at most `margin` degrees outside."""
        return (
            self.south - margin <= point.latitude <= self.north + margin
            and self.west - margin <= point.longitude <= self.east + margin
        )

    def common(self, other: Box) -> float:
        """Return which part (0 to 1) of this box the other one covers."""
        height = min(self.north, other.north) - max(self.south, other.south)
        width = min(self.east, other.east) - max(self.west, other.west)
        whole = (self.north - self.south) * (self.east - self.west)
        return max(height, 0) * max(width, 0) / whole if whole > 0 else 0


_NETHERLANDS: Final = Box(50.7, 3.2, 53.7, 7.3)
_MARGIN: Final = 0.01  # degrees; boundaries in the register are generalised
_QUARTER: Final = 0.25


@rule("coordinates-swapped", "the map opens in the sea off Somalia")
def coordinates_swapped(form: Form) -> Iterator[Problem]:
    """Reports a centre or a corner that is in the Netherlands only with its two numbers the other way round."""
    for environment in form.config.environments:
        for place, point in _points(form, environment):
            if _is_swapped(point):
                yield form.problem(
                    "coordinates-swapped",
                    f"{_shown(point)} is longitude before latitude",
                    environment,
                    "map",
                    *place,
                    hint=f"write {_shown(Coordinates(point.longitude, point.latitude))}",
                )


@rule("bounds-order", "a map whose south lies north of its north shows nothing")
def bounds_order(form: Form) -> Iterator[Problem]:
    """Reports bounds of which the first corner is not south-west of the second."""
    for environment in form.config.environments:
        box = _box(environment)
        if any(_is_swapped(point) for _, point in _points(form, environment)):
            continue  # the order is right once the numbers are
        if box and (box.south >= box.north or box.west >= box.east):
            south, north = sorted((box.south, box.north))
            west, east = sorted((box.west, box.east))
            wrong = "south of" if box.south >= box.north else "west of"
            right = f"{_shown(Coordinates(south, west))}, {_shown(Coordinates(north, east))}"
            yield form.problem(
                "bounds-order",
                f"the first corner of 'map.bounds' must lie {wrong} the second",
                environment,
                "map",
                "bounds",
                hint=f"write [{right}]"
                if south < north and west < east
                else "the first is the south-west corner, the second the north-east one",
            )


@rule("map-center-outside-bounds", "a map cannot open at a point that it does not show")
def center_outside_bounds(form: Form) -> Iterator[Problem]:
    """Reports a centre that lies outside the bounds."""
    for environment in form.config.environments:
        box, center = _box(environment), _center(environment)
        if not box or not center or not _is_sound(form, environment) or box.holds(center):
            continue
        own = municipality_of(environment.settings["municipality"])
        if own and not _whole(own).common(box):
            continue  # it is the bounds that are wrong
        yield form.problem(
            "map-center-outside-bounds",
            f"the centre of the map, {_shown(center)}, lies outside its bounds",
            environment,
            "map",
            "center" if form.given(environment, "map", "center") else "bounds",
            hint="give a centre between the two corners of 'map.bounds'",
        )


@rule("map-bounds-outside-municipality", "residents cannot report what their map does not show")
def bounds_outside_municipality(form: Form) -> Iterator[Problem]:
    """Reports bounds that show nothing of the municipality, and warns where they show less than a quarter."""
    for environment, own in _located(form):
        box = _box(environment)
        if not box or not form.given(environment, "map", "bounds"):
            continue
        whole = _whole(own)
        common = whole.common(box)
        if common >= _QUARTER:
            continue
        shown = f"only {common:.0%} of" if common else "nothing of"
        right = f"{_shown(Coordinates(whole.south, whole.west))}, {_shown(Coordinates(whole.north, whole.east))}"
        yield form.problem(
            "map-bounds-outside-municipality",
            f"'map.bounds' shows {shown} {own.name}",
            environment,
            "map",
            "bounds",
            hint=f"leave it out, or write [{right}]",
            severity=Severity.WARNING if common else Severity.ERROR,
        )


@rule("map-center-outside-municipality", "the map opens at somebody else's streets")
def center_outside_municipality(form: Form) -> Iterator[Problem]:
    """Warns of a centre outside the municipality."""
    for environment, own in _located(form):
        center = _center(environment)
        if center and form.given(environment, "map", "center") and not _whole(own).holds(center, _MARGIN):
            yield form.problem(
                "map-center-outside-municipality",
                f"the centre of the map, {_shown(center)}, lies outside {own.name}",
                environment,
                "map",
                "center",
                hint=f"leave it out, or write {_shown(Coordinates(own.latitude, own.longitude))}",
                severity=Severity.WARNING,
            )


@rule("zoom-order", "a map that opens outside its own zoom levels jumps, or shows nothing")
def zoom_order(form: Form) -> Iterator[Problem]:
    """Reports zoom levels that are not in order: the smallest, that at the start, the largest."""
    for environment in form.config.environments:
        section = environment.settings["map"]
        for low, high in (("minZoom", "maxZoom"), ("minZoom", "zoom"), ("zoom", "maxZoom")):
            if section[low] <= section[high]:
                continue
            # Which of both is wrong only a person knows: the one at the start, else the one that was written.
            place = next(
                (key for key in ("zoom", low, high) if key in (low, high) and form.given(environment, "map", key)), low
            )
            yield form.problem(
                "zoom-order",
                f"'map.{low}' is {section[low]}, more than 'map.{high}', which is {section[high]}",
                environment,
                "map",
                place,
                hint="minZoom is at most zoom, and zoom at most maxZoom",
            )
            break


def _points(form: Form, environment: Environment) -> Iterator[tuple[tuple[str | int, ...], Coordinates]]:
    """Yield the points that a person wrote, with their place in the section."""
    section = environment.settings["map"]
    if form.given(environment, "map", "center") and (center := _point(section.get("center"))):
        yield ("center",), center
    if form.given(environment, "map", "bounds"):
        for index, corner in enumerate(section.get("bounds", ())):
            if point := _point(corner):
                yield ("bounds", index), point


def _located(form: Form) -> Iterator[tuple[Environment, Municipality]]:
    """Yield the environments whose map is sound, of a municipality that the register has."""
    for environment in form.config.environments:
        own = municipality_of(environment.settings["municipality"])
        if own and _is_sound(form, environment):
            yield environment, own


def _is_sound(form: Form, environment: Environment) -> bool:
    """Tell whether the numbers are in the right order, so that it makes sense to compare them."""
    box = _box(environment)
    ordered = box is None or (box.south < box.north and box.west < box.east)
    return ordered and not any(_is_swapped(point) for _, point in _points(form, environment))


def _center(environment: Environment) -> Coordinates | None:
    return _point(environment.settings["map"].get("center"))


def _box(environment: Environment) -> Box | None:
    corners = [_point(corner) for corner in environment.settings["map"].get("bounds", ())]
    if len(corners) != 2 or corners[0] is None or corners[1] is None:
        return None
    return Box(*corners[0], *corners[1])


def _whole(municipality: Municipality) -> Box:
    return Box(municipality.south, municipality.west, municipality.north, municipality.east)


def _point(value: Any) -> Coordinates | None:
    is_pair = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    if not is_pair or not all(isinstance(degrees, int | float) for degrees in value):
        return None
    return Coordinates(*value)


def _is_swapped(point: Coordinates) -> bool:
    return not _NETHERLANDS.holds(point) and _NETHERLANDS.holds(Coordinates(point.longitude, point.latitude))


def _shown(point: Coordinates) -> str:
    return f"[{point.latitude:.7g}, {point.longitude:.7g}]"


@rule("tile-url", "an address without the numbers of a tile gives the same picture everywhere")
def tile_url(form: Form) -> Iterator[Problem]:
    """Reports an address of the background that lacks {z}, {x} or {y}, or holds what nothing fills in."""
    for environment in form.config.environments:
        background = environment.settings["map"]["background"]
        url = str(background["url"])
        asked = re.findall(r"\{[^{}]*\}", url)
        missing = [part for part in _TILE if part not in asked and not (part == "{y}" and "{-y}" in asked)]
        unknown = [part for part in asked if part not in _KNOWN]
        if missing:
            fault = f"lacks {' and '.join(missing)}", f"for example {defaults()['map']['background']['url']}"
        elif unknown:
            fault = f"holds {unknown[0]}, which nothing fills in", f"known are {', '.join(sorted(_KNOWN))}"
        elif "{s}" in asked and not background["subdomains"]:
            fault = "holds {s}, and there are no subdomains", "list them in 'map.background.subdomains'"
        else:
            continue
        message = f"the address of the background map {fault[0]}"
        yield form.problem("tile-url", message, environment, "map", "background", "url", hint=fault[1])
