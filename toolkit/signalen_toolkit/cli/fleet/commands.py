"""The commands for a fleet of municipalities, and those that do for many what another does for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.fleet.clusters import clusters, reach
from signalen_toolkit.cli.fleet.making import add, join, new, pipelines, split
from signalen_toolkit.cli.fleet.many import FORMATS, Do, on_many
from signalen_toolkit.cli.fleet.rollout import rollout
from signalen_toolkit.cli.shared import chart_options, rendering_options
from signalen_toolkit.diagnostics.problems import UsageError


@click.group()
def fleet() -> None:
    """Look after many municipalities together: in one repository, or each in its own."""


for command in (new, add, split, join, pipelines, clusters, reach, rollout):
    fleet.add_command(command)


@fleet.command("check")
@on_many
def check(do: Do) -> None:
    """Check the forms of municipalities, as `signalen check` does."""
    from signalen_toolkit.fleet.operations import Check

    do("check", Check(), tuple)


@fleet.command("render")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where clusters/ is stale.")
@on_many
def render(only_check: bool, do: Do) -> None:
    """Write the rendered trees of municipalities, as `signalen render` does."""
    from signalen_toolkit.fleet.memory import RENDER, RENDER_CHECK
    from signalen_toolkit.fleet.operations import Render

    do(RENDER_CHECK if only_check else RENDER, Render(only_check), tuple)


@fleet.command("status")
@click.option("--certificates", "ask", is_flag=True, help="Ask the hosts for their certificates too, by TLS.")
@click.option("--haven", "points", is_flag=True, help="Count the points of Haven too, as `signalen haven` does.")
@rendering_options
@partial(on_many, formats=(*FORMATS, "prometheus"))
def status(ask: bool, points: bool, do: Do, **options: Any) -> None:
    """Print where the environments of municipalities stand, as `signalen status` does.

    With --format html it is one page to be put somewhere: a map, and a table with a search, sorted by what you click.
    With --format prometheus it is metrics, for the textfile collector of the node exporter or a web server.
    """
    from signalen_toolkit.fleet.glance import overview
    from signalen_toolkit.fleet.memory import rendered
    from signalen_toolkit.fleet.operations import StatusOf
    from signalen_toolkit.helm.options import Options

    work = StatusOf(Options(**options, variables={**variables()}) if points else None)
    write = partial(overview.write, now=datetime.now(UTC), ask=ask)
    title = "status --haven" if points else "status"
    do(title, work, work.around, write, prepared=lambda fleet_: replace(work, rendered=rendered(fleet_, variables())))


@fleet.command("bump")
@click.option("--to", "version", default="", metavar="VERSION", help="The release; default: the newest that is known.")
@click.option("--environment", help="Only this environment.")
@click.option("--allow-downgrade", is_flag=True, help="Also to an older release.")
@chart_options
@on_many
def bump(
    version: str, environment: str | None, allow_downgrade: bool, charts: Path | None, offline: bool, do: Do
) -> None:
    """Bring environments of municipalities to another release, as `signalen bump` does."""
    from signalen_toolkit.fleet.operations import Bump

    do("bump", Bump(version, environment, allow_downgrade, charts, offline))


@fleet.command("verify")
@rendering_options
@click.option("--schemas", type=click.Path(path_type=Path, file_okay=False), help="Schemas of custom resources.")
@click.option("--again", is_flag=True, help="Also where nothing changed since the last time.")
@click.option("--locked", is_flag=True, help="Refuse a chart that is not in charts.lock, and leave that as it is.")
@on_many
def verify(schemas: Path | None, again: bool, locked: bool, do: Do, **options: Any) -> None:
    """Run the releases of municipalities through Helm and check what comes out, as `signalen verify` does.

    Where they share clusters (clusters.yaml), what those have is checked too, and whether it is rendered.
    """
    from signalen_toolkit.fleet.operations import Verify
    from signalen_toolkit.helm.options import Options

    asked = Options(**options, variables={**variables()})
    work = Verify(asked, schemas, locked)

    def of_clusters(*about: Any) -> Any:
        from signalen_toolkit.fleet.clusters.verified import ClustersVerify  # most fleets have none

        return ClustersVerify(asked, schemas, locked, again)(*about)

    do("verify", work, None if again else work.around, shared=of_clusters)


@fleet.command("diff")
@click.option("--from", "from_", metavar="REV", help="Git revision before; default: where this branch left the other.")
@click.option("--to", metavar="REV", help="Git revision after; default: the form as it is now.")
@rendering_options
@on_many
def diff(from_: str | None, to: str | None, do: Do, **options: Any) -> None:
    """Show what changes of municipalities do on their clusters, as `signalen diff` does."""
    from signalen_toolkit.fleet.operations import DiffOf
    from signalen_toolkit.helm.options import Options

    do("diff", DiffOf(Options(**options, variables={**variables()}), from_, to))


@fleet.command("promote")
@click.option("--from", "source", required=True, metavar="ENVIRONMENT", help="Where it was accepted.")
@click.option("--to", "target", required=True, metavar="ENVIRONMENT", help="Who gets it.")
@click.option("--allow-downgrade", is_flag=True, help="Also to an older release.")
@chart_options
@click.option("--yes", is_flag=True, help="Do it; without, nothing is done.")
@on_many
def promote(
    source: str, target: str, allow_downgrade: bool, charts: Path | None, offline: bool, yes: bool, do: Do
) -> None:
    """Give an environment of municipalities what was accepted in another, as `signalen promote` does."""
    from signalen_toolkit.fleet.operations import Promote

    if not yes:
        raise UsageError("this changes an environment of many municipalities: add --yes to do it")
    do("promote", Promote(source, target, allow_downgrade, charts, offline))


@fleet.command("update")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where there is something to do.")
@on_many
def update(only_check: bool, do: Do) -> None:
    """Bring municipalities to the template of the installed toolkit, as `signalen update` does."""
    from signalen_toolkit.fleet.operations import Update

    do("update", Update(only_check))


@fleet.command("haven")
@click.option("--environment", metavar="NAME", help="Only this environment.")
@rendering_options
@click.option("--strict", is_flag=True, help="Exit with 1 where a point is not met.")
@click.option("--accept", "accepted", multiple=True, metavar="POINT", help="With --strict: also without this point.")
@on_many
def haven(environment: str | None, strict: bool, accepted: tuple[str, ...], do: Do, **options: Any) -> None:
    """Report which points of Haven the workloads of municipalities meet, as `signalen haven` does."""
    from signalen_toolkit.fleet.operations import HavenOf
    from signalen_toolkit.haven import haven as reporting
    from signalen_toolkit.helm.options import Options

    reporting.require(accepted)
    do("haven", HavenOf(Options(**options, variables={**variables()}), environment, strict, accepted))


@fleet.command("secrets-check")
@click.option("--environment", "environments", multiple=True, help="Only this environment.")
@click.option("--no-decrypt", is_flag=True, help="Look at no value.")
@click.option("--sops", "program", metavar="PROGRAM", help="The SOPS program, in place of the installed one.")
@on_many
def check_secrets(environments: tuple[str, ...], no_decrypt: bool, program: str | None, do: Do) -> None:
    """Check the secrets of municipalities, as `signalen secrets check` does."""
    from signalen_toolkit.fleet.operations import SecretsCheck

    do("secrets-check", SecretsCheck(environments, not no_decrypt, program))
