"""A versioned schema (`x-since`, `x-until`) brought up to a newer version of what it describes.

Keys that are new get their type, default and first version; keys that are gone get their last one. What a program
cannot know, such as what a key is for, is gathered as notes for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from signalen_toolkit.base.versions import between, parse
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.schema import lookup
from signalen_toolkit.schema.lookup import Schema

# What stands as description until a person has written it.
TO_WRITE: Final = "TO WRITE."
_TYPES: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
Path = tuple[str, ...]


@dataclass(slots=True)
class Growth:
    """A schema that grows, in place, from one version to the next; `done` and `notes` tell a person what changed.

    `templates` is the text of the chart's templates: a key that they read is there, whatever values.yaml lists.
    """

    schema: dict[str, Any]
    before: str
    version: str
    templates: str = ""
    done: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def alive(self, child: Schema) -> bool:
        """Tell whether the version before has a key."""
        return between(self.before, child.get("x-since"), child.get("x-until"))

    def resolve(self, child: Schema) -> Schema:
        """Follow the references of a part of the schema."""
        return lookup.resolve(self.schema, child)

    def add(self, properties: dict[str, Any], path: Path, node: Mapping[str, Any]) -> None:
        """Add a key that is new in this version."""
        properties[path[-1]] = dict(node)
        self.done.append(f"new: {dotted(path)}")
        self._ask(path, node)

    def end(self, child: dict[str, Any], path: Path) -> None:
        """Note that this version has no such key any more."""
        if f".Values.{'.'.join(path)}" in self.templates:
            return  # a key that values.yaml need not list
        child["x-until"] = self.before
        self.done.append(f"gone: {dotted(path)}")

    def note(self, path: Path, text: str) -> None:
        """Leave something to a person."""
        self.notes.append(f"{dotted(path)}: {text}")

    def _ask(self, path: Path, node: Mapping[str, Any]) -> None:
        about = node.get("description", "")
        self.note(path, "the description is to write" if about == TO_WRITE else f"the description is read: {about}")
        if node.get("type") == ["string", "null"]:
            self.note(path, "the type is a guess, for its value is null")
        elif node.get("type") == "object" and "properties" not in node:
            self.note(path, "takes any key for now, for its value is empty")
        for name, child in node.get("properties", {}).items():
            self._ask((*path, name), child)


def follow_values(growth: Growth, values: Document) -> None:
    """Compare a chart's schema with the values.yaml of the chart in the new version."""
    _follow(growth, growth.schema, values.data or {}, values, (), shared=False)


def _follow(
    growth: Growth, node: Schema, data: Mapping[str, Any], values: Document, path: Path, *, shared: bool
) -> None:
    """Compare a part of the schema with its part of the values; `shared`: a reference led to it, as others may."""
    properties = node.get("properties")
    known = dict(properties or {})
    for key, value in data.items():
        below = (*path, key)
        child = known.get(key)
        if child is not None:
            _follow_key(growth, child, value, values, below, shared=shared)
        elif node.get("additionalProperties", True) is not False:
            continue  # a map of any keys, such as annotations
        elif shared or properties is None:
            growth.note(below, "is new in a part of the schema that several keys share: to be added by hand")
        else:
            growth.add(properties, below, {**_described(value, values, below), "x-since": growth.version})
    for name, child in known.items():
        if name in data or not growth.alive(child) or not _told(growth, child):
            continue
        if shared:
            growth.note((*path, name), "is gone from a part of the schema that several keys share")
        else:
            growth.end(child, (*path, name))


def _follow_key(
    growth: Growth, child: dict[str, Any], value: Any, values: Document, path: Path, *, shared: bool
) -> None:
    until = child.get("x-until")
    if until and parse(until) < parse(growth.version):
        growth.note(path, f"is back, and was gone after {until}: its x-until is to be looked at")
        return
    target = growth.resolve(child)
    if isinstance(value, dict) and "default" not in child and target.get("properties"):
        _follow(growth, target, value, values, path, shared=shared or "$ref" in child)
    elif "default" in child and not _equal(child["default"], value):
        if shared:
            growth.note(path, "has another default in a part of the schema that several keys share")
        else:
            child["default"] = value
            growth.done.append(f"default changed: {dotted(path)}")


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _told(growth: Growth, child: Schema) -> bool:
    """Tell whether values.yaml had a key: then it, or a key below it, has a default in the schema.

    Templates read some keys that values.yaml does not list; those say nothing by being absent.
    """
    target = growth.resolve(child)
    if "default" in target:
        return True
    return any(growth.alive(one) and _told(growth, one) for one in target.get("properties", {}).values())


