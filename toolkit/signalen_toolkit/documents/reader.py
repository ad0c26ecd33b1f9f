"""A file in YAML 1.2, as data with the line and column of every key and value.

Whatever the bytes are, the outcome is a Document: what cannot be read is one of its problems.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from signalen_toolkit.base import beneath
from signalen_toolkit.diagnostics.characters import CONTROL, character_name
from signalen_toolkit.diagnostics.problems import TOO_MANY, Problem, ProblemsError, Severity, UsageError
from signalen_toolkit.diagnostics.source import Position, Source
from signalen_toolkit.documents.nodes import MOST_VALUES, Builder, Node, StopReadingError
from signalen_toolkit.documents.syntax_errors import stumble, syntax_problem
from signalen_toolkit.documents.unseen import RULE, Unseen

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alias-bomb": "a few lines of aliases can stand for millions of values",
        "control-character": "a character that nobody sees changes a value or hides a part of it in a review",
        "duplicate-key": "only one of two values for the same key can count, and readers differ about which",
        "empty-file": "there is nothing to read",
        "file-too-large": "a form is a page long; a file over 1 MiB or 50,000 lines is something else",
        RULE: "a character that nobody sees makes a value or a key another one than it looks",
        "key-not-text": "a key without quotes that reads as a number or true is not the key that was meant",
        "merge-conflict": "a merge was not finished; which side counts is for a person to decide",
        "not-a-map": "a form is a map: lines of 'key: value'",
        "not-utf8": "text in another encoding would show names with the wrong letters",
        "several-documents": "only the first of several documents in a file would count",
        "tab-indentation": "YAML is indented with spaces; how wide a tab is, differs per editor. Other tabs, such as"
        " one behind a colon, may be YAML, and are not read by the toolkit",
        "too-deep": "nesting without end exhausts the memory of whatever reads it",
        TOO_MANY: "nobody reads thousands of messages, and making them takes time",
        "too-many-values": "a form is a page long; a file with thousands of values is something else",
        "unsupported-tag": "a tag makes a program build something other than plain data",
        "unusable-number": "NaN, infinity and numbers beyond 64 bits mean nothing to Helm and Kubernetes",
        "yaml-syntax": "the text is not YAML",
    }
)
LARGEST: Final = 2**20  # bytes
MOST_LINES: Final = 50_000  # as many as the largest file of 1 MiB with values of a chart would have

_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?$", re.MULTILINE)
# ruamel takes a time for a tag that grows with the square of its length.
_LONG_TAG = re.compile(r"!(?:[\w;/?:@&=+$,.~*'()\[\]%-]){1000}")
# A bug or a limit of ruamel on strange input; its own errors are YAMLError.
_STUMBLES = (ValueError, OverflowError, IndexError, KeyError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True)
class Document:
    """One file. `data` is a dict, or None when nothing could be read; then `problems` says why."""

    file: str
    text: str
    data: Any = None
    problems: tuple[Problem, ...] = ()
    root: Node | None = field(default=None, repr=False, compare=False)

    @cached_property
    def source(self) -> Source:
        """The text with its lines."""
        return Source(self.file, self.text)

    def problem(
        self,
        rule: str,
        message: str,
        path: Sequence[str | int],
        *,
        at: Literal["key", "value"] = "value",
        severity: Severity = Severity.ERROR,
        hint: str = "",
        offset: int | None = None,
    ) -> Problem:
        """Make a problem of a value, or with `at="key"` of its key.

        A map, a list or nothing in the value's place shows as its key. What is not in the file (a missing
        key, a default) shows as the key of the nearest map around it that is. `offset` counts characters
        into a value on one line, where the fault is one character of it.
        """
        one = self.holder(path)
        start, end = one._span(path, at)
        if offset is not None and (node := one.node(path)) is not None and at == "value":
            first = node.start + (node.style == "quoted")
            if one.text[first : first + len(str(node.data))] == str(node.data):
                start, end = first + offset, first + offset + 1
        return one.source.problem(rule, message, start, end, path=path, hint=hint, severity=severity)

    def position(self, path: Sequence[str | int], *, at: Literal["key", "value"] = "value") -> Position:
        """Return where what stands at a path is, as a problem of it would show."""
        one = self.holder(path)
        return one.source.span(*one._span(path, at))

    def holder(self, path: Sequence[str | int]) -> Document:  # noqa: ARG002  # a file of several layers has several
        """Return the file in which a value stands, or would stand: this one."""
        return self

    def node(self, path: Sequence[str | int]) -> Node | None:
        """Return what stands at a path, or None."""
        node = self.root
        for part in path:
            if node is None:
                return None
            node = node.children.get(part)
        return node

    def written(self, path: Sequence[str | int]) -> str:
        """Return a scalar as it is written in the file: `0735551234` where the data say 735551234."""
        one = self.holder(path)
        node = one.node(path)
        return one.text[node.start : node.end] if node and node.style in ("plain", "quoted") else ""

    def _span(self, path: Sequence[str | int], at: str) -> tuple[int, int]:
        if self.root is None:
            return 0, 0
        node, span = self.root, None
        for depth, part in enumerate(path, 1):
            child = node.children.get(part)
            if child is None:
                break
            last = depth == len(path)
            if last and at == "value" and child.start < child.end and child.style != "block":
                return child.start, child.end
            if isinstance(part, str) or last or span is None:
                span = node.keys[part]
            node = child
        if span is None:
            first = min((start for start, _ in self.root.keys.values()), default=self.root.start)
            return first, first + 1
        return span


def read(path: Path, *, name: str | None = None) -> Document:
    """Read a file; `name` is how messages call it. Raises UsageError when there is no such file."""
    name = name or str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    return parse(raw, name)


def read_in(repository: Path, file: str, *, name: str | None = None) -> Document:
    """Read a file of a repository, which may be a link to another file of it, and to none outside.

    Raises UsageError when there is no such file.
    """
    return parse(raw_in(repository, file), name or str(repository / file))


def raw_in(repository: Path, file: str) -> bytes:
    """Return the bytes of a file of a repository, as `read_in` finds it, of which `parse` tells if they are too many.

    Raises UsageError when there is no such file.
    """
    try:
        raw = beneath.read(repository, beneath.real(repository, file), LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {repository / file}: {error.strerror or error}") from error
    if raw is None:
        raise UsageError(f"cannot read {repository / file}: {os.strerror(errno.ENOENT)}")
    return raw


def parse(text: str | bytes, file: str, *, most: int = MOST_VALUES) -> Document:
    """Read a text with at most so many keys and values; `file` is the name in its problems."""
    source, problem = _decoded(text, file)
    problem = problem or _unfit(source)
    if problem:
        return Document(file, source.text, problems=(problem,))
    unseen = Unseen(source)
    builder = Builder(source, unseen, most)
    try:
        _build(builder, source, unseen.readable)
    except StopReadingError as stop:
        told = [] if unseen.breaks() else [*builder.problems, stop.problem]
        return Document(file, source.text, problems=(*unseen.problems(), *told))
    builder.problems += unseen.problems()
    root = builder.root
    if root is None or root.data is None:
        builder.problems.append(Problem("empty-file", "there is nothing in this file", file))
        root = None
    elif not isinstance(root.data, dict):
        kind = "a list" if isinstance(root.data, list) else "one value"
        colon = isinstance(root.data, str) and re.match(r"[\w.-]+:\S", root.data)
        hint = "a space is missing after ':'" if colon else "write lines of 'key: value'"
        builder.problems.append(
            source.problem("not-a-map", f"a map is needed here, not {kind}", root.start, root.end, hint=hint)
        )
        root = None
    return Document(file, source.text, root.data if root else None, tuple(builder.problems), root)


def _decoded(text: str | bytes, file: str) -> tuple[Source, Problem | None]:
    if len(text) > LARGEST:
        problem = Problem("file-too-large", "this file is larger than 1 MiB", file)
        return Source(file, "", broken=True), problem
    if isinstance(text, str):
        return Source(file, text.removeprefix("\ufeff"), broken=True), None
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(text) > 3 and (text[0:3:2] == b"\0\0" or text[1:4:2] == b"\0\0")
    ):
        problem = Problem("not-utf8", "this file is UTF-16, not UTF-8", file, hint="save it as UTF-8")
        return Source(file, "", broken=True), problem
    try:
        return Source(file, text.decode("utf-8-sig"), broken=True), None
    except UnicodeDecodeError as error:
        byte = text[error.start]
        before = text[: error.start].decode("utf-8-sig", "replace")
        letter = bytes([byte]).decode("cp1252", "replace")
        known = letter.isprintable() and letter != "\ufffd"
        hint = "save the file as UTF-8" + (f"; in Windows-1252 this byte is '{letter}'" if known else "")
        rest = text[error.start + 1 :].decode("utf-8", "replace")
        source = Source(file, f"{before}\ufffd{rest}", broken=True)
        message = f"this file is not UTF-8: it has the byte 0x{byte:02X} here"
        return source, source.problem("not-utf8", message, len(before), hint=hint)


def _unfit(source: Source) -> Problem | None:
    """Find what makes a text unfit to be read at all."""
    if source.text.count("\n") + source.text.count("\r") > MOST_LINES:  # CRLF counts twice, which nobody minds
        return Problem("file-too-large", f"this file has more than {MOST_LINES} lines", source.file)
    if found := CONTROL.search(source.text):
        message = f"this file contains {character_name(found.group())}"
        return source.problem("control-character", message, found.start(), hint="remove it")
    if found := _CONFLICT.search(source.text):
        message = "this marker was left behind by a merge conflict"
        hint = "keep one of both sides and remove the markers"
        return source.problem("merge-conflict", message, found.start(), found.end(), hint=hint)
    if found := _LONG_TAG.search(source.text):
        hint = "if '!' belongs to a value, put a space or a line break into what stands behind it"
        return source.problem("unsupported-tag", "what stands behind this '!' is too long", found.start(), hint=hint)
    return None


def _build(builder: Builder, source: Source, text: str) -> None:
    """Feed ruamel's events to the builder. Raises StopReadingError."""
    last: Event | None = None
    begun = False
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, ScalarEvent):
                builder.scalar(event)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                builder.collection(event, is_map=isinstance(event, MappingStartEvent))
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                builder.end(event)
            elif isinstance(event, AliasEvent):
                builder.alias(event)
            elif isinstance(event, DocumentStartEvent):
                _check_start(event, source, begun=begun)
                begun = True
            last = event
    except MarkedYAMLError as error:
        raise StopReadingError(syntax_problem(source, error, last)) from error
    except (YAMLError, *_STUMBLES) as error:
        raise StopReadingError(stumble(source, last)) from error


def _check_start(event: DocumentStartEvent, source: Source, *, begun: bool) -> None:
    start, end = event.start_mark.index, event.end_mark.index
    if begun:
        message = "a second document starts here; a file holds one"
        hint = "remove the '---', or move what follows to a file of its own"
        raise StopReadingError(source.problem("several-documents", message, start, end, hint=hint))
    if event.version not in (None, (1, 2)):
        hint = "remove the line that starts with %YAML"
        raise StopReadingError(
            source.problem("yaml-syntax", "this file is read as YAML 1.2", 0, len(source.text), hint=hint)
        )


def read_text(repository: Path, file: str) -> str:
    """Read a file of a repository as it is, line endings and byte order mark included.

    Raises UsageError as `read_in` does, ProblemsError where it is not UTF-8 or too large.
    """
    raw = raw_in(repository, file)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ProblemsError(parse(raw, str(repository / file)).problems) from error
    if len(raw) > LARGEST:
        raise ProblemsError(parse(raw, str(repository / file)).problems)
    return text
