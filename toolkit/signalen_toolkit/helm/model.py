"""What is installed with Helm: a chart in a version, a release of it, and where files say so."""

from __future__ import annotations

from dataclasses import dataclass, field

from signalen_toolkit.kubernetes.model import Object

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChartReference:
    """A chart in one version: its repository (https:// or oci://), name and version."""

    repository: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """One Helm release of one environment, with the text of its values; `told_by` is the object that asks for it."""

    environment: str
    name: str
    namespace: str
    chart: ChartReference
    values: str
    path: str
    told_by: Object | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RepositoryFormat:
    """Where the addresses of repositories stand, by the names that releases call them by.

    They are the objects of a `kind`, or without one the items of a list in the file of the releases (`each`).
    """

    name: Path
    url: Path
    kind: str = ""
    each: Path = ()


@dataclass(frozen=True, slots=True)
class ReleaseFormat:
    """Where a tool that calls Helm is told of its releases: in the objects of a `kind`, or in one `file`.

    With `each`, what stands at one of these places is a release, and every item of a list there, if it names a chart. A
    fact is at the first of its places that says something, in the item and else in the whole around it. With
    `repositories`, the repository is a name; without a place of its own it stands before the chart
    (`<repository>/<chart>`). `values` is where the Helm values stand, if not in a file of their own
    (`values/<release>.yaml`).
    """

    name: tuple[Path, ...]
    namespace: tuple[Path, ...]
    chart: tuple[Path, ...]
    version: tuple[Path, ...]
    repository: tuple[Path, ...] = ()
    repositories: RepositoryFormat | None = None
    kind: str = ""
    file: str = ""
    each: tuple[Path, ...] = ()
    values: Path = ()
