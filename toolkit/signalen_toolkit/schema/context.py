"""What a schema error is about: the value, the document around it, and how a person calls it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.diagnostics.source import brief, dotted
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.schema import lookup
from signalen_toolkit.schema.lookup import Path, Schema


@dataclass(frozen=True, slots=True)
class Leaf:
    """An error of one keyword (`word`) of a schema about one value. `keyed`: about a key instead."""

    word: str
    value: Any
    instance: Any
    path: Path
    schema: Schema
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem before it has a position.

    Of several about one value the lowest `rank` above 0 stays. `missing` are the keys that would solve it,
    `explains` the missing keys that need no problem of their own beside this one.
    """

    rule: str
    message: str
    path: Path
    hint: str = ""
    at: Literal["key", "value"] = "value"
    rank: int = 0
    missing: tuple[Path, ...] = ()
    explains: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Index:
    """A schema, and where in it each key belongs (made when the first wrong key needs it)."""

    root: Schema

    @cached_property
    def places(self) -> dict[str, list[tuple[str, ...]]]:
        """See `lookup.places`."""
        return lookup.places(self.root)


@dataclass(frozen=True)
class SchemaContext:
    """What is being checked: a document, the part of it at `at`, and its schema."""

    document: Document
    at: Path
    what: str
    index: Index

    @property
    def root(self) -> Schema:
        """The schema."""
        return self.index.root

    def problem(self, draft: Draft) -> Problem:
        """Give a draft its place in the document."""
        path = (*self.at, *draft.path)
        return self.document.problem(draft.rule, draft.message, path, at=draft.at, hint=draft.hint)

    def name(self, path: Path) -> str:
        """Name a value by its key, with the index for an item of a list."""
        full = (*self.at, *path)
        first = max((i for i, part in enumerate(full) if isinstance(part, str)), default=0)
        return f"'{dotted(full[first:])}'" if full else self.what

    def owner(self, path: Path) -> str:
        """Name a map that keys belong to."""
        if not path:
            return self.what
        return f"'{dotted(path)}'" + ("" if self.what == "the form" else f" in {self.what}")

    def shown(self, leaf: Leaf) -> str:
        """Write a value as a person wrote it, cut when it is long."""
        if isinstance(leaf.instance, str):
            return f"'{brief(leaf.instance)}'"
        if isinstance(leaf.instance, dict | list):
            return kind_of(leaf.instance)
        return self.document.written((*self.at, *leaf.path)) or json.dumps(leaf.instance)


def kind_of(value: object) -> str:
    """Say what a value is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (str, "text"),
        ((int, float), "a number"),
        (list, "a list"),
        (dict, "a map"),
    ]
    return next((word for kind, word in kinds if isinstance(value, kind)), "nothing")


def listed(words: Iterable[str], last: str) -> str:
    """Join words: `a, b or c`."""
    words = list(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
