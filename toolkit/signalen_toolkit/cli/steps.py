"""The commands for a change that reaches further than it looks: each run does a step, and says what to do next."""

from __future__ import annotations

from pathlib import Path

import click

from signalen_toolkit.cli.shared import in_repository, print_problems
from signalen_toolkit.diagnostics.output import say


@click.command()
@click.argument("environment")
@click.option("--delivery", metavar="NAME", help="The tool that is to look after it: flux or argocd.")
@click.option("--sync-namespace", metavar="NAMESPACE", help="The namespace in which that tool runs.")
@in_repository
def handover(environment: str, delivery: str | None, sync_namespace: str | None, directory: Path) -> None:
    """Take the next step of handing ENVIRONMENT over to another tool, or to another namespace of its tool.

    Three steps, each a commit: pause, take over, tidy up. The environment keeps running meanwhile. Which step is next
    follows from the form, from clusters/ and from the last commit; what is to be done in the cluster is printed, for a
    person to do. Going to where it is already calls a handover off.
    """
    from signalen_toolkit.steps import handover as handing

    taken = handing.handover(directory, environment, delivery=delivery, sync_namespace=sync_namespace)
    print_problems(taken.problems, "text", err=True)
    say(taken.text)


@click.command()
@click.argument("environment")
@in_repository
def remove(environment: str, directory: Path) -> None:
    """Take the next step of the farewell of ENVIRONMENT.

    First it is paused; then it leaves the form, clusters/ and secrets/. What is to be done in the cluster is printed in
    its order, for a person to do: copies first, and what holds data last.
    """
    from signalen_toolkit.steps import remove as removing

    taken = removing.remove(directory, environment)
    print_problems(taken.problems, "text", err=True)
    say(taken.text)


@click.command()
@click.argument("environment", default="")
@in_repository
def resize(environment: str, directory: Path) -> None:
    """Render the larger volumes that the form asks for, and say what to do in the cluster.

    Kubernetes changes no size within a StatefulSet (database, queue, search engine): its claim is enlarged, and it is
    made anew around the pod that runs. Without ENVIRONMENT all are meant. No volume can be made smaller.
    """
    from signalen_toolkit.steps import resize as resizing

    taken = resizing.resize(directory, environment or None)
    print_problems(taken.problems, "text", err=True)
    say(taken.text)
