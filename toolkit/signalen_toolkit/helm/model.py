"""What is installed with Helm: a chart in a version, and a release of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChartReference:
    """A chart in one version: its repository (https:// or oci://), name and version."""

    repository: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """One Helm release of one environment, with the text of its values."""

    environment: str
    name: str
    namespace: str
    chart: ChartReference
    values: str
    path: str
