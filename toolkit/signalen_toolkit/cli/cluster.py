"""The commands that look at a cluster, and at what it has to reach. None of them changes one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.shared import in_repository, progress, rendering_options
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError, did_you_mean, has_errors

if TYPE_CHECKING:
    from signalen_toolkit.form.config import Config, Environment
    from signalen_toolkit.preflight.preflight import Comparison

_ENVIRONMENT = click.argument("environment", default="")
_CONTEXT = click.option("--context", default="", metavar="NAME", help="Another cluster than kubectl's current one.")
_TIMEOUT = click.option("--timeout", type=click.FloatRange(min=0.1), default=15.0, help="Seconds for one question.")


@click.command()
@_ENVIRONMENT
@_CONTEXT
@_TIMEOUT
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@in_repository
def preflight(environment: str, context: str, timeout: float, format_: str, directory: Path) -> None:
    """Compare a cluster with what the form asks of it for ENVIRONMENT, by default for all.

    The cluster is read through kubectl, with the rights of whoever asks, and never changed; of Secrets, only the names
    of their keys. Exits with 1 where something is missing.
    """
    from signalen_toolkit.preflight import report

    config = _config(directory)
    compared = _compared(config, _chosen(config, environment), context, timeout)
    say(report.write(compared, format_))
    sys.exit(any(one.is_missing for one in compared))


@click.command("first-day")
@_ENVIRONMENT
@click.option("--check", "look", is_flag=True, help="Look at the cluster, and tick what is done.")
@_CONTEXT
@_TIMEOUT
@in_repository
def first_day(environment: str, look: bool, context: str, timeout: float, directory: Path) -> None:
    """Print what is done once for a new ENVIRONMENT, by default for each: in order, in Dutch, with commands.

    With --check the cluster is looked at as `signalen preflight` does: ✓ is done, ✗ is not, ! is for a person to look
    at, and · only a person can tell. It then exits with 1 where something is missing.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.first_day import chapter
    from signalen_toolkit.first_day.steps import steps

    config = _config(directory)
    chosen = _chosen(config, environment)
    compared = _compared(config, chosen, context, timeout) if look else []
    for one in chosen:
        seen = next((found for found in compared if found.environment == one.name), None)
        say(chapter.text(one.name, steps(one, config, catalog()), seen.mark if seen else None))
    sys.exit(any(one.is_missing for one in compared))


@click.command()
@_ENVIRONMENT
@rendering_options
@in_repository
def images(environment: str, directory: Path, **options: Any) -> None:
    """Print the charts and images of ENVIRONMENT, by default of all, as they were published: what a mirror has to hold.

    One on each line. Where the form names a registry (images.registry), an image has its place there behind it.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.helm.errors import HelmError
    from signalen_toolkit.helm.options import Options
    from signalen_toolkit.verify import mirror

    config = _config(directory)
    chosen = _chosen(config, environment)
    with_options = Options(**options, variables=variables())
    try:
        found = mirror.contents(directory, config, chosen, catalog(), with_options, progress)
    except HelmError as error:
        raise UsageError(f"Helm cannot render one of the releases: {error.message}") from error
    registries = {str(one.settings["images"]["registry"]) for one in chosen}
    for line in found.lines(registries.pop() if len(registries) == 1 else ""):
        say(line)


def _compared(config: Config, chosen: Sequence[Environment], context: str, timeout: float) -> list[Comparison]:
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.kubernetes import kubectl
    from signalen_toolkit.preflight import preflight as comparing

    cluster = kubectl.Kubectl(kubectl.find(variables()), variables(), context, timeout)
    return comparing.preflight(config, chosen, catalog(), cluster)


def _config(directory: Path) -> Config:
    """Return the completed form. Warnings are left to `check`: here it is about the cluster."""
    from signalen_toolkit.base.layout import FORM_FILE
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.validation.check import check_file

    config, problems = check_file(directory / FORM_FILE, catalog())
    if has_errors(problems):
        raise ProblemsError(problems)
    return config


def _chosen(config: Config, name: str) -> Sequence[Environment]:
    names = [one.name for one in config.environments]
    if name and name not in names:
        hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
        raise UsageError(f"there is no environment '{name}'; {hint}")
    return [one for one in config.environments if name in ("", one.name)]
