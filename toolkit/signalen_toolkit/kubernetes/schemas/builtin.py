"""Validators of objects: from the schemas in the package kubernetes-validate, and from a folder of a person.

The package itself reads one and a half megabytes of schemas anew for each object. So only its files are used: read
once a version, and each kind's schema put together from the parts that it names, which is also twice as fast to check
against as one that looks its parts up by address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.expressions import is_found
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.kubernetes.schemas.api_versions import Numbers, numbers

Schema = dict[str, Any]

# What these schemas say with; the rest is text for people, or notes for tools that merge.
_KEYWORDS: Final = frozenset({"additionalProperties", "enum", "items", "oneOf", "properties", "required", "type"})
_NAME = re.compile(r"[a-z0-9.-]{1,200}")  # of a file


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """One version of Kubernetes, with the folder of its schemas."""

    version: str
    folder: Path

    def validator(self, api_version: str, kind: str) -> Any:
        """Return the validator of a kind, or None where this version has no such kind."""
        return _validator(self.folder, api_version, kind)

    def versions_of(self, group: str, kind: str) -> list[str]:
        """Return the apiVersions in which a kind of Kubernetes' own is."""
        prefix = f"{group}/" if group else ""
        found = (f"{prefix}{name.rpartition('-')[2]}" for name in _names(self.folder).get(kind.lower(), ()))
        return [version for version in dict.fromkeys(found) if self.validator(version, kind) is not None]


@cache
def kubernetes(version: Numbers | None) -> Kubernetes:
    """Return a version of Kubernetes, or else the newest before it (the oldest there is, if there is none).

    Raises UsageError where the package with the schemas is missing.
    """
    spec = find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("the schemas of Kubernetes are missing; install signalen-toolkit[verify]")
    root = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema"
    folders = {numbers(path.name): path for path in root.glob("v*-local-strict")}
    known = sorted(found for found in folders if found)
    if not known:
        raise UsageError("the package kubernetes-validate holds no schemas; install it anew")
    nearest = max((found for found in known if version is None or found <= version), default=known[0])
    return Kubernetes(".".join(map(str, nearest)), folders[nearest])


@cache
def custom_validator(folder: Path, api_version: str, kind: str) -> Any:
    """Return the validator of a custom resource from a folder of schemas, or None.

    Raises UsageError for a file that is no schema.
    """
    group, _, version = api_version.rpartition("/")
    parts = (group.lower(), f"{kind}_{version}.json".lower())
    # What an object says of itself becomes part of a path only where it is a plain name.
    if not group or ".." in group or not all(re.fullmatch(r"[a-z0-9._-]+", part) for part in parts):
        return None
    path = folder.joinpath(*parts)
    if not path.is_file():
        return None
    return _draft()(_read(path))


def validator_of(schema: Schema) -> Any:
    """Return the validator of a schema of objects."""
    return _draft()(schema)


@cache
def _validator(folder: Path, api_version: str, kind: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], version)))
    if not _NAME.fullmatch(name) or not (path := folder / f"{name}.json").is_file():
        return None
    schema = _read(path)
    known = [(one.get("group"), one.get("kind")) for one in schema.get("x-kubernetes-group-version-kind", ())]
    if (group, kind) not in known:  # a custom group whose name begins like one of Kubernetes' own
        return None
    return _draft()(_linked(schema, folder))


@cache
def _names(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the names of the schemas of one version, by kind: `ingress-networking-v1`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*-*.json")):
        found.setdefault(path.stem.partition("-")[0], []).append(path.stem)
    return found


def _linked(node: Any, folder: Path) -> Any:
    """Put the parts that a schema refers to in their places; a part that holds itself does so as an object, too."""
    if isinstance(node, list):
        return [_linked(child, folder) for child in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        return _part(folder, reference.rpartition("/")[2])
    return {
        word: {key: _linked(child, folder) for key, child in value.items()}
        if word == "properties"
        else _linked(value, folder)
        for word, value in node.items()
        if word in _KEYWORDS
    }


def _part(folder: Path, name: str) -> Schema:
    parts = _parts(folder)
    if name not in parts:
        parts[name] = {}
        parts[name] |= _linked(_definitions(folder)[name], folder)
    return parts[name]


@cache
def _parts(_folder: Path) -> dict[str, Schema]:
    """Return the parts of one version that are put together already."""
    return {}


@cache
def _definitions(folder: Path) -> Mapping[str, Schema]:
    definitions: Mapping[str, Schema] = _read(folder / "_definitions.json")["$defs"]
    return definitions


def _read(path: Path) -> Schema:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as a schema: {error}") from error
    if not isinstance(schema, dict):
        raise UsageError(f"{path} is not a schema: it holds no map")
    return schema


@cache
def _draft() -> Any:
    """Return JSON Schema for objects: a date is text, as it is to Kubernetes' reader of YAML and not to Python's.

    Expressions are a chart's, and are read as Kubernetes reads them.
    """
    from datetime import date

    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    def is_text(_checker: object, value: object) -> bool:
        return isinstance(value, str | date)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("string", is_text)
    make: Any = extend  # which its package leaves untyped
    return make(Draft202012Validator, {"pattern": _pattern}, type_checker=checker)


def _pattern(_validator: object, pattern: object, instance: object, _schema: object) -> Iterator[Exception]:
    from jsonschema import ValidationError

    try:
        fits = not isinstance(instance, str) or not isinstance(pattern, str) or is_found(pattern, instance)
    except ValueError:
        return  # Kubernetes refuses the definition itself
    if not fits:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")
