"""An error of an object's JSON Schema → where it is, and what to tell a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.diagnostics.hiding import MASK, spans
from signalen_toolkit.diagnostics.problems import did_you_mean
from signalen_toolkit.diagnostics.secret_shapes import is_secret_name
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import Place
from signalen_toolkit.schema.messages import TYPES

if TYPE_CHECKING:
    from jsonschema import ValidationError


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one place in an object."""

    path: Place
    message: str
    hint: str = ""


def mistakes(error: ValidationError) -> Iterator[Mistake]:
    """Put one error into words: one mistake for each field or value that is wrong. No secret is in them."""
    for mistake in _mistakes(error):
        value = error.instance
        yield _without(mistake, value) if _is_secret(mistake.path) or spans(str(value)) else mistake


def _is_secret(path: Place) -> bool:
    """Tell whether a value is, or may be, a secret: it is called so, is a variable's, or stands in a Secret."""
    return bool(path) and (path[-1] == "value" or path[0] in ("data", "stringData") or is_secret_name(str(path[-1])))


def _without(mistake: Mistake, value: object) -> Mistake:
    """Leave a value out of a message, whole or cut."""
    if isinstance(value, bool | Mapping | list) or value is None:
        return mistake  # which no message has
    shown = {str(value), brief(str(value)), brief(str(value), 160)} - {""}
    message, hint = mistake.message, mistake.hint
    for text in sorted(shown, key=len, reverse=True):
        message, hint = message.replace(text, MASK * 8), hint.replace(text, MASK * 8)
    return Mistake(mistake.path, message, hint)


def _mistakes(error: ValidationError) -> Iterator[Mistake]:
    path = tuple(error.absolute_path)
    say = _WORDS.get(str(error.validator))
    if say is None:
        said = error.message
        if isinstance(error.instance, Mapping | list):
            said = said.replace(repr(error.instance), "what stands here")
        message = brief(said, 160).rstrip(".")
        yield Mistake(path, message[:1].lower() + message[1:])
    else:
        yield from say(error, path)


def kind_of(value: object) -> str:
    """Say what a value is: `text`, `a number`, `a map`."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else "text"


def _unknown(error: ValidationError, path: Place) -> Iterator[Mistake]:
    if error.validator_value is not False:  # an error of the values, which has been said of each
        return
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    known = schema.get("properties", {})
    for key in _items(error.instance):
        if key not in known:
            owner = f"'{path[-1]}'" if path and isinstance(path[-1], str) else "what stands here"
            hint = did_you_mean(key, known)
            yield Mistake((*path, str(key)), f"'{brief(str(key))}' is not a field of {owner}", hint)


def _missing(error: ValidationError, path: Place) -> Iterator[Mistake]:
    present = _items(error.instance)
    for key in _items(error.validator_value):
        if key not in present:
            yield Mistake(path, f"'{key}' is missing")


def _type(error: ValidationError, path: Place) -> Iterator[Mistake]:
    yield _wrong_type(path, _flat(error.validator_value), error.instance)


def _wrong_type(path: Place, wanted: list[str], value: object) -> Mistake:
    kinds = " or ".join(TYPES[kind] for kind in dict.fromkeys(wanted) if kind in TYPES and kind != "null")
    hint = ""
    if "string" in wanted and isinstance(value, bool | int | float):
        hint = f'put it between quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    return Mistake(path, f"must be {kinds}, not {kind_of(value)}", hint)


def _value(error: ValidationError, path: Place) -> Iterator[Mistake]:
    values = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    known = [str(value) for value in values if value is not None]
    shown = brief(str(error.instance))
    yield Mistake(path, f"must be {' or '.join(known[:12])}, not '{shown}'", did_you_mean(shown, known))


def _alternatives(error: ValidationError, path: Place) -> Iterator[Mistake]:
    """Kubernetes has alternatives for a value that may be text or a number (`80` or `http`), and custom resources do.

    A null fits each alternative of Kubernetes' own schemas, and so not exactly one; the cluster drops it.
    """
    if error.instance is None:
        return
    here = [inner for inner in error.context or () if inner.validator == "type" and not inner.relative_path]
    types = [kind for inner in here for kind in _flat(inner.validator_value)]
    if types and len(here) == len(error.context or ()):
        yield _wrong_type(path, types, error.instance)
    else:
        yield Mistake(path, "fits none of the ways in which this can be written")


def _flat(types: Any) -> list[str]:
    return [types] if isinstance(types, str) else _items(types)


def _items(value: Any) -> list[Any]:
    return list(value)


def _pattern(error: ValidationError, path: Place) -> Iterator[Mistake]:
    yield Mistake(path, f"'{brief(str(error.instance))}' is not written as it must be: {error.validator_value}")


_WORDS: Final[Mapping[str, Callable[[ValidationError, Place], Iterator[Mistake]]]] = {
    "additionalProperties": _unknown,
    "anyOf": _alternatives,
    "const": _value,
    "enum": _value,
    "oneOf": _alternatives,
    "pattern": _pattern,
    "required": _missing,
    "type": _type,
}
