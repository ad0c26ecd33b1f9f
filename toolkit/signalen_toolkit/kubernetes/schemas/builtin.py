"""Validators of objects: from the schemas in the package kubernetes-validate, and from a folder of a person.

The package itself reads one and a half megabytes of schemas anew for each object. So only its files are used, and read
once a version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.expressions import is_found
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.kubernetes.schemas.api_versions import Numbers, numbers
from signalen_toolkit.schema.validator import Parts, Validator, is_schema

Schema = dict[str, Any]

# How these schemas call the parts that they share.
_PARTS: Final = "json-schema:///api/_definitions.json"
_NAME = re.compile(r"[a-z0-9.-]{1,200}")  # of a file


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """One version of Kubernetes, with the folder of its schemas."""

    version: str
    folder: Path

    def validator(self, api_version: str, kind: str) -> Validator | None:
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
def custom_validator(folder: Path, api_version: str, kind: str) -> Validator | None:
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
    found = validator_of(_read(path))
    if found is None:
        raise UsageError(f"{path} is not a JSON Schema: a word in it has a value that it cannot have")
    return found


def validator_of(schema: Schema) -> Validator | None:
    """Return the validator of a schema that somebody else wrote, with patterns as Kubernetes reads them.

    What is no schema has none.
    """
    return Validator(schema, matches=_matches) if is_schema(schema) else None


@cache
def _validator(folder: Path, api_version: str, kind: str) -> Validator | None:
    group, _, version = api_version.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], version)))
    if not _NAME.fullmatch(name) or not (path := folder / f"{name}.json").is_file():
        return None
    schema = _read(path)
    known = [(one.get("group"), one.get("kind")) for one in schema.get("x-kubernetes-group-version-kind", ())]
    if (group, kind) not in known:  # a custom group whose name begins like one of Kubernetes' own
        return None
    return Validator(schema, parts=_parts(folder))


@cache
def _names(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the names of the schemas of one version, by kind: `ingress-networking-v1`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*-*.json")):
        found.setdefault(path.stem.partition("-")[0], []).append(path.stem)
    return found


@cache
def _parts(folder: Path) -> Parts:
    return Parts({_PARTS: _read(folder / "_definitions.json")})


def _read(path: Path) -> Schema:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as a schema: {error}") from error
    if not isinstance(schema, dict):
        raise UsageError(f"{path} is not a schema: it holds no map")
    return schema


def _matches(pattern: str, text: str) -> bool:
    try:
        return is_found(pattern, text)
    except ValueError:
        return True  # Kubernetes refuses the definition itself
