"""Messages and phrases of the toolkit in Dutch.

Rules and the schema say what is wrong in English, once. `dutch.csv` has each such text as a pattern, with names between
braces for what differs, and the Dutch for it. A message that is not there stays English, which a test forbids.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.schema import lookup

Naming = Callable[[Place], str]

_NAME: Final = re.compile(r"\{(\w+)\}")
_QUOTED: Final = re.compile(r"'((?:[A-Za-z][\w-]*)(?:\.[\w-]+|\[\d+\])*)'")
_PART: Final = re.compile(r"[\w-]+")


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
    plain = {row["english"]: row["dutch"] for row in rows if not _NAME.search(row["english"])}
    patterns = [_pattern(row["english"], row["dutch"]) for row in rows if _NAME.search(row["english"])]
    return sorted(patterns, key=lambda one: -one.literal), plain


def _pattern(english: str, dutch: str) -> _Pattern:
    pieces = _NAME.split(english)
    expression = "".join(
        re.escape(piece) if number % 2 == 0 else f"(?P<{piece}>.+?)" for number, piece in enumerate(pieces)
    )
    return _Pattern(re.compile(expression, re.DOTALL), dutch, sum(map(len, pieces[::2])))


def is_known(text: str) -> bool:
    """Tell whether there is Dutch for a text."""
    patterns, plain = _patterns()
    return not text or text in plain or any(one.expression.fullmatch(text) for one in patterns)


def phrase(text: str, naming: Naming | None = None) -> str:
    """Return a text in Dutch, the settings that it names called by their titles; itself where it is unknown."""
    return _named(_translated(text), naming) if text else ""


@lru_cache(maxsize=4096)
def _translated(text: str, depth: int = 0) -> str:
    patterns, plain = _patterns()
    if text in plain:
        return plain[text]
    if depth > 6:
        return text
    for one in patterns:
        if found := one.expression.fullmatch(text):
            values = {name: _translated(value, depth + 1) for name, value in found.groupdict().items()}
            return _NAME.sub(lambda match, values=values: values[match[1]], one.dutch)  # type: ignore[misc]
    return text


def _named(text: str, naming: Naming | None) -> str:
    if naming is None:
        return text
    return _QUOTED.sub(lambda found: _title(found, naming), text)


def _title(found: re.Match[str], naming: Naming) -> str:
    """Return the titles of a setting in place of its path, where it is one of the form's."""
    place: Place = tuple(int(part) if part.isdigit() else part for part in _PART.findall(found[1]))
    schema = lookup.at(form_schema(), place)
    return f"'{naming(place)}'" if schema.get("title") else found[0]
