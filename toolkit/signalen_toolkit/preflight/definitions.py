"""What a cluster knows of a kind of objects, as it publishes it itself, beside the objects that we apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.documents.data import mapping
from signalen_toolkit.kubernetes.entrances import GATEWAY
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.preflight.observations import Inquiry

_KIND: Final = "x-kubernetes-group-version-kind"
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_MOST: Final = 5  # strange fields that a message names


def is_custom(group: str) -> bool:
    """Tell whether a group is none of Kubernetes' own."""
    return group == GATEWAY or ("." in group and not group.endswith(".k8s.io"))


def is_of_tool(group: str, inquiry: Inquiry) -> bool:
    """Tell whether a group is of the tool that applies: those of what follows a repository, and of releases."""
    tool = inquiry.environment.delivery
    kinds = {tool.releases.kind, *(tool.in_cluster.follows if tool.in_cluster else ())}
    groups = {one.api_version.rpartition("/")[0] for one in inquiry.objects if one.kind in kinds}
    ends = {".".join(one.split(".")[1:]) for one in groups if one.count(".") > 1}  # toolkit.fluxcd.io
    return group in groups or any(group.endswith(f".{end}") for end in ends)


def unknown(published: Mapping[str, Any], objects: Iterable[Object]) -> list[str]:
    """Return the fields and values of objects that the definitions of a cluster do not have, in words, each once.

    `published` is the OpenAPI document of their group and version; a kind that is not in it is not looked at.
    """
    schemas = mapping(published, "components", "schemas")
    by_kind = {str(of.get("kind")): schema for schema in schemas.values() for of in schema.get(_KIND) or ()}
    found: dict[str, None] = {}
    for one in objects:
        schema = by_kind.get(one.kind)
        properties = mapping(schema, "properties") if schema else {}
        for key, value in one.data.items():
            if key not in ("apiVersion", "kind", "metadata") and properties:
                found |= dict.fromkeys(f"{one.kind} {what}" for what in _field(properties, key, value, ""))
    said = list(found)
    return said if len(said) <= _MOST else [*said[:_MOST], f"en nog {len(said) - _MOST}"]


def _field(properties: Mapping[str, Any], key: str, value: Any, above: str) -> Iterator[str]:
    place = f"{above}.{key}".lstrip(".")
    if key not in properties:
        yield place
    else:
        yield from _strange(properties[key], value, place)


def _strange(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    """Yield what a value has that its schema does not. What a schema leaves open is open."""
    if isinstance(value, Mapping):
        properties = schema.get("properties")
        if properties and not schema.get(_OPEN) and "additionalProperties" not in schema:
            for key, child in value.items():
                yield from _field(properties, str(key), child, place)
    elif isinstance(value, list):
        for child in value:
            yield from _strange(mapping(schema, "items"), child, place)
    elif schema.get("enum") and value not in schema["enum"]:
        yield f"{place}: {value}"
