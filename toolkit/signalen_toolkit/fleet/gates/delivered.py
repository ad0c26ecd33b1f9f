"""What a cluster is to have of an environment: the objects of the tree in Git, and the commit that changed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.data import mapping, maps, text
from signalen_toolkit.fleet.changes.homes import Home, home_of
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.git import branches, revisions
from signalen_toolkit.helm.rendered_tree import manifests
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.kubectl import Kubectl
from signalen_toolkit.kubernetes.model import Object


@dataclass(frozen=True, slots=True)
class Delivered:
    """An environment as it is in Git. `change` is the newest commit that changed anything of the municipality."""

    folder: Path
    environment: str
    objects: tuple[Object, ...]
    change: str
    home: Home | None = None

    def of(self, group: str, kind: str) -> list[Object]:
        """Return the objects of a kind."""
        return [one for one in self.objects if one.kind == kind and group_of(one.api_version) == group]

    def lacks(self, revision: str) -> str:
        """Say why a commit that a cluster has applied is not one with the change; nothing where it is."""
        found = branches.holds(self.folder, revision, self.change) if revision else None
        if found:
            return ""
        if not revision:
            return "nobody knows which commit it has"
        if found is None:
            return f"has commit {revision[:7]}, which is not known here: fetch, or look who pushed it"
        return f"has commit {revision[:7]}, which is from before {self.change[:7]}"


def delivered(fleet: Fleet, member: Member, environment: str) -> Delivered:
    """Read an environment of a municipality as it was committed last. Raises UsageError where Git cannot tell."""
    folder = fleet.folder(member)
    files = revisions.files(folder, "HEAD", f"{CLUSTERS}/{environment}")
    try:
        tree = {path: content.decode() for path, content in files.items()}
        objects = tuple(manifests(tree, environment))
    except ValueError as error:
        raise UsageError(f"what is rendered of it cannot be read: {error}") from error
    try:
        home = home_of(fleet, member)
    except UsageError:  # without a remote a cluster can still be asked
        home = None
    return Delivered(folder, environment, objects, branches.last_change(folder), home)


def live(cluster: Kubectl, wanted: list[Object], kind: str) -> Iterator[tuple[Object, dict[str, Any] | None]]:
    """Yield each object that is to be there with what the cluster has of it: one question for each namespace."""
    there: dict[tuple[str, str], dict[str, Any]] = {}
    for namespace in {one.namespace for one in wanted}:
        for found in cluster.all(kind, namespace):
            there[namespace, text(found, "metadata", "name")] = found
    for one in wanted:
        yield one, there.get((one.namespace, one.name))


def condition(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a condition of an object; nothing where it does not have it."""
    return next((dict(one) for _, one in maps(mapping(found, "status"), "conditions") if one.get("type") == name), {})
