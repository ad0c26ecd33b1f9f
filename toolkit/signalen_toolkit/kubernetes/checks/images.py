"""Where images come from, for an environment with a registry of its own: its nodes reach no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.model import Finding

REASONS: Final[Mapping[str, str]] = {
    "image-elsewhere": "a node that reaches the registry of the environment alone cannot fetch it",
    "pull-secret-missing": "the registry does not give an image to whoever does not sign in",
}


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report images of another registry than that of the environment, and pods that do not sign in at it."""
    for pod in cluster.pods:
        yield from _elsewhere(cluster, pod)
        yield from _without_secret(cluster, pod)


def _elsewhere(cluster: Cluster, pod: Pod) -> Iterator[Finding]:
    registry = cluster.context.registry
    for container in pod.containers():
        image = text(container.data, "image")
        # Linkerd puts its own image in place of what is here.
        if registry and image and image != "auto" and not image.startswith(f"{registry}/"):
            yield Finding(
                "image-elsewhere",
                f"the image '{image}' is not from {registry}",
                pod.object,
                place(*container.path, "image"),
                "set the image in the values of the chart, or take it out of 'images.registry'",
                Severity.WARNING,
                container.name,
            )


def _without_secret(cluster: Cluster, pod: Pod) -> Iterator[Finding]:
    account = cluster.find("", "ServiceAccount", pod.namespace, pod.service_account)
    given = {text(one, "name") for _, one in maps(pod.spec, "imagePullSecrets")}
    if account and not given:  # Kubernetes takes those of the account where a pod has none
        given = {text(one, "name") for _, one in maps(account.data, "imagePullSecrets")}
    for name in sorted(cluster.context.pull_secrets - given):
        yield Finding(
            "pull-secret-missing",
            f"the pod does not use the pull secret '{name}'",
            pod.object,
            place(*pod.path, "imagePullSecrets"),
            "set imagePullSecrets in the values of the chart, or on its ServiceAccount",
            Severity.WARNING,
        )
