"""The command that brings a release through the rings of a fleet."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from signalen_toolkit.cli.fleet.many import in_fleet
from signalen_toolkit.cli.shared import chart_options, print_problems
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError


@click.command("rollout")
@click.argument("version", default="")
@click.option("--newest", is_flag=True, help="The release that is on its way, else the newest that is known.")
@click.option("--status", "look", is_flag=True, help="Say how far it is, and do nothing.")
@click.option("--stop", "stop_", is_flag=True, help="Begin no further step.")
@click.option("--resume", "resume_", is_flag=True, help="Let one that was stopped go on.")
@click.option("--back", "back_", is_flag=True, help="Give each municipality the release back that it had.")
@click.option("--yes", is_flag=True, help="A person's yes, for a ring that begins with one.")
@click.option("--health", default="", metavar="PROGRAM", help="Ends with 0 where a municipality is healthy.")
@click.option("--patient", is_flag=True, help="Ends with 0 where it only has to wait, for a pipeline on a schedule.")
@click.option("--processes", type=click.IntRange(1, 512), help="At once; default: as many as processors.")
@chart_options
@in_fleet
def rollout(
    version: str,
    newest: bool,
    look: bool,
    stop_: bool,
    resume_: bool,
    back_: bool,
    yes: bool,
    health: str,
    patient: bool,
    processes: int | None,
    charts: Path | None,
    offline: bool,
    root: Path,
) -> None:
    """Bring release VERSION to the next ring and environment; rollout.yaml in Git remembers how far it is.

    Each call does one step, where its gates are open: the ring before has had the release long enough, its pipelines
    are green, it is healthy, and a person said yes. Else it says what it waits for, changes nothing, and ends with 1.
    What is made of a step, `changes` in fleet.yaml says: commits, commits that are pushed, or pull requests.
    """
    from signalen_toolkit.fleet import report, rolling
    from signalen_toolkit.fleet.changes.ways import Ways

    if [bool(version), newest, look, stop_, resume_, back_].count(True) != 1:
        raise UsageError("name a VERSION, or one of --newest, --status, --stop, --resume and --back")
    if look:
        say(rolling.status(root))
        return
    ways = Ways(health, charts, offline, processes or 0)
    if stop_ or resume_:
        done = rolling.stop(root) if stop_ else rolling.resume(root)
    elif back_:
        done = rolling.back(root, ways)
    elif newest:
        done = rolling.newest(root, ways, yes=yes)
    else:
        done = rolling.go(root, version.removeprefix("v"), ways, yes=yes)
    for one in done.outcomes:
        print_problems(one.problems, "text", err=True)
    if done.outcomes:
        say(report.write("rollout", done.outcomes, "text"))
    for line in done.said:
        say(line)
    sys.exit(not (done.fine or (patient and done.waits)))
