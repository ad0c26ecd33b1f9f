"""Secrets in plain text in the files beside the form: what SOPS should have encrypted, keys and tokens.

A Secret of Kubernetes counts however it is written: in a list, in a text within another object, behind a tag or an
anchor, in UTF-16 (as PowerShell writes it), or as what kustomize makes of literals and files.
A problem names the place and never shows the line: what a hook prints ends up in a log.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.diagnostics.secret_shapes import contents, is_surely_secret_variable
from signalen_toolkit.diagnostics.source import Source

RULE: Final = "plain-secret"
_FOLDER: Final = "secrets"
# What documentation and scripts have as an example more often than in earnest.
_EXAMPLES: Final = frozenset({"a password in an address", "a key in an address", "a header that signs in"})
_STRUCTURED: Final = (".yaml", ".yml", ".json")
# What tells about secrets and holds none.
_NO_SECRETS: Final = frozenset({".md", ".gitkeep", ".gitignore", ".gitattributes", "CODEOWNERS"})
# Of files that are no YAML: SOPS writes such a line or key into each of them.
_ENCRYPTED: Final = re.compile(r"^sops_mac=ENC\[|^\[sops\]|\"sops\": \{", re.MULTILINE)
_REFERENCES: Final = frozenset({"Kustomization", "ExternalSecret", "SecretStore", "ClusterSecretStore"})
_ENCRYPTED_VALUE: Final = re.compile(r"ENC\[AES256_GCM,data:[^\]]*,type:\w+\]")
# What may hold a Secret is read, and nothing else: most files do not. A letter may be written as its number.
_MAY_HOLD: Final = re.compile(r"Secret|secretGenerator|configMapGenerator|\\[xuU][0-9A-Fa-f]{2}")
_KIND: Final = re.compile(r"\bkind\\?[\"']?\s*:\s*(?:[>|][-+0-9]*\s*|[!&]\S*\s+)*\\?[\"']?Secret\b")
_DATA: Final = re.compile(r"\b(?:data|stringData)\b")
_DEEPEST: Final = 3  # texts within texts
_MOST: Final = 100  # problems of one document: who mends these runs the hook again
_NESTED: Final = 100  # maps and lists within each other; Kubernetes' own have about 20
_HINT: Final = "encrypt it with SOPS, and change the secret if it was ever in a commit"
_KEY_HINT: Final = "remove it, and make a new one: this is known to everybody who has the repository"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A value in plain text: what it is called, and where it stands."""

    name: str
    node: Node


def problems(name: str, content: bytes) -> Iterator[Problem]:
    """Yield what is secret and plain in a file of the repository; `name` is its path there."""
    text = decoded(content)
    path = PurePosixPath(name.replace("\\", "/"))
    below = _FOLDER in path.parts[:-1]
    if text is None:
        if below:
            yield _problem(f"this file is below {_FOLDER}/, and SOPS did not encrypt it", name, 1, 1, _HINT)
        return
    yield from keys(name, text, examples=path.suffix != ".md")
    if path.suffix in _STRUCTURED:
        if not path.name.startswith(".sops."):
            yield from _structured(text, name, below=below)
    elif below and {path.suffix, path.name}.isdisjoint(_NO_SECRETS) and not _ENCRYPTED.search(text):
        yield _problem(f"this file is below {_FOLDER}/, and SOPS did not encrypt it", name, 1, 1, _HINT)
    elif path.suffix != ".md" and _KIND.search(text):
        yield from _structured(text, name, below=False)


def keys(name: str, text: str, *, examples: bool = True) -> Iterator[Problem]:
    """Yield the keys and tokens in a text that are secret by themselves; `examples`: also what often is an example."""
    source = Source(name, text)
    for what, pattern in contents():
        if what in _EXAMPLES or (not examples and "private key" not in what):
            continue
        for found in pattern.finditer(text):
            line, column = source.position(found.start())
            yield _problem(f"this is {what}", name, line, column, _KEY_HINT)


def generated_from(content: bytes) -> list[str]:
    """Return the files of which kustomize makes Secrets, as a Kustomization names them."""
    text = decoded(content) or ""
    if "secretGenerator" not in text:
        return []
    try:
        documents = [*_documents(text)]
    except yaml.YAMLError:
        return []
    named: list[str] = []
    for document in documents:
        for generator in _items(_keys(document).get("secretGenerator")):
            own = _keys(generator)
            named += [_text(own.get("env"))] if "env" in own else []
            named += [_text(one).rpartition("=")[2] for key in ("files", "envs") for one in _items(own.get(key))]
    return [path for path in named if path]


def is_encrypted(content: bytes) -> bool:
    """Tell whether SOPS made a file, of any kind."""
    text = decoded(content)
    return text is not None and re.search(r"ENC\[AES256_GCM,data:", text) is not None


