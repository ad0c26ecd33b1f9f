"""What a container needs to run in the same way tomorrow, beside other people's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import mapping, place, text
from signalen_toolkit.kubernetes.cluster import Cluster, Container, Pod
from signalen_toolkit.kubernetes.model import Finding

REASONS: Final[Mapping[str, str]] = {
    "container-without-resources": "a container without limits can take the memory of its neighbours on the node, and"
    " one without requests is put on a node that is full",
    "image-without-version": "the image changes by itself, on one node sooner than on another, and cannot be put back",
}

_NEEDED: Final = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report images that are not of one version, and containers without requests and limits."""
    for pod in cluster.pods:
        for container in pod.containers():
            yield from _image(pod, container)
            yield from _resources(pod, container)


def _image(pod: Pod, container: Container) -> Iterator[Finding]:
    image = text(container.data, "image")
    if not image or re.search(r"@sha256:[0-9a-f]{64}$", image):
        return
    # A tag is what follows the last colon behind the last slash; a registry may have a port before it.
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        what = f"the image '{image}' is always the latest" if tag else f"the image '{image}' has no version"
        yield Finding(
            "image-without-version",
            what,
            pod.object,
            place(*container.path, "image"),
            "set the tag of the image in the values of the chart (mostly image.tag)",
            container=container.name,
        )


def _resources(pod: Pod, container: Container) -> Iterator[Finding]:
    # CPU is not limited: a limit makes a container wait while the node has time to spare.
    lacking = [
        f"{kind}.{unit}" for kind, unit in _NEEDED if mapping(container.data, "resources", kind).get(unit) is None
    ]
    if lacking:
        yield Finding(
            "container-without-resources",
            f"the container '{container.name}' has no {' and no '.join(lacking)}",
            pod.object,
            place(*container.path, "resources"),
            "set them in the form under 'resources', or else in the values of the chart",
            Severity.WARNING,
            container.name,
        )
