"""YAML that a program wrote, or that is ours, read fast: YAML 1.1 as Kubernetes and Helm read it.

PyYAML reads in C, ten times as fast as ruamel.yaml, and knows no positions or comments. What a person writes is read
by `document`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml


def load_all(text: str) -> list[dict[str, Any]]:
    """Return the documents in a text that are maps; others count for nothing. Raises yaml.YAMLError."""
    return [document for document in yaml.load_all(text, Loader=_loader()) if isinstance(document, dict)]


def load(text: str) -> dict[str, Any]:
    """Return the map in a text, empty where there is none. Raises yaml.YAMLError."""
    return next(iter(load_all(text)), {})


@cache
def _loader() -> Any:
    """Return PyYAML's reader, in C where it has that, without the dates and the `=` that Kubernetes' has not either."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    unknown = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in unknown]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    return type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
