"""The page on which a fleet is seen at a glance: one file, which asks nothing of anybody."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from string import Template
from typing import Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.fleet.glance import country
from signalen_toolkit.fleet.glance.certificates import Expiry, first, soon
from signalen_toolkit.fleet.glance.rows import FleetRow, HavenPoints, day
from signalen_toolkit.form.municipalities import fold

_HEADS: Final = (
    "Municipality",
    "Province",
    "Ring",
    "Environment",
    "Release",
    "Releases behind",
    "clusters/",
    "Toolkit",
    "Last change",
    "Certificates",
    "Haven",
    "Problems",
)
_BAD: Final = ' class="bad"'
_SECONDS_OF_A_DAY: Final = 86_400


def page(found: Sequence[FleetRow], count: int, now: datetime) -> str:
    """Return the page of these rows of so many municipalities, without a line break at the end."""
    numbers = {
        "Environments": sum(bool(one.environment) for one in found),
        "On the newest release": sum(bool(one.environment) and not one.behind for one in found),
        "Behind": sum(bool(one.behind) for one in found),
        "With problems": len({one.municipality for one in found if one.is_wrong}),
        "With a certificate that expires within 30 days": len(
            {one.municipality for one in found if _expires(one.certificates, soon(now))}
        ),
    }
    items = (f"<li>{word}: <strong>{number}</strong></li>" for word, number in numbers.items())
    heads = (f'<th scope="col">{word}</th>' for word in _HEADS)
    colours = (f".release{kind} {{ fill: {colour}; }}" for kind, colour in enumerate(country.COLOURS))
    return (
        _template()
        .substitute(
            count=count,
            newest=html.escape(catalog().releases[0]),
            now=now.strftime("%Y-%m-%d %H:%M"),
            numbers="\n".join(items),
            colours="\n".join(colours),
            map=country.drawing(found),
            heads="\n".join(heads),
            rows="\n".join(_row(one, now) for one in found),
        )
        .removesuffix("\n")
    )


def certificates(found: Sequence[Expiry], now: datetime) -> str:
    """Say which certificate expires first, and of which nobody knows it; empty where there is none."""
    parts = [f"{one.where}: {one.problem}" for one in found if one.problem]
    if one := first(found):
        days = (one.expires - int(now.timestamp())) // _SECONDS_OF_A_DAY
        left = "expired" if days < 0 else f"{days} day{'' if days == 1 else 's'}"
        parts.insert(0, f"{day(one.expires)} ({left}): {one.where}")
    return "; ".join(parts)


def haven(found: HavenPoints | None) -> str:
    """Say how many points of Haven are met: `18 of 24`."""
    if found is None:
        return ""
    return found.problem or f"{found.met} of {found.met + found.not_met}"


@cache
def _template() -> Template:
    return Template((PACKAGE / "fleet/assets/status.html").read_text(encoding="utf-8"))


def _row(one: FleetRow, now: datetime) -> str:
    behind = str(one.behind) if one.environment else ""
    plain = (one.province, one.ring, one.environment, one.release, behind, one.tree, one.toolkit, day(one.changed))
    cells = [(cell, False) for cell in plain]
    doubtful = _expires(one.certificates, soon(now)) or any(held.problem for held in one.certificates)
    cells.append((certificates(one.certificates, now), doubtful))
    cells.append((haven(one.haven), False))
    cells.append(("; ".join(_problems(one)), one.is_wrong))
    inner = "".join(f"<td{_BAD if bad else ''}>{html.escape(cell)}</td>" for cell, bad in cells)
    alike = fold(one.name).replace(" ", "-") == one.municipality
    name = html.escape(one.name if alike else f"{one.name} ({one.municipality})")
    return f'<tr><th scope="row">{name}</th>{inner}</tr>'


def _expires(found: Sequence[Expiry], before: int) -> bool:
    return any(0 < one.expires < before for one in found)  # 0: nobody knows


def _problems(one: FleetRow) -> Iterator[str]:
    if one.failed:
        yield one.failed
    for number, word in ((one.errors, "error"), (one.warnings, "warning")):
        if number:
            yield f"{number} {word}{'' if number == 1 else 's'}"
    if one.tree == "stale":
        yield "stale"
