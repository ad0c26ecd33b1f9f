"""What several commands share: options, and how problems and progress are printed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.diagnostics.output import say
from signalen_toolkit.diagnostics.problems import Problem, UsageError
from signalen_toolkit.language.choice import chosen, translator

if TYPE_CHECKING:
    from signalen_toolkit.helm.charts.sources import Sources

Command = Callable[..., Any]

_FOLDER: Final = click.Path(path_type=Path, file_okay=False)


def in_repository(command: Command) -> Command:
    """Give a command the folder of a repository, as `directory`: the one that -C names, or else that around us."""
    return with_folder(command, "directory", repository, "Folder of the repository; default: around.")


def with_folder(command: Command, name: str, find: Callable[[Path | None], Path], explained: str) -> Command:
    """Give a command a folder under a name: what a function finds, told what -C names or that it names none."""
    option = click.option("--directory", "-C", "named", type=_FOLDER, help=explained)

    @wraps(command)
    def found(*arguments: Any, named: Path | None, **options: Any) -> Any:
        return command(*arguments, **{name: find(named)}, **options)

    return option(found)


def of_repository(command: Command) -> Command:
    """Give a command that folder as `in_repository` does, or from an argument."""
    argument = click.argument("given", metavar="[DIRECTORY]", type=_FOLDER, required=False)

    @wraps(command)
    def found(*arguments: Any, given: Path | None, named: Path | None, **options: Any) -> Any:
        if given and named:
            raise UsageError(f"name the folder once: {given}, or -C {named}")
        return command(*arguments, directory=repository(named or given), **options)

    option = click.option("--directory", "-C", "named", type=_FOLDER, help="Folder of the repository; default: around.")
    return argument(option(found))


def repository(given: Path | None) -> Path:
    """Return the folder of a repository: the given one, or else the nearest around us that has a form.

    The search ends at the root of a Git repository. Where there is none, it is the folder where we are.
    """
    if given:
        return given
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FORM_FILE).is_file():
            return Path(os.path.relpath(folder))
        if (folder / ".git").exists():
            break
    return Path()


def chart_options(command: Command) -> Command:
    """Add the options of the commands that may fetch charts."""
    return _with(
        command,
        (
            click.option("--charts", type=click.Path(path_type=Path, file_okay=False), help="Folder with the charts."),
            click.option(
                "--offline",
                is_flag=True,
                envvar="SIGNALEN_OFFLINE",
                help="Fetch no chart: what is neither there nor cached is missing.",
            ),
        ),
    )


def chart_sources(charts: Path | None, *, offline: bool) -> Sources:
    """Return where a command with these options finds charts."""
    from signalen_toolkit.helm.options import Options
    from signalen_toolkit.repository.charts_lock import sources_of

    return sources_of(Options(charts=charts, offline=offline, variables=variables()))


def rendering_options(command: Command) -> Command:
    """Add the options of the commands that run Helm."""
    command = _with(
        command,
        (
            click.option(
                "--helm", "program", metavar="PROGRAM", help="The Helm program, in place of the installed one."
            ),
            click.option("--engine", type=click.Choice(["program", "library"]), default="program", show_default=True),
            click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, help="Seconds for one release."),
        ),
    )
    return chart_options(command)


def new_options(command: Command) -> Command:
    """Add the options of the commands that make a repository."""
    answers = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
    return _with(
        command,
        (
            click.option("--answers", type=answers, help="A form, complete or not; - is stdin."),
            click.option(
                "--set", "settings", multiple=True, metavar="KEY=VALUE", help="One answer: contact.phone='14 073'."
            ),
            click.option("--no-input", is_flag=True, help="Ask nothing: all that is missing is one message."),
            click.option("--force", is_flag=True, help="Also in a folder that holds something."),
            click.option("--no-git", is_flag=True, help="No Git repository and no first commit."),
        ),
    )


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, so that it stops the programs that it runs.

    Not where somebody chose otherwise (nohup), nor outside the main thread, where Python takes no signals.
    """
    numbers = (signal.SIGTERM, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ()
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP):  # a terminal that closes may send both, the second while we clean up
        if signal.getsignal(other) is _end:
            signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)  # as a shell counts it


def progress(message: str) -> None:
    """Tell a person who watches what takes time."""
    if sys.stderr.isatty():
        tell(message, err=True)


def in_words(text: str) -> str:
    """Return what is said to a person in their language."""
    return translator(chosen(variables()))(text)


def tell(text: str, *, err: bool = False) -> None:
    """Print what is said to a person, in their language."""
    say(in_words(text), err=err)


def from_top(file: str) -> str:
    """Return the path of a file from the top of the Git repository that it is in; as it is where there is none."""
    from signalen_toolkit.git import enclosing

    path = Path(file)
    top = enclosing.root(path.parent)
    return (path.parent.resolve() / path.name).relative_to(top).as_posix() if top else file


def print_problems(problems: Sequence[Problem], format_: str, *, err: bool = False) -> None:
    """Print problems in one of the formats; nothing where there are none and the format needs nothing.

    What a Git server reads names files from the top of the repository, wherever it was that we were started.
    """
    if not problems and format_ in ("text", "github"):
        return  # nothing to print, and so nothing to import
    if format_ in ("github", "gitlab", "sarif"):
        problems = [replace(problem, file=from_top(problem.file)) for problem in problems]
    from signalen_toolkit.diagnostics.reporters import report

    reasons = None
    if format_ == "sarif":  # the one format that explains the rules
        from signalen_toolkit.secrets.check import REASONS as REASONS_OF_SECRETS
        from signalen_toolkit.validation.check import reasons as reasons_of_check
        from signalen_toolkit.verify.verify import reasons as reasons_of_verify

        reasons = {**reasons_of_check(), **reasons_of_verify(), **REASONS_OF_SECRETS}
    stream = sys.stderr if err else sys.stdout
    coloured = format_ == "text" and stream.isatty()
    text = report(problems, format_, colour=coloured, reasons=reasons, words=translator(chosen(variables())))
    if text:
        say(text.removesuffix("\n"), err=err, commands=format_ == "github")