def decoded(content: bytes) -> str | None:
    """Return the text in a file, in whichever encoding of Unicode it is; None for what is no text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if b"\0" not in content[:1024]:
        return content.decode("utf-8", errors="replace")
    for encoding, zeros in (("utf-16-le", content[1:64:2]), ("utf-16-be", content[0:64:2])):
        if zeros and not zeros.strip(b"\0"):
            return content.decode(encoding, errors="replace")
    return None


def _structured(text: str, name: str, *, below: bool) -> Iterator[Problem]:
    if not below and not _MAY_HOLD.search(text):
        return
    try:
        documents = [*_documents(text)]
        found = [(node, _keys(node), [*islice(_plain_values(node), _MOST)]) for node in documents]
    except yaml.YAMLError as error:
        if below or (_KIND.search(text) and _DATA.search(text)):
            mark = getattr(error, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark and mark.line < text.count("\n") + 1 else (1, 1)
            where = f"this file below {_FOLDER}/" if below else "this file may hold a Secret, and"
            yield _problem(f"{where} cannot be read as YAML", name, line, column, _HINT)
        return
    for node, own, plain in found:
        for value in plain:
            mark = value.node.start_mark
            yield _problem(f"'{value.name}' is a secret in plain text", name, mark.line + 1, mark.column + 1, _HINT)
        if below and not plain and "mac" not in _keys(own.get("sops")) and _may_hold_secrets(own):
            mark = node.start_mark
            message = f"this file is below {_FOLDER}/, and SOPS did not encrypt it"
            yield _problem(message, name, mark.line + 1, mark.column + 1, _HINT)


def _documents(text: str) -> Iterator[MappingNode]:
    """Yield the documents in a text that are maps, or the maps in one that is a list."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(text, Loader=loader):  # PyYAML itself goes as deep as the stack, and further
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _NESTED:
            raise yaml.MarkedYAMLError(None, None, "this is nested too deeply", event.start_mark)  # type: ignore[arg-type]
    for node in yaml.compose_all(text, Loader=loader):
        yield from (one for one in (_items(node) or [node]) if isinstance(one, MappingNode))


def _may_hold_secrets(own: Mapping[str, Node]) -> bool:
    """Tell what holds something of its own from what only names files or a store, as kustomize and operators do."""
    fields = own.keys() - {"sops", "apiVersion", "kind", "metadata"}
    return bool(fields) and _text(own.get("kind")) not in _REFERENCES


def _plain_values(root: Node, depth: int = 0) -> Iterator[_Found]:
    """Yield what is not encrypted of the Secrets in a document, however deep; what an alias leads to counts once."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            own = _keys(node)
            yield from _of_secret(own)
            yield from _of_kustomize(own)
            waiting += reversed([child for pair in node.value for child in pair])
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, ScalarNode) and "\n" in node.value and depth < _DEEPEST and _KIND.search(node.value):
            yield from _within(node, depth)


def _of_secret(own: Mapping[str, Node]) -> Iterator[_Found]:
    kind = _text(own.get("kind"))
    secrets = [own] if kind == "Secret" else []
    if kind == "SecretList":  # its items need no kind
        secrets = [item for item in map(_keys, _items(own.get("items"))) if "kind" not in item]
    for secret in secrets:
        for section in ("data", "stringData"):
            if section in secret:
                yield from _plain(secret[section], section, set())


def _of_kustomize(own: Mapping[str, Node]) -> Iterator[_Found]:
    """Yield the literals of which kustomize makes Secrets, and what it patches into them."""
    for generator in _items(own.get("secretGenerator")):
        for literal in _items(_keys(generator).get("literals")):
            name, _, value = _text(literal).partition("=")
            if value.strip("\"'") and not _ENCRYPTED_VALUE.fullmatch(value.strip("\"'")):
                yield _Found(f"secretGenerator.{name}", literal)
    for generator in _items(own.get("configMapGenerator")):
        for literal in _items(_keys(generator).get("literals")):
            name, _, value = _text(literal).partition("=")
            if value and is_surely_secret_variable(name):
                yield _Found(f"configMapGenerator.{name}", literal)
    for patch in _items(own.get("patches")):
        given = _keys(patch)
        if _text(_keys(given.get("target")).get("kind")) == "Secret" and _patches_data(_text(given.get("patch"))):
            yield _Found("patch", given["patch"])


def _patches_data(patch: str) -> bool:
    return re.search(r"[\"']?path[\"']?\s*:\s*[\"']?/(?:data|stringData)\b", patch) is not None


def _within(node: ScalarNode, depth: int) -> Iterator[_Found]:
    """Yield what is plain in a text that holds objects; it stands where the text does."""
    try:
        found = [value for document in _documents(node.value) for value in _plain_values(document, depth + 1)]
    except yaml.YAMLError:
        return  # a template, or words about a Secret
    yield from (_Found(value.name, node) for value in found)


def _plain(node: Node, path: str, seen: set[int]) -> Iterator[_Found]:
    """Yield every value that is not encrypted, by its path."""
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
        yield _Found(path, node)


def _keys(node: Any) -> dict[str, Node]:
    """Return what a map has under its keys, with what it takes over from others (`<<`)."""
    if not isinstance(node, MappingNode):
        return {}
    merged: dict[str, Node] = {}
    own: dict[str, Node] = {}
    for key, value in node.value:
        if _text(key) == "<<":
            for base in _items(value) or [value]:
                if isinstance(base, MappingNode) and base is not node:
                    merged = {_text(name): child for name, child in base.value} | merged
        else:
            own[_text(key)] = value
    return {**merged, **own}


def _items(node: Any) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else []


def _text(node: Node | None) -> str:
    """Return a value as a text, whatever its tag and however it was written."""
    return str(node.value).strip() if isinstance(node, ScalarNode) else ""


def _problem(message: str, name: str, line: int, column: int, hint: str) -> Problem:
    return Problem(RULE, message, name, line=line, column=column, end_column=column, hint=hint)
