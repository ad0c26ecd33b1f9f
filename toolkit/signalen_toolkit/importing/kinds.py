"""What kind of file a person gave: where the values are inside it, or why they cannot be had from it.

Values seldom lie about by themselves: Flux has them in a HelmRelease, Argo CD in an Application, a cluster in a
ConfigMap, and a chart around the charts below its own keys. From there they are taken; their places stay those of the
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import config_key_versions, key_versions
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents import reader, unseen
from signalen_toolkit.documents.data import Place, at, places_in
from signalen_toolkit.documents.reader import Document

_RULE: Final = "wrong-file"
_CIPHERTEXT: Final = re.compile(r"ENC\[[A-Z0-9_]+,data:")
# Where each kind of object has Helm values: as data, or as a text that is YAML.
_PLACES: Final[Mapping[str, tuple[Place, ...]]] = {
    "HelmRelease": (("spec", "values"),),
    "HelmChart": (("spec", "values"), ("spec", "valuesContent")),
    "Application": (("spec", "source", "helm", "valuesObject"), ("spec", "source", "helm", "values")),
}


def inner(document: Document, component: Component) -> Document:
    """Return the part of a file that is about a component: all of it, or what an object or another chart holds.

    Raises ProblemsError where the file is of another kind.
    """
    data = document.data
    if data.get("apiVersion") == "signalen.org/v1":
        raise _wrong(document, ("apiVersion",), "this is a form already", "put it in a repository as municipality.yaml")
    if isinstance(data.get("kind"), str) and "apiVersion" in data:
        return _of_object(document, component)
    return _of_chart_around(document, component)


def readable(document: Document) -> Document:
    """Return a file that could be read; invisible characters in it are no reason to refuse what runs today.

    Raises ProblemsError for any other.
    """
    if document.data is None or any(problem.rule != unseen.RULE for problem in document.problems):
        raise ProblemsError(document.problems)
    return document


def is_config(document: Document, component: Component) -> bool:
    """Tell whether a file is the application's own configuration (`app.json`), and not the values of its chart."""
    if component.application_config is None or not document.data:
        return False
    return _knows_none(component, document.data) and any(
        config_key_versions([key], component) is not None for key in document.data
    )


def check_kind(document: Document, component: Component) -> None:
    """Raise ProblemsError for a file with not one key that the chart of a component knows."""
    data = document.data
    if data and _knows_none(component, data):
        message = f"these are not the values of the chart {component.chart}: it knows none of these keys"
        raise _wrong(document, (next(iter(data)),), message, "name the file with what `helm get values` shows")


def without_ciphertext(document: Document) -> tuple[Document, tuple[Problem, ...]]:
    """Leave out what is encrypted with SOPS, and tell it: secrets are no part of a form.

    Raises ProblemsError where nothing else is in the file.
    """
    encrypted = [place for place in places_in(document.data) if _is_ciphertext(at(document.data, *place))]
    encrypted = [place for place in encrypted if place[0] != "sops"]
    if not encrypted:
        return document, ()
    others = [place for place in places_in(document.data) if place and place[0] != "sops"]
    if not any(_is_plain(at(document.data, *place)) for place in others):
        hint = "decrypt it first, outside any repository: sops --decrypt FILE"
        raise _wrong(document, encrypted[0], "this file is encrypted with SOPS, and nothing in it can be read", hint)
    data = {key: value for key, value in document.data.items() if key != "sops"}
    told = [
        document.problem(
            "not-imported",
            f"'{dotted(place)}' is encrypted with SOPS, and is not copied",
            place,
            severity=Severity.WARNING,
            hint="a secret belongs in a Secret of the cluster; decrypt the file first where this is none",
        )
        for place in encrypted
    ]
    return replace(document, data=_pruned(data)), tuple(told)


