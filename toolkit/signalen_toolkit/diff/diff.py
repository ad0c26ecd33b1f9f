"""What a change does on the cluster: the objects of two revisions of a rendered tree, compared one by one.

Objects and not files: one line in the form may change a dozen of them, and a new version of a chart many more,
of which Git shows one line.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS, MANIFESTS
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.diff import farewells, form_ahead
from signalen_toolkit.diff.dangers import dangers
from signalen_toolkit.diff.object_text import difference
from signalen_toolkit.diff.version_changes import Installed, VersionChange, downgrades, versions_between
from signalen_toolkit.documents.data import at, mapping
from signalen_toolkit.form.model import followed_branch
from signalen_toolkit.git import revisions
from signalen_toolkit.git.revisions import Revision
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.model import ChartReference, HelmRelease, ReleaseFormat
from signalen_toolkit.helm.rendered_tree import applies_own, environments, manifests, own_objects, releases
from signalen_toolkit.kubernetes.cluster import group_of, is_file, namespace_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object

# What makes the objects of releases, with the charts that are locked.
Make = Callable[[Sequence[HelmRelease], Locks], Mapping[HelmRelease, Sequence[Object]]]
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
class RenderedTree:
    """What one tree has: its Helm releases, and the objects that stand in it."""

    releases: Sequence[HelmRelease]
    manifests: Sequence[Object]

    def without(self, environments: Container[str]) -> RenderedTree:
        """Return the tree without some environments."""
        return RenderedTree(
            [one for one in self.releases if one.environment not in environments],
            [one for one in self.manifests if one.environment not in environments],
        )


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
        return bool(self.changes or self.versions or self.rolled or self.findings)

    def environments(self) -> list[str]:
        """Return the environments in which something changes."""
        objects = [*(one.object for one in self.changes), *(one.object for one in self.findings), *self.rolled]
        return sorted({*(one.environment for one in objects), *(one.environment for one in self.versions)})


def diff(
    directory: Path,
    from_: str | None,
    to: str | None,
    make: Make,
    formats: Sequence[ReleaseFormat],
    now: Mapping[str, bytes] | None = None,
) -> Difference:
    """Compare the rendered tree of a folder at two revisions.

    Without `from_` that is where HEAD left the branch that the cluster follows;
    without `to` the work tree: `now`, or what is on disk.
    `make` is called once, with the releases of both trees; those that are alike are one. `formats` are where releases
    may stand.
    Raises UsageError where a revision or a tree cannot be read, ProblemsError where charts.lock cannot, and what
    `make` raises.
    """
    revisions.require(directory)
    start = revisions.revision(directory, from_) if from_ else revisions.base(directory, followed_branch(directory))
    end = revisions.revision(directory, to) if to else None
    was = _at(directory, start)
    here = form_ahead.on_disk(directory) if now is None else now
    becomes = _at(directory, end) if end else here
    old, new = _tree(was, str(start)), _tree(becomes, str(end or WORK_TREE))
    if not old and not new:
        raise UsageError(f"{directory / CLUSTERS} holds no rendered tree, now or then: run `signalen render`")
    before, after = _side(old, formats, str(start)), _side(new, formats, str(end or WORK_TREE))
    wanted = list(dict.fromkeys([*before.releases, *after.releases]))
    made = make(wanted, _locks(directory, start, end))
    lost = farewells.gone(was, becomes, before.manifests)
    difference = compare(installed(before.without(lost), made), installed(after, made))
    findings = [*difference.findings, *lost.values(), *farewells.moved(was, becomes, before.manifests)]
    difference = replace(difference, findings=tuple(sorted(findings, key=lambda one: one.object.environment)))
    return replace(difference, before=str(start), after=str(end or WORK_TREE))


def installed(side: RenderedTree, made: Mapping[HelmRelease, Sequence[Object]]) -> Installed:
    """Return the releases of a tree, and all objects: those that Helm makes of them, and those in the tree itself.

    What never reaches the cluster is left out: files of kustomize, and what has no kind.
    """
    found = [_placed(obj, release) for release in side.releases for obj in made[release] if obj.kind]
    return Installed([*found, *(obj for obj in side.manifests if not is_file(obj))], side.releases)


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


def _placed(obj: Object, release: HelmRelease) -> Object:
    """Put an object in the namespace in which it lands; it is of its chart, whichever template made it."""
    obj = replace(obj, component=release.chart.name, source=release.path)
    namespace = namespace_of(obj, Context(release.namespace))
    if not namespace or obj.namespace:
        return obj
    metadata = {**mapping(obj.data, "metadata"), "namespace": namespace}
    return replace(obj, data={**obj.data, "metadata": metadata})


def _side(tree: Mapping[str, str], formats: Sequence[ReleaseFormat], where: str) -> RenderedTree:
    """Read a tree; what cannot be read in it is said with where the tree is from."""
    try:
        own = [obj for environment in environments(tree) for obj in _own(tree, environment)]
        return RenderedTree(releases(tree, formats), own)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{CLUSTERS}/ in {where} cannot be read as a rendered tree ({said})") from error


def _own(tree: Mapping[str, str], environment: str) -> list[Object]:
    """Return the objects that stand in a tree, with a person's own where they are applied."""
    beside = own_objects(tree, environment) if applies_own(tree, environment) else []
    return [*manifests(tree, environment), *beside]


def _at(directory: Path, revision: Revision) -> dict[str, bytes]:
    """Return what a revision has of the rendered tree, and of a person's own objects."""
    folders = (CLUSTERS, MANIFESTS)
    return {
        path: data for folder in folders for path, data in revisions.files(directory, revision.commit, folder).items()
    }


def _locks(directory: Path, start: Revision, end: Revision | None) -> Locks:
    """Return the digests of the charts of both sides.

    Where both know a chart, the newer one counts: a cluster takes a version as it is published now, on either side.
    A lock of the past that cannot be read is none, for nobody can mend it.
    """
    now = lock.read_lock(directory) if end is None else _lock_at(directory, end)
    try:
        return Locks(now, _lock_at(directory, start))
    except ProblemsError:
        return Locks(now)


def _lock_at(directory: Path, revision: Revision) -> Mapping[ChartReference, str]:
    return lock.parse_lock(revisions.file(directory, revision.commit, CHARTS_LOCK) or b"charts: []")


def _tree(files: Mapping[str, bytes], where: str) -> dict[str, str]:
    tree: dict[str, str] = {}
    for path, content in files.items():
        try:
            tree[path] = content.decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} in {where} is not UTF-8") from error
    return tree
