"""The commands for the life of a configuration repository, after `signalen new`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.cluster import first_day, images, preflight
from signalen_toolkit.cli.fleet.commands import fleet
from signalen_toolkit.cli.form import form
from signalen_toolkit.cli.secrets import secrets
from signalen_toolkit.cli.shared import (
    chart_options,
    chart_sources,
    in_repository,
    in_words,
    new_options,
    of_repository,
    print_problems,
    progress,
    rendering_options,
    tell,
)
from signalen_toolkit.cli.steps import handover, remove, resize
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import UsageError, has_errors

_DOWNGRADE = click.option("--allow-downgrade", is_flag=True, help="Also to an older release.")


def add_to(main: click.Group) -> None:
    """Add these commands to `signalen`."""
    steps = (handover, resize, remove)
    for command in (
        secrets,
        preflight,
        first_day,
        images,
        bump,
        promote,
        *steps,
        set_,
        explain,
        fleet,
        status,
        haven,
        update,
        import_,
        catalog,
        completion,
        form,
        hook,
    ):
        main.add_command(command)


@click.command()
@click.argument("version", default="")
@click.option("--environment", help="Only this environment.")
@_DOWNGRADE
@chart_options
@in_repository
def bump(
    version: str,
    environment: str | None,
    allow_downgrade: bool,
    charts: Path | None,
    offline: bool,
    directory: Path,
) -> None:
    """Bring environments to release VERSION, by default the newest that this toolkit knows.

    The version changes where it stands in the form, all else in the form stays as it is, clusters/ is rendered, and
    charts.lock follows where the charts can be had.
    Without --environment that is every environment but production, which gets with `signalen promote` what was
    accepted; a form with nothing but production environments has those changed. Nothing is written where the form
    would have errors. Going back to an older release needs --allow-downgrade: a database is only migrated forward.
    """
    from signalen_toolkit.repository import bump as bumping

    sources = chart_sources(charts, offline=offline)
    result = bumping.bump(directory, version or None, environment, allow_downgrade=allow_downgrade, sources=sources)
    print_problems(result.problems, "text", err=True)
    tell(result.text.removesuffix("\n"))


@click.command()
@click.argument("source")
@click.argument("target")
@of_repository
@_DOWNGRADE
@chart_options
@click.option("--yes", is_flag=True, help="Do it without a question.")
def promote(
    source: str,
    target: str,
    directory: Path,
    allow_downgrade: bool,
    charts: Path | None,
    offline: bool,
    yes: bool,
) -> None:
    """Give environment TARGET the release and the image tags that were accepted in environment SOURCE.

    Domains, secrets and all other settings stay. The change of the form and a summary of what changes in clusters/ are
    shown first; --yes writes them without a question.
    """
    from signalen_toolkit.repository import promote as promoting

    sources = chart_sources(charts, offline=offline)
    if yes:
        plan = promoting.promote(directory, source, target, allow_downgrade=allow_downgrade, sources=sources)
    else:
        plan = promoting.plan(directory, source, target, allow_downgrade=allow_downgrade)
    print_problems(plan.problems, "text", err=True)
    say(plan.text.removesuffix("\n"))
    if yes or not plan:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here, since this is no terminal: add --yes to do this")
    click.confirm("Do this?", abort=True)
    if said := promoting.put(plan, sources=sources).text:
        say(said)


@click.command("set")
@click.argument("key")
@click.argument("value")
@chart_options
@in_repository
def set_(key: str, value: str, charts: Path | None, offline: bool, directory: Path) -> None:
    """Give setting KEY of the form VALUE, as `new --set` does, and render.

    Nothing is written where the form would have errors. KEY may stand in an environment:
    environments.acceptance.replicas.backend. All else in the form stays as it is.
    """
    from signalen_toolkit.repository import set_option

    result = set_option.put(directory, key, value, chart_sources(charts, offline=offline))
    print_problems(result.problems, "text", err=True)
    tell(result.text)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what completes commands and options in a SHELL: eval "$(signalen completion bash)"."""
    from click.shell_completion import get_completion_class

    if made := get_completion_class(shell):
        root = click.get_current_context().find_root().command
        say(made(root, {}, "signalen", "_SIGNALEN_COMPLETE").source())


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


@click.command()
@of_repository
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
def status(directory: Path, format_: str) -> None:
    """Print where each environment of the repository in DIRECTORY stands: release, how far behind, what is wrong."""
    from signalen_toolkit.repository import status as standing

    say(standing.text(standing.status(directory), format_, in_words).removesuffix("\n"))


