"""What stands in the repository of somebody who means ill, and how it shows whether it would do anything."""

from __future__ import annotations

import re
from typing import Final

# Each as it may stand in a text of YAML between double quotes, as JSON writes it.
COMMANDS: Final = (
    "##vso[task.setvariable variable=PATH]/tmp",
    "##[error]all is well",
    "##teamcity[buildStatus status='SUCCESS']",
    "::set-env name=PATH::/tmp",
    "::stop-commands::x",
)
ACTING: Final = (
    "\x1b[2J\x1b[1;1H",
    "\x1b]8;;https://evil.example\x07",
    "\u202etxt.exe",
    "\u2066x\u2069",
    "\x9b31m",
    "\r",
)
_ACTS: Final = re.compile(
    r"##\w*\[|^[^\S\n]*::|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\u061c\u00a0]", re.MULTILINE
)
# Commands that we write ourselves, for GitHub.
_OURS: Final = re.compile(r"^::(?:error|warning) file=[^\n]*$", re.MULTILINE)


def acts(text: str, *, commands: bool = False) -> str:
    """Return what a terminal or a pipeline would act upon, nothing where there is none.

    With `commands` our own ones for GitHub count for nothing.
    """
    found = _ACTS.search(_OURS.sub(lambda line: line.group().lstrip(":"), text) if commands else text)
    return text[max(found.start() - 20, 0) : found.end() + 20] if found else ""
