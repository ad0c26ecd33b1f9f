"""What is told of a fleet: a row for each environment, with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from signalen_toolkit.documents.data import maps
from signalen_toolkit.fleet.glance.certificates import Expiry
from signalen_toolkit.fleet.glance.hosts import of_hosts
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.fleet.selection import municipality
from signalen_toolkit.form.municipalities import Municipality, by_code, municipalities


@dataclass(frozen=True, slots=True)
class HavenPoints:
    """How many points of Haven an environment meets, and how many it does not; `problem` says why nobody could tell."""

    met: int = 0
    not_met: int = 0
    not_applicable: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One environment of a municipality; one without a name where the municipality could not be looked at.

    `behind` counts the releases after its own, `tree` is clean, stale or unknown, `errors` and `warnings` are those of
    the form. `changed` is when the municipality was changed last (seconds since 1970, 0 where Git does not know),
    `certificates` those in its files and, where they were asked, of its hosts. `latitude` and `longitude` are degrees
    (WGS84) of who is in the register, and else 0; `haven` is None where nobody asked.
    """

    municipality: str
    name: str
    code: str
    province: str
    latitude: float
    longitude: float
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
    changed: int
    certificates: tuple[Expiry, ...]
    haven: HavenPoints | None

    @property
    def is_wrong(self) -> bool:
        """Tell whether somebody has something to do, newer releases aside."""
        return bool(self.errors or self.failed or self.tree == "stale")

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data, with times as people and programs read them."""
        certificates = [asdict(one) | {"expires": moment(one.expires)} for one in self.certificates]
        return asdict(self) | {"changed": moment(self.changed), "certificates": certificates}


def rows(fleet: Fleet, found: Sequence[MemberOutcome], changed: Mapping[str, int], *, ask: bool) -> list[FleetRow]:
    """Return a row for each environment of what `signalen status` found, by municipality.

    `changed` is when each was changed last. With `ask` the hosts are asked for their certificates.
    """
    members = {member.name: member for member in fleet.members}
    told = [
        row
        for one in sorted(found, key=lambda one: one.name)
        for row in _rows(fleet, members[one.name], one, changed.get(one.name, 0))
    ]
    return _asked(told, found) if ask else told


def moment(seconds: int) -> str:
    """Return a moment as ISO 8601 in UTC; empty for 0, which nobody knows."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z") if seconds else ""


def day(seconds: int) -> str:
    """Return the day of a moment, in UTC: it is written and sorted alike."""
    return moment(seconds).partition("T")[0]


def _rows(fleet: Fleet, member: Member, one: MemberOutcome, changed: int) -> Iterator[FleetRow]:
    data = one.data
    place = by_code(str(data.get("code", ""))) or municipality(fleet, member) or _by_slug().get(one.name)
    about: dict[str, Any] = {
        "municipality": one.name,
        "name": str(data.get("municipality") or (place.name if place else one.name)),
        "code": place.code if place else "",
        "province": place.province if place else "",
        "latitude": place.latitude if place else 0.0,
        "longitude": place.longitude if place else 0.0,
        "ring": member.ring,
        "toolkit": str(data.get("toolkit", "")),
        "errors": int(data.get("errors", 0)),
        "warnings": int(data.get("warnings", 0)),
        "failed": one.said if one.end is Ending.FAILED or not data else "",
        "changed": changed,
        "certificates": tuple(Expiry(**found) for found in data.get("certificates", ())),
    }
    environments = _environments(data)
    for found in environments:
        haven = data.get("haven", {}).get(found["environment"])
        yield FleetRow(
            **about,
            environment=found["environment"],
            domain=found["domain"],
            production=found["production"],
            release=found["version"],
            behind=found["behind"],
            tree=found["tree"],
            haven=HavenPoints(**haven) if haven else None,
        )
    if not environments:
        yield FleetRow(
            **about, environment="", domain="", production=False, release="", behind=0, tree="unknown", haven=None
        )


@cache
def _by_slug() -> Mapping[str, Municipality]:
    """Return who is probably meant by the name of a folder, where its form cannot be read."""
    return {one.slug: one for one in municipalities()}


def _environments(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [found for _, found in maps({"environments": [*data.get("environments", ())]}, "environments")]


def _asked(told: list[FleetRow], found: Sequence[MemberOutcome]) -> list[FleetRow]:
    hosts = {
        (one.name, str(each["environment"])): tuple(map(str, each.get("hosts", ())))
        for one in found
        for each in _environments(one.data)
    }
    answers = of_hosts([host for of_one in hosts.values() for host in of_one])
    return [
        replace(
            row,
            certificates=(
                *row.certificates,
                *(
                    replace(answers[host], environment=row.environment)
                    for host in hosts.get((row.municipality, row.environment), ())
                ),
            ),
        )
        for row in told
    ]
