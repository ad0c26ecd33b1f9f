"""A Kubernetes object as text that can be compared line by line, and the lines that differ between two of them.

What says nothing is left out: the version of the chart in labels, and checksums of what is printed anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Final

from signalen_toolkit.diff.masking import masked
from signalen_toolkit.documents.data import maps

_CONTEXT: Final = 3  # lines around a change
# The version is among the versions and images at the top; as labels they are on every object of a chart.
_LABELS: Final = ("helm.sh/chart", "app.kubernetes.io/version")
_CHECKSUM: Final = "checksum/"


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Return what differs between two versions of an object, as a unified diff; empty where nothing does.

    Each hunk says where in the object it is. Secrets are hidden.
    """
    old, new = (None if data is None else readable(data) for data in (before, after))
    one = [] if old is None else _lines(masked(old))
    other = [] if new is None else _lines(masked(new, old))
    return "\n".join(_unified(one, other))


def readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what says nothing, and with the files in a ConfigMap opened up.

    The schemas of a CustomResourceDefinition are thousands of lines that nobody reads: whether they change is enough.
    """
    result: dict[str, Any] = _without_noise(data)
    if result.get("kind") == "ConfigMap":
        for part, shown in (("data", _opened), ("binaryData", _summary)):
            if isinstance(result.get(part), dict):
                result[part] = {key: shown(value) for key, value in result[part].items()}
    if result.get("kind") == "CustomResourceDefinition":
        for _, version in maps(result, "spec", "versions"):
            if isinstance(version, dict) and "schema" in version:
                version["schema"] = _shape(version["schema"])
    return result


def _without_noise(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_noise(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    result = {key: _without_noise(value) for key, value in node.items()}
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        for part in ("labels", "annotations"):
            if isinstance(metadata.get(part), dict):
                kept = {key: value for key, value in metadata[part].items() if not _is_noise(str(key))}
                metadata[part] = kept
                if not kept:
                    del metadata[part]
    return result


def _is_noise(key: str) -> bool:
    return key in _LABELS or key.startswith(_CHECKSUM)


def _opened(value: Any) -> Any:
    """Show JSON in a ConfigMap as what it holds: on one line nobody sees what changed."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _shape(schema: Any) -> str:
    text = json.dumps(schema, sort_keys=True, indent=1, default=str)
    return f"({text.count(chr(10)) + 1} lines, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]})"


def _summary(value: Any) -> Any:
    try:
        content = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return value
    return f"({len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:12]})"


def _lines(data: Mapping[str, Any]) -> list[str]:
    import yaml

    text: str = yaml.dump(
        data, Dumper=_dumper(), default_flow_style=False, sort_keys=True, allow_unicode=True, width=2**20
    )
    return text.removesuffix("\n").split("\n")


@cache
def _dumper() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # JSON may hold half a character
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _unified(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    # With "junk", difflib would call lines that occur often (`- name: x`) equal to nothing.
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        changed = next(code for code in group if code[0] != "equal")
        lines, at = (before, changed[1]) if changed[1] < changed[2] else (after, changed[3])
        old, new = _range(first[1], last[2]), _range(first[3], last[4])
        yield f"@@ -{old} +{new} @@ {_place(lines, at)}".rstrip()
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[i1:i2])
            else:
                yield from (f"-{line}" for line in before[i1:i2])
                yield from (f"+{line}" for line in after[j1:j2])


def _range(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}"


def _place(lines: Sequence[str], index: int) -> str:
    """Return what a line of block YAML is in: `spec.template.spec.containers[api].env[ALLOWED_HOSTS]`."""
    depth = _depth(lines[index])
    parts = [f"[{name}]"] if (name := _item_name(lines, index)) else []
    for above in range(index - 1, -1, -1):
        line = lines[above]
        if _depth(line) >= depth:
            continue
        # The first key of an item stands behind the dash; it holds what is deeper than the keys of the item.
        key = line.lstrip(" -").partition(":")[0]
        if not _is_item(line):
            parts.append(f".{key}")
        else:
            parts += [f".{key}"] if depth > _depth(line) + 3 else []
            parts.append(f"[{_item_name(lines, above)}]")
        depth = _depth(line)
    return "".join(reversed(parts)).removeprefix(".")


def _item_name(lines: Sequence[str], index: int) -> str:
    """Return the name of the list item that begins at a line, or nothing."""
    if not _is_item(lines[index]):
        return ""
    indent = len(lines[index]) - len(lines[index].lstrip()) + 2
    for number, line in enumerate(lines[index:]):
        if number and (len(line) - len(line.lstrip()) < indent):
            return ""
        if line[indent:].startswith("name: "):
            return line[indent:].removeprefix("name: ").strip("'\"")
    return ""


def _is_item(line: str) -> bool:
    return line.lstrip(" ").startswith("- ")


def _depth(line: str) -> int:
    """Return how deep a line is; an item of a list is deeper than the key that it stands under, at the same indent."""
    return 2 * (len(line) - len(line.lstrip(" "))) + _is_item(line)
