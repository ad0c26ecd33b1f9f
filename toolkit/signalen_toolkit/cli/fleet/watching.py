"""How far a command on many municipalities is, for a person who watches: a line on their terminal that changes.

It is on standard error, and nowhere else: not in a pipe, not in the log of a pipeline (some of which give a terminal),
and not where a program reads what is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.cli.shared import tell

if TYPE_CHECKING:
    from rich.progress import Progress

_PIPELINES: Final = ("CI", "TF_BUILD", "TEAMCITY_VERSION", "JENKINS_URL")  # GitHub, GitLab, Forgejo and Gitea set CI

_LONGEST: Final = 24  # letters of a name: a terminal of 80 columns has room for them beside the rest


class Watching:
    """Counts what is done, where somebody watches."""

    def __init__(self, total: int, bar: Progress | None) -> None:
        """Count up to a total, on a line of a terminal or, without one, for nobody."""
        self._bar = bar
        self._done = 0
        self._task = bar.add_task("", total=total) if bar else None

    def done(self, name: str, wrong: str = "") -> None:
        """Count one more, and name it; where something is wrong with it, that stays to be read."""
        self._done += 1
        if self._bar is None or self._task is None:
            return
        if wrong:
            with self.aside():
                tell(f"{name}: {wrong}", err=True)
        self._bar.update(self._task, completed=self._done, description=_short(name))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away while something else is printed."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


@contextmanager
def watching(total: int, format_: str = "text") -> Iterator[Watching]:
    """Give a count of what is done, shown where a person watches, and gone at the end."""
    bar = _bar() if format_ != "json" and total > 1 and is_watched() else None
    if bar is None:
        yield Watching(total, None)
        return
    with bar:
        yield Watching(total, bar)


def is_watched() -> bool:
    """Tell whether a person looks at standard error."""
    given = variables()
    return sys.stderr.isatty() and given.get("TERM") != "dumb" and not any(given.get(name) for name in _PIPELINES)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: tuple[Any, ...] = (
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    # What we print goes where it always goes: rich would send it along with its line.
    return Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
