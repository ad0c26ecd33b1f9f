"""A rendered tree, read back: which Helm releases each environment has, and which objects beside them.

What the cluster applies is the tree in Git. So this, and not the form, is what `verify` and `diff` look at; it works
on a tree of any revision, whichever version of the toolkit rendered it. Where releases stand in it differs between the
tools that apply it: that is data, and every format that is known is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from signalen_toolkit.base.layout import CLUSTERS, MANIFESTS
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents import scalars
from signalen_toolkit.documents.data import at, mapping, maps
from signalen_toolkit.documents.machine import shared_all
from signalen_toolkit.helm.model import ChartReference, HelmRelease, Path, ReleaseFormat
from signalen_toolkit.kubernetes.model import Object

# What Helm and Kubernetes take for each. None begins with a dash, as an option does, or leads to another folder.
_FORMS: Final = {
    "name": re.compile(r"(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"),
    "chart": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}"),
    "version": re.compile(r"[A-Za-z0-9~^<>=*][-A-Za-z0-9.+_~^<>=*|, ]{0,249}"),
    "repository": re.compile(r"(?:(?:https?|oci)://[!-~]{1,2000})?"),
    "namespace": re.compile(r"(?:[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?"),
}


def environments(tree: Mapping[str, str]) -> list[str]:
    """Return the names of the environments in a rendered tree (text by path), sorted."""
    return sorted({PurePosixPath(path).parts[1] for path in tree if PurePosixPath(path).parts[0] == CLUSTERS})


def releases(tree: Mapping[str, str], formats: Sequence[ReleaseFormat]) -> list[HelmRelease]:
    """Return the Helm releases in a rendered tree, by environment and name.

    Raises ValueError for a file that cannot be read, and for a release that does not say which chart it is of, or says
    something that is no name, version or address: all of it goes to Helm.
    """
    # Only what can be about one is read: Helm waits for this.
    kinds = {kind for one in formats for kind in (one.kind, one.repositories.kind if one.repositories else "") if kind}
    about = {path: text for path, text in tree.items() if any(kind in text for kind in kinds)}
    found = [
        release
        for environment in environments(tree)
        for documents in [[*manifests(about, environment), *_files(tree, environment, formats)]]
        for release in releases_in(documents, formats, tree)
    ]
    return sorted(found, key=lambda release: (release.environment, release.name))


def releases_in(
    documents: Sequence[Object], formats: Iterable[ReleaseFormat], tree: Mapping[str, str] | None = None
) -> list[HelmRelease]:
    """Return the Helm releases that objects of one environment ask for, with their values where the tree has them."""
    return [
        _release(document, item, one, documents, tree or {})
        for one in formats
        for document in documents
        if _tells(document, one)
        for item in _items(document.data, one.each)
        if not one.each or _said(one.chart, item)
    ]


def manifests(tree: Mapping[str, str], environment: str) -> Iterator[Object]:
    """Yield the objects that stand in an environment's part of the tree itself, not those that Helm makes.

    Raises ValueError for a file that cannot be read.
    """
    folder = f"{CLUSTERS}/{environment}/"
    yield from _objects(tree, environment, folder, without=f"{folder}values/")


def own_objects(tree: Mapping[str, str], environment: str) -> list[Object]:
    """Return a person's own objects for an environment, which are applied beside those that are rendered.

    Raises ValueError for a file that cannot be read.
    """
    return list(_objects(tree, environment, f"{MANIFESTS}/{environment}/"))


def applies_own(tree: Mapping[str, str], environment: str) -> bool:
    """Tell whether what is rendered of an environment has a person's own objects applied, too."""
    place = re.compile(rf"^\s*path: [\"']?(\./)?(?:[\w.-]+/)*{MANIFESTS}/{re.escape(environment)}[\"']?$", re.MULTILINE)
    return any(path.startswith(f"{CLUSTERS}/{environment}/") and place.search(text) for path, text in tree.items())


def _objects(tree: Mapping[str, str], environment: str, folder: str, without: str = "\0") -> Iterator[Object]:
    for path, text in sorted(tree.items()):
        if path.startswith(folder) and not path.startswith(without) and path.endswith(".yaml"):
            for data in _read(path, text):
                if "kind" in data:
                    yield Object(environment, "", path, data)


