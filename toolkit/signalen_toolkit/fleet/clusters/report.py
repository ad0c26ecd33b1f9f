"""What is said of the clusters of a fleet."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.base.layout import CLUSTERS_FILE
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
        yield f"{name} keeps what it has, for its tenants cannot stand beside each other"
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
