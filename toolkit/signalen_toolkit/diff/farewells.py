"""Environments that leave a rendered tree, or the tool that looks after them: what is true of them as a whole.

Object by object it would look as if all of it were removed. An environment whose folder goes keeps running; one that
goes to another tool may lose everything, if the old one may still remove.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.form.rendered import Rendered, in_tree
from signalen_toolkit.kubernetes.cluster import is_file
from signalen_toolkit.kubernetes.model import Finding, Object

_STAYS: Final = (
    "leaves the repository as a whole: in the cluster all of it keeps running, with its data and its hosts, and nobody"
    " looks after it any more"
)


def gone(old: Mapping[str, bytes], new: Mapping[str, bytes], objects: Sequence[Object]) -> dict[str, Finding]:
    """Return, by name, what becomes of each environment of which nothing is left; `objects` are those it had."""
    left = _names(old) - _names(new)
    return {name: _finding("environment-removed", _STAYS, one, _farewell(name)) for name, one in _first(objects, left)}


def moved(old: Mapping[str, bytes], new: Mapping[str, bytes], objects: Sequence[Object]) -> list[Finding]:
    """Return a warning for each environment that is taken from its tool, or from its tool's namespace, unprepared."""
    before, after = in_tree(old), in_tree(new)
    jumps = {
        name: (before[name], after[name])
        for name in before.keys() & after.keys()
        if not before[name].paused and _follower(before[name]) != _follower(after[name])
    }
    return [_jump(name, *jumps[name], one) for name, one in _first(objects, set(jumps), before)]


def _jump(name: str, before: Rendered, after: Rendered, obj: Object) -> Finding:
    if before.delivery != after.delivery:
        what, option = f"{before.delivery} to {after.delivery}", f"--delivery {after.delivery}"
    else:
        what = f"namespace '{before.tool_namespace}' to '{after.tool_namespace}'"
        option = f"--sync-namespace {after.tool_namespace}"
    message = f"goes from {what} in one step: what looked after it until now may remove all that it made, data included"
    return _finding("environment-moved", message, obj, f"take this back, and run `signalen handover {name} {option}`")


def _follower(facts: Rendered) -> tuple[str, str]:
    return facts.delivery, facts.tool_namespace


def _farewell(name: str) -> str:
    return f"unless this is the last step of it, take it back and run `signalen remove {name}`"


def _names(tree: Mapping[str, bytes]) -> set[str]:
    paths = [PurePosixPath(path).parts for path in tree]
    return {parts[1] for parts in paths if parts[0] == CLUSTERS and len(parts) > 2}


def _first(
    objects: Sequence[Object], names: set[str], facts: Mapping[str, Rendered] | None = None
) -> list[tuple[str, Object]]:
    """Return the object that stands for each environment: what its tool knows it by, else its namespace."""
    found: list[tuple[str, Object]] = []
    for name in sorted(names):
        own = [one for one in objects if one.environment == name and not is_file(one)]
        known = (facts or {}).get(name)
        place = (known.tool_namespace, known.namespace) if known else ("", "")
        ranked = [((one.namespace, one.name) != place, one.kind != "Namespace", one.title) for one in own]
        found += [(name, own[ranked.index(min(ranked))])] if own else []
    return found


def _finding(rule: str, message: str, obj: Object, hint: str) -> Finding:
    return Finding(rule, message, obj, "", hint, Severity.WARNING)
