"""What a change does on the cluster: the objects of two revisions of a rendered tree, compared one by one.

Objects and not files: one line in the form may change a dozen of them, and a new version of a chart many more,
of which Git shows one line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diff.dangers import dangers
from signalen_toolkit.diff.object_text import difference
from signalen_toolkit.diff.version_changes import Installed, VersionChange, downgrades, versions_between
from signalen_toolkit.documents.data import at, listed, text
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.git import revisions
from signalen_toolkit.helm.model import HelmRelease, ReleaseFormat
from signalen_toolkit.helm.rendered_tree import environments, manifests, releases
from signalen_toolkit.kubernetes.cluster import group_of, is_file, namespace_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object

Template = Callable[[HelmRelease], str]
Identity = tuple[str, str, str, str]  # group, kind, namespace and name, within one environment

WORK_TREE = "work tree"
_ROLLED = ("DaemonSet", "Deployment", "StatefulSet")


class Action(StrEnum):
    """What happens to an object."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One object that changes, and how as a unified diff without secrets; a removed object is as it was."""

    action: Action
    object: Object
    diff: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes on the cluster between two trees, sorted by environment.

    `rolled` are the workloads whose pods are replaced, also where only a checksum of their configuration says so.
    """

    before: str = ""
    after: str = ""
    versions: tuple[VersionChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    rolled: tuple[Object, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.versions or self.rolled)

    def environments(self) -> list[str]:
        """Return the environments in which something changes."""
        objects = [*(change.object for change in self.changes), *self.rolled]
        return sorted({*(one.environment for one in objects), *(one.environment for one in self.versions)})


def diff(
    directory: Path, from_: str | None, to: str | None, template: Template, formats: Sequence[ReleaseFormat]
) -> Difference:
    """Compare the rendered tree of a folder at two revisions.

    Without `from_` that is where HEAD left the main branch; without `to` what is on disk now. `template` makes the
    text of a release's objects, and is called once for releases that are alike. `formats` are where releases may stand.
    Raises UsageError where a revision or a tree cannot be read, and what `template` raises.
    """
    revisions.require(directory)
    start = revisions.revision(directory, from_) if from_ else revisions.base(directory)
    end = revisions.revision(directory, to) if to else None
    old = _tree(revisions.files(directory, start.commit, CLUSTERS), str(start))
    new = _tree(revisions.files(directory, end.commit, CLUSTERS) if end else _on_disk(directory), str(end or WORK_TREE))
    if not old and not new:
        raise UsageError(f"{directory / CLUSTERS} holds no rendered tree, now or then: run `signalen render`")
    once = _remembered(template)
    before = _installed(old, once, formats, str(start))
    after = _installed(new, once, formats, str(end or WORK_TREE))
    return replace(compare(before, after), before=str(start), after=str(end or WORK_TREE))


def installed(tree: Mapping[str, str], template: Template, formats: Sequence[ReleaseFormat]) -> Installed:
    """Return the releases of a rendered tree, and all objects: those that Helm makes, and those in the tree itself.

    What never reaches the cluster by itself is left out: files of kustomize, and Helm's tests.
    """
    wanted = releases(tree, formats)
    found = [obj for release in wanted for obj in _made(release, template)]
    for environment in environments(tree):
        found += [obj for obj in manifests(tree, environment) if not is_file(obj)]
    return Installed(found, wanted)


def compare(before: Installed, after: Installed) -> Difference:
    """Tell what changes between what two sides have, which may be in several environments."""
    old, new = _by_environment(before.objects), _by_environment(after.objects)

    def of(name: str, side: Installed) -> list[HelmRelease]:
        return [one for one in side.releases if one.environment == name]

    names = {*old, *new, *(one.environment for side in (before, after) for one in side.releases)}
    parts = [
        _compare(name, old.get(name, {}), new.get(name, {}), of(name, before), of(name, after))
        for name in sorted(names)
    ]
    return Difference(
        versions=tuple(version for part in parts for version in part.versions),
        findings=tuple(finding for part in parts for finding in part.findings),
        changes=tuple(change for part in parts for change in part.changes),
        rolled=tuple(obj for part in parts for obj in part.rolled),
    )


def _compare(
    environment: str,
    before: Mapping[Identity, Object],
    after: Mapping[Identity, Object],
    was: Sequence[HelmRelease],
    becomes: Sequence[HelmRelease],
) -> Difference:
    """Compare one environment."""
    sides = Installed(list(before.values()), was), Installed(list(after.values()), becomes)
    versions = tuple(versions_between(environment, *sides))
    both = {key: (before[key], after[key]) for key in sorted(before.keys() & after.keys())}
    diffs = {key: difference(old.data, new.data) for key, (old, new) in both.items()}
    removed = [obj for key, obj in sorted(before.items()) if key not in after]
    added = [obj for key, obj in sorted(after.items()) if key not in before]
    changes = [
        *(Change(Action.ADDED, obj, difference(None, obj.data)) for obj in added),
        *(Change(Action.CHANGED, both[key][1], lines) for key, lines in diffs.items() if lines),
        *(Change(Action.REMOVED, obj, difference(obj.data, None)) for obj in removed),
    ]
    found = dangers(removed, added, list(both.values()), list(after.values()))
    found += downgrades(versions, becomes)
    return Difference(
        versions=versions,
        findings=tuple(sorted(found, key=lambda one: (one.rule, one.object.title, one.message))),
        changes=tuple(sorted(changes, key=lambda change: (change.action, _identity(change.object)))),
        rolled=tuple(new for old, new in both.values() if _is_rolled(old, new)),
    )


def _is_rolled(before: Object, after: Object) -> bool:
    if after.kind not in _ROLLED:
        return False
    return bool(at(before.data, "spec", "template") != at(after.data, "spec", "template"))


def _by_environment(found: Iterable[Object]) -> dict[str, dict[Identity, Object]]:
    result: dict[str, dict[Identity, Object]] = {}
    for obj in found:
        result.setdefault(obj.environment, {})[_identity(obj)] = obj
    return result


def _identity(obj: Object) -> Identity:
    """Return what makes it the same object to the cluster; another version of its group is the same one."""
    return group_of(obj.api_version), obj.kind, obj.namespace, obj.name


def _made(release: HelmRelease, template: Template) -> Iterator[Object]:
    for document in load_all(template(release)):
        for data in listed(document, "items") if document.get("kind") == "List" else [document]:
            if not isinstance(data, dict) or "kind" not in data or _is_test(data):
                continue
            obj = Object(release.environment, release.chart.name, release.path, data)
            namespace = namespace_of(obj, Context(release.namespace))
            if namespace and not obj.namespace:
                metadata = {**(data.get("metadata") or {}), "namespace": namespace}
                obj = replace(obj, data={**data, "metadata": metadata})
            yield obj


def _is_test(data: Mapping[str, Any]) -> bool:
    """Tell whether it runs only when a person asks for it; some have another name at each rendering."""
    hooks = text(data, "metadata", "annotations", "helm.sh/hook")
    return bool(hooks) and all(hook.strip().startswith("test") for hook in hooks.split(","))


def _remembered(template: Template) -> Template:
    """Ask for each release once: Helm knows no revisions. An environment may have a Kubernetes of its own."""
    known: dict[tuple[object, ...], str] = {}

    def once(release: HelmRelease) -> str:
        key = (release.environment, release.name, release.namespace, release.chart, release.values)
        if key not in known:
            known[key] = template(release)
        return known[key]

    return once


def _installed(tree: Mapping[str, str], template: Template, formats: Sequence[ReleaseFormat], where: str) -> Installed:
    """Return what a tree has; what cannot be read in it is said with where the tree is from."""
    try:
        import yaml
    except ImportError as error:
        raise UsageError("comparing needs more: pip install 'signalen-toolkit[verify]'") from error
    try:
        return installed(tree, template, formats)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{CLUSTERS}/ in {where} cannot be read as a rendered tree ({said})") from error


def _tree(files: Mapping[str, bytes], where: str) -> dict[str, str]:
    tree: dict[str, str] = {}
    for path, content in files.items():
        try:
            tree[path] = content.decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} in {where} is not UTF-8") from error
    return tree


def _on_disk(directory: Path) -> dict[str, bytes]:
    """Read what Git would: files, and no links."""
    found: dict[str, bytes] = {}
    for folder, _, names in os.walk(directory / CLUSTERS):
        for name in names:
            path = Path(folder, name)
            if name.endswith(".yaml") and path.is_file() and not path.is_symlink():
                found[path.relative_to(directory).as_posix()] = path.read_bytes()
    return found
