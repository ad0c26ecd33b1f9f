"""Any text as Markdown that shows just that text, on one line."""

from __future__ import annotations

import re
from typing import Final

from signalen_toolkit.diagnostics.terminal import plain

# What Markdown reads as something else: anywhere in a text, and where it begins.
_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]#|<>&~$]|^[-+=]|(?<=^\d)[.)]")


def code(text: str) -> str:
    """Write an inline code span, delimited by more backticks than stand in it."""
    text = plain(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(text: str) -> str:
    """Write text that Markdown leaves alone, and that mentions nobody."""
    return _MARKDOWN.sub(r"\\\g<0>", plain(text)).replace("@", "@&#8203;")
