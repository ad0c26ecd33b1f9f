"""Validators of custom resources, from the definitions that a chart brings along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.objects.cluster import Cluster
from toolkit.objects.fields import mapping, maps, text
from toolkit.objects.kubernetes import validator_of

_GROUP = "apiextensions.k8s.io"
_KIND = "CustomResourceDefinition"
# What these schemas say with; the rest is text for people, or for the API server alone.
_KEYWORDS = frozenset(
    {"additionalProperties", "allOf", "anyOf", "enum", "items", "maxItems", "maxLength", "maxProperties", "maximum"}
    | {"minItems", "minLength", "minProperties", "minimum", "not", "oneOf", "pattern", "properties", "required", "type"}
)
_OPEN = "x-kubernetes-preserve-unknown-fields"


def defined(cluster: Cluster) -> Mapping[tuple[str, str], Any]:
    """Return the validators of the custom resources that an environment defines, by apiVersion and kind."""
    found: dict[tuple[str, str], Any] = {}
    for obj in cluster.of_kind(_GROUP, _KIND):
        group, kind = text(obj.data, "spec", "group"), text(obj.data, "spec", "names", "kind")
        for _, version in maps(obj.data, "spec", "versions"):
            schema = mapping(version, "schema", "openAPIV3Schema")
            if version.get("served") and schema:
                found[f"{group}/{text(version, 'name')}", kind] = _Lazy(schema)
    return found


class _Lazy:
    """A validator that is made when it is used: a chart defines many more kinds than it makes objects of."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._made: Any = None

    def iter_errors(self, data: Any) -> Any:
        """Yield what is wrong with an object."""
        if self._made is None:
            self._made = validator_of(_closed(self._schema, top=True))
        return self._made.iter_errors(data)


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
            schema[word] = value  # these say more of what stands beside them, and name no keys of their own
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
