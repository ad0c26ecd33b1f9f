"""What the command line prints: problems, and what takes time."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from signalen_toolkit.diagnostics.problems import Problem


def progress(message: str) -> None:
    """Tell a person who watches what takes time."""
    if sys.stderr.isatty():
        click.echo(message, err=True)


def print_problems(problems: Sequence[Problem], format_: str, *, err: bool = False) -> None:
    """Print problems in one of the formats; nothing where there are none and the format needs nothing."""
    if not problems and format_ in ("text", "github"):
        return  # nothing to print, and so nothing to import
    from signalen_toolkit.diagnostics.reporters import report

    reasons = None
    if format_ == "sarif":  # the one format that explains the rules
        from signalen_toolkit.secrets.check import REASONS as REASONS_OF_SECRETS
        from signalen_toolkit.validation.check import reasons as reasons_of_check
        from signalen_toolkit.verify.verify import reasons as reasons_of_verify

        reasons = {**reasons_of_check(), **reasons_of_verify(), **REASONS_OF_SECRETS}
    stream = sys.stderr if err else sys.stdout
    text = report(problems, format_, colour=format_ == "text" and stream.isatty(), reasons=reasons)
    if text:
        click.echo(text.removesuffix("\n"), err=err)
