"""The kinds of objects that are rendered, and what each may hold: `schemas/kinds/<group>/<kind>_<version>.json`.

The schemas are ours, and stricter than those of Flux, Argo CD and Kubernetes: they know the fields that our
templates write and no other, so that a misspelt field cannot pass, and ask for more of a value (one version of a
chart and no range, no `*` in a project of Argo CD).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.places import Place, dotted
from signalen_toolkit.kubernetes.schemas.messages import mistakes
from signalen_toolkit.schema.validator import Parts, Validator

Schema = dict[str, Any]

_FOLDER = PACKAGE / "schemas" / "kinds"
# The folder as the `$id`s of the schemas have it.
_BASE = "https://signalen.org/schemas/v1/kinds/"
# The one file for a tool without apiVersion and kind: where kustomize finds names of objects.
_TRANSFORMER = "kustomize.config.k8s.io/transformerconfiguration"


def schema_of(obj: Mapping[str, Any]) -> Schema | None:
    """Return the schema of an object by its apiVersion and kind, or None where that kind is never rendered.

    It is shared: do not change it.
    """
    return _read(_name(obj))


def object_problems(obj: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Return what is wrong with an object, and where; nothing where it fits its kind."""
    name = _name(obj)
    if _read(name) is None:
        return [((), f"no schema for apiVersion {obj.get('apiVersion')!r}, kind {obj.get('kind')!r}")]
    errors = _validator(name).iter_errors(obj)
    found = [(mistake.path, mistake.message) for error in errors for mistake in mistakes(error)]
    return sorted(found, key=lambda one: (dotted(one[0]), one[1]))


def _name(obj: Mapping[str, Any]) -> str:
    """Return where the schema of an object stands, as the schemas of custom resources are commonly laid out."""
    if "kind" not in obj and "nameReference" in obj:
        return _TRANSFORMER
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return f"{group or 'core'}/{obj.get('kind', '')}_{version}".lower()


@cache
def _read(name: str) -> Schema | None:
    # What an object says of itself is looked up in a list: it never becomes part of a path.
    if name not in _names():
        return None
    schema: Schema = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return schema


@cache
def _names() -> frozenset[str]:
    paths = (path.relative_to(_FOLDER).as_posix() for path in _FOLDER.rglob("*.json"))
    return frozenset(path.removesuffix(".json") for path in paths)


@cache
def _validator(name: str) -> Validator:
    return Validator(_read(name) or {}, parts=_parts())


@cache
def _parts() -> Parts:
    return Parts({f"{_BASE}{name}.json": schema for name in _names() if (schema := _read(name))})
