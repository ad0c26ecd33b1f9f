"""The settings of a part of the form as fields: what stands in each, what holds without it, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.page.asking import conditions, origins
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, is_leaf, kind_of
from signalen_toolkit.page.asking.origins import Fallback
from signalen_toolkit.page.asking.places import environment_of, identifier, pointer, setting_of
from signalen_toolkit.page.asking.texts import shown
from signalen_toolkit.page.draft.workplace import Opened


@dataclass(frozen=True)
class FieldView:
    """One field, or a group of them.

    `text` is what stands in it, `origin` what holds where nothing does. `index` is its number in a list, and `movable`
    says how far it can go up and down. A field with a secret shows none of it.
    """

    place: Place
    schema: Schema
    kind: FieldKind
    text: str = ""
    given: bool = False
    required: bool = False
    origin: Fallback | None = None
    problems: Sequence[Problem] = ()
    children: Sequence[FieldView] = ()
    is_secret: bool = False
    index: int | None = None
    last: bool = False
    spare: bool = False
    others: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def name(self) -> str:
        """The name of its input."""
        return pointer(self.place)

    @property
    def id(self) -> str:
        """The id of its element."""
        return identifier(self.place)

    @property
    def is_leaf(self) -> bool:
        """Whether it has one value of its own."""
        return is_leaf(self.kind)

    @property
    def choices(self) -> Sequence[str]:
        """The values that there are to choose from."""
        return [str(value) for value in self.schema.get("enum", ())]

    @property
    def controls(self) -> bool:
        """Whether other fields come or go with what is chosen here."""
        return self.kind in (FieldKind.SWITCH, FieldKind.RADIOS, FieldKind.SELECT)

    def all(self) -> Iterator[FieldView]:
        """Yield it and all fields within it."""
        yield self
        for child in self.children:
            yield from child.all()


def view(opened: Opened, place: Place, schema: Schema, problems: Sequence[Problem]) -> FieldView:
    """Return the field of a setting with all that is below it, and with those of the problems that are of these."""
    return _Viewer(opened, problems).field(place, schema, opened.given(place))


@dataclass(frozen=True)
class _Viewer:
    opened: Opened
    problems: Sequence[Problem]

    def field(
        self, place: Place, schema: Schema, value: Any, *, required: bool = False, index: int | None = None
    ) -> FieldView:
        schema = resolve(schema)
        kind = kind_of(schema)
        if self._is_other(kind, value):
            kind = FieldKind.YAML  # of another kind than it must be: shown as it is, or nobody could mend it
        children = self._children(place, schema, kind, value)
        is_secret = place in self.opened.secrets
        return FieldView(
            place,
            schema,
            kind,
            text=""
            if is_secret or not is_leaf(kind)
            else shown(value, schema if kind is not FieldKind.YAML else {"type": "object", "x-values": True}),
            given=value is not None,
            required=required,
            origin=origins.origin(self.opened, place, schema) if index is None else None,
            problems=[one for one in self.problems if self._is_of(one, place, children)],
            children=children,
            is_secret=is_secret,
            index=index,
            others=origins.elsewhere(self.opened, place, schema),
        )

    @staticmethod
    def _is_other(kind: FieldKind, value: Any) -> bool:
        wanted = {FieldKind.SECTION: Mapping, FieldKind.PAIRS: Mapping, FieldKind.LIST: list, FieldKind.ROW: list}.get(
            kind
        )
        if wanted is None:
            return isinstance(value, Mapping | list) and kind is not FieldKind.YAML
        return value is not None and not isinstance(value, wanted)

    @staticmethod
    def _is_of(problem: Problem, place: Place, children: Sequence[FieldView]) -> bool:
        """Tell whether a problem is of this field, and of none within it."""
        found = problem.place
        if found[: len(place)] != place:
            return False
        return not any(found[: len(child.place)] == child.place for child in children)

    def _children(self, place: Place, schema: Schema, kind: FieldKind, value: Any) -> list[FieldView]:
        match kind:
            case FieldKind.SECTION:
                return list(self._settings(place, schema, value if isinstance(value, Mapping) else {}))
            case FieldKind.LIST:
                return list(self._items(place, schema, value or []))
            case FieldKind.ROW:
                wanted = schema["prefixItems"]
                given = value or []
                return [
                    self.field((*place, number), one, given[number] if number < len(given) else None, index=number)
                    for number, one in enumerate(wanted)
                ]
            case _:
                return []

    def _settings(self, place: Place, schema: Schema, given: Mapping[str, Any]) -> Iterator[FieldView]:
        must = {*schema.get("required", ()), *(() if environment_of(place) else schema.get("x-required", ()))}
        inner = setting_of(place)
        environments = self._environments(place)
        in_list = any(isinstance(part, int) for part in place)
        around = [given] if in_list else [at(one.settings, *inner) for one in environments]
        for key, child in schema.get("properties", {}).items():
            target = resolve(child)
            if place == ("environments", environment_of(place)) and key in form_schema()["properties"]:
                continue
            if conditions.counts(target, given.get(key), around, environments):
                yield self.field((*place, key), target, given.get(key), required=key in must)

    def _environments(self, place: Place) -> list[Environment]:
        name = environment_of(place)
        return [one for one in self.opened.environments if name in ("", one.name)]

    def _items(self, place: Place, schema: Schema, value: Sequence[Any]) -> Iterator[FieldView]:
        item = resolve(schema.get("items", {}))
        for number, one in enumerate(value):
            found = self.field((*place, number), item, one, index=number)
            yield FieldView(**{**vars(found), "last": number == len(value) - 1})
        if is_leaf(kind_of(item)):  # a list of texts has an empty line at its end
            yield FieldView((*place, len(value)), item, kind_of(item), index=len(value), last=True, spare=True)
