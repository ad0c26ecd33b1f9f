"""The questions of who starts, one after another: for places where no page of ours asks them one by one.

They are those of the steps; a list is one text with a line an item, and of identity providers behind Dex the first is
asked, which is Entra ID for most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.page.asking import outline
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, is_leaf, kind_of
from signalen_toolkit.page.asking.places import pointer
from signalen_toolkit.page.asking.texts import EMPTY, typed
from signalen_toolkit.page.draft import edits
from signalen_toolkit.repository.answers import FIRST_ENVIRONMENT

DEX: Final[Place] = ("components", "dex", "enabled")
CODE: Final[Place] = ("municipality", "code")
_CONNECTORS: Final[Place] = ("dex", "connectors")
_FIRST: Final[Mapping[str, str]] = {"type": "microsoft", "name": "Entra ID"}


@dataclass(frozen=True)
class PlainQuestion:
    """One question: its place in the form, and with which answer to another one it goes."""

    step: str
    place: Place
    schema: Schema
    kind: FieldKind
    required: bool = False
    when: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its input."""
        return pointer(self.place)


def inquiries() -> list[PlainQuestion]:
    """Return the questions, in their order. Images are none: they are files, and come later."""
    return [one for step in outline.steps(FIRST_ENVIRONMENT) for one in _of_step(step)]


def _of_step(step: outline.StartStep) -> Iterator[PlainQuestion]:
    for place, schema in step.settings:
        kind = kind_of(schema)
        if place == _CONNECTORS:
            yield from _connector(step.name, schema)
        elif kind is FieldKind.LIST or (is_leaf(kind) and kind is not FieldKind.IMAGE):
            # Where Dex is on, it is the issuer: what is asked of another one follows.
            follows = place[0] == "identity" and "x-question" in schema
            when = {pointer(DEX): "false"} if follows else {}
            required = place == DEX or ("x-question" in schema and "default" not in schema)
            yield PlainQuestion(step.name, place, schema, kind, required, when)


def _connector(step: str, schema: Schema) -> Iterator[PlainQuestion]:
    for key, child in resolve(schema["items"])["properties"].items():
        target = resolve(child)
        if is_leaf(kind_of(target)) and _FIRST["type"] in target.get("x-when", {}).get("type", ()):
            yield PlainQuestion(step, (*_CONNECTORS, 0, key), target, kind_of(target), True, {pointer(DEX): "true"})


def data_of(answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the form that answers make, by the names of their inputs; an empty one is none, nor is one not asked."""
    data: Any = {"apiVersion": form_schema()["properties"]["apiVersion"]["const"]}
    with_dex = answers.get(pointer(DEX), "").strip() == "true"
    if with_dex:
        data = edits.with_value(data, _CONNECTORS, [dict(_FIRST)])
    for one in inquiries():
        if any(answers.get(name, "").strip() != wanted for name, wanted in one.when.items()):
            continue
        value = _value(one, answers.get(one.name, ""))
        if value is not EMPTY:
            data = edits.with_value(data, one.place, value)
    found: dict[str, Any] = data
    return found


def _value(one: PlainQuestion, text: str) -> Any:
    if one.kind is not FieldKind.LIST:
        return typed(text, one.schema)
    lines = [typed(line, resolve(one.schema["items"])) for line in text.splitlines()]
    return [line for line in lines if line is not EMPTY] or EMPTY
