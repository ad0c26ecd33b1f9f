"""What the commands on many municipalities share: the folder of the fleet, who is meant, and how it is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from signalen_toolkit.base import beneath
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import CLUSTERS_FILE, FLEET_FILE
from signalen_toolkit.cli.fleet.watching import Watching, watching
from signalen_toolkit.cli.shared import Command, print_problems, with_folder
from signalen_toolkit.diagnostics.output import say

if TYPE_CHECKING:
    from signalen_toolkit.fleet.listing import Member
    from signalen_toolkit.fleet.outcome import MemberOutcome
    from signalen_toolkit.fleet.run import Work

FORMATS: Final = ("text", "json", "markdown", "html", "junit")


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


def on_many(command: Command, formats: Sequence[str] = FORMATS) -> Command:
    """Give a command `do`, which does a piece of work in the municipalities that its options choose, and prints it."""
    options = (
        click.argument("names", nargs=-1, metavar="[MUNICIPALITY…]"),
        click.option("--group", "groups", multiple=True, help="Only the municipalities of this group."),
        click.option("--ring", "rings", multiple=True, help="Only the municipalities of this ring."),
        click.option("--province", "provinces", multiple=True, help="Only the municipalities of this province."),
        click.option(
            "--release", default="", metavar="'<4.22'", help="Only those with an environment on such a release."
        ),
        click.option("--shard", default="", metavar="3/16", help="Only this share of them, always the same."),
        click.option("--processes", type=click.IntRange(1, 512), help="At once; default: as many as processors."),
        click.option("--format", "format_", type=click.Choice(formats), default="text", help="How it is printed."),
    )

    @wraps(command)
    def found(
        *arguments: Any,
        names: tuple[str, ...],
        groups: tuple[str, ...],
        rings: tuple[str, ...],
        provinces: tuple[str, ...],
        release: str,
        shard: str,
        processes: int | None,
        format_: str,
        root: Path,
        **given: Any,
    ) -> Any:
        from signalen_toolkit.fleet.selection import Selection

        wanted = Selection(names, groups, rings, provinces, release, shard)

        def do(title: str, work: Work, around: Around | None = None, write: Write | None = None, **more: Any) -> None:
            _do(root, wanted, title, work, around, processes or 0, format_, write, **more)

        return command(*arguments, do=do, **given)

    for option in reversed(options):
        found = option(found)
    return in_fleet(found)


Do = Callable[..., None]
Around = Callable[[], Iterable[str]]
Prepared = Callable[[Any], "Work"]
Write = Callable[[Any, "list[MemberOutcome]", str], str]
Shared = Callable[[Any, "Sequence[Member]", int], "list[MemberOutcome]"]


def _do(
    root: Path,
    wanted: Any,
    title: str,
    work: Work,
    around: Around | None,
    processes: int,
    format_: str,
    write: Write | None,
    prepared: Prepared | None = None,
    shared: Shared | None = None,
) -> None:
    """Do a piece of work in the municipalities that are asked for, print what came of it, and exit with its code.

    `around` gives what the work depends on beside the fleet, where it is not done again as long as nothing changes.
    `prepared` gives the work for this fleet, where it has to know that. `shared` is what is done then with the
    clusters that these municipalities share, where the fleet has any.
    """
    from signalen_toolkit.fleet import listing, report
    from signalen_toolkit.fleet.memory import Memory
    from signalen_toolkit.fleet.outcome import Ending
    from signalen_toolkit.fleet.run import run
    from signalen_toolkit.fleet.selection import selected

    fleet_ = listing.read(root)
    members = selected(fleet_, wanted)
    work = prepared(fleet_) if prepared else work
    memory = Memory(fleet_, title, variables(), asked=around, only_facts=title == "check") if around else None
    found: list[MemberOutcome] = []
    with watching(len(members), format_) as watched:
        for one in run(fleet_, members, work, memory, processes):
            _tell(one, format_, watched)
            watched.done(one.name, "" if one.end is Ending.FINE else one.said)
            found.append(one)
        is_shared = beneath.look(fleet_.root, CLUSTERS_FILE) is not None
        for one in shared(fleet_, members, processes) if shared and is_shared else ():
            _tell(one, format_, watched)
            found.append(one)
    say(write(fleet_, found, format_) if write else report.write(title, found, format_))
    sys.exit(report.code(found))


def _tell(one: MemberOutcome, format_: str, watched: Watching) -> None:
    """Print what is wrong, and what there is to read, where a person reads that."""
    if format_ == "text" and (one.problems or one.text):
        with watched.aside():
            print_problems(one.problems, "text")
            if one.text:
                say(f"{one.name}:\n{one.text}".removesuffix("\n"))
