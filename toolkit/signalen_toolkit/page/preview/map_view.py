"""The map of a municipality, drawn from the register: its own rectangle, its neighbours, and what the site will show.

Points are in Web Mercator (EPSG:3857), scaled to the drawing; so tiles of PDOK fit below it, where they may be fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.municipalities import Municipality, municipalities

WIDTH: Final = 640
_HEIGHT: Final = 480  # at most
_TILES: Final = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/standaard/EPSG:3857/{zoom}/{x}/{y}.png"
_TILE: Final = 256
_AROUND: Final = 0.5  # of the width and height, on each side
_MOST_NAMES: Final = 24


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of the drawing, in its units, from the top left."""

    x: float
    y: float
    width: float
    height: float
    name: str = ""

    @property
    def center(self) -> tuple[float, float]:
        """Its middle."""
        return round(self.x + self.width / 2, 1), round(self.y + self.height / 2, 1)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of the map of PDOK, and where it lies."""

    address: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class MapView:
    """A drawing: the municipality, those around it, and the bounds and centre of the site's map."""

    height: int
    own: Rectangle | None
    neighbours: tuple[Rectangle, ...]
    bounds: Rectangle | None
    center: tuple[float, float] | None
    tiles: tuple[Tile, ...]
    latitude: float = 0
    longitude: float = 0


def map_view(environment: Environment, *, tiles: bool = False) -> MapView | None:
    """Return the drawing of an environment's map; None where neither a municipality nor bounds are known."""
    settings = environment.settings
    found = municipality_of(settings.get("municipality", {}))
    given = _corners(settings["map"].get("bounds"))
    own = _of(found) if found else None
    frame = own or given
    if frame is None:
        return None
    if own and given:
        frame = (min(own[0], given[0]), min(own[1], given[1]), max(own[2], given[2]), max(own[3], given[3]))
    scale = _Scale.around(frame)
    center = _point(settings["map"].get("center"))
    return MapView(
        scale.height,
        scale.rectangle(own, found.name if found else "") if own else None,
        tuple(scale.rectangle(_of(one), one.name) for one in _near(scale, found)),
        scale.rectangle(given) if given else None,
        scale.point(*center) if center else None,
        tuple(scale.tiles()) if tiles else (),
        *(center or (0, 0)),
    )


Bounds = tuple[float, float, float, float]  # south, west, north, east


def _of(municipality: Municipality) -> Bounds:
    return municipality.south, municipality.west, municipality.north, municipality.east


def _point(value: object) -> tuple[float, float] | None:
    match value:
        case [int() | float() as latitude, int() | float() as longitude] if abs(latitude) < 85 and abs(longitude) < 180:
            return float(latitude), float(longitude)
    return None


def _corners(value: object) -> Bounds | None:
    if isinstance(value, list) and len(value) == 2:
        low, high = _point(value[0]), _point(value[1])
        if low and high and low[0] < high[0] and low[1] < high[1]:
            return low[0], low[1], high[0], high[1]
    return None


def _near(scale: _Scale, own: Municipality | None) -> Iterator[Municipality]:
    """Yield the municipalities of which the centre is in the drawing, the nearest to its middle first."""
    inside = []
    for one in municipalities():
        x, y = scale.point(one.latitude, one.longitude)
        if one is not own and 0 <= x <= WIDTH and 0 <= y <= scale.height:
            inside.append((math.hypot(x - WIDTH / 2, y - scale.height / 2), one.code, one))
    yield from (one for *_, one in sorted(inside)[:_MOST_NAMES])


@dataclass(frozen=True, slots=True)
class _Scale:
    """How degrees become units of the drawing."""

    west: float  # in Web Mercator, of which the world is 1 wide
    north: float
    unit: float  # of the world, for one unit of the drawing
    height: int

    @classmethod
    def around(cls, frame: Bounds) -> _Scale:
        """Return the scale of a drawing of a rectangle with room around it."""
        left, bottom = _mercator(frame[0], frame[1])
        right, top = _mercator(frame[2], frame[3])
        wide, high = (right - left) * (1 + 2 * _AROUND), (bottom - top) * (1 + 2 * _AROUND)
        unit = max(wide / WIDTH, high / _HEIGHT)
        height = min(_HEIGHT, round(high / unit))
        return cls((left + right) / 2 - WIDTH * unit / 2, (top + bottom) / 2 - height * unit / 2, unit, height)

    def point(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Return where a point lies."""
        x, y = _mercator(latitude, longitude)
        return round((x - self.west) / self.unit, 1), round((y - self.north) / self.unit, 1)

    def rectangle(self, bounds: Bounds, name: str = "") -> Rectangle:
        """Return where bounds lie."""
        left, bottom = self.point(bounds[0], bounds[1])
        right, top = self.point(bounds[2], bounds[3])
        return Rectangle(left, top, round(right - left, 1), round(bottom - top, 1), name)

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles of PDOK below the drawing, at the zoom at which they are about as large as there."""
        zoom = max(0, min(14, round(math.log2(1 / (self.unit * _TILE)))))
        side = 1 / 2**zoom
        for column in range(math.floor(self.west / side), math.floor((self.west + WIDTH * self.unit) / side) + 1):
            for row in range(
                math.floor(self.north / side), math.floor((self.north + self.height * self.unit) / side) + 1
            ):
                x, y = (column * side - self.west) / self.unit, (row * side - self.north) / self.unit
                yield Tile(
                    _TILES.format(zoom=zoom, x=column, y=row), round(x, 1), round(y, 1), round(side / self.unit, 1)
                )


def _mercator(latitude: float, longitude: float) -> tuple[float, float]:
    """Return a point of the world in Web Mercator, from the top left, both from 0 to 1."""
    sine = math.sin(math.radians(latitude))
    return longitude / 360 + 0.5, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
