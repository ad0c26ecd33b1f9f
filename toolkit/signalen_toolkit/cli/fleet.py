"""The commands for a fleet of municipalities, and `signalen explain`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FLEET_FILE
from signalen_toolkit.cli.shared import (
    Command,
    chart_options,
    chart_sources,
    in_repository,
    print_problems,
    with_folder,
)
from signalen_toolkit.diagnostics.output import say

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


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


@click.group()
def fleet() -> None:
    """Look after many municipalities together: in one repository, or each in its own."""


def _around(given: Path | None) -> Path:
    """Return the folder of a fleet: the given one, or the nearest around us that has a fleet.yaml."""
    if given:
        return given
    here = Path.cwd()
    found = next((folder for folder in (here, *here.parents) if (folder / FLEET_FILE).is_file()), here)
    return Path(os.path.relpath(found))


def in_fleet(command: Command) -> Command:
    """Give a command the folder of a fleet, as `root`: the one that -C names, or else that around us."""
    return with_folder(command, "root", _around, "Folder of the fleet; default: around.")


@fleet.command("new")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--shape",
    type=click.Choice(["one-repository", "many-repositories"]),
    default="one-repository",
    show_default=True,
    help="Where municipalities come: in folders of this repository, or each in a repository of its own.",
)
@click.option("--no-git", is_flag=True, help="No Git repository and no first commit.")
def new(directory: Path, shape: str, no_git: bool) -> None:
    """Make a fleet in DIRECTORY, without municipalities yet."""
    from signalen_toolkit.fleet import new as making
    from signalen_toolkit.installing import origin

    made = making.new(directory, shape, origin.running(variables()), git=not no_git)
    say(f"Made a fleet in {directory}: {', '.join(made)}")
    say("Next: fill in what all municipalities share, and take one up with `signalen fleet add`")


@fleet.command("add")
@click.option("--answers", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Answers for all.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One answer: municipality=Tilburg.")
@click.option("--from", "table", type=_FILE, help="CSV file: a municipality a row, settings in its head.")
@click.option("--group", "groups", multiple=True, help="A group it belongs to; the last counts most.")
@click.option("--ring", default="", help="The ring in which it gets a release.")
@chart_options
@in_fleet
def add(
    answers: Path | None,
    settings: tuple[str, ...],
    table: Path | None,
    groups: tuple[str, ...],
    ring: str,
    charts: Path | None,
    offline: bool,
    root: Path,
) -> None:
    """Take municipalities up in the fleet: one by --set, or many from a CSV file.

    The head of the file names settings of the form (municipality.code, contact.phone, environments.acceptance.domain),
    and may have `groups` and `ring`. --answers and --set hold for all rows. A row that is wrong stops no other; one
    whose municipality is in the fleet already is left alone, so that the same file can be given again.
    """
    from signalen_toolkit.fleet import add as adding
    from signalen_toolkit.installing import origin
    from signalen_toolkit.repository.new import answers_file

    rows = adding.table(table) if table else [adding.Newcomer(())]
    newcomers = [
        adding.Newcomer((*settings, *row.settings), row.groups or groups, row.ring or ring, row.origin) for row in rows
    ]
    code = 0
    sources = chart_sources(charts, offline=offline)
    for one in adding.add(root, answers_file(answers), newcomers, sources=sources, toolkit=origin.running(variables())):
        if one.failed:
            code = 1
            say(f"{one.origin or one.name}: {one.error or 'not taken up'} ({one.name})", err=True)
            print_problems(one.problems, "text", err=True)
        else:
            say(f"{one.name}: {'is in the fleet already' if one.known else f'made in {root / one.folder}'}")
    sys.exit(code)
