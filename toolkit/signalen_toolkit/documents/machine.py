"""YAML that a program wrote, or that is ours, read fast: YAML 1.1 as Kubernetes and Helm read it.

PyYAML reads in C, ten times as fast as ruamel.yaml, and knows no positions or comments. What a person writes is read
by `document`. Somebody else may have written this too: so aliases and nesting are counted as there, before they cost
anything, and without recursion, of which the reader in C would die.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final

import yaml

from signalen_toolkit.documents.nodes import DEEPEST, MOST_COPIES

_TEXT: Final = "tag:yaml.org,2002:str"
_SHORT: Final = 100  # characters of a text of which it is worth to remember what it is
_LARGEST_KEPT: Final = 2**15  # the same of whole documents: most have a tenth of that
# Collections that the reader in C enters on our stack, and a line that may begin as many.
_DEEP: Final = 500
_INDENTED: Final = re.compile(rf"^[ \t\-?]{{{_DEEP}}}", re.MULTILINE)
# Where a node may begin, what is no plain one: an anchor, a tag, a key that is more than a word; or a merge.
_LINE: Final = "\r\x85\u2028\u2029\ufeff"
_UNPLAIN: Final = re.compile(rf"<<|(?:^|[-?:,\[{{{_LINE}])[ \t]*(?:[&!]|\?(?:\s|\Z))", re.MULTILINE)


def load_all(text: str) -> list[dict[str, Any]]:
    """Return the documents in a text that are maps; others count for nothing. Raises yaml.YAMLError."""
    is_plain = _is_plain(text)
    if _may_grow(text, is_plain=is_plain):
        for _ in events(text):
            pass
    try:
        found = _plainly(text) if is_plain else list(yaml.load_all(text, Loader=_loader()))
    except ValueError as error:  # a number of thousands of digits, a date that is none
        raise yaml.YAMLError(str(error)) from error
    return [document for document in found if isinstance(document, dict)]


def load(text: str) -> dict[str, Any]:
    """Return the map in a text, empty where there is none. Raises yaml.YAMLError."""
    return next(iter(load_all(text)), {})


def shared_all(text: str) -> Sequence[Mapping[str, Any]]:
    """Return what `load_all` does, for whoever changes nothing of it: of many environments, most texts are the same."""
    return _kept(text) if len(text) <= _LARGEST_KEPT else load_all(text)


def shared(text: str) -> Mapping[str, Any]:
    """Return what `load` does, as `shared_all`."""
    return next(iter(shared_all(text)), {})


@lru_cache(maxsize=512)
def _kept(text: str) -> Sequence[Mapping[str, Any]]:
    return tuple(load_all(text))


def _is_plain(text: str) -> bool:
    """Tell whether a text surely has no alias, no merge and no tag: so nearly all that programs write."""
    if "&" not in text and "<<" not in text and "!" not in text and "?" not in text:
        return True
    return _UNPLAIN.search(text) is None


def _plainly(text: str) -> list[Any]:
    """Return the documents in a plain text.

    PyYAML's own way from nodes to data takes as long as to read them: it asks for each node what makes data of its
    kind, and is prepared for nodes that come again, or in themselves.
    """
    loader = _loader()(text)
    try:
        found = []
        while loader.check_node():
            found.append(_data(loader, loader.get_node(), 1))
        return found
    finally:
        loader.dispose()


def _data(loader: Any, node: yaml.Node, depth: int) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _TEXT else loader.construct_object(node)
    if depth > DEEPEST:
        raise yaml.YAMLError(f"maps and lists are nested more than {DEEPEST} deep{_line(node)}")
    if isinstance(node, yaml.SequenceNode):
        return [_data(loader, child, depth + 1) for child in node.value]
    if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
        return loader.construct_object(node, deep=True)  # which says what is wrong
    return {_data(loader, key, depth): _data(loader, child, depth + 1) for key, child in node.value}


def events(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a text. Raises yaml.YAMLError, also where it is nested or copied without measure."""
    counts = _Counts()
    for event in yaml.parse(text, Loader=_base()):
        counts.add(event)
        yield event


def _may_grow(text: str, *, is_plain: bool) -> bool:
    """Tell whether a text has to be counted: most are too flat, and have no alias, as a glance shows."""
    return (
        (not is_plain and "*" in text)
        or text.count("[") + text.count("{") > (_DEEP if is_plain else DEEPEST // 2)
        or _INDENTED.search(text) is not None
    )


class _Counts:
    """Counts what aliases stand for, and how deep values are nested."""

    def __init__(self) -> None:
        self._copies = 0
        self._open: list[list[Any]] = []  # of each map or list that has not ended: its anchor, size and height
        self._anchors: dict[str, tuple[int, int] | None] = {}

    def add(self, event: yaml.Event) -> None:
        """Count one event. Raises yaml.YAMLError."""
        match event:
            case yaml.ScalarEvent():
                self._place(event.anchor, 1, 0)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.CollectionStartEvent():
                if event.anchor:
                    self._anchors[event.anchor] = None  # unfinished: an alias to it from inside has no end
                self._open.append([event.anchor, 1, 0])
                if len(self._open) > DEEPEST:
                    raise yaml.YAMLError(f"maps and lists are nested more than {DEEPEST} deep{_line(event)}")
            case yaml.CollectionEndEvent():
                anchor, size, height = self._open.pop()
                self._place(anchor, size, height + 1)
            case yaml.DocumentStartEvent():
                self._anchors = {}

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "", (1, 0))  # one that is not there is for the reader to refuse
        if known is None:
            raise yaml.YAMLError(f"'*{event.anchor}' stands inside the value that it repeats{_line(event)}")
        size, height = known
        self._copies += size
        if self._copies > MOST_COPIES:
            raise yaml.YAMLError(f"the aliases stand for more than {MOST_COPIES} values{_line(event)}")
        if len(self._open) + height > DEEPEST:
            raise yaml.YAMLError(f"maps and lists are nested more than {DEEPEST} deep{_line(event)}")
        self._place(None, size, height)

    def _place(self, anchor: str | None, size: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = (size, height)
        if self._open:
            around = self._open[-1]
            around[1] += size
            around[2] = max(around[2], height)


def _line(where: yaml.Event | yaml.Node) -> str:
    return f" (line {where.start_mark.line + 1})" if where.start_mark else ""


@cache
def _base() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _loader() -> Any:
    """Return PyYAML's reader, in C where it has that, without the dates and the `=` that Kubernetes' has not either."""
    base = _base()
    unknown = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in unknown]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    own = {"yaml_implicit_resolvers": resolvers, "resolve": _resolve}
    return type("Loader", (base,), own)


def _resolve(loader: Any, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool] | bool) -> str:
    """Tell what kind of data a node is, as PyYAML does for whoever added no rules for paths; once for a short text."""
    if kind is yaml.ScalarNode and isinstance(implicit, tuple) and implicit[0] and len(value) <= _SHORT:
        return _kind_of(value)
    return str(_base().resolve(loader, kind, value, implicit))


@lru_cache(maxsize=4096)
def _kind_of(value: str) -> str:
    known: Mapping[str | None, Sequence[tuple[str, re.Pattern[str]]]] = _loader().yaml_implicit_resolvers
    kinds = [*known.get(value[:1], ()), *known.get(None, ())]
    return next((tag for tag, pattern in kinds if pattern.match(value)), _TEXT)
