"""Secrets in Kubernetes objects, hidden: what is printed tells that one changed and how long it is, never what it is.

Values of Secrets, of variables and keys that are called like a secret, passwords in addresses and options.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from signalen_toolkit.documents.data import at

# A variable is called like a secret; what ends so holds an address or a name, and tells more than it hides.
_VARIABLE: Final = re.compile(r"PASSW|PASSPHRASE|SECRET|TOKEN|KEY|CREDENTIAL|BASIC_?AUTH|CONNECTION_?STRING", re.I)
_ADDRESS: Final = re.compile(r"_(ENDPOINT|URL|URI|HOST|PORT|ENABLED)$")
# Other fields are more often the name of a Secret or of a key in it (secretName, existingSecret, topologyKey).
_FIELD: Final = (
    r"(?:passw(?:or)?d|passphrase|client-?_?secret|token|credentials?|basic-?_?auth|connection-?_?string"
    r"|(?:api|access|account|private|secret|encryption|shared|signing|storage)-?_?key)"
)
_FIELD_NAME: Final = re.compile(rf"{_FIELD}$|^secret$", re.I)
# In running text: https://user:password@host, password=…, --token …, and a line `password: …` of a configuration file.
_IN_TEXT: Final = re.compile(
    r"(?P<url>(?<=://)[^\s/@:'\"]*:)(?P<a>[^\s/'\"]+)(?=@)"
    rf"|(?P<option>(?<![\w.-])(?:[\w.-]*{_FIELD}=|--?[\w.-]*{_FIELD} ))(?P<b>[^\s'\"&;]+)"
    rf"|(?P<line>^[ \t]*+(?:- *+)?[\"']?[\w.-]*{_FIELD}[\"']?[ \t]*[:=][ \t]*)(?P<c>\S.*)$",
    re.I | re.M,
)
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"  # the whole object once more
_NOTHING: Final = object()


def masked(data: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an object without its secrets; against an earlier one the marks say which secrets changed."""
    before: Any = _NOTHING if earlier is None else earlier
    result: dict[str, Any] = _walk(data, before)
    for part, encoded in (("data", True), ("stringData", False)):
        if data.get("kind") == "Secret" and data.get(part) is not None:
            result[part] = _secret_part(data[part], at(earlier, part), encoded=encoded)
        elif data.get("kind") == "ConfigMap" and part == "data" and isinstance(data.get(part), Mapping):
            for key, value in data[part].items():
                if _is_variable(key) and not isinstance(value, Mapping | list):
                    result[part][key] = _mark(value, _child(at(earlier, part), key))
    return result


def _secret_part(part: Any, earlier: Any, *, encoded: bool) -> Any:
    if not isinstance(part, Mapping):
        return _mark(part, _NOTHING if earlier is None else earlier)
    return {key: _mark(value, _child(earlier, key), encoded=encoded) for key, value in part.items()}


def _walk(node: Any, earlier: Any) -> Any:
    if isinstance(node, Mapping):
        result = {key: _field(key, value, _child(earlier, key)) for key, value in node.items()}
        # A variable of a container, or a parameter of a chart.
        if _is_variable(node.get("name")) and "value" in node and not isinstance(node["value"], Mapping | list):
            result["value"] = _mark(node["value"], _child(earlier, "value"))
        return result
    if isinstance(node, list):
        before = _named(earlier) if isinstance(earlier, list) else {}
        return [_walk(item, before.get(name, _NOTHING)) for name, item in _named(node).items()]
    return _text(node, earlier) if isinstance(node, str) else node


def _field(key: Any, value: Any, earlier: Any) -> Any:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if plain and (key == _APPLIED or _FIELD_NAME.search(str(key))):
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


def _is_variable(name: Any) -> bool:
    return isinstance(name, str) and bool(_VARIABLE.search(name)) and not _ADDRESS.search(name)


def _text(value: str, earlier: Any) -> str:
    """Hide the secrets inside a longer text, the n-th compared with the n-th of the earlier one."""
    before = [_found(match) for match in _IN_TEXT.finditer(earlier)] if isinstance(earlier, str) else []
    position = iter(range(len(value) + 1))

    def hide(match: re.Match[str]) -> str:
        index = next(position)
        lead = match["url"] or match["option"] or match["line"] or ""
        return lead + _mark(_found(match), before[index] if index < len(before) else _NOTHING)

    return _IN_TEXT.sub(hide, value)


def _found(match: re.Match[str]) -> str:
    return match["a"] or match["b"] or match["c"] or ""


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
