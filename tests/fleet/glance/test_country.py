"""The map: where municipalities are, and what colours and forms say."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from signalen_toolkit.fleet.glance import country
from signalen_toolkit.fleet.glance.rows import FleetRow
from signalen_toolkit.form.municipalities import by_code, municipalities


def row(code: str, release: str, environment: str = "production", *, production: bool = True) -> FleetRow:
    place = by_code(code)
    return FleetRow(
        municipality=place.slug if place else code,
        name=place.name if place else code,
        code=code if place else "",
        province="",
        latitude=place.latitude if place else 0.0,
        longitude=place.longitude if place else 0.0,
        ring="",
        environment=environment,
        domain="",
        production=production,
        release=release,
        behind=0,
        tree="clean",
        toolkit="",
        errors=0,
        warnings=0,
        failed="",
        changed=0,
        certificates=(),
        haven=None,
    )


def test_everybody_is_on_it_and_north_is_up() -> None:
    drawn = country.drawing([])
    assert drawn.count("<circle") == len(municipalities()) == 342
    places = {one.code: country.place(one.latitude, one.longitude) for one in municipalities()}
    height = float(re.findall(r'viewBox="0 0 \d+ (\d+)"', drawn)[0])
    assert all(0 < x < country.WIDTH and 0 < y < height for x, y in places.values())
    groningen, maastricht, sluis = places["GM0014"], places["GM0935"], places["GM1714"]
    assert groningen[1] < maastricht[1] and sluis[0] < maastricht[0] < groningen[0]
    utrecht = places["GM0344"]
    slope = (groningen[0] - utrecht[0]) / (utrecht[1] - groningen[1])
    assert slope == pytest.approx(103 / 125, abs=0.1)  # kilometres to the east and to the north


def test_each_release_has_a_colour_and_a_form_and_says_who() -> None:
    releases = ["4.24.0", "4.9.0", "4.23.0", "4.22.0", "4.21.0", "4.20.0", "4.8.0"]
    codes = [one.code for one in municipalities()[: len(releases)]]
    drawn = country.drawing([row(code, release) for code, release in zip(codes, releases, strict=True)])
    marks = re.findall(r'<path class="release(\d)" transform="[^"]*" d="([^"]*)"><title>(.*?)</title>', drawn)
    assert [int(kind) for kind, *_ in marks] == [0, 5, 1, 2, 3, 4, 5]  # two are older than the five that are named
    assert len({form for _, form, _ in marks}) == 6
    assert marks[0][2] == f"{municipalities()[0].name}: production 4.24.0"
    legend = re.findall(r"</svg> ([^:]+): <strong>(\d+)</strong>", drawn)
    assert legend == [*((one, "1") for one in ("4.24.0", "4.23.0", "4.22.0", "4.21.0", "4.20.0")), ("older", "2")]


def test_production_counts_and_who_cannot_be_read_is_unknown() -> None:
    acceptance = row("GM0014", "4.24.0", "acceptance", production=False)
    drawn = country.drawing([acceptance, row("GM0014", "4.22.0"), row("GM0344", "", ""), row("x", "4.22.0")])
    assert "Groningen: acceptance 4.24.0, production 4.22.0" in drawn
    assert "Utrecht: unknown" in drawn
    legend = dict(re.findall(r"</svg> ([^:]+): <strong>(\d+)</strong>", drawn))
    assert legend == {"4.22.0": "2", "unknown": "1"}
    assert drawn.count("transform=") == 2  # of who is not in the register, nobody knows where it is


@pytest.mark.parametrize("page", ["#ffffff", "#1b1b1b"])
def test_colours_are_seen_on_a_light_and_on_a_dark_page(page: str) -> None:
    assert min(_contrast(colour, page) for colour in country.COLOURS) >= 3
    assert max(Counter(country.COLOURS).values()) == 1


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 computes it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)
