"""What an environment was rendered from last: the facts in `clusters/<environment>/bootstrap.yaml`.

A form says what is to be; only the tree says what a cluster may have already. So what reaches further than it looks (an
environment that moves, a volume of another size) is seen by comparing the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import CLUSTERS, is_rendered

FACTS_FILE: Final = "bootstrap.yaml"
SIZES_SINCE: Final = 2  # the shape since which the sizes of all volumes are written down
SHAPE: Final = 2  # raised where an older tree has to be replaced in the cluster before anything else is done with it

_LARGEST: Final = 64 * 1024  # bytes; what is larger is none of ours
_SIZE: Final = "volumes."
# They go into commands that a person is to type.
_NAME: Final = re.compile(r"(?:[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?")
_QUANTITY: Final = re.compile(r"[0-9A-Za-z.+]{0,32}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """The facts of an environment as it was rendered. `sizes` are those of its volumes, by their place in the form.

    A tree of before this was written down has shape 1, and is not paused.
    """

    environment: str
    delivery: str
    namespace: str
    tool_namespace: str
    paused: bool = False
    shape: int = 1
    sizes: Mapping[str, str] = field(default_factory=dict)


def on_disk(repository: Path) -> dict[str, Rendered]:
    """Read the facts of every environment in the tree of a repository. What is not ours, or a link, is left out."""
    return dict(_on_disk(repository))


def in_tree(tree: Mapping[str, bytes]) -> dict[str, Rendered]:
    """Read the facts of every environment in a tree: bytes by path."""
    found = (path.split("/") for path in tree)
    names = [parts[1] for parts in found if parts[0] == CLUSTERS and parts[2:] == [FACTS_FILE]]
    facts = (_read(name, tree[f"{CLUSTERS}/{name}/{FACTS_FILE}"]) for name in sorted(names))
    return {one.environment: one for one in facts if one}


def _on_disk(repository: Path) -> Iterator[tuple[str, Rendered]]:
    for folder in beneath.listed(repository, CLUSTERS):
        path = f"{folder.path}/{FACTS_FILE}"
        entry = beneath.look(repository, path) if folder.is_folder else None
        if entry is not None and entry.is_file and entry.status.st_size <= _LARGEST:
            name = PurePosixPath(folder.path).name
            if facts := _read(name, beneath.read(repository, path) or b""):
                yield name, facts


def _read(environment: str, data: bytes) -> Rendered | None:
    if not is_rendered(data):
        return None
    facts = dict(_lines(data.decode(errors="replace")))
    sizes = {key.removeprefix(_SIZE): size for key, size in facts.items() if key.startswith(_SIZE)}
    delivery, namespace, tool = (facts.get(key, "") for key in ("delivery", "namespace", "toolNamespace"))
    if not (all(map(_NAME.fullmatch, (delivery, namespace, tool))) and all(map(_QUANTITY.fullmatch, sizes.values()))):
        return None  # none of ours: `render` writes them anew
    shape = facts.get("shape", "")
    return Rendered(
        environment,
        delivery,
        namespace,
        tool,
        facts.get("paused") == "true",
        int(shape) if shape.isascii() and shape.isdigit() else 1,
        sizes,
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield key and value of each line, as bootstrap/cluster.sh reads them: every check does this, so it is no YAML."""
    for line in text.splitlines():
        key, separator, value = line.partition(": ")
        if separator and not line.startswith(("#", " ")):
            yield key, _text(value)


def _text(value: str) -> str:
    try:
        found = json.loads(value) if value.startswith('"') else value
    except ValueError:
        return value
    return str(found)
