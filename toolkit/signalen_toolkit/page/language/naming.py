"""A message in Dutch as the pages say it: with the title of a setting in place of its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.language.dutch import phrase
from signalen_toolkit.page.asking.places import environment_of
from signalen_toolkit.schema import lookup

Naming = Callable[[Place, bool], str]  # how a setting is called: by all titles around it as well, or its own alone

_QUOTED: Final = re.compile(r"'((?:[A-Za-z][\w-]*)(?:\.[\w-]+|\[\d+\])*)'")
_PART: Final = re.compile(r"[\w-]+")


def named(text: str, place: Place, naming: Naming) -> str:
    """Return a message about a place in Dutch, in which settings are named by their titles."""
    return _QUOTED.sub(lambda found: _title(found, place, naming), phrase(text))


def _title(found: re.Match[str], place: Place, naming: Naming) -> str:
    """Return the title of a setting in place of its name or path: that of a message, or one that stands beside it."""
    called: Place = tuple(int(part) if part.isdigit() else part for part in _PART.findall(found[1]))
    own = tuple(part for part in place if isinstance(part, str))
    ending = own[-len(called) :] == called
    around = place[: len(place) - len(called)] if ending else place[:-1]
    for candidate in ((*around, *called), (*place, *called), called):
        schema = lookup.at(form_schema(), candidate)
        if schema.get("title") and not (len(candidate) == 2 and environment_of(candidate)):
            return f"'{naming(candidate, len(called) > 1)}'"
    return found[0]
