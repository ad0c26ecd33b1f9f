"""The commands for clusters that municipalities share."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.fleet.many import in_fleet
from signalen_toolkit.cli.shared import print_problems
from signalen_toolkit.diagnostics.output import say


@click.command("clusters")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where clusters/ is stale.")
@click.option("--processes", type=click.IntRange(1, 512), help="At once; default: as many as processors.")
@in_fleet
def clusters(only_check: bool, processes: int | None, root: Path) -> None:
    """Render what each cluster in clusters.yaml has beside its tenants' own trees, into clusters/ of the fleet.

    That are the namespaces, rights and limits of each tenant, and what lets Flux or Argo CD follow it. What the tenants
    have themselves, `signalen fleet render` writes.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.fleet import listing
    from signalen_toolkit.fleet.clusters import placement, report, run

    fleet_ = listing.read(root)
    found = run.render(
        fleet_,
        placement.read(fleet_, catalog()),
        catalog(),
        variables(),
        only_check=only_check,
        processes=processes or 0,
    )
    for one in found.failed:
        print_problems(one.problems, "text", err=True)
    print_problems(found.problems, "text", err=True)
    say(found.diff, end="")
    say(report.clusters(fleet_, found, only_check=only_check))
    sys.exit(not found.fine or (only_check and bool(found.changes)))


@click.command("reach")
@click.option("--cluster", "name", default="", metavar="CLUSTER", help="Only this cluster.")
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text")
@in_fleet
def reach(name: str, format_: str, root: Path) -> None:
    """Tell who may reach whom in clusters that municipalities share, by the network policies in their trees.

    Ends with 1 where anything of one municipality reaches anything of another.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.fleet import listing
    from signalen_toolkit.fleet.clusters import placement, report
    from signalen_toolkit.fleet.clusters.reach import reach as reached

    fleet_ = listing.read(root)
    placed = placement.read(fleet_, catalog())
    found = [reached(fleet_, home) for home in ([placed.cluster(name)] if name else placed.clusters)]
    say(report.reach(found, format_))
    sys.exit(any(one.holes for one in found))
