"""The commands for a fleet of municipalities."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.fleet.clusters import clusters, reach
from signalen_toolkit.cli.fleet.many import FORMATS, Do, in_fleet, on_many
from signalen_toolkit.cli.fleet.watching import watching
from signalen_toolkit.cli.shared import chart_options, chart_sources, print_problems, rendering_options
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.group()
def fleet() -> None:
    """Look after many municipalities together: in one repository, or each in its own."""


fleet.add_command(clusters)
fleet.add_command(reach)


@fleet.command("new")
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


@fleet.command("pipelines")
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


@fleet.command("add")
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
    """Run the releases of municipalities through Helm and check what comes out, as `signalen verify` does."""
    from signalen_toolkit.fleet.operations import Verify
    from signalen_toolkit.helm.options import Options

    work = Verify(Options(**options, variables={**variables()}), schemas, locked)
    do("verify", work, None if again else work.around)


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


@fleet.command("rollout")
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


@fleet.command("split")
@click.argument("name", metavar="MUNICIPALITY")
@click.option("--repository", "url", required=True, metavar="URL", help="The address that its repository is to have.")
@in_fleet
def split(name: str, url: str, root: Path) -> None:
    """Give a MUNICIPALITY of the fleet's repository a repository of its own, with settings that stay what they are."""
    from signalen_toolkit.fleet import shapes

    say("\n".join(shapes.split(root, name, url)))


@fleet.command("join")
@click.argument("name", metavar="MUNICIPALITY")
@in_fleet
def join(name: str, root: Path) -> None:
    """Take a MUNICIPALITY with a repository of its own into the fleet's, with settings that stay what they are."""
    from signalen_toolkit.fleet import shapes

    say("\n".join(shapes.join(root, name)))
