"""Validators of custom resources, from the definitions that a chart brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from signalen_toolkit.documents.data import Map, mapping, maps, text
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.schemas.builtin import validator_of
from signalen_toolkit.schema.validator import Validator

_GROUP: Final = "apiextensions.k8s.io"
_KIND: Final = "CustomResourceDefinition"
# What these schemas say with; the rest is text for people, or for the API server alone.
_KEYWORDS: Final = frozenset(
    {"additionalProperties", "allOf", "anyOf", "enum", "items", "maxItems", "maxLength", "maxProperties", "maximum"}
    | {"minItems", "minLength", "minProperties", "minimum", "not", "oneOf", "pattern", "properties", "required", "type"}
)
# Of these, those under which schemas stand.
_SCHEMAS: Final = ("additionalProperties", "allOf", "anyOf", "items", "not", "oneOf")
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"


def defined(cluster: Cluster) -> Callable[[str, str], Validator | None]:
    """Return what gives the validator of a custom resource by apiVersion and kind, None for one that is not defined.

    Each is made when it is asked for: a chart defines many more kinds than it makes objects of.
    """
    schemas: dict[tuple[str, str], Map] = {}
    for obj in cluster.of_kind(_GROUP, _KIND):
        group, kind = text(obj.data, "spec", "group"), text(obj.data, "spec", "names", "kind")
        for _, version in maps(obj.data, "spec", "versions"):
            schema = mapping(version, "schema", "openAPIV3Schema")
            if version.get("served") and schema:
                schemas[f"{group}/{text(version, 'name')}", kind] = schema

    @cache
    def validator(api_version: str, kind: str) -> Validator | None:
        schema = schemas.get((api_version, kind))
        return None if schema is None else validator_of(_closed(schema, top=True))

    return validator


def _closed(node: Any, *, top: bool = False) -> Any:
    """Refuse keys that a schema does not name: the API server drops them without a word."""
    if isinstance(node, list):
        return [_closed(child) for child in node]
    if not isinstance(node, Mapping):
        return node
    schema: dict[str, Any] = {}
    for word, value in node.items():
        if word == "properties" and isinstance(value, Mapping):
            schema[word] = {str(key): _closed(child) for key, child in value.items()}
        elif word in ("allOf", "anyOf", "not", "oneOf"):
            schema[word] = _known(value)  # these say more of what stands beside them, and name no keys of their own
        elif word in _KEYWORDS:
            schema[word] = _closed(value)
    if node.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    if top:
        schema.setdefault("properties", {}).update({"apiVersion": {}, "kind": {}, "metadata": {}})
    elif node.get("x-kubernetes-embedded-resource"):
        return {}
    if "properties" in schema and "additionalProperties" not in schema and not node.get(_OPEN):
        schema["additionalProperties"] = False
    return schema


def _known(node: Any) -> Any:
    """Leave out of a schema what a cluster does not take there, as a reference to another schema."""
    if isinstance(node, list):
        return [_known(child) for child in node]
    if not isinstance(node, Mapping):
        return node
    schema = {word: value for word, value in node.items() if word in _KEYWORDS}
    if isinstance(properties := schema.get("properties"), Mapping):
        schema["properties"] = {str(key): _known(child) for key, child in properties.items()}
    return schema | {word: _known(schema[word]) for word in _SCHEMAS if word in schema}
