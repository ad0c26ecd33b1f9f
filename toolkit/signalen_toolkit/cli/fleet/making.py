"""The commands by which a fleet is made, and municipalities come into it and leave it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.fleet.many import in_fleet
from signalen_toolkit.cli.fleet.watching import watching
from signalen_toolkit.cli.shared import chart_options, chart_sources, print_problems
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.command("new")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--shape",
    type=click.Choice(["one-repository", "many-repositories"]),
    default="one-repository",
    show_default=True,
    help="Where municipalities come: in folders of this repository, or each in a repository of its own.",
)
@click.option(
    "--host", type=click.Choice(["github", "gitlab"]), help="The Git server whose pipelines it gets; default: none."
)
@click.option("--no-git", is_flag=True, help="No Git repository and no first commit.")
def new(directory: Path, shape: str, host: str | None, no_git: bool) -> None:
    """Make a fleet in DIRECTORY, without municipalities yet.

    With --host it gets pipelines: one that checks each change, and one that does the next step of a rollout each hour,
    by pull requests.
    """
    from signalen_toolkit.fleet import new as making
    from signalen_toolkit.fleet.scaffold import pipelines as scaffold
    from signalen_toolkit.installing import origin

    toolkit, offline = origin.running(variables()), bool(variables().get("SIGNALEN_OFFLINE"))
    files, remarks = scaffold.texts(host, shape, toolkit, offline=offline) if host else ({}, [])
    made = making.new(directory, shape, toolkit, git=not no_git, pipelines=files)
    for remark in remarks:
        say(remark, err=True)
    say(f"Made a fleet in {directory}: {', '.join(made)}")
    say("Next: fill in what all municipalities share, and take one up with `signalen fleet add`")


@click.command("pipelines")
@click.option("--host", type=click.Choice(["github", "gitlab"]), required=True, help="The Git server.")
@in_fleet
def pipelines(host: str, root: Path) -> None:
    """Write the pipelines of a Git server into a fleet, as the installed toolkit has them."""
    from signalen_toolkit.fleet import listing
    from signalen_toolkit.fleet.scaffold import pipelines as scaffold
    from signalen_toolkit.installing import origin

    toolkit, offline = origin.running(variables()), bool(variables().get("SIGNALEN_OFFLINE"))
    files, remarks = scaffold.texts(host, listing.read(root).shape, toolkit, offline=offline)
    changed = scaffold.write(root, files)
    for remark in remarks:
        say(remark, err=True)
    say(f"Wrote {', '.join(changed)}" if changed else "The pipelines are as the toolkit has them")


@click.command("add")
@click.option("--answers", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Answers for all.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One answer: municipality=Tilburg.")
@click.option("--from", "table", type=_FILE, help="CSV file: a municipality a row, settings in its head.")
@click.option("--issue", "issues", multiple=True, type=_FILE, help="The text of an issue of `form --issue-form`.")
@click.option("--group", "groups", multiple=True, help="A group it belongs to; the last counts most.")
@click.option("--ring", default="", help="The ring in which it gets a release.")
@chart_options
@in_fleet
def add(
    answers: Path | None,
    settings: tuple[str, ...],
    table: Path | None,
    issues: tuple[Path, ...],
    groups: tuple[str, ...],
    ring: str,
    charts: Path | None,
    offline: bool,
    root: Path,
) -> None:
    """Take municipalities up in the fleet: one by --set, or many from a CSV file or from issues.

    The head of the file names settings of the form (municipality.code, contact.phone, environments.acceptance.domain),
    and may have `groups` and `ring`. --answers and --set hold for all rows. A row that is wrong stops no other; one
    whose municipality is in the fleet already is left alone, so that the same file can be given again. Of an issue,
    what is wrong is told at the line and the question that it answers.
    """
    from signalen_toolkit.fleet import add as adding
    from signalen_toolkit.installing import origin
    from signalen_toolkit.repository.new import answers_file

    code, rows = 0, adding.table(table) if table else []
    for path in issues:
        try:
            rows.append(adding.issue(path))
        except UsageError as error:
            code = 1
            say(str(error), err=True)
    newcomers = [
        replace(row, settings=(*settings, *row.settings), groups=row.groups or groups, ring=row.ring or ring)
        for row in (rows if table or issues else [adding.Newcomer(())])
    ]
    sources = chart_sources(charts, offline=offline)
    shared, toolkit = answers_file(answers), origin.running(variables())
    with watching(len(newcomers)) as watched:
        for one in adding.add(root, shared, newcomers, sources=sources, toolkit=toolkit):
            with watched.aside():
                if one.failed:
                    code = 1
                    say(f"{one.origin or one.name}: {one.error or 'not taken up'} ({one.name})", err=True)
                    print_problems(one.problems, "text", err=True)
                else:
                    say(f"{one.name}: {'is in the fleet already' if one.known else f'made in {root / one.folder}'}")
            watched.done(one.name)
    sys.exit(code)


@click.command("split")
@click.argument("name", metavar="MUNICIPALITY")
@click.option("--repository", "url", required=True, metavar="URL", help="The address that its repository is to have.")
@in_fleet
def split(name: str, url: str, root: Path) -> None:
    """Give a MUNICIPALITY of the fleet's repository a repository of its own, with settings that stay what they are."""
    from signalen_toolkit.fleet import shapes

    say("\n".join(shapes.split(root, name, url)))


@click.command("join")
@click.argument("name", metavar="MUNICIPALITY")
@in_fleet
def join(name: str, root: Path) -> None:
    """Take a MUNICIPALITY with a repository of its own into the fleet's, with settings that stay what they are."""
    from signalen_toolkit.fleet import shapes

    say("\n".join(shapes.join(root, name)))
