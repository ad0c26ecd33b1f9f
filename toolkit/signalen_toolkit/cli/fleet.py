"""The commands for a fleet of municipalities, and `signalen explain`."""

from __future__ import annotations

from pathlib import Path

import click

from signalen_toolkit.cli.shared import in_repository
from signalen_toolkit.diagnostics.output import say


@click.command()
@click.argument("setting", metavar="PATH")
@in_repository
def explain(setting: str, directory: Path) -> None:
    """Tell which file sets the value at PATH of a form, such as contact.phone, and what it hides.

    In a fleet a form is completed by its groups and by defaults.yaml. What each environment has at last is told too.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.fleet import explain as explaining

    say(explaining.text(explaining.explain(directory, setting, catalog())))
