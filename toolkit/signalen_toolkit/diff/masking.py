"""Secrets in Kubernetes objects, hidden: what is printed tells that one changed and how long it is, never what it is.

What is a secret says the one list of shapes (`diagnostics.secret_shapes`), wherever in an object it stands.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.diagnostics.hiding import Span, spans
from signalen_toolkit.diagnostics.secret_shapes import is_secret_name, is_secret_variable
from signalen_toolkit.documents.data import at

_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"  # the whole object once more
_NOTHING: Final = object()


def masked(data: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an object without its secrets; against an earlier one the marks say which secrets changed."""
    result: dict[str, Any] = _walk(data, _NOTHING if earlier is None else earlier)
    return result


def _secret_part(part: Any, earlier: Any, *, encoded: bool) -> Any:
    if not isinstance(part, Mapping):
        return _mark(part, _NOTHING if earlier is None else earlier)
    return {key: _mark(value, _child(earlier, key), encoded=encoded) for key, value in part.items()}


def _walk(node: Any, earlier: Any) -> Any:
    if isinstance(node, Mapping):
        return _map(node, earlier)
    if isinstance(node, list):
        return _list(node, earlier if isinstance(earlier, list) else [])
    return _text(node, earlier) if isinstance(node, str) else node


def _map(node: Mapping[Any, Any], earlier: Any) -> dict[Any, Any]:
    result = {key: _field(key, value, _child(earlier, key)) for key, value in node.items()}
    # A variable of a container, or a parameter of a chart.
    if is_secret_variable(node.get("name", "")) and "value" in node and not isinstance(node["value"], Mapping | list):
        result["value"] = _mark(node["value"], _child(earlier, "value"))
    for part, encoded in (("data", True), ("stringData", False)):  # charts have whole objects in their values, too
        content, before = node.get(part), _child(earlier, part)
        if node.get("kind") == "Secret" and content is not None:
            result[part] = _secret_part(content, before, encoded=encoded)
        elif node.get("kind") == "ConfigMap" and part == "data" and isinstance(content, Mapping):
            for key, value in content.items():
                if is_secret_variable(key) and not isinstance(value, Mapping | list):
                    result[part][key] = _mark(value, _child(before, key))
    return result


def _list(node: list[Any], earlier: list[Any]) -> list[Any]:
    before = _named(earlier)
    result = [_walk(item, before.get(name, _NOTHING)) for name, item in _named(node).items()]
    words, old = (tuple(item if isinstance(item, str) else "" for item in items) for items in (node, earlier))
    old_places = _in_arguments(old)
    for index, found in _in_arguments(words).items():
        known = [old[index][start:end] for start, end in old_places.get(index, ())]
        result[index] = _marked(words[index], found, known if old else None)
    return result


def _in_arguments(words: Sequence[str]) -> dict[int, list[Span]]:
    """Find the secrets among the arguments of a program, of which one may say what the next one is."""
    places: dict[int, list[Span]] = {}
    line, starts = " ".join(words), [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    for start, end in spans(line):
        for index in range(bisect_right(starts, start) - 1, len(words)):
            if starts[index] >= end:
                break
            inside = max(start - starts[index], 0), min(end - starts[index], len(words[index]))
            if inside[0] < inside[1]:
                places.setdefault(index, []).append(inside)
    for index, word in enumerate(words[1:], 1):
        option = words[index - 1]
        if option.startswith("-") and not word.startswith("-") and is_secret_name(option.lstrip("-")):
            places[index] = [(0, len(word))]
    return places


def _field(key: Any, value: Any, earlier: Any) -> Any:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if plain and (key == _APPLIED or is_secret_name(str(key))):
        return _mark(value, earlier)
    return _walk(value, earlier)


def _named(items: list[Any]) -> dict[tuple[Any, int], Any]:
    """Give the items of a list something to find them by in another: their name where they have one."""
    seen: Counter[str] = Counter()
    result: dict[tuple[Any, int], Any] = {}
    for index, item in enumerate(items):
        name = at(item, "name")
        if isinstance(name, str):
            result[name, seen[name]] = item
            seen[name] += 1
        else:
            result[None, index] = item
    return result


def _child(node: Any, key: Any) -> Any:
    return node.get(key, _NOTHING) if isinstance(node, Mapping) else _NOTHING


def _text(value: str, earlier: Any) -> str:
    """Hide the secrets inside a longer text."""
    found = spans(value)
    known = [earlier[start:end] for start, end in spans(earlier)] if found and isinstance(earlier, str) else None
    return _marked(value, found, known)


def _marked(value: str, found: Sequence[Span], earlier: Sequence[str] | None) -> str:
    """Put marks in the place of parts of a text; the n-th is compared with the n-th of an earlier text, if any."""
    parts, last = list[str](), 0
    for number, (start, end) in enumerate(found):
        old = earlier[number] if earlier is not None and number < len(earlier) else _NOTHING
        parts += [value[last:start], _mark(value[start:end], old)]
        last = end
    return "".join([*parts, value[last:]])


def _mark(value: Any, earlier: Any, *, encoded: bool = False) -> str:
    content = _decoded(value) if encoded else str("" if value is None else value)
    unit = "byte" if isinstance(content, bytes) else "character"
    size = f"{len(content)} {unit}{'' if len(content) == 1 else 's'}"
    changed = earlier is not _NOTHING and earlier != value
    return f"(hidden, {size}, changed)" if changed else f"(hidden, {size})"


def _decoded(value: Any) -> str | bytes:
    try:
        content = base64.b64decode(str("" if value is None else value), validate=True)
    except (binascii.Error, ValueError):
        return str(value)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
