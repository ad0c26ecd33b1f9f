"""The one way out for what a command says: whatever stands in it, it is read and does nothing.

What a repository, a chart or a program says stands in what we print. A terminal acts upon escape sequences, the eye of
a reviewer upon marks that turn text around, and a pipeline upon lines that look like its commands.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Final

from signalen_toolkit.diagnostics.characters import UNSEEN, escape, mark

# The colours that we write ourselves.
RESET, BOLD, RED, GREEN = "\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[32m"
YELLOW, BLUE, CYAN = "\x1b[1;33m", "\x1b[34m", "\x1b[36m"
_BUT_COLOURS: Final = re.compile(
    "|".join(map(re.escape, (RESET, BOLD, RED, GREEN, YELLOW, BLUE, CYAN))) + f"|{UNSEEN.pattern}"
)
# What Azure Pipelines (`##vso[…]`, `##[…]`), TeamCity and GitHub's runner take for a command, anywhere in a line.
# https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
_HASHES: Final = re.compile(r"##(\w*+)\[")
# What GitHub, Gitea and Forgejo take for one at the begin of a line; they pass over spaces before it.
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions
_COLONS: Final = re.compile(r"^([ \t]*+):(?=:)", re.MULTILINE)


def say(text: str, *, err: bool = False, end: str = "\n", commands: bool = False) -> None:
    """Print a text on standard output or, with `err`, standard error; where that is closed, nothing.

    `commands`: these are commands to a pipeline that we wrote ourselves (`::error …`).
    """
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    stream.write(harmless(text, coloured=stream.isatty(), commands=commands) + end)
    stream.flush()


def harmless(text: str, *, coloured: bool = False, commands: bool = False) -> str:
    """Return a text that no terminal and no pipeline acts upon, line by line as it was.

    `coloured` leaves our own colours in it, `commands` our own commands.
    """

    def seen(found: re.Match[str]) -> str:
        if len(found.group()) > 1:
            return found.group()
        # Part of the name of a file that is no text: with a mark for each, two would look alike.
        return escape(found) if "\ud800" <= found.group() <= "\udfff" else mark(found.group())

    if coloured or not _is_plain(text):
        text = (_BUT_COLOURS if coloured else UNSEEN).sub(seen, text)
    text = _HASHES.sub(r"##\1\\[", text)
    return text if commands else _COLONS.sub(r"\1:\\", text)


def _is_plain(text: str) -> bool:
    """Tell whether a text holds nothing but what a keyboard has, and line breaks, as most do."""
    return text.isascii() and text.replace("\n", "").isprintable()


def json_text(data: Any) -> str:
    """Return data as JSON in lines, with escapes for what is not seen and for what a pipeline would act upon."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    text = UNSEEN.sub(lambda found: found.group() if found.group() == "\n" else escape(found), text)
    return text.replace("##", "#\\u0023")  # a hash stands in strings only