def _read(path: str, text: str) -> Sequence[Mapping[str, Any]]:
    import yaml

    try:
        return shared_all(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # where there is one, PyYAML quotes the line: it may hold a secret
        what = f"it is broken at line {mark.line + 1}" if mark else " ".join(str(error).split())
        raise ValueError(f"{path} is not YAML: {what}") from None


def _files(tree: Mapping[str, str], environment: str, formats: Iterable[ReleaseFormat]) -> Iterator[Object]:
    """Yield the files that tell of releases and hold no objects."""
    for name in {one.file for one in formats if one.file}:
        path = f"{CLUSTERS}/{environment}/{name}"
        for data in _read(path, tree.get(path, "")):
            yield Object(environment, "", path, data)


def _tells(document: Object, format_: ReleaseFormat) -> bool:
    if format_.file:
        return not document.kind and document.source == f"{CLUSTERS}/{document.environment}/{format_.file}"
    return document.kind == format_.kind


def _items(data: Any, each: Sequence[Path]) -> Iterator[Any]:
    """Yield what may be a release: the whole, or what stands at places of it, as one map or a list of them."""
    if not each:
        yield data
    for place in each:
        found = at(data, *place)
        yield from (item for _, item in maps(data, *place)) if isinstance(found, list) else [found]


def _release(
    document: Object, item: Any, format_: ReleaseFormat, documents: Sequence[Object], tree: Mapping[str, str]
) -> HelmRelease:
    def fact(what: str, places: tuple[Path, ...]) -> str:
        found = _said(places, item) or _said(places, document.data)
        if not found:
            raise ValueError(f"{document.title or 'a release'} in {document.source} has no {what}")
        return found

    name, chart = fact("name", format_.name), fact("chart", format_.chart)
    repository = _said(format_.repository, item)
    if format_.repositories:
        if not format_.repository:
            repository, _, chart = chart.rpartition("/")
        repository = _addresses(document, format_, documents).get(repository, "")
    elif repository and "://" not in repository:
        repository = f"oci://{repository}"  # so Argo CD writes the address of a registry
    version = fact("version", format_.version)
    told_by = document if document.kind else _stand_in(document, name)
    path = f"{CLUSTERS}/{document.environment}/values/{name}.yaml"
    namespace = _said(format_.namespace, item) or _said(format_.namespace, document.data)
    said = {"name": name, "chart": chart, "version": version, "repository": repository, "namespace": namespace}
    for what, value in said.items():
        if not _FORMS[what].fullmatch(value):
            where = f"{brief(document.title) or 'a release'} in {document.source}"
            raise ValueError(_printable(f"'{brief(value)}' is no {what} of a release ({where})"))
    reference = ChartReference(repository, chart, version)
    inline = mapping(item, *format_.values) if format_.values else {}
    values = _written(inline) if inline else tree.get(path, "")
    return HelmRelease(document.environment, name, namespace, reference, values, path, told_by)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _written(values: Mapping[str, Any]) -> str:
    """Return values as a file of them; a tree that is not ours may hold what has no place in one."""
    try:
        return scalars.inline(values)
    except (TypeError, ValueError):
        return json.dumps(values, default=str)


def _stand_in(document: Object, name: str) -> Object:
    """Return what a finding on a release can be about where no object asks for it."""
    return Object(document.environment, "", document.source, {"kind": "release", "metadata": {"name": name}})


def _addresses(document: Object, format_: ReleaseFormat, documents: Sequence[Object]) -> dict[str, str]:
    """Return the addresses of repositories by name."""
    form = format_.repositories
    if form is None:
        return {}
    sources = [one for one in documents if one.kind == form.kind] if form.kind else [document]
    items = [item for one in sources for item in _items(one.data, [form.each] if form.each else [])]
    return {_said((form.name,), item): _said((form.url,), item) for item in items}


def _said(places: Iterable[Path], data: Any) -> str:
    """Return what the first of some places says; a version may be written as a number."""
    found = (at(data, *place) for place in places)
    return next((str(value) for value in found if isinstance(value, str | int | float) and value != ""), "")
