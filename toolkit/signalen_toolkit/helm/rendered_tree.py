"""A rendered tree, read back: which Helm releases each environment has, and which objects beside them.

What the cluster applies is the tree in Git. So this, and not the form, is what `verify` and `diff` look at; it works
on a tree of any revision, whichever version of the toolkit rendered it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.kubernetes.model import Object

_KINDS: Final = ("Application", "HelmRelease", "HelmRepository")


def environments(tree: Mapping[str, str]) -> list[str]:
    """Return the names of the environments in a rendered tree (text by path), sorted."""
    return sorted({PurePosixPath(path).parts[1] for path in tree if PurePosixPath(path).parts[0] == CLUSTERS})


def releases(tree: Mapping[str, str]) -> list[HelmRelease]:
    """Return the Helm releases in a rendered tree, by environment and name."""
    # Only what can be about one is read: Helm waits for this.
    about = {path: text for path, text in tree.items() if any(kind in text for kind in _KINDS)}
    found = [
        release
        for environment in environments(tree)
        for release in _releases(environment, tree, list(manifests(about, environment)))
    ]
    return sorted(found, key=lambda release: (release.environment, release.name))


def manifests(tree: Mapping[str, str], environment: str) -> Iterator[Object]:
    """Yield the objects that stand in an environment's part of the tree itself, not those that Helm makes."""
    folder = f"{CLUSTERS}/{environment}/"
    for path, text in sorted(tree.items()):
        if path.startswith(folder) and not path.startswith(f"{folder}values/") and path.endswith(".yaml"):
            for data in load_all(text):
                if "kind" in data:
                    yield Object(environment, "", path, data)


def _releases(environment: str, tree: Mapping[str, str], objects: list[Object]) -> Iterator[HelmRelease]:
    repositories = {one.name: one.data["spec"]["url"] for one in objects if one.kind == "HelmRepository"}
    for one in objects:
        spec = one.data.get("spec", {})
        if one.kind == "HelmRelease":
            chart = spec["chart"]["spec"]
            reference = ChartReference(
                repositories.get(chart["sourceRef"]["name"], ""), chart["chart"], chart["version"]
            )
            namespace = spec.get("targetNamespace", one.namespace)
            yield _release(environment, spec.get("releaseName", one.name), namespace, reference, tree)
        elif one.kind == "Application":
            for source in spec.get("sources", ()):
                if "chart" in source:
                    reference = ChartReference(source["repoURL"], source["chart"], source["targetRevision"])
                    name = source["helm"]["releaseName"]
                    yield _release(environment, name, spec["destination"]["namespace"], reference, tree)


def _release(
    environment: str, name: str, namespace: str, chart: ChartReference, tree: Mapping[str, str]
) -> HelmRelease:
    path = f"{CLUSTERS}/{environment}/values/{name}.yaml"
    return HelmRelease(environment, name, namespace, chart, tree.get(path, ""), path)
