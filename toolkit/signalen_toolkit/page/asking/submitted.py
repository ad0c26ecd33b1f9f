"""What a browser sent of a page → the form's data.

Only inputs that the page has count, and only those in which something else stands than was shown: what is left alone
stays as it is written in the file, whatever its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.page.asking.kinds import FieldKind, Schema, is_leaf, kind_of
from signalen_toolkit.page.asking.places import environment_of, pointer
from signalen_toolkit.page.asking.texts import EMPTY, shown, typed

KEY: Final = ":key:"
VALUE: Final = ":value:"
MOST_ITEMS: Final = 200  # of a list or map that a browser sends


def read(form: Mapping[str, str], place: Place, schema: Schema, value: Any) -> Any:
    """Return the value at a place, with what was filled in; EMPTY where nothing is left. `value` is the one so far."""
    schema = resolve(schema)
    kind = kind_of(schema)
    name = pointer(place)
    if is_leaf(kind) or name in form:  # what is of another kind than it must be is shown as raw values
        raw = (
            schema if is_leaf(kind) and not isinstance(value, Mapping | list) else {"type": "object", "x-values": True}
        )
        return _leaf(form, name, raw, value)
    match kind:
        case FieldKind.SECTION:
            return (
                _section(form, place, schema, value if isinstance(value, Mapping) else {})
                if not _odd(value, Mapping)
                else value
            )
        case FieldKind.LIST:
            return (
                _list(form, place, schema, value if isinstance(value, list) else []) if not _odd(value, list) else value
            )
        case FieldKind.ROW:
            return (
                _row(form, place, schema, value if isinstance(value, list) else []) if not _odd(value, list) else value
            )
        case _:
            return (
                _pairs(form, place, value if isinstance(value, Mapping) else {}) if not _odd(value, Mapping) else value
            )


def _odd(value: Any, kind: type) -> bool:
    return value is not None and not isinstance(value, kind)


def _leaf(form: Mapping[str, str], name: str, schema: Schema, value: Any) -> Any:
    if name not in form:
        return EMPTY if value is None else value
    text = form[name].replace("\r\n", "\n").replace("\r", "\n").strip()
    if value is not None and text == shown(value, schema).replace("\r\n", "\n").strip():
        return value
    return typed(text, schema)


def _section(form: Mapping[str, str], place: Place, schema: Schema, value: Mapping[str, Any]) -> Any:
    found = dict(value)
    for key, child in schema.get("properties", {}).items():
        if place == ("environments", environment_of(place)) and key in form_schema()["properties"]:
            continue
        below = read(form, (*place, key), child, value.get(key))
        if below is EMPTY:
            found.pop(key, None)
        else:
            found[key] = below
    return found or (value if value == {} and found == {} and _is_item(place) else EMPTY)


def _is_item(place: Place) -> bool:
    return bool(place) and isinstance(place[-1], int)


def _list(form: Mapping[str, str], place: Place, schema: Schema, value: Sequence[Any]) -> Any:
    item = resolve(schema.get("items", {}))
    found = [read(form, (*place, index), item, one) for index, one in enumerate(value)]
    if is_leaf(kind_of(item)):
        found += [
            read(form, (*place, index), item, None)
            for index in range(len(value), MOST_ITEMS)
            if pointer((*place, index)) in form
        ]
        found = [one for one in found if one is not EMPTY]
    else:
        found = [{} if one is EMPTY else one for one in found]
    return found or EMPTY


def _row(form: Mapping[str, str], place: Place, schema: Schema, value: Sequence[Any]) -> Any:
    wanted = schema["prefixItems"]
    given = [value[index] if index < len(value) else None for index in range(len(wanted))]
    found = [read(form, (*place, index), one, given[index]) for index, one in enumerate(wanted)]
    if all(one is EMPTY for one in found):
        return EMPTY
    return [
        ("" if is_leaf(kind_of(resolve(one))) else []) if found[index] is EMPTY else found[index]
        for index, one in enumerate(wanted)
    ]


def _pairs(form: Mapping[str, str], place: Place, value: Mapping[str, Any]) -> Any:
    name = pointer(place)
    if f"{name}{KEY}0" not in form:
        return value or EMPTY
    found = dict(_sent(form, name, value))
    return found or EMPTY


def _sent(form: Mapping[str, str], name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for index in range(MOST_ITEMS):
        key = form.get(f"{name}{KEY}{index}", "").strip()
        if not key:
            continue
        text = form.get(f"{name}{VALUE}{index}", "").strip()
        yield key, value[key] if key in value and text == shown(value[key], {}) else text
