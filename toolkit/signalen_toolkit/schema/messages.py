"""One error of a JSON Schema → what to tell a person."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import MOST, did_you_mean, nearest
from signalen_toolkit.diagnostics.source import brief, dotted
from signalen_toolkit.schema import lookup
from signalen_toolkit.schema.context import Draft, Leaf, SchemaContext, kind_of, listed
from signalen_toolkit.schema.formats import FORMATS
from signalen_toolkit.schema.lookup import Path

TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}
_YES_NO: Final = {
    **dict.fromkeys(("yes", "on", "true", "ja", "aan"), "true"),
    **dict.fromkeys(("no", "off", "false", "nee", "uit"), "false"),
}
_FEW = 12  # values or keys that a message may list
_FEW_PLACES = 3  # of a key that belongs elsewhere


def drafts(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    """Put one error into words: one draft for each key or value that is wrong."""
    say = _WORDS.get(leaf.word) or (_out_of_range if leaf.word in _RANGES else None)
    if say and (found := say(leaf, context)):
        return found
    name = context.name(leaf.path)
    if leaf.schema == lookup.FORBIDDEN:
        return [Draft("not-allowed", f"{name} cannot be set here", leaf.path, at="key")]
    reason = lookup.description(context.root, leaf.schema)
    return [Draft("not-allowed", f"{name} is not allowed as it is", leaf.path, hint=reason, rank=9)]


def _unknown_key(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    own = leaf.schema.get("properties", {})  # additionalProperties looks at these alone
    known = {key: value for key, value in own.items() if value != lookup.FORBIDDEN}
    if leaf.word == "unevaluatedProperties":
        known = lookup.keys(context.root, leaf.schema)
    patterns = leaf.schema.get("patternProperties", {})
    wrong = [
        key
        for key in leaf.instance
        if key not in known and key not in own and not any(re.search(pattern, key) for pattern in patterns)
    ]
    return [_unknown(key, known, leaf, context) for key in wrong[: MOST + 1]]


def _unknown(key: str, known: Mapping[str, Any], leaf: Leaf, context: SchemaContext) -> Draft:
    free = [word for word in known if word not in leaf.instance]
    hint = ""
    explains: tuple[Path, ...] = ()
    same = [word for word in free if _folded(word) == _folded(key)]
    elsewhere = _places(key, known, leaf, context)
    if gone := leaf.schema.get("x-gone", {}).get(key):
        hint = gone
    elif same:
        hint, explains = f"did you mean '{same[0]}'?", ((*leaf.path, same[0]),)
    elif ":" in key and leaf.instance[key] is None:
        hint = "a space is missing after ':'"
    elif len(elsewhere) == 1:
        hint, explains = _belongs(key, elsewhere, context), ((*elsewhere[0], key),)
    elif near := nearest(key, free):
        hint, explains = f"did you mean '{near}'?", ((*leaf.path, near),)
    elif 0 < len(elsewhere) <= _FEW_PLACES:
        hint = _belongs(key, elsewhere, context)
    elif not (hint := did_you_mean(key, known)) and 0 < len(free) <= _FEW:
        hint = f"known keys are {listed(free, 'and')}"
    message = f"'{brief(key)}' is not a key of {context.owner(leaf.path)}"
    return Draft("unknown-key", message, (*leaf.path, key), hint, "key", explains=explains)


def _places(key: str, known: Mapping[str, Any], leaf: Leaf, context: SchemaContext) -> list[Path]:
    """Return the maps that a key belongs under, or those of them that are most like the one in which it stands."""
    found: list[Path] = []
    for place in context.index.places.get(key, ()):
        here = (*leaf.path, *place)  # an environment has the maps of the top too
        is_here = bool(place) and place[0] in known and key in lookup.at(context.root, here).get("properties", {})
        found.append(here if is_here else place)
    found = list(dict.fromkeys(found))
    below = [place for place in found if place[: len(leaf.path)] == leaf.path]
    alike = [place for place in found if place and leaf.path and place[-1] == leaf.path[-1]]
    near = alike or (below if leaf.path else []) or found
    # At the top, a word that has a place in several sections is a component.
    is_said = near is not found or not leaf.path or len(near) == 1
    return near if is_said and leaf.path not in near else []


def _belongs(key: str, places: Sequence[Path], context: SchemaContext) -> str:
    under = [dotted((*context.at, *place)) for place in places]
    if not all(under):
        return f"'{key}' belongs at the top, without indentation"
    choices = listed([f"'{place}'" for place in under], "or")
    return f"'{key}' belongs under {choices}"


def _missing_key(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    return [_missing(key, leaf, context) for key in leaf.value if key not in leaf.instance]


def _missing(key: str, leaf: Leaf, context: SchemaContext, why: str = "") -> Draft:
    path = (*leaf.path, key)
    message = f"'{key}' is missing from {context.owner(leaf.path)}{why}"
    return Draft("missing-key", message, path, _advice(key, path, context), missing=(path,))


def _advice(key: str, path: Path, context: SchemaContext) -> str:
    schema = lookup.at(context.root, path)
    example = lookup.example(context.root, schema)
    parts = [
        lookup.description(context.root, schema),
        f"for example {key}: {example}" if example else "",
    ]
    return "; ".join(part for part in parts if part)


def _missing_one(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    choices = [" and ".join(f"'{key}'" for key in dict.fromkeys(keys)) for keys in leaf.value]
    message = f"{listed(dict.fromkeys(choices), 'or')} is missing from {context.owner(leaf.path)}"
    missing = tuple((*leaf.path, key) for keys in leaf.value for key in keys)
    hint = _advice(str(missing[0][-1]), missing[0], context)
    return [Draft("missing-key", message, missing[0], hint, missing=missing)]


def _missing_dependent(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    return [
        _missing(key, leaf, context, f", and '{cause}' needs it")
        for cause, needed in leaf.value.items()
        if cause in leaf.instance
        for key in needed
        if key not in leaf.instance
    ]


def _too_many(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    """A oneOf of which several alternatives fit."""
    required = [key for branch in leaf.value if isinstance(branch, Mapping) for key in branch.get("required", ())]
    given = [key for key in dict.fromkeys(required) if isinstance(leaf.instance, dict) and key in leaf.instance]
    if len(given) < 2:
        reason = lookup.description(context.root, leaf.schema)
        message = f"{context.name(leaf.path)} fits more than one of its forms"
        return [Draft("not-allowed", message, leaf.path, reason, rank=9)]
    quoted = [f"'{key}'" for key in given]
    message = f"{listed(quoted, 'and')} cannot stand together in {context.owner(leaf.path)}"
    last = max(given, key=list(leaf.instance).index)
    return [Draft("not-allowed", message, (*leaf.path, last), "remove all but one", "key")]


def _wrong_type(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    wanted = [leaf.value] if isinstance(leaf.value, str) else list(leaf.value)
    words = listed([TYPES.get(kind, kind) for kind in wanted], "or")
    message = f"{context.name(leaf.path)} must be {words}, not {kind_of(leaf.instance)}"
    return [Draft("wrong-type", message, leaf.path, _type_hint(wanted, leaf, context), rank=1)]


def _type_hint(wanted: Sequence[str], leaf: Leaf, context: SchemaContext) -> str:
    value, shown = leaf.instance, context.shown(leaf)
    if value is None:
        return "give it a value, or remove the key"
    if isinstance(value, str):
        if "boolean" in wanted and value.lower() in _YES_NO:
            return f"write {_YES_NO[value.lower()]}"
        if {"number", "integer"} & set(wanted) and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return f"remove the quotes: {value}"
        if "object" in wanted and re.match(r"[\w.-]+:\S", value):
            return "a space is missing after ':'"
    if "object" in wanted and (known := leaf.schema.get("properties", {})):
        if "enabled" in known and _truth(value):
            return f"write it on a line below: enabled: {_truth(value)}"
        return f"known keys are {listed(known, 'and')}" if len(known) <= _FEW else ""
    if isinstance(value, dict) and "array" in wanted:
        return "begin each item of the list with '- '"
    if isinstance(value, dict | list):
        return ""
    if "string" in wanted:
        fits = re.search(str(leaf.schema.get("pattern", "")), shown)
        example = lookup.example(context.root, leaf.schema)
        return f'put it between quotes: "{shown}"' if fits or not example else f"for example {example}"
    item = brief(value) if isinstance(value, str) else shown
    return f"write a list: [{item}]" if "array" in wanted else ""


def _truth(value: object) -> str:
    return _YES_NO.get(str(value).lower(), "")


def _unknown_value(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    values = [leaf.value] if leaf.word == "const" else list(leaf.value)
    known = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
    name, shown = context.name(leaf.path), context.shown(leaf)
    hint = did_you_mean(leaf.instance, known) if isinstance(leaf.instance, str) else ""
    if shown in known and not isinstance(leaf.instance, str):
        hint = f'put it between quotes: "{shown}"'
    if leaf.keyed:
        return [_wrong_key(leaf, context, f"is not one of the names known here: {listed(known, 'and')}", hint)]
    if len(known) <= _FEW:
        message = f"{name} must be {listed(known, 'or')}, not {shown}"
        hint = hint or lookup.description(context.root, leaf.schema)
    else:
        message = f"{shown} is not a known value of {name}"
        hint = hint or f"known are {', '.join(known[:20])}" + (", …" if len(known) > 20 else "")
    return [Draft("unknown-value", message, leaf.path, hint, rank=2)]


def _wrong_format(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    words = str(leaf.schema.get("x-pattern-message", ""))
    if leaf.word == "format" and (not words or "pattern" in leaf.schema):
        words = FORMATS[leaf.value][1] if leaf.value in FORMATS else str(leaf.value)
    example = lookup.example(context.root, leaf.schema)
    hint = f"for example {example}" if example and "such as" not in words else ""
    if left := re.search(r"<[^<>]+>", str(leaf.instance)):
        hint = f"fill in {left.group()}"
    elif isinstance(leaf.instance, str) and leaf.instance != leaf.instance.strip():
        hint = "remove the spaces and line breaks around it"
    if leaf.keyed:
        return [_wrong_key(leaf, context, f"must be {words}" if words else "cannot be a name here", hint)]
    shown, name = context.shown(leaf), context.name(leaf.path)
    message = f"{name} must be {words}, not {shown}" if words else f"{name} cannot be {shown}"
    hint = hint or ("" if words else lookup.description(context.root, leaf.schema))
    return [Draft("wrong-format", message, leaf.path, hint, rank=5 if leaf.word == "format" else 4)]


def _wrong_key(leaf: Leaf, context: SchemaContext, message: str, hint: str) -> Draft:
    return Draft("wrong-format", f"{context.shown(leaf)} {message}", (*leaf.path, leaf.instance), hint, "key", 1)


_RANGES: Final[Mapping[str, str]] = {
    "minimum": "must be at least {limit}, not {shown}",
    "maximum": "must be at most {limit}, not {shown}",
    "exclusiveMinimum": "must be more than {limit}, not {shown}",
    "exclusiveMaximum": "must be less than {limit}, not {shown}",
    "multipleOf": "must be a multiple of {limit}, not {shown}",
    "minLength": "must have at least {limit} characters, and has {length}",
    "maxLength": "may have at most {limit} characters, and has {length}",
    "minItems": "must have at least {limit} items, and has {length}",
    "maxItems": "may have at most {limit} items, and has {length}",
    "minProperties": "must have at least {limit} keys, and has {length}",
    "maxProperties": "may have at most {limit} keys, and has {length}",
    "contains": "lacks an item that must be in it",
    "items": "has more items than it can have",
    "unevaluatedItems": "has more items than it can have",
}


def _out_of_range(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    length = len(leaf.instance) if isinstance(leaf.instance, str | list | dict) else 0
    words = _RANGES[leaf.word].format(limit=leaf.value, shown=context.shown(leaf), length=length)
    if leaf.word.startswith("min") and leaf.word != "minimum" and length == 0:
        words = "must not be empty"
    if leaf.keyed:
        return [_wrong_key(leaf, context, words, "")]
    return [Draft("out-of-range", f"{context.name(leaf.path)} {words}", leaf.path, rank=3)]


def _duplicate_item(leaf: Leaf, context: SchemaContext) -> list[Draft]:
    seen: dict[str, int] = {}
    found = []
    for index, item in enumerate(leaf.instance):
        mark = json.dumps(item, sort_keys=True)
        if mark in seen:
            first = context.name((*leaf.path, seen[mark]))
            path = (*leaf.path, index)
            found.append(Draft("duplicate-item", f"{context.name(path)} is the same as {first}", path))
        seen.setdefault(mark, index)
    return found


_WORDS: Final[Mapping[str, Callable[[Leaf, SchemaContext], list[Draft]]]] = {
    "additionalProperties": _unknown_key,
    "unevaluatedProperties": _unknown_key,
    "required": _missing_key,
    "requiredOne": _missing_one,
    "dependentRequired": _missing_dependent,
    "oneOf": _too_many,
    "type": _wrong_type,
    "enum": _unknown_value,
    "const": _unknown_value,
    "pattern": _wrong_format,
    "format": _wrong_format,
    "uniqueItems": _duplicate_item,
}


def _folded(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()
