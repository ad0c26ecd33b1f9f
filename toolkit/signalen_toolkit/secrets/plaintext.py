"""Secrets in plain text in the files beside the form: what SOPS should have encrypted, and private keys.

A problem names the place and never shows the line: what a hook prints ends up in a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from signalen_toolkit.diagnostics.problems import Problem

RULE: Final = "plain-secret"
_FOLDER: Final = "secrets"
_KEYS: Final = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----"), "a private key"),
    (re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"), "a private key of age"),
)
# What may be a Secret of Kubernetes: only that is read, for reading takes long.
_SECRET: Final = re.compile(r"""\bkind["']?\s*:\s*["']?Secret\b""")
_STRUCTURED: Final = (".yaml", ".yml", ".json")
# What tells about secrets and holds none.
_NO_SECRETS: Final = frozenset({".md", ".gitkeep", ".gitignore", ".gitattributes", "CODEOWNERS"})
# Of files that are no YAML: SOPS writes such a line or key into each of them.
_ENCRYPTED: Final = re.compile(r"^sops_mac=ENC\[|^\[sops\]|\"sops\": \{", re.MULTILINE)
_REFERENCES: Final = frozenset({"Kustomization", "ExternalSecret", "SecretStore", "ClusterSecretStore"})
_ENCRYPTED_VALUE: Final = re.compile(r"ENC\[AES256_GCM,data:[^\]]*,type:\w+\]")
_HINT: Final = "encrypt it with SOPS, and change the secret if it was ever in a commit"


def problems(name: str, content: bytes) -> Iterator[Problem]:
    """Yield what is secret and plain in a file of the repository; `name` is its path there."""
    text = content.decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in _KEYS:
            if found := pattern.search(line):
                hint = "remove it, and make a new key: this one is known to everybody who has the repository"
                yield _problem(f"this is {what}", name, number, found.start() + 1, hint)
    path = PurePosixPath(name.replace("\\", "/"))
    below = _FOLDER in path.parts[:-1]
    if path.suffix in _STRUCTURED:
        if not path.name.startswith(".sops."):
            yield from _structured(text, name, below=below)
    elif below and {path.suffix, path.name}.isdisjoint(_NO_SECRETS) and not _ENCRYPTED.search(text):
        yield _problem(f"this file is below {_FOLDER}/, and SOPS did not encrypt it", name, 1, 1, _HINT)


def _structured(text: str, name: str, *, below: bool) -> Iterator[Problem]:
    if not below and not _SECRET.search(text):
        return
    try:
        documents = [node for node in YAML(typ="rt", pure=True).compose_all(text) if isinstance(node, MappingNode)]
    except (YAMLError, RecursionError) as error:
        if below:
            mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            yield _problem(f"this file below {_FOLDER}/ cannot be read as YAML", name, line, column, _HINT)
        return
    for node in documents:
        keys = _keys(node)
        plain = list(_plain_keys(keys))
        for key, child in plain:
            mark = child.start_mark
            yield _problem(f"'{key}' is a secret in plain text", name, mark.line + 1, mark.column + 1, _HINT)
        if below and not plain and not _is_encrypted(keys) and _may_hold_secrets(keys):
            mark = node.start_mark
            message = f"this file is below {_FOLDER}/, and SOPS did not encrypt it"
            yield _problem(message, name, mark.line + 1, mark.column + 1, _HINT)


def _plain_keys(keys: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Yield what is not encrypted of a Secret of Kubernetes."""
    if _text(keys.get("kind")) == "Secret":
        for section in ("data", "stringData"):
            if section in keys:
                yield from _plain(keys[section], section, set())


def _is_encrypted(keys: Mapping[str, Node]) -> bool:
    return "mac" in _keys(keys.get("sops"))


def _may_hold_secrets(keys: Mapping[str, Node]) -> bool:
    """Tell what holds something of its own from what only names files or a store, as kustomize and operators do."""
    own = keys.keys() - {"sops", "apiVersion", "kind", "metadata"}
    return bool(own) and _text(keys.get("kind")) not in _REFERENCES


def _plain(node: Node, path: str, seen: set[int]) -> Iterator[tuple[str, Node]]:
    """Yield every value that is not encrypted, by its path; what an alias leads to counts once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        for key, child in _keys(node).items():
            yield from _plain(child, f"{path}.{key}", seen)
    elif isinstance(node, SequenceNode):
        for child in node.value:
            yield from _plain(child, path, seen)
    elif (text := _text(node)) and not _ENCRYPTED_VALUE.fullmatch(text):
        yield path, node


def _keys(node: Any) -> dict[str, Node]:
    return {_text(key): value for key, value in node.value} if isinstance(node, MappingNode) else {}


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, ScalarNode) else ""


def _problem(message: str, name: str, line: int, column: int, hint: str) -> Problem:
    return Problem(RULE, message, name, line=line, column=column, end_column=column, hint=hint)
