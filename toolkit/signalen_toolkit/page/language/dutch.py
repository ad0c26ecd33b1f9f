"""Messages and phrases of the toolkit in Dutch.

Rules and the schema say what is wrong in English, once. `dutch.csv` has each such text as a pattern, with names between
braces for what differs, and the Dutch for it; descriptions are in the schema in both languages. What has no Dutch stays
English, which a test forbids.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema, settings
from signalen_toolkit.page.asking.places import environment_of
from signalen_toolkit.schema import lookup

Naming = Callable[[Place, bool], str]  # how a setting is called: by all titles around it as well, or its own alone

_NAME: Final = re.compile(r"\{(\w+)\}")
_QUOTED: Final = re.compile(r"'((?:[A-Za-z][\w-]*)(?:\.[\w-]+|\[\d+\])*)'")
_PART: Final = re.compile(r"[\w-]+")
_ITEM: Final = r"(?:'[^']*'|[\w.+/-]+)"
_LIST: Final = re.compile(rf"({_ITEM}(?:, {_ITEM})*) (or|and) ({_ITEM})")  # of words, or of names in quotes
_LAST: Final = {"or": "of", "and": "en"}


@dataclass(frozen=True, slots=True)
class _Pattern:
    """An English text with places for what differs, and how it reads in Dutch."""

    expression: re.Pattern[str]
    dutch: str
    literal: int


@cache
def _patterns() -> tuple[list[_Pattern], dict[str, str]]:
    with (PACKAGE / "page" / "language" / "dutch.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    plain = dict(_descriptions()) | {row["english"]: row["dutch"] for row in rows if not _NAME.search(row["english"])}
    patterns = [_pattern(row["english"], row["dutch"]) for row in rows if _NAME.search(row["english"])]
    return sorted(patterns, key=lambda one: -one.literal), plain


def _pattern(english: str, dutch: str) -> _Pattern:
    pieces = _NAME.split(english)
    expression = "".join(
        re.escape(piece) if number % 2 == 0 else f"(?P<{piece}>.+?)" for number, piece in enumerate(pieces)
    )
    return _Pattern(re.compile(expression, re.DOTALL), dutch, sum(map(len, pieces[::2])))


def _descriptions() -> Iterator[tuple[str, str]]:
    """Yield what the schema says of a setting, as messages have it: whole, or its first sentence; no full stop."""
    for _, schema in settings(items=True):
        english, dutch = schema.get("description"), schema.get("x-description-nl")
        if english and dutch:
            yield lookup.description({}, {"description": english}), lookup.description({}, {"description": dutch})
            yield " ".join(english.split()).rstrip("."), dutch.rstrip(".")


def phrase(text: str, place: Place = (), naming: Naming | None = None) -> str:
    """Return a text in Dutch, itself where it is unknown.

    `place` is what it is about, and `naming` how a setting is called: then those that it names in quotes are.
    """
    dutch = _translated(text) if text else ""
    return _QUOTED.sub(lambda found: _title(found, place, naming), dutch) if naming else dutch


@lru_cache(maxsize=4096)
def _translated(text: str, depth: int = 0) -> str:
    patterns, plain = _patterns()
    if text in plain:
        return plain[text]
    if depth > 6:
        return text
    if words := _LIST.fullmatch(text):
        return f"{words[1]} {_LAST[words[2]]} {words[3]}"
    for one in patterns:
        if found := one.expression.fullmatch(text):
            values = {name: _translated(value, depth + 1) for name, value in found.groupdict().items()}
            return _NAME.sub(lambda match, values=values: values[match[1]], one.dutch)  # type: ignore[misc]
    return text


def _title(found: re.Match[str], place: Place, naming: Naming) -> str:
    """Return the title of a setting in place of its name or path: that of a message, or one that stands beside it."""
    named: Place = tuple(int(part) if part.isdigit() else part for part in _PART.findall(found[1]))
    own = tuple(part for part in place if isinstance(part, str))
    ending = own[-len(named) :] == named
    around = place[: len(place) - len(named)] if ending else place[:-1]
    for candidate in ((*around, *named), (*place, *named), named):
        schema = lookup.at(form_schema(), candidate)
        if schema.get("title") and not (len(candidate) == 2 and environment_of(candidate)):
            return f"'{naming(candidate, len(named) > 1)}'"
    return found[0]