@click.command()
@of_repository
@click.option("--environment", metavar="NAME", help="Only this environment.")
@rendering_options
@click.option("--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.option("--strict", is_flag=True, help="Exit with 1 where a point is not met.")
@click.option("--accept", "accepted", multiple=True, metavar="POINT", help="With --strict: also without this point.")
def haven(
    directory: Path, environment: str | None, format_: str, strict: bool, accepted: tuple[str, ...], **options: Any
) -> None:
    """Report which points of Haven and Pod Security the workloads of the form in DIRECTORY meet.

    Each release goes through Helm, and what comes out is read; no cluster is asked. What Haven wants of a cluster
    itself is not in the report.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.haven import haven as reporting
    from signalen_toolkit.haven import report
    from signalen_toolkit.helm.options import Options

    reporting.require(accepted)
    work = Options(**options, variables=variables())
    reports = reporting.haven(directory, catalog(), work, environment=environment, report=progress)
    say(report.write(reports, format_))
    sys.exit(strict and reporting.falls_short(reports, accepted))


@click.command()
@of_repository
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where there is something to update."
)
def update(directory: Path, only_check: bool) -> None:
    """Bring the repository in DIRECTORY to the template of the installed toolkit.

    A three-way merge of each file: the template as it was, the template now, and what people changed. What both
    changed is marked as Git marks a conflict. The form is only migrated, and clusters/ is rendered. Asks for a clean
    Git state, so that `git diff` shows what was done and Git can undo it.
    """
    from signalen_toolkit.repository import update as updating

    result = updating.update(directory, only_check=only_check)
    print_problems(result.problems, "text", err=True)
    tell(updating.summary(result, only_check=only_check).removesuffix("\n"))
    failed = not result.is_current if only_check else bool(result.conflicts) or has_errors(result.problems)
    sys.exit(failed)


_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("import")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--frontend", type=_FILE, help="The frontend's configuration today (app.json).")
@click.option("--backend", type=_FILE, help="The Helm values of the backend today.")
@click.option("--frontend-values", type=_FILE, help="The Helm values of the frontend today.")
@click.option("--classification-values", type=_FILE, help="The Helm values of the classification today.")
@new_options
@chart_options
def import_(
    directory: Path,
    frontend: Path | None,
    backend: Path | None,
    frontend_values: Path | None,
    classification_values: Path | None,
    answers: Path | None,
    settings: tuple[str, ...],
    no_input: bool,
    force: bool,
    no_git: bool,
    charts: Path | None,
    offline: bool,
) -> None:
    """Make a repository in DIRECTORY from the configuration that a municipality has today.

    What equals a default or follows from the rest is left out, what has a name in the form goes under that name, and
    the rest goes to overrides. What could not be placed, and what is another town's, is printed. What the files do
    not tell is asked, or comes from --answers and --set.
    """
    from signalen_toolkit.importing import run as importing
    from signalen_toolkit.installing import origin
    from signalen_toolkit.repository import new as scaffold

    values = {"backend": backend, "frontend": frontend_values, "classification": classification_values}
    files = importing.Files(
        values={component: path for component, path in values.items() if path},
        configs={"frontend": frontend} if frontend else {},
    )
    if not files.values and not files.configs:
        raise UsageError("there is nothing to import: name a file with --frontend or --backend")
    sources = chart_sources(charts, offline=offline)
    made, remarks = importing.run(
        directory,
        files,
        answers,
        settings,
        ask=not no_input,
        force=force,
        git=not no_git,
        sources=sources,
        toolkit=origin.running(variables()),
    )
    print_problems([*remarks, *made.warnings], "text", err=True)
    say(scaffold.summary(made))


@click.group()
def catalog() -> None:
    """Keep the toolkit's own catalog, for its maintainer."""


@catalog.command("add-release")
@click.option(
    "--charts", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder with the charts."
)
@click.option("--release", help="The Signalen release, where the charts do not tell.")
@click.option(
    "--frontend-schema", type=click.Path(path_type=Path, dir_okay=False), help="The frontend's app.schema.json."
)
@click.option(
    "--catalog", "folder", type=click.Path(path_type=Path, file_okay=False), help="Default: the toolkit's own."
)
@click.option("--write", is_flag=True, help="Write it, in place of listing it.")
def add_release(
    charts: Path, release: str | None, frontend_schema: Path | None, folder: Path | None, write: bool
) -> None:
    """Add an upstream release of Signalen to the catalog.

    --charts is a folder with the charts of the release, unpacked (<chart>/Chart.yaml) or packed
    (<chart>-<version>.tgz); a chart that is not there stays in the version that the release before has. Without
    --write nothing is written: what would change is listed, and what is left for a person to do.
    """
    from signalen_toolkit.base import paths
    from signalen_toolkit.catalog import add_release as adding

    plan = adding.plan(folder or paths.folder("chart-templates"), charts, release, frontend_schema)
    say(plan.text.removesuffix("\n"))
    if write:
        adding.write(plan)


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def hook(arguments: tuple[str, ...]) -> None:
    """Run a hook of pre-commit: check, render, or secrets on the files that are named."""
    from signalen_toolkit.cli import hooks

    sys.exit(hooks.main(arguments))
