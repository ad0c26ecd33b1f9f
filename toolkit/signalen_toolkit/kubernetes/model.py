"""Kubernetes objects, and what is wrong with them: what Helm makes of the values, and what the toolkit writes itself.

A module here is one subject. Checks are functions from the objects of one environment to findings; whoever asks
turns a finding into a problem at the place that the object comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signalen_toolkit.diagnostics.problems import Severity


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """One Kubernetes object of one environment; two that say the same are still two.

    `component` made it (empty: the delivery's own manifests), from `source`: the template in the chart
    (`backend/templates/deployment.yaml`) or the file in the rendered tree. `home` is the namespace of the release that
    it belongs to, in which it lands where it names none itself.
    """

    environment: str
    component: str
    source: str
    data: Mapping[str, Any]
    home: str = ""
    # What it says of itself, read once, for every check asks: `apps/v1`; `Deployment`; the name in the metadata; the
    # namespace there, empty where Helm or the delivery fills it in. Each is empty where the object does not say.
    api_version: str = field(init=False, repr=False)
    kind: str = field(init=False, repr=False)
    name: str = field(init=False, repr=False)
    namespace: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        metadata = self.data.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        said = {"api_version": self.data.get("apiVersion"), "kind": self.data.get("kind")}
        for name, value in {**said, "name": metadata.get("name"), "namespace": metadata.get("namespace")}.items():
            object.__setattr__(self, name, _text(value))

    @property
    def title(self) -> str:
        """How messages call it: `Deployment web`."""
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one object; `path` is the place in it (`spec.template.spec.containers[0]`).

    `container` is the name of the container that it is about, where it is about one.
    """

    rule: str
    message: str
    object: Object
    path: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR
    container: str = ""


def _text(value: object) -> str:
    """Return a name as text; what is none of the kind that names are (nothing, a map) is empty."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