def _of_object(document: Document, component: Component) -> Document:
    kind = str(document.data["kind"])
    if kind == "ConfigMap":
        return _of_config_map(document, component)
    places = [place for place in _places(kind, document.data) if at(document.data, *place) is not None]
    if len(places) == 1:
        return _part(document, places[0], component)
    if kind not in _PLACES:
        message = f"this is a {kind}, and no file with values"
        raise _wrong(document, ("kind",), message, "name the file with what `helm get values` shows")
    message = (
        f"this {kind} has its values elsewhere" if not places else f"this {kind} has values in more than one place"
    )
    raise _wrong(document, places[-1] if places else ("spec",), message, "name a file with all values together")


def _places(kind: str, data: Mapping[str, Any]) -> Iterator[Place]:
    yield from _PLACES.get(kind, ())
    sources = at(data, "spec", "sources") if kind == "Application" else None
    for index in range(len(sources) if isinstance(sources, list) else 0):
        for key in ("valuesObject", "values"):
            yield ("spec", "sources", index, "helm", key)


def _of_config_map(document: Document, component: Component) -> Document:
    data = at(document.data, "data")
    names = [name for name in data if str(name).endswith((".json", ".yaml", ".yml"))] if isinstance(data, dict) else []
    fitting = [name for name in names if component.name in name] if len(names) > 1 else names
    if len(fitting) != 1:
        message = "this ConfigMap does not say which of its texts is meant" if names else "this ConfigMap holds no file"
        raise _wrong(document, ("data",), message, "name a file with that text alone")
    return _part(document, ("data", fitting[0]), component)


def _of_chart_around(document: Document, component: Component) -> Document:
    """Take the values of a chart that is below another: they stand under its name."""
    data = document.data
    names = [
        name for name in (component.name, component.chart, component.release_name) if isinstance(at(data, name), dict)
    ]
    if not names or not _knows_none(component, {key: data[key] for key in data if key not in ("global", *names)}):
        return document
    if any(key_versions(component, [name]) is not None for name in names):
        return document
    return inner(_part(document, (names[0],), component), component)


def _part(document: Document, place: Place, component: Component) -> Document:
    value, node = at(document.data, *place), document.node(place)
    if isinstance(value, Mapping) and node is not None:
        return replace(document, data=value, root=node)
    if not isinstance(value, str) or node is None:
        raise _wrong(document, place, f"'{dotted(place)}' holds no values", "")
    return _text(document, place, component)


def _text(document: Document, place: Place, component: Component) -> Document:
    """Read a text inside a file as a file, with all around it blank, so that its lines are those of the file."""
    node = document.node(place)
    if node is None or node.style != "text":
        message = f"'{dotted(place)}' is a file within a line"
        raise _wrong(document, place, message, "name a file with that text alone")
    start = document.text.index("\n", node.start) + 1
    blank = re.sub(r"[^\n]", " ", document.text[:start])
    read = reader.parse(blank + document.text[start : node.end], document.file)
    return inner(replace(readable(read), text=document.text), component)


def _knows_none(component: Component, keys: Iterable[str]) -> bool:
    return all(key_versions(component, [key]) is None for key in keys)


def _is_ciphertext(value: Any) -> bool:
    return isinstance(value, str) and _CIPHERTEXT.match(value) is not None


def _is_plain(value: Any) -> bool:
    return value not in (None, "", [], {}) and not isinstance(value, Mapping | list) and not _is_ciphertext(value)


def _pruned(data: Any) -> Any:
    """Return data without ciphertext, and without the maps and lists that are empty without it."""
    if isinstance(data, Mapping):
        kept = {key: _pruned(child) for key, child in data.items() if not _is_ciphertext(child)}
        return {key: child for key, child in kept.items() if child or not data[key]}
    if isinstance(data, list):
        # A list keeps its places: what stands behind a secret is told with the place that it has in the file.
        return [_pruned(child) for child in data] if not any(map(_is_ciphertext, data)) else []
    return data


def _wrong(document: Document, place: Place, message: str, hint: str) -> ProblemsError:
    return ProblemsError([document.problem(_RULE, message, place, hint=hint, at="key")])
