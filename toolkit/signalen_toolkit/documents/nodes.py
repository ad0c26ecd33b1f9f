"""YAML events → plain data, and beside it a tree of where every key and value stands.

It works from ruamel's events, not from its loaders: events come one by one without recursion, so nesting
and aliases are counted before they cost anything, and plain values are read by YAML 1.2's core schema and
by nothing else (no dates, no `yes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from signalen_toolkit.diagnostics.characters import CONTROL, character_name
from signalen_toolkit.diagnostics.problems import MOST, Problem, the_first
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.unseen import Unseen

if TYPE_CHECKING:
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

    from signalen_toolkit.diagnostics.source import Source

DEEPEST: Final = 100  # nested maps and lists; a form has about 6, and jsonschema must not run out of stack
MOST_VALUES: Final = 20_000  # keys and values of a file; the largest values of a chart have some 11,000
MOST_COPIES: Final = 10_000  # nodes that aliases may add
_INT64: Final = range(-(2**63), 2**64)  # what Helm and Kubernetes, written in Go, read as a whole number

_CORE = "tag:yaml.org,2002:"
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    _CORE + "int": (int,),
    _CORE + "float": (int, float),
    _CORE + "bool": (bool,),
    _CORE + "null": (type(None),),
}
_PROPERTIES = re.compile(r"(?:[&!]\S*+\s*+)++")  # the anchor and tag before a value
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


@dataclass(slots=True, eq=False)
class Node:
    """One value: where it stands (offsets), and the nodes and keys below it.

    `style` is "plain", "quoted", "text" (a block scalar), "block", "flow" (collections) or "alias".
    `size` counts the values in it with every alias written out, `height` its deepest nesting.
    """

    start: int
    end: int
    style: str
    data: Any = None
    children: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


class StopReadingError(Exception):
    """A problem after which the rest of the file cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A map or list whose end has not been reached."""

    node: Node
    is_map: bool
    anchor: str | None
    key: str | None = None
    key_read: bool = False
    merged: list[Node] = field(default_factory=list)


class Builder:
    """Takes the events of one document in order; `root` is the outcome."""

    def __init__(self, source: Source, unseen: Unseen, most: int = MOST_VALUES) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._source = source
        self._unseen = unseen
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._copies = 0
        self._values = 0
        self._most = most

    def collection(self, event: CollectionStartEvent, *, is_map: bool) -> None:
        """Open a map or list."""
        node = Node(event.start_mark.index, event.end_mark.index, "flow" if event.flow_style else "block")
        node.data = {} if is_map else []
        if len(self._open) >= DEEPEST:
            self._stop("too-deep", f"maps and lists are nested more than {DEEPEST} deep", node)
        self._check_tag(event, node, ("map",) if is_map else ("seq",))
        if event.anchor:
            self._anchors[event.anchor] = None  # unfinished: an alias to it from inside has no end
        self._open.append(_Open(node, is_map, event.anchor))

    def end(self, event: CollectionEndEvent) -> None:
        """Close the innermost map or list."""
        frame = self._open.pop()
        frame.node.end = event.end_mark.index
        for base in frame.merged:
            self._merge(frame.node, base)
        self._place(frame.node, frame.anchor)

    def scalar(self, event: ScalarEvent) -> None:
        """Read one scalar."""
        style = {None: "plain", "|": "text", ">": "text"}.get(event.style, "quoted")
        node = Node(event.start_mark.index, event.end_mark.index, style)
        self._check_tag(event, node, ("str", "int", "float", "bool", "null"))
        plain = event.implicit[0] and event.tag is None
        if event.tag or event.anchor:
            properties = _PROPERTIES.match(self._source.text, node.start, node.end)
            node.start = properties.end() if properties else node.start
        text = self._unseen.value(node.start, node.end, event.value)
        if found := CONTROL.search(text):
            # JSON writes a character beyond U+FFFF as two escapes; only half a pair is wrong.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
            found = CONTROL.search(text)
        if found:
            message = f"this text contains {character_name(found.group())}"
            self._note("control-character", message, node, "remove it")
            text = CONTROL.sub("\ufffd", text)
        node.data = text
        kinds = _KINDS.get(event.tag or "")
        if plain or kinds:
            node.data = self._resolved(text, node)
        if kinds and not isinstance(node.data, kinds):
            self._note("unsupported-tag", f"this value is not what its tag '{_shown(event.tag or '')}' says", node)
        self._place(node, event.anchor)

    def alias(self, event: AliasEvent) -> None:
        """Write out the node that an alias names."""
        here = Node(event.start_mark.index, event.end_mark.index, "alias")
        name = event.anchor
        base = self._anchors.get(name)
        if base is None:
            self._unknown_alias(name, here)
            return
        self._copies += base.size
        if self._copies > MOST_COPIES:
            message = f"the aliases in this file stand for more than {MOST_COPIES} values"
            self._stop("alias-bomb", message, here)
        if len(self._open) + base.height > DEEPEST:
            self._stop("too-deep", f"maps and lists are nested more than {DEEPEST} deep", here)
        here.data = _copy(base.data)
        here.children, here.keys, here.size, here.height = base.children, base.keys, base.size, base.height
        self._place(here, None)

    def _unknown_alias(self, name: str, here: Node) -> None:
        if name in self._anchors:
            what = self._source.excerpt(here.start, here.end) or "this"
            self._stop("alias-bomb", f"'{what}' stands inside the value that it repeats", here)
        line, column = self._source.position(here.start)
        text = self._source.lines[line - 1][column - 1 :].rstrip()
        text = self._source.excerpt(here.start, here.start + len(text))
        what = f"'*{name}' repeats the value marked '&{name}'" if text else "'*' repeats the value marked with '&'"
        hint = f'if it is text, put it between quotes: "{text}"' if text else "if it is text, put it between quotes"
        self._stop("yaml-syntax", f"{what}, and there is none above", here, hint)

    def _place(self, node: Node, anchor: str | None) -> None:
        self._values += 1
        if self._values > self._most:
            self._stop("too-many-values", f"this file has more than {self._most} keys and values", node)
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        if not frame.is_map:
            index = len(frame.node.data)
            frame.node.data.append(node.data)
            self._add(frame.node, index, node, (node.start, node.end))
        elif not frame.key_read:
            self._key(frame, node)
        else:
            self._value(frame, node)

    def _key(self, frame: _Open, node: Node) -> None:
        frame.key_read = True
        frame.key = None
        text = self._source.text[node.start : node.end]
        if isinstance(node.data, dict | list):
            hint = "text that begins with '{' or '[' must stand between quotes"
            self._note("key-not-text", "a map or a list cannot be a key", node, hint)
            return
        if not isinstance(node.data, str):
            shown = self._source.excerpt(node.start, node.end)
            hint = f'put it between quotes: "{shown}"' if text else "write a key before the ':'"
            what = f"the key {brief(shown)} is".replace("  ", " ") if text else "this key is empty,"
            self._note("key-not-text", f"{what} not text", node, hint if shown or not text else "put it between quotes")
        frame.key = node.data if isinstance(node.data, str) else text
        if frame.key == "<<" and node.style == "plain":
            return
        if frame.key in frame.node.keys:
            first = self._source.position(frame.node.keys[frame.key][0])[0]
            what = f"the key '{brief(frame.key)}'" if self._source.excerpt(node.start, node.end) else "this key"
            self._note("duplicate-key", f"{what} is already on line {first}", node)
            frame.key = None
            return
        frame.node.keys[frame.key] = (node.start, node.end)

    def _value(self, frame: _Open, node: Node) -> None:
        frame.key_read = False
        if frame.key is None:
            return
        if frame.key == "<<" and "<<" not in frame.node.keys:
            bases = list(node.children.values()) if isinstance(node.data, list) else [node]
            if all(isinstance(base.data, dict) for base in bases):
                frame.merged += bases
            else:
                self._note("yaml-syntax", "'<<' takes over the keys of a map, and this is not a map", node)
            return
        frame.node.data[frame.key] = node.data
        self._add(frame.node, frame.key, node, frame.node.keys[frame.key])

    def _merge(self, node: Node, base: Node) -> None:
        """Add the keys of `base` that the map does not have itself; they keep the position of the anchor."""
        for key, child in base.children.items():
            if key not in node.children:
                node.data[key] = _copy(child.data)
                self._add(node, key, child, base.keys[key])

    @staticmethod
    def _add(parent: Node, key: str | int, child: Node, span: tuple[int, int]) -> None:
        parent.children[key] = child
        parent.keys[key] = span
        parent.size += child.size
        parent.height = max(parent.height, child.height + 1)

    def _resolved(self, text: str, node: Node) -> Any:
        """Read a plain scalar by the core schema of YAML 1.2."""
        if _NULL.fullmatch(text):
            return None
        if _BOOL.fullmatch(text):
            return text.lower() == "true"
        value: int | float | None = None
        if len(text) < 40 and _INT.fullmatch(text):
            value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        elif _FLOAT.fullmatch(text):
            value = float(text)
        elif not _NOT_FINITE.fullmatch(text):
            return text
        if value is None or not isfinite(value) or (isinstance(value, int) and value not in _INT64):
            hint = "if it is text, put it between quotes"
            self._note("unusable-number", "a number must be finite and fit in 64 bits", node, hint)
            return text
        return value

    def _check_tag(self, event: CollectionStartEvent | ScalarEvent, node: Node, known: Iterable[str]) -> None:
        tag = event.tag
        if tag is None or tag == "!" or tag in [_CORE + word for word in known]:
            return
        hint = "if '!' belongs to the value, put the value between quotes"
        shown = self._source.excerpt(event.start_mark.index, event.start_mark.index + len(tag))
        what = f"the tag '{_shown(tag)}'" if shown else "this tag"
        self._note("unsupported-tag", f"{what} is not supported", node, hint)

    def _note(self, rule: str, message: str, node: Node, hint: str = "") -> None:
        self.problems.append(self._source.problem(rule, message, node.start, node.end, hint=hint))
        if len(self.problems) > MOST:
            *self.problems, last = the_first(self.problems)
            raise StopReadingError(last)

    def _stop(self, rule: str, message: str, node: Node, hint: str = "") -> None:
        raise StopReadingError(self._source.problem(rule, message, node.start, node.end, hint=hint))


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag


def _copy(data: Any) -> Any:
    """Copy, so that a change behind one alias never shows behind another."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data
