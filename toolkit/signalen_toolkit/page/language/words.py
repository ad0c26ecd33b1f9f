"""The words of the pages in Dutch and English, and those of the schema in either."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.language.dutch import phrase
from signalen_toolkit.page.asking.places import ENVIRONMENTS, pointer
from signalen_toolkit.page.language.naming import named
from signalen_toolkit.schema import lookup

LANGUAGES: Final = ("nl", "en")
_FOLDER: Final = PACKAGE / "page" / "language"


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    with (_FOLDER / "words.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Called with the key of a text of the pages, it returns that text."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        text = _table()[key][self.language]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in _table()

    def title(self, schema: Mapping[str, Any], otherwise: object = "") -> str:
        """Return the title of a setting."""
        found = schema.get("x-title-nl") if self.language == "nl" else None
        return str(found or schema.get("title") or otherwise)

    def description(self, schema: Mapping[str, Any]) -> str:
        """Return the explanation of a setting."""
        found = schema.get("x-description-nl") if self.language == "nl" else None
        return str(found or schema.get("description", ""))

    def phrase(self, text: str) -> str:
        """Return a phrase of the schema, such as what a setting follows from."""
        return phrase(text) if self.language == "nl" else text

    def value(self, text: str) -> str:
        """Return a value as people read it: on and off in place of true and false."""
        key = {"true": "on", "false": "off"}.get(text)
        return self(key) if key else text

    def problem(self, problem: Problem) -> tuple[str, str]:
        """Return the message of a problem and its hint, each a sentence."""
        if self.language == "nl":
            message = named(problem.message, problem.place, self.place)
            hint = named(problem.hint, problem.place, self.place)
        else:
            message, hint = problem.message, problem.hint
        return _sentence(message), _sentence(hint)

    def place(self, place: Place, whole: bool = True) -> str:
        """Return a place in the form as people say it: titles from the top down, or that of the setting alone."""
        if not whole:
            return self.title(lookup.at(form_schema(), place), place[-1])
        words = []
        for index, part in enumerate(place):
            if place[:1] == (ENVIRONMENTS,) and index == 0:
                continue
            schema = lookup.at(form_schema(), place[: index + 1])
            own = place[:1] == (ENVIRONMENTS,) and index == 1
            words.append(str(part) if own else str(part + 1) if isinstance(part, int) else self.title(schema, part))
        return " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(words)

    def asked(self, place: Place, key: str = "") -> str:
        """Return another text for a setting on the pages of who starts, where there is one."""
        found = f"start:{pointer(place)}{key}"
        return self(found) if self.has(found) else ""


def _sentence(text: str) -> str:
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."
