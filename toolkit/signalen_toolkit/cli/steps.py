"""The commands for a change that reaches further than it looks: each run does a step, and says what to do next."""

from __future__ import annotations

from pathlib import Path

import click

from signalen_toolkit.cli.shared import print_problems

_DIRECTORY = click.option("--directory", "-C", type=click.Path(path_type=Path, file_okay=False), default=Path())


@click.command()
@click.argument("environment")
@click.option("--delivery", metavar="NAME", help="The tool that is to look after it: flux or argocd.")
@click.option("--sync-namespace", metavar="NAMESPACE", help="The namespace in which that tool runs.")
@_DIRECTORY
def handover(environment: str, delivery: str | None, sync_namespace: str | None, directory: Path) -> None:
    """Take the next step of handing ENVIRONMENT over to another tool, or to another namespace of its tool.

    Three steps, each a commit: pause, take over, tidy up. The environment keeps running meanwhile. Which step is next
    follows from the form, from clusters/ and from the last commit; what is to be done in the cluster is printed, for a
    person to do. Going to where it is already calls a handover off.
    """
    from signalen_toolkit.steps import handover as handing

    taken = handing.handover(directory, environment, delivery=delivery, sync_namespace=sync_namespace)
    print_problems(taken.problems, "text", err=True)
    click.echo(taken.text)