def _described(value: Any, values: Document, path: Path) -> dict[str, Any]:
    """Describe a key that is new: its type and default from its value, its description from the comment above it."""
    about = {"description": _comment(values, path) or TO_WRITE}
    if value is None:
        return {"type": ["string", "null"], **about, "default": None}
    kind = _TYPES[type(value)]
    if isinstance(value, dict) and value:
        children = {key: _described(child, values, (*path, key)) for key, child in value.items()}
        return {"type": kind, **about, "properties": children, "additionalProperties": False}
    return {"type": kind, **about, "default": value}


def _comment(values: Document, path: Path) -> str:
    """Return the comment above a key as a sentence, or nothing."""
    line = values.position(path, at="key").line - 1
    words: list[str] = []
    while line > 0 and (text := values.source.lines[line - 1].strip()).startswith("#"):
        words.insert(0, text.lstrip("#- ").strip())
        line -= 1
    sentence = " ".join(filter(None, words)).replace("@param", "").strip()
    if not sentence:
        return ""
    return sentence[0].upper() + sentence[1:].rstrip(".:") + "."


def follow_schema(growth: Growth, theirs: Schema) -> None:
    """Compare the schema of an application's configuration with the one that the new version comes with."""
    _follow_schema(growth, growth.schema, lookup.resolve(theirs, theirs), theirs, ())


def _follow_schema(growth: Growth, ours: Schema, node: Schema, theirs: Schema, path: Path) -> None:
    properties = ours.get("properties")
    known = dict(properties or {})
    for key, one in node.get("properties", {}).items():
        below, found = (*path, key), lookup.resolve(theirs, one)
        child = known.get(key)
        if child is None:
            if properties is None:
                growth.note(below, "is new where the schema takes any key")
            else:
                growth.add(properties, below, {**_copied(found, theirs), "x-since": growth.version})
            if key in node.get("required", ()):
                growth.note(below, "is required: versions before this one did not ask for it")
            continue
        until = child.get("x-until")
        if until and parse(until) < parse(growth.version):
            growth.note(below, f"is back, and was gone after {until}: its x-until is to be looked at")
            continue
        target = growth.resolve(child)
        if "enum" in found and set(map(str, found["enum"])) != set(map(str, target.get("enum", ()))):
            growth.note(below, f"takes {', '.join(map(str, found['enum']))}: the enum is to be looked at")
        if "properties" in found:
            _follow_schema(growth, target, found, theirs, below)
    if node.get("additionalProperties") is False:
        for name, child in known.items():
            if name not in node.get("properties", {}) and growth.alive(child):
                growth.end(child, (*path, name))


def _copied(node: Schema, theirs: Schema) -> dict[str, Any]:
    """Take over the description of a key that is new, with references written out."""
    kept = {key: node[key] for key in ("type", "enum", "format", "pattern", "minimum", "maximum") if key in node}
    about = str(node.get("description", "")).strip().rstrip(".")
    result: dict[str, Any] = {**kept, "description": f"{about}." if about else TO_WRITE}
    if not {"type", "enum"} & set(kept):
        result["type"] = "object" if "properties" in node else ["string", "number", "boolean", "object", "array"]
    if "properties" in node:
        result["properties"] = {
            key: _copied(lookup.resolve(theirs, child), theirs) for key, child in node["properties"].items()
        }
        if node.get("required"):
            result["required"] = node["required"]
        result["additionalProperties"] = node.get("additionalProperties", True) is not False
    if "items" in node and isinstance(node["items"], Mapping):
        result["items"] = _plain_items(lookup.resolve(theirs, node["items"]))
    return result


def _plain_items(node: Schema) -> dict[str, Any]:
    return {key: node[key] for key in ("type", "enum", "format") if key in node}
