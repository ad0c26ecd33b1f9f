"""The command `signalen`: one thin function a command.

A command imports what it needs when it runs, so that `signalen check` in a pre-commit hook does not wait for the
questions of `signalen new`.
"""

from __future__ import annotations

import atexit
import gc
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signalen_toolkit import __version__
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.cli import streams
from signalen_toolkit.cli.shared import (
    chart_options,
    chart_sources,
    ended_by_signals,
    in_repository,
    in_words,
    new_options,
    of_repository,
    print_problems,
    progress,
    rendering_options,
    tell,
)
from signalen_toolkit.diagnostics.output import harmless, json_text, say
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError, has_errors, seen_from_here

if TYPE_CHECKING:
    from signalen_toolkit.form.config import Config

_RARELY = 50_000  # objects that are made before it is looked which of them hold themselves
FORMATS = ("text", "json", "github", "gitlab", "sarif")


@cache
def _collect_rarely() -> None:
    """Look seldom for objects that hold each other, and not when all is over: of what we make, nothing does.

    To look takes a tenth of all time.
    """
    gc.set_threshold(_RARELY)
    atexit.register(gc.freeze)


class _Failure(click.ClickException):
    """Wrong use or a broken environment, said in a message."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(harmless(message))


class _Group(click.Group):
    """Turns what goes wrong into a message and an exit code: 1 problems found, 2 wrong use.

    The commands for the life of a repository are imported when one of them is asked for.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        from signalen_toolkit.cli.lifecycle import add_to

        add_to(self)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            self.list_commands(ctx)
        return super().get_command(ctx, cmd_name)

    def main(self, *args: Any, **extra: Any) -> Any:
        _collect_rarely()
        streams.prepare()
        try:
            return super().main(*args, **extra)
        except UsageError as error:  # outside of all commands, as where their help is printed
            say(f"Error: {in_words(str(error))}", err=True)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with ended_by_signals():
                return super().invoke(ctx)
        except ProblemsError as error:
            print_problems(error.problems, "text", err=True)
            ctx.exit(1)
        except UsageError as error:
            from signalen_toolkit.diagnostics.hiding import without_contents  # only where something is wrong

            raise _Failure(in_words(without_contents(str(error)))) from error
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:  # it may quote the name of a file from the repository
            raise click.UsageError(harmless(error.format_message()), error.ctx) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise _Failure(f"{where}{error.strerror or error}") from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="signalen")
def main() -> None:
    """Make and keep a municipality's Signalen configuration repository from one form."""


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@new_options
@chart_options
def new(
    directory: Path,
    answers: Path | None,
    settings: tuple[str, ...],
    no_input: bool,
    force: bool,
    no_git: bool,
    charts: Path | None,
    offline: bool,
) -> None:
    """Make a municipality's configuration repository in DIRECTORY."""
    from signalen_toolkit.installing import origin
    from signalen_toolkit.repository import new as scaffold

    made = scaffold.new(
        directory,
        answers,
        settings,
        ask=not no_input,
        force=force,
        git=not no_git,
        sources=chart_sources(charts, offline=offline),
        toolkit=origin.running(variables()),
    )
    print_problems(made.warnings, "text", err=True)
    say(scaffold.summary(made))


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How problems are printed.")
@in_repository
def check(paths: tuple[Path, ...], format_: str, directory: Path) -> None:
    """Check forms: their schema and all rules.

    A PATH is a form, or a folder in which every municipality.yaml is checked; without one, the repository around.
    """
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.form.model import find
    from signalen_toolkit.validation.check import check_file

    found: list[Problem] = []
    for path in dict.fromkeys(form for given in paths or (directory,) for form in find(given)):
        found += check_file(path, catalog())[1]
    print_problems(found, format_)
    sys.exit(has_errors(found))


@main.command()
@of_repository
@click.option("--check", "only_check", is_flag=True, help="Write nothing; print what is stale and exit with 1.")
def render(directory: Path, only_check: bool) -> None:
    """Write the rendered tree (clusters/) of the form in DIRECTORY."""
    from signalen_toolkit.base.files import alone
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.rendering import tree
    from signalen_toolkit.rendering.render import render as render_config

    if only_check:
        files = render_config(_config(directory), catalog())
        changes = tree.compare(directory, files)
        say(tree.diff(directory, changes), end="")
        if changes:
            tell("clusters/ is stale: run `signalen render`", err=True)
        sys.exit(bool(changes))
    with alone(directory):  # from reading the form: a change of it that another process makes meanwhile comes after
        changes = tree.put(directory, render_config(_config(directory), catalog()))
    for path in changes.written:
        tell(f"wrote {path}")
    for path in changes.removed:
        tell(f"removed {path}")
    if not changes:
        tell("clusters/ is up to date")


