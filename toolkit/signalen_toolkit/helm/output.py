"""What Helm printed → the objects in it: the one reader for all that look at what a release makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signalen_toolkit.documents.machine import shared_all
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.kubernetes.model import Object


def objects_in(text: str, release: HelmRelease) -> list[Object]:
    """Return the objects in what Helm printed for a release, each with the template that made it.

    A list of objects counts as the objects in it, as it does to a cluster; an empty document counts for nothing.
    Raises HelmError for what is not YAML.
    """
    import yaml

    try:
        return [
            Object(release.environment, release.chart.name, source, data, release.namespace)
            for source, part in _parts(text)
            for document in shared_all(part)
            for data in _opened(document)
        ]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1} of its document)" if mark else ""
        raise HelmError(f"helm printed something that is not YAML{place}", raw=text[:2000]) from error


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield each document with its template, which a comment before it names."""
    for part in text.split("\n---"):
        yield next((line[10:].strip() for line in part.splitlines() if line.startswith("# Source: ")), ""), part


def _opened(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a document, or what is in it where it is a list (`List`, `ConfigMapList`), however deep."""
    kind, items = document.get("kind"), document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and (isinstance(items, list) or items is None):
        for item in items or ():
            if isinstance(item, Mapping):
                yield from _opened(item)
    elif document:
        yield document
