"""What a JSON Schema knows: which keys, where, and how it describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
FORBIDDEN: Final[Schema] = {"not": {}}  # what stands for the schema `false`
NAMED: Final = "<name>"  # in a path: a key that a person chooses
_DEEPEST = 12  # keys below each other; only a schema that contains itself goes deeper


def resolve(root: Schema, schema: Any) -> Schema:
    """Follow `$ref` inside one schema, which `root` is the whole of; what stands beside a `$ref` wins.

    What is no schema, or leads nowhere, is an empty one. A part without a reference is itself, not a copy.
    """
    if not isinstance(schema, Mapping):
        return {}
    found: Schema = schema
    for _ in range(20):
        reference = found.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            break
        target: Any = root
        for part in reference.lstrip("#/").split("/") if len(reference) > 1 else ():
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        found = {
            **(target if isinstance(target, Mapping) else {}),
            **{key: value for key, value in found.items() if key != "$ref"},
        }
    return found


def layers(root: Schema, schema: Any, depth: int = 0) -> Iterator[Schema]:
    """Yield a schema and all that it combines: allOf, anyOf, oneOf, then and else."""
    schema = resolve(root, schema)
    yield schema
    if depth > _DEEPEST:
        return
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from layers(root, part, depth + 1)
    for word in ("then", "else"):
        if word in schema:
            yield from layers(root, schema[word], depth + 1)


def keys(root: Schema, schema: Any) -> dict[str, Any]:
    """Return the keys that a map may have, with their schemas; a key that is forbidden is left out."""
    known: dict[str, Any] = {}
    for layer in layers(root, schema):
        for key, value in layer.get("properties", {}).items():
            if value != FORBIDDEN and (key not in known or known[key] is True or known[key] == {}):
                known[key] = value
    return known


def at(root: Schema, path: Sequence[str | int]) -> Schema:
    """Return the schema of a place in the data, as far as it can be told without looking at values."""
    schema: Any = root
    for part in path:
        schema = _below(root, schema, part)
        if schema is None:
            return {}
    return resolve(root, schema)


def _below(root: Schema, schema: Any, part: str | int) -> Any:
    for layer in layers(root, schema):
        if isinstance(part, int):
            prefix = layer.get("prefixItems", ())
            found = prefix[part] if part < len(prefix) else layer.get("items")
        else:
            found = layer.get("properties", {}).get(part)
            for pattern, value in layer.get("patternProperties", {}).items():
                found = value if found is None and re.search(pattern, part) else found
            found = layer.get("additionalProperties") if found is None else found
        if isinstance(found, Mapping):
            return found
    return None


def places(root: Schema) -> dict[str, list[tuple[str, ...]]]:
    """Return for every key of a schema the maps that it belongs under, the nearest to the root first.

    A name that a person chooses shows as `<name>`: `environments.<name>.domain`. What stands at the root too is not
    listed again for those.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    queue: list[tuple[tuple[str, ...], Any, frozenset[str]]] = [((), root, frozenset())]
    for path, schema, seen in queue:  # grows while it is walked: breadth first
        if len(path) > _DEEPEST or not isinstance(schema, Mapping):
            continue
        shared = path[path.index(NAMED) + 1 :] if NAMED in path else None
        for key, value in keys(root, schema).items():
            known = found.setdefault(key, [])
            if path not in known and shared not in known:
                known.append(path)
            reference = value.get("$ref", "") if isinstance(value, Mapping) else ""
            if reference not in seen:  # a schema that contains itself ends here
                queue.append(((*path, key), resolve(root, value), seen | ({reference} - {""})))
        named = [resolve(root, layer.get("additionalProperties")) for layer in layers(root, schema)]
        named += [
            resolve(root, value)
            for layer in layers(root, schema)
            for value in layer.get("patternProperties", {}).values()
        ]
        queue += [((*path, NAMED), value, seen) for value in named if value.get("properties")]
    return found


def example(root: Schema, schema: Any) -> str:
    """Return an example of a value on one line of YAML, or nothing where the schema has none."""
    schema = resolve(root, schema)
    values = [*schema.get("examples", ()), *(schema[word] for word in ("const", "default") if word in schema)]
    values += schema.get("enum", ())
    text = json.dumps(values[0], ensure_ascii=False) if values else ""
    if values and isinstance(values[0], str) and re.fullmatch(r"[A-Za-z][\w./@-]*(://[\w./-]+)?", values[0]):
        text = values[0]
    return text if len(text) <= 80 else ""


def description(root: Schema, schema: Any) -> str:
    """Return the first sentence of what the schema says about a value."""
    text = " ".join(str(resolve(root, schema).get("description", "")).split())
    return re.split(r"(?<=[^.]{3})\. (?=[A-Z])", text)[0].rstrip(".")
