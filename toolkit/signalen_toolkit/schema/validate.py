"""Checks a document against a JSON Schema, and says what is wrong in the words of the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.diagnostics.problems import MOST, Problem, ordered, the_first
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.schema.context import Draft, Index, Leaf, SchemaContext
from signalen_toolkit.schema.formats import FORMATS
from signalen_toolkit.schema.lookup import FORBIDDEN, Path, Schema
from signalen_toolkit.schema.messages import drafts
from signalen_toolkit.schema.validator import Validator

if TYPE_CHECKING:
    from jsonschema import ValidationError

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "duplicate-item": "an item that stands twice in a list is a mistake of copying",
        "missing-key": "without this key there is nothing to derive the setting from",
        "not-allowed": "these settings exclude each other, or this one cannot be set here",
        "out-of-range": "a number, text or list outside these bounds does not work",
        "unknown-key": "a key that nothing reads is a spelling mistake or stands in the wrong place",
        "unknown-value": "only these values exist",
        "wrong-format": "a text that is not written as it must be cannot be used",
        "wrong-type": "a value of another kind is read as something else than was meant",
    }
)

# What jsonschema knows besides depends on which packages are installed.
_FORMATS: Final = {name: check for name, (check, _) in FORMATS.items()}
# Keywords that speak of the keys of a map, not of the map as a value.
_OF_KEYS: Final = frozenset({"dependentRequired", "minProperties", "required", "requiredOne"})


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema, ready to check with. Who checks often keeps it: a fleet has hundreds of forms and one schema."""

    validator: Validator
    index: Index


def compiled(schema: Schema) -> Compiled:
    """Make ready to check with a schema."""
    usable = _without_false(schema)
    return Compiled(Validator(usable, formats=_FORMATS), Index(usable))


def schema_problems(
    document: Document, schema: Compiled, *, at: Sequence[str | int] = (), what: str = "the form"
) -> list[Problem]:
    """Return what is wrong with a document, or with the part of it at a path, by a JSON Schema.

    `what` names the thing that is checked: `the values of chart backend 4.19.0`. A document that could
    not be read has no schema problems, nor has a part that is not there.
    """
    data = document.data
    for part in at:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return []
    if data is None and not at:
        return []
    errors = list(schema.validator.iter_errors(data))
    if not errors:
        return []
    context = SchemaContext(document, tuple(at), what, schema.index)
    found = (draft for error in errors for leaf in _leaves(error) for draft in drafts(leaf, context))
    some = list(islice(found, 2 * MOST + 1))  # one place may have several, of which the plainest is told
    told = (context.problem(draft) for draft in _one_a_cause(some))
    return ordered(the_first(told, cut=len(some) > 2 * MOST))


def wrong_values(data: Any, schema: Compiled) -> list[Path]:
    """Return the places of the values that a schema refuses, and of the keys that it does not know."""
    found: list[Path] = []
    for leaf in (leaf for error in schema.validator.iter_errors(data) for leaf in _leaves(error)):
        if leaf.word == "additionalProperties":
            known = leaf.schema.get("properties", {})
            found += [(*leaf.path, key) for key in leaf.instance if key not in known]
        elif not leaf.keyed and leaf.word not in _OF_KEYS:
            found.append(leaf.path)
    return found


def _without_false(schema: Any) -> Any:
    """Write the schema `false` of a key as `not`: for `false`, jsonschema loses where the value stands."""
    if isinstance(schema, list):
        return [_without_false(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        word: {key: FORBIDDEN if value is False else _without_false(value) for key, value in part.items()}
        if word == "properties" and isinstance(part, Mapping)
        else _without_false(part)
        for word, part in schema.items()
    }


def _one_a_cause(found: Iterable[Draft]) -> list[Draft]:
    """Keep one problem a value, the plainest, and no missing key that a misspelt one explains."""
    found = list(dict.fromkeys(found))
    explained = {path for draft in found for path in draft.explains}
    best: dict[tuple[object, ...], Draft] = {}
    for draft in found:
        if draft.missing and explained.intersection(draft.missing):
            continue
        subject = (draft.path, draft.at, draft.message if draft.rank == 0 else "")
        if subject not in best or draft.rank < best[subject].rank:
            best[subject] = draft
    return list(best.values())


def _leaves(error: ValidationError) -> Iterator[Leaf]:
    """Yield the errors that a person can act on; of alternatives, those of the one that was meant."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(error)
        return
    keyed = "propertyNames" in error.relative_schema_path
    yield Leaf(
        word=str(error.validator),
        value=error.validator_value,
        instance=error.instance,
        path=tuple(error.absolute_path),
        schema=error.schema if isinstance(error.schema, Mapping) else {},
        keyed=keyed,
    )


def _alternatives(error: ValidationError) -> Iterator[Leaf]:
    branches: dict[int, list[Leaf]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).extend(_leaves(inner))
    here = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    lists = list(branches.values())
    if all(leaf.word == "required" and leaf.path == here for leaves in lists for leaf in leaves):
        choices = [[key for leaf in leaves for key in leaf.value] for leaves in lists]
        yield Leaf("requiredOne", choices, error.instance, here, schema)
        return
    fitting = [leaves for leaves in lists if not any(_fails(leaf, here, "type") for leaf in leaves)]
    if not fitting:
        types = [leaf.value for leaves in lists for leaf in leaves if _fails(leaf, here, "type")]
        flat = [kind for value in types for kind in ([value] if isinstance(value, str) else value)]
        yield Leaf("type", list(dict.fromkeys(flat)), error.instance, here, schema)
        return
    known = _known_values(fitting)
    if known:
        yield known
        return
    meant = [leaves for leaves in fitting if not any(_discriminates(leaf, here) for leaf in leaves)] or fitting
    chosen = min(meant, key=lambda leaves: (len(leaves), -max(len(leaf.path) for leaf in leaves)))
    if len(meant) > 1 and "x-pattern-message" in schema and all(leaf.path == here for leaf in chosen):
        yield Leaf("pattern", "", error.instance, here, schema)
        return
    yield from chosen


def _fails(leaf: Leaf, here: tuple[str | int, ...], word: str) -> bool:
    return leaf.word == word and leaf.path == here


def _discriminates(leaf: Leaf, here: tuple[str | int, ...]) -> bool:
    """Tell whether a branch is ruled out by the value of one key, as `provider: const`."""
    return leaf.word in ("const", "enum") and len(leaf.path) == len(here) + 1


def _known_values(branches: list[list[Leaf]]) -> Leaf | None:
    """Join alternatives that each want other values in the same place into one list of known values."""
    firsts = [leaf for leaves in branches for leaf in leaves if leaf.word in ("const", "enum")]
    if len(firsts) < len(branches) or len({leaf.path for leaf in firsts}) != 1:
        return None
    values: list[object] = []
    for leaf in firsts:
        values += [leaf.value] if leaf.word == "const" else leaf.value
    return Leaf("enum", values, firsts[0].instance, firsts[0].path, firsts[0].schema)
