"""Where a fleet stands, as metrics for Prometheus: its text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from signalen_toolkit.fleet.glance.certificates import Expiry
from signalen_toolkit.fleet.glance.rows import FleetRow


def metrics(found: Sequence[FleetRow]) -> Iterator[str]:
    """Yield the lines of the metrics of these rows."""
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
    yield from _family(
        "signalen_fleet_last_change_timestamp_seconds",
        "When the newest commit on the folder of a municipality was made.",
        (({"municipality": name}, one.changed) for name, one in by_member.items() if one.changed),
    )
    yield from _family(
        "signalen_fleet_certificate_expiry_timestamp_seconds",
        "Until when a certificate holds, of a host or in a file (without an environment).",
        ((labels, one.expires) for labels, one in _certificates(found) if not one.problem),
    )
    yield from _family(
        "signalen_fleet_certificate_unknown",
        "Whether a host could not be asked for its certificate, or has one that nobody trusts.",
        ((labels, int(bool(one.problem))) for labels, one in _certificates(found) if one.environment),
    )
    yield from _family(
        "signalen_fleet_haven_points",
        "Points of Haven of an environment, by what came of them.",
        (
            (_named(one) | {"status": status}, number)
            for one in there
            if one.haven is not None and not one.haven.problem
            for status, number in (
                ("met", one.haven.met),
                ("not-met", one.haven.not_met),
                ("not-applicable", one.haven.not_applicable),
            )
        ),
    )


def _certificates(found: Sequence[FleetRow]) -> list[tuple[dict[str, str], Expiry]]:
    """Return each certificate once, with its labels; those in files are in each row of a municipality."""
    return [
        ({"municipality": name, "environment": one.environment, "where": one.where}, one)
        for name, one in dict.fromkeys((row.municipality, each) for row in found for each in row.certificates)
    ]


def _named(one: FleetRow) -> dict[str, str]:
    return {"municipality": one.municipality, "environment": one.environment}


def _family(name: str, help_: str, samples: Iterable[tuple[Mapping[str, str], int]]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
