"""The versions of Kubernetes' own kinds that are gone, or will be, and what to write in their place.

They are a table, `data/api_versions.csv`, with the source of each. A cluster refuses an object in a version that is
gone, and an upgrade of the cluster breaks the next upgrade of the release; Helm cannot even remove such an object any
more.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.kubernetes.cluster import Cluster, is_file
from signalen_toolkit.kubernetes.model import Finding

REASONS: Final[Mapping[str, str]] = {
    "deprecated-api": "an upgrade of the cluster to the version without it would break the release",
    "removed-api": "the cluster does not know the object any more, and refuses the release",
}

Numbers = tuple[int, int]


class ApiChange(NamedTuple):
    """Since when a version of a kind is deprecated and gone (never, where it is not planned); what replaces it."""

    deprecated: Numbers
    removed: Numbers | None
    replacement: str


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report objects in versions that the environment's Kubernetes no longer has, or will not have one day."""
    version = numbers(cluster.context.kubernetes_version)
    for obj in cluster.objects:
        change = changes().get((obj.api_version, obj.kind))
        if change is None or is_file(obj) or (version and version < change.deprecated):
            continue
        gone = change.removed and f"{obj.kind} of {obj.api_version} is gone since Kubernetes {_dotted(change.removed)}"
        hint = f"the chart must write {change.replacement}" if change.replacement else "remove it: nothing replaces it"
        if gone and not (version and change.removed and version < change.removed):
            yield Finding("removed-api", gone, obj, "apiVersion", f"{hint}; a newer version of the chart may")
        else:
            when = f"gone in Kubernetes {_dotted(change.removed)}" if change.removed else "of the past"
            message = f"{obj.kind} of {obj.api_version} is deprecated, and {when}"
            yield Finding("deprecated-api", message, obj, "apiVersion", hint, Severity.WARNING)


def is_removed(api_version: str, kind: str, version: Numbers | None) -> bool:
    """Tell whether a version of a kind is gone, so that no schema is to be expected."""
    change = changes().get((api_version, kind))
    return change is not None and change.removed is not None and (version is None or version >= change.removed)


def numbers(version: str) -> Numbers | None:
    """Return the numbers of `1.34` or `v1.34.2`; None where there are none, which stands for the newest."""
    match = re.match(r"v?(\d{1,4})\.(\d{1,4})", version)
    return (int(match[1]), int(match[2])) if match else None


@cache
def changes() -> Mapping[tuple[str, str], ApiChange]:
    """Return the changes by apiVersion and kind."""
    with (PACKAGE / "data" / "api_versions.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["apiVersion"], row["kind"]): ApiChange(
                numbers(row["deprecated"]) or (0, 0), numbers(row["removed"]), row["replacement"]
            )
            for row in csv.DictReader(file)
        }


def _dotted(version: Numbers) -> str:
    return ".".join(map(str, version))
