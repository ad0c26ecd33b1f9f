"""What is said of the clusters of a fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signalen_toolkit.base.layout import CLUSTERS_FILE
from signalen_toolkit.diagnostics.markdown import prose
from signalen_toolkit.diagnostics.output import json_text
from signalen_toolkit.fleet.clusters.reach import Reach
from signalen_toolkit.fleet.clusters.run import Rendering
from signalen_toolkit.fleet.listing import Fleet


def clusters(fleet: Fleet, found: Rendering, *, only_check: bool) -> str:
    """Return who stands where, and what was written, a line each."""
    return "\n".join([*_standing(fleet, found), *_left(found), *_changes(found, only_check=only_check)])


def _standing(fleet: Fleet, found: Rendering) -> Iterator[str]:
    for name, residents in found.homes.items():
        for environment in dict.fromkeys(one.environment for one in residents):
            names = [one.municipality for one in residents if one.environment == environment]
            yield f"{name}: {environment} of {', '.join(names)}"
    placed = {one.municipality for residents in found.homes.values() for one in residents}
    alone = [one.name for one in fleet.members if one.name not in placed]
    if alone:
        yield f"in no cluster of {CLUSTERS_FILE}: {', '.join(alone)}"


def _left(found: Rendering) -> Iterator[str]:
    for name in found.kept:
        yield f"{name} keeps what it has: mend the errors first"
    for one in found.failed:
        yield f"{one.name} keeps what its clusters have of it: {one.said}"


def _changes(found: Rendering, *, only_check: bool) -> Iterator[str]:
    if only_check:
        yield "clusters/ is stale: run `signalen fleet clusters`" if found.changes else "clusters/ is up to date"
        return
    yield from (f"wrote {path}" for path in found.changes.written)
    yield from (f"removed {path}" for path in found.changes.removed)
    if not found.changes:
        yield "clusters/ is up to date"


def reach(found: Sequence[Reach], format_: str) -> str:
    """Return who reaches whom, in one of the formats text, json and markdown."""
    if format_ == "json":
        return json_text({one.cluster: {"tenants": [*one.tenants], "ways": _ways(one)} for one in found})
    return "\n".join(line for one in found for line in (_table(one) if format_ == "markdown" else _lines(one)))


def _ways(found: Reach) -> list[dict[str, object]]:
    return [one.as_data() for one in found.ways]


def _lines(found: Reach) -> Iterator[str]:
    yield f"{found.cluster}:"
    for tenant in found.tenants:
        yield f"  {tenant}"
        for way in found.ways:
            if not way.between_tenants and tenant in (way.source, way.target):
                arrow, other = ("->", way.target) if way.source == tenant else ("<-", way.source)
                yield f"    {arrow} {other}: {' '.join(way.ports)}"
    for way in found.holes:
        yield f"  error: {way.source} reaches {way.target}: {' '.join(way.ports)}"
        yield from (f"    let in by {policy}" for policy in way.policies or ["no policy: the namespace is open"])
    yield f"  {_verdict(found)}"


def _table(found: Reach) -> Iterator[str]:
    yield f"### {prose(found.cluster)}"
    yield ""
    yield "| from | to | ports |"
    yield "| --- | --- | --- |"
    for way in [*found.holes, *(one for one in found.ways if not one.between_tenants)]:
        mark = " **(another tenant)**" if way.between_tenants else ""
        yield f"| {prose(way.source)} | {prose(way.target)}{mark} | {prose(', '.join(way.ports))} |"
    yield ""
    yield prose(_verdict(found))


def _verdict(found: Reach) -> str:
    count = len(found.tenants)
    if found.holes:
        return f"of {count} tenants, {len({one.source for one in found.holes})} reach another"
    return f"of {count} tenants, none reaches another"
