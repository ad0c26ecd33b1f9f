"""Which language a person reads: that of SIGNALEN_LANG, or else of their environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

ENGLISH: Final = "en"
DUTCH: Final = "nl"
VARIABLE: Final = "SIGNALEN_LANG"
# In the order of gettext, https://www.gnu.org/software/gettext/manual/html_node/Locale-Environment-Variables.html
_PLACES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def chosen(variables: Mapping[str, str]) -> str:
    """Return the language for a person, by the variables of the environment: Dutch, or English for all others."""
    said = variables.get(VARIABLE) or next(filter(None, map(variables.get, _PLACES)), "")
    return DUTCH if re.match(r"nl(_|\.|@|-|$)", said, re.IGNORECASE) else ENGLISH


def translator(language: str) -> Callable[[str], str]:
    """Return what puts a text into a language, and leaves alone what it does not know."""
    if language != DUTCH:
        return str
    from signalen_toolkit.language.dutch import told  # only who reads Dutch waits for its catalogue

    return told
