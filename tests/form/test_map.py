"""What follows for the map: how far it goes, and where the backend takes the picture in a PDF from."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.config import build
from signalen_toolkit.form.schema import defaults

FORM: dict[str, Any] = {"municipality": {"code": "GM0796"}, "environments": {"acceptance": {"domain": "a.example.nl"}}}
PDOK = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/{}/EPSG:3857/{{zoom}}/{{x}}/{{y}}.png"


def map_of(section: dict[str, Any]) -> dict[str, Any]:
    settings = build(merge(FORM, {"map": section}), catalog()).environments[0].settings
    found: dict[str, Any] = settings["map"]
    return found


def box_of(section: dict[str, Any]) -> tuple[float, float, float, float]:
    west, south, east, north = map(float, section["boundingBox"].split(","))
    return west, south, east, north


def test_the_map_and_the_area_of_reports_grow_with_the_neighbours() -> None:
    alone, together = map_of({}), map_of({"municipalities": ["Vught", "Heusden"]})
    (south, west), (north, east) = together["bounds"]
    box = box_of(together)
    for name in ("'s-Hertogenbosch", "Vught", "Heusden"):
        one = municipalities.named(name)[0]
        assert south <= one.south < one.north <= north
        assert west <= one.west < one.east <= east
        assert box[0] < one.west < one.east < box[2]
        assert box[1] < one.south < one.north < box[3]
    assert together["center"] == alone["center"]
    assert together["bounds"] != alone["bounds"]


def test_reports_in_a_neighbour_are_taken_where_the_form_has_bounds_of_its_own() -> None:
    bounds = [[51.66, 5.2], [51.76, 5.5]]
    section = map_of({"municipalities": ["Heusden"], "bounds": bounds})
    heusden = municipalities.named("Heusden")[0]
    assert section["bounds"] == bounds
    assert box_of(section)[0] < heusden.west


def test_a_former_municipality_changes_nothing() -> None:
    assert map_of({"municipalities": ["Maasdonk"]})["bounds"] == map_of({})["bounds"]


BACKGROUND: str = defaults()["map"]["background"]["url"]
MERCATOR = {"crs": "EPSG:3857"}
OWN = "https://t.nl/{z}/{x}/{y}.png"


@pytest.mark.parametrize(
    ("section", "tiles"),
    [
        ({}, PDOK.format("standaard")),
        ({"background": {"url": BACKGROUND.replace("standaard", "grijs")}}, PDOK.format("grijs")),
        ({**MERCATOR, "background": {"url": OWN}}, "https://t.nl/{zoom}/{x}/{y}.png"),
        (
            {**MERCATOR, "background": {"url": "https://{s}.t.nl/{z}/{x}/{y}{r}", "subdomains": ["a", "b"]}},
            "https://a.t.nl/{zoom}/{x}/{y}",
        ),
        ({"crs": "EPSG:28992", "background": {"url": OWN}}, PDOK.format("standaard")),
        ({**MERCATOR, "background": {"url": "https://t.nl/{z}/{x}/{-y}.png"}}, PDOK.format("standaard")),
        ({**MERCATOR, "background": {"url": OWN, "tms": True}}, PDOK.format("standaard")),
        ({**MERCATOR, "background": {"url": "https://t.nl/{z}/{x}/{y}}.png"}}, PDOK.format("standaard")),
    ],
)
def test_the_pdf_has_the_background_of_the_site_where_the_backend_can_draw_it(
    section: dict[str, Any], tiles: str
) -> None:
    found = map_of(section)["pdfTiles"]
    assert found == tiles
    assert "{" not in found.format(zoom=17, x=1, y=2)
