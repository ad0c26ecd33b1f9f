"""Which values of a chart are what a setting of the form sets: the same value in both, as `import.yaml` has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.documents.data import Place
from signalen_toolkit.documents.machine import load

# A setting, and no text around one.
_SETTING = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_FILE = "import.yaml"


def named_values(component: Component) -> Mapping[Place, tuple[str, ...]]:
    """Return the settings by the places in the values of a chart where just their value stands.

    Of several settings the first counts: that is the best. It is shared: do not change it.
    """
    return _read(component.folder / _FILE)


@cache
def _read(path: Path) -> Mapping[Place, tuple[str, ...]]:
    return dict(_named(load(path.read_text(encoding="utf-8")), ())) if path.is_file() else {}


def _named(node: Any, place: Place) -> Iterator[tuple[Place, tuple[str, ...]]]:
    if isinstance(node, Mapping) and not {"setting", "text"} & node.keys():
        for key, child in node.items():
            yield from _named(child, (*place, key))
    elif isinstance(node, list) and node:
        yield from _named(node[0], place)
    elif isinstance(node, str) and _SETTING.fullmatch(node):
        yield place, tuple(node.split("."))
