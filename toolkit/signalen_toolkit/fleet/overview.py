"""Where a fleet stands, at a glance: one static page, the same as JSON, and as metrics for Prometheus."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from string import Template
from typing import Any, Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.documents.data import maps
from signalen_toolkit.fleet import report
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.selection import municipality
from signalen_toolkit.form.municipalities import fold

FORMATS: Final = (*report.FORMATS, "prometheus")
_HEADS: Final = (
    "Municipality",
    "Province",
    "Ring",
    "Environment",
    "Release",
    "Releases behind",
    "clusters/",
    "Toolkit",
    "Problems",
)


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One environment of a municipality; one without a name where the municipality could not be looked at.

    `behind` counts the releases after its own, `tree` is clean, stale or unknown, `errors` and `warnings` are those of
    the form.
    """

    municipality: str
    name: str
    code: str
    province: str
    ring: str
    environment: str
    domain: str
    production: bool
    release: str
    behind: int
    tree: str
    toolkit: str
    errors: int
    warnings: int
    failed: str


def rows(fleet: Fleet, found: Sequence[MemberOutcome]) -> list[FleetRow]:
    """Return a row for each environment of what `signalen status` found, by municipality."""
    members = {member.name: member for member in fleet.members}
    return [row for one in sorted(found, key=lambda one: one.name) for row in _rows(fleet, members[one.name], one)]


def write(fleet: Fleet, found: Sequence[MemberOutcome], format_: str) -> str:
    """Return where a fleet stands in one of FORMATS, without a line break at the end."""
    match format_:
        case "html":
            return _page(rows(fleet, found), len(found))
        case "json":
            return json_text(
                {"newest": catalog().releases[0], "environments": [asdict(one) for one in rows(fleet, found)]}
            )
        case "prometheus":
            return "\n".join(_metrics(rows(fleet, found)))
    return report.write("status", found, format_)


def _rows(fleet: Fleet, member: Member, one: MemberOutcome) -> Iterator[FleetRow]:
    place = municipality(fleet, member)
    data = one.data
    about: dict[str, Any] = {
        "municipality": one.name,
        "name": str(data.get("municipality") or (place.name if place else one.name)),
        "code": place.code if place else "",
        "province": place.province if place else "",
        "ring": member.ring,
        "toolkit": str(data.get("toolkit", "")),
        "errors": int(data.get("errors", 0)),
        "warnings": int(data.get("warnings", 0)),
        "failed": one.said if one.end is Ending.FAILED or not data else "",
    }
    environments = [
        found for _, found in maps({**data, "environments": [*data.get("environments", ())]}, "environments")
    ]
    for found in environments:
        yield FleetRow(
            **about,
            environment=found["environment"],
            domain=found["domain"],
            production=found["production"],
            release=found["version"],
            behind=found["behind"],
            tree=found["tree"],
        )
    if not environments:
        yield FleetRow(**about, environment="", domain="", production=False, release="", behind=0, tree="unknown")


# --- the page


def _page(found: Sequence[FleetRow], count: int) -> str:
    numbers = {
        "Environments": sum(bool(one.environment) for one in found),
        "On the newest release": sum(bool(one.environment) and not one.behind for one in found),
        "Behind": sum(bool(one.behind) for one in found),
        "With problems": len({one.municipality for one in found if one.errors or one.failed or one.tree == "stale"}),
    }
    items = (f"<li>{word}: <strong>{number}</strong></li>" for word, number in numbers.items())
    heads = (f'<th scope="col">{word}</th>' for word in _HEADS)
    return (
        _template()
        .substitute(
            count=count,
            newest=html.escape(catalog().releases[0]),
            numbers="\n".join(items),
            heads="\n".join(heads),
            rows="\n".join(map(_row, found)),
        )
        .removesuffix("\n")
    )


@cache
def _template() -> Template:
    return Template((PACKAGE / "fleet/assets/status.html").read_text(encoding="utf-8"))


def _row(one: FleetRow) -> str:
    cells = [one.province, one.ring, one.environment, one.release, str(one.behind) if one.environment else "", one.tree]
    inner = "".join(f"<td>{html.escape(cell)}</td>" for cell in (*cells, one.toolkit))
    problems = _problems(one)
    kind = ' class="bad"' if problems and (one.errors or one.failed or one.tree == "stale") else ""
    alike = fold(one.name).replace(" ", "-") == one.municipality
    name = html.escape(one.name if alike else f"{one.name} ({one.municipality})")
    return f'<tr><th scope="row">{name}</th>{inner}<td{kind}>{html.escape(problems)}</td></tr>'


def _problems(one: FleetRow) -> str:
    parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in _counts(one) if number]
    return "; ".join([*([one.failed] if one.failed else []), *parts, *(["stale"] if one.tree == "stale" else [])])


def _counts(one: FleetRow) -> tuple[tuple[int, str], ...]:
    return (one.errors, "error"), (one.warnings, "warning")


# --- metrics


def _metrics(found: Sequence[FleetRow]) -> Iterator[str]:
    """Yield the text format of Prometheus (version 0.0.4)."""
    there = [one for one in found if one.environment]
    by_member = {one.municipality: one for one in found}
    yield from _family(
        "signalen_fleet_environment_info",
        "An environment of a municipality, with its release.",
        ((_named(one) | {"province": one.province, "ring": one.ring, "release": one.release}, 1) for one in there),
    )
    yield from _family(
        "signalen_fleet_releases_behind",
        "How many releases are newer than that of an environment.",
        ((_named(one), one.behind) for one in there),
    )
    yield from _family(
        "signalen_fleet_tree_stale",
        "Whether clusters/ is not what the form of an environment says.",
        ((_named(one), int(one.tree == "stale")) for one in there),
    )
    yield from _family(
        "signalen_fleet_problems",
        "Problems in the form of a municipality.",
        (
            ({"municipality": name, "severity": severity}, number)
            for name, one in by_member.items()
            for severity, number in (("error", one.errors), ("warning", one.warnings))
        ),
    )
    yield from _family(
        "signalen_fleet_unreadable",
        "Whether a municipality could not be looked at.",
        (({"municipality": name}, int(bool(one.failed))) for name, one in by_member.items()),
    )


def _named(one: FleetRow) -> dict[str, str]:
    return {"municipality": one.municipality, "environment": one.environment}


def _family(name: str, help_: str, samples: Iterator[tuple[Mapping[str, str], int]]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
