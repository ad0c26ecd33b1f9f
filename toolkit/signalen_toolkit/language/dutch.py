"""Messages and phrases of the toolkit in Dutch, for the command line and the pages.

Rules and the schema say what is wrong in English, once. `locale/nl` has each such text with the Dutch for it;
descriptions are in the schema in both languages. What has no Dutch stays English, which tests forbid.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from signalen_toolkit.form.schema import settings
from signalen_toolkit.language.catalogue import Catalogue, catalogue, read
from signalen_toolkit.schema import lookup

PATH: Final = Path(__file__).parent / "locale" / "nl" / "LC_MESSAGES" / "signalen.po"
_JOINS: Final = {"or": "of", "and": "en"}


def phrase(text: str) -> str:
    """Return a message in Dutch, itself where it is not known."""
    return dutch().translated(text)


def told(text: str) -> str:
    """Return what a command says in Dutch, in which more messages may stand below each other."""
    return dutch().lines(text)


@cache
def dutch() -> Catalogue:
    """Return the catalogue, with what the schema says of a setting."""
    return catalogue(dict(read(PATH)), dict(_descriptions()), _JOINS)


def _descriptions() -> Iterator[tuple[str, str]]:
    """Yield what the schema says of a setting, as messages have it: whole, or its first sentence; no full stop."""
    for _, schema in settings(items=True):
        english, said = schema.get("description"), schema.get("x-description-nl")
        if english and said:
            yield lookup.description({}, {"description": english}), lookup.description({}, {"description": said})
            yield " ".join(english.split()).rstrip("."), said.rstrip(".")
