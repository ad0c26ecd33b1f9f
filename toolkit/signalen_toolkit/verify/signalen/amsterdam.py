"""What is Amsterdam's, in the environment of another municipality: upstream publishes its configuration as default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import Place, at, leaves, mapping, maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.verify.context import AMSTERDAM
from signalen_toolkit.verify.signalen.frontend_config import FILE, configurations

REASONS: Final[Mapping[str, str]] = {
    "amsterdam-default": "reports, calls and visitors of this municipality would go to Amsterdam",
}

_RULE: Final = "amsterdam-default"
_PART = re.compile(r"(?<![\w.-])(?:[\w-]*\.)*(?:data|meldingen)\.amsterdam\.nl(?![\w-])|amsterdam-logo", re.IGNORECASE)
# As a whole only: a text may well speak of Amsterdam.
_WHOLE: Final = frozenset(
    {"amsterdam", "amsterdam,amstelveen,weesp,ouder-amstel", "gemeente amsterdam", "meldingen amsterdam"}
)
# What the frontend takes from its own configuration where it is not set.
_FRONTEND: Final[tuple[Place, ...]] = (
    ("logo", "url"),
    ("map", "layers", "containers"),
    ("map", "municipality"),
    ("map", "options", "center"),
    ("map", "options", "maxBounds"),
)


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report addresses and names of Amsterdam in configuration, and settings that fall back on Amsterdam's."""
    if AMSTERDAM in cluster.context.traits:
        return
    for obj in cluster.of_kind("", "ConfigMap"):
        for key, value in mapping(obj.data, "data").items():
            for path, found in _found(value):
                yield _finding(obj, found, ("data", str(key), *path))
    for pod in cluster.pods:
        for container in pod.containers():
            for path, one in maps(container.data, "env"):
                for _, found in _found(text(one, "value")):
                    yield _finding(pod.object, found, (*container.path, *path, "value"))
    for obj, value in configurations(cluster):
        data = _json(value)
        for path in _FRONTEND if isinstance(data, Mapping) else ():
            if at(data, *path) is None:
                message = f"'{place(*path)}' is not set, and the frontend then takes Amsterdam's"
                yield Finding(_RULE, message, obj, place("data", FILE, *path), "set it in the configuration")


def _finding(obj: Any, found: str, path: Place) -> Finding:
    hint = "set it in the form, or in the overrides of the component: the chart's default is Amsterdam's"
    return Finding(_RULE, f"'{brief(found)}' is Amsterdam's", obj, place(*path), hint)


def _found(value: object) -> Iterator[tuple[Place, str]]:
    data = _json(value)
    for path, leaf in leaves(data):
        if leaf.strip().strip('"').lower() in _WHOLE:
            yield path, leaf
        elif match := _PART.search(leaf):
            yield path, match[0]


def _json(value: object) -> Any:
    """Read what is a map in JSON; anything else is as it is."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