@main.command()
@of_repository
@rendering_options
@click.option("--schemas", type=click.Path(path_type=Path, file_okay=False), help="Schemas of custom resources.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How problems are printed.")
@click.option("--again", is_flag=True, help="Also where nothing changed since the last time.")
@click.option("--locked", is_flag=True, help="Refuse a chart that is not in charts.lock, and leave that as it is.")
def verify(directory: Path, schemas: Path | None, format_: str, again: bool, locked: bool, **options: Any) -> None:
    """Run every release of the form in DIRECTORY through Helm, and check every object that comes out.

    Charts that are new are added to charts.lock; a pipeline takes --locked, so that what it ran was reviewed.
    """
    from signalen_toolkit.base.cache import own
    from signalen_toolkit.helm.options import Options
    from signalen_toolkit.verify import cache, inputs

    with_options = Options(**options, variables=variables())

    def work() -> list[Problem]:
        from signalen_toolkit.catalog.load import catalog
        from signalen_toolkit.verify import verify as verifying

        return verifying.verify(directory, catalog(), with_options, schemas=schemas, locked=locked, report=progress)

    def key() -> str | None:
        found = None if again else inputs.key(directory, with_options, schemas)
        return f"{found}-locked" if found and locked else found

    found = seen_from_here(directory, cache.remembered(own(variables(), "verify"), key, work))
    print_problems(found, format_)
    sys.exit(has_errors(found))


@main.command()
@of_repository
@click.option(
    "--from",
    "from_",
    metavar="REV",
    help="Git revision before; default: where this branch left the one that the cluster follows.",
)
@click.option("--to", metavar="REV", help="Git revision after; default: the form as it is now.")
@rendering_options
@click.option("--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something changes, as git diff does.")
def diff(directory: Path, from_: str | None, to: str | None, format_: str, exit_code: bool, **options: Any) -> None:
    """Show what a change of the repository in DIRECTORY does on the cluster, object by object.

    Without --to that is what the form says now, also where `signalen render` is still to be run.
    """
    from signalen_toolkit.diff import report
    from signalen_toolkit.diff.difference import difference
    from signalen_toolkit.helm.options import Options

    def remark(text: str) -> None:
        tell(text, err=True)

    found = difference(directory, from_, to, Options(**options, variables=variables()), progress, remark)
    coloured = format_ == "text" and sys.stdout.isatty()
    say(report.write(found, format_, colour=coloured, words=in_words).removesuffix("\n"))
    sys.exit(exit_code and bool(found))


@main.command()
def doctor() -> None:
    """Print which programs and libraries the toolkit calls, and how to install what is missing."""
    from signalen_toolkit.cli import doctor as doctoring

    say(doctoring.table(doctoring.report()))


@main.command()
@click.argument("name")
@click.option("--version", help="Version of the chart, or of the frontend for frontend-config; default: the newest.")
def schema(name: str, version: str | None) -> None:
    """Print a JSON Schema: municipality (the form), frontend-config, or the values of a chart by its component."""

    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.catalog.schemas import config_schema, values_schema
    from signalen_toolkit.diagnostics.problems import did_you_mean
    from signalen_toolkit.form.schema import form_schema

    components = catalog().components
    newest = catalog().releases[0]
    known = ["municipality", "frontend-config", *components]
    if name == "municipality":
        printed = form_schema()
    elif name == "frontend-config":
        printed = config_schema(version or components["frontend"].app_version(newest))
    elif name in components:
        printed = values_schema(name, version or components[name].chart_version(newest))
    else:
        hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
        raise UsageError(f"there is no schema '{name}'; {hint}")
    say(json_text(printed))


@main.command()
@click.argument("query", default="")
def municipalities(query: str) -> None:
    """Search the register of municipalities by (part of) a name or code; without a QUERY, print all."""
    from signalen_toolkit.form import municipalities as register

    found = register.search(query)
    if not found:
        raise UsageError(f"no municipality is called '{query}'")
    width = max(len(municipality.name) for municipality in found)
    for municipality in found:
        say(f"{municipality.code}  {municipality.name:{width}}  {municipality.province}")


def _config(directory: Path) -> Config:
    """Return the completed form of a repository, or stop at its problems; warnings are printed, and that is all."""
    from signalen_toolkit.catalog.load import catalog
    from signalen_toolkit.validation.check import check_file

    config, problems = check_file(directory / FORM_FILE, catalog())
    if has_errors(problems):
        raise ProblemsError(problems)
    print_problems(problems, "text", err=True)
    return config
