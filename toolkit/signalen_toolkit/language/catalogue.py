"""A catalogue of gettext (.po), for messages that are made before it is known who reads them.

A message of the catalogue has a name between braces for each thing that is filled in. What was made of it is found
again by the text between these names, and what was filled in is translated by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"\{(\w+)\}")
_TEXT: Final = r'"(?:[^"\\]|\\.)*+"'
_ENTRY: Final = re.compile(rf"^msgid ((?:{_TEXT}\n?)++)msgstr ((?:{_TEXT}\n?)++)", re.MULTILINE)
_ITEM: Final = r"(?:'[^']*+'|[\w.+/-]++)"
_LIST: Final = re.compile(rf"({_ITEM}(?:, {_ITEM})*+) (or|and) ({_ITEM})")  # of words, or of names in quotes
_ESCAPES: Final = {"n": "\n", "t": "\t"}
_LONGEST: Final = 10_000  # characters; a longer text is no message of ours
_DEEPEST: Final = 6
_QUOTES: Final = ("'", '"', "`")


@dataclass(frozen=True, slots=True)
class _Template:
    """A message with names for what is filled in, and its translation."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    def is_name(self, name: str) -> bool:
        """Tell whether what is filled in stands between quotes: a key or a value, which has no translation."""
        at = self.names.index(name)
        before, after = self.parts[at][-1:], self.parts[at + 1][:1]
        return before == after and before in _QUOTES

    @property
    def weight(self) -> int:
        """How much of a message it says by itself."""
        return sum(map(len, self.parts))

    def filled(self, text: str) -> dict[str, str] | None:
        """Return what this was filled in with to be a text, each as short as can be; None where it is another one."""
        first, *middle, last = self.parts
        if not text.startswith(first) or not text.endswith(last):
            return None
        begin, end = len(first), len(text) - len(last)
        values = []
        for part in middle:
            at = text.find(part, begin + 1, end)
            if at < 0:
                return None
            values.append(text[begin:at])
            begin = at + len(part)
        return dict(zip(self.names, [*values, text[begin:end]], strict=True)) if begin < end else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The messages of one language: whole ones, those with something filled in, and what joins the end of a list."""

    whole: Mapping[str, str]
    templates: tuple[_Template, ...]
    joins: Mapping[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def translated(self, text: str) -> str:
        """Return a message in this language; itself where it is not known."""
        if len(text) > _LONGEST:
            return text
        if text not in self.known:
            self.known[text] = self._translated(text, 0)
        return self.known[text]

    def lines(self, text: str) -> str:
        """Return a text of more lines than one, each message in it translated; room before a line stays."""
        if "\n" not in text or text in self.whole:
            return self.translated(text)
        return "\n".join(line.replace(body, self.translated(body), 1) for line, body in _bodies(text))

    def _translated(self, text: str, depth: int) -> str:
        if text in self.whole:
            return self.whole[text]
        if depth > _DEEPEST:
            return text
        if words := _LIST.fullmatch(text):
            return f"{words[1]} {self.joins[words[2]]} {words[3]}"
        for one in self.templates:
            values = one.filled(text)
            if values is not None:
                said = {
                    name: value if one.is_name(name) else self._translated(value, depth + 1)
                    for name, value in values.items()
                }
                return _NAME.sub(lambda hole, said=said: said[hole[1]], one.translation)  # type: ignore[misc]
        return text


def catalogue(messages: Mapping[str, str], texts: Mapping[str, str], joins: Mapping[str, str]) -> Catalogue:
    """Return a catalogue of messages with their translations, and of texts in which nothing is filled in."""
    made = (
        _Template(tuple(_NAME.split(message)[::2]), tuple(_NAME.findall(message)), translation)
        for message, translation in messages.items()
        if _NAME.search(message)
    )
    whole = {message: translation for message, translation in messages.items() if not _NAME.search(message)}
    return Catalogue({**texts, **whole}, tuple(sorted(made, key=lambda one: -one.weight)), joins)


def read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each message of a file (.po) with its translation."""
    for found in _ENTRY.finditer(path.read_text(encoding="utf-8")):
        message, translation = ("".join(map(_unquoted, re.findall(_TEXT, part))) for part in found.groups())
        if message:
            yield message, translation


def _bodies(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        yield line, line.strip()


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
