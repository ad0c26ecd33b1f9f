"""The versions of Kubernetes' own kinds that are gone, or will be, and what to write in their place.

Source: the deprecation guide of Kubernetes. A cluster refuses an object in a version that is gone, and an upgrade of
the cluster breaks the next upgrade of the release; Helm cannot even remove such an object any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

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


# apiVersion, deprecated since, gone since, replacement, kinds.
_TABLE: Final = """
extensions/v1beta1                   1.9  1.16 apps/v1                         DaemonSet Deployment ReplicaSet
extensions/v1beta1                   1.9  1.16 networking.k8s.io/v1            NetworkPolicy
extensions/v1beta1                   1.10 1.16 -                               PodSecurityPolicy
extensions/v1beta1                   1.14 1.22 networking.k8s.io/v1            Ingress
apps/v1beta1                         1.9  1.16 apps/v1                         ControllerRevision Deployment StatefulSet
apps/v1beta2                         1.9  1.16 apps/v1                         ControllerRevision DaemonSet Deployment
apps/v1beta2                         1.9  1.16 apps/v1                         ReplicaSet StatefulSet
admissionregistration.k8s.io/v1beta1 1.16 1.22 admissionregistration.k8s.io/v1 MutatingWebhookConfiguration
admissionregistration.k8s.io/v1beta1 1.16 1.22 admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration
apiextensions.k8s.io/v1beta1         1.16 1.22 apiextensions.k8s.io/v1         CustomResourceDefinition
apiregistration.k8s.io/v1beta1       1.19 1.22 apiregistration.k8s.io/v1       APIService
authentication.k8s.io/v1beta1        1.19 1.22 authentication.k8s.io/v1        TokenReview
authorization.k8s.io/v1beta1         1.19 1.22 authorization.k8s.io/v1         LocalSubjectAccessReview
authorization.k8s.io/v1beta1         1.19 1.22 authorization.k8s.io/v1         SelfSubjectAccessReview
authorization.k8s.io/v1beta1         1.19 1.22 authorization.k8s.io/v1         SubjectAccessReview
certificates.k8s.io/v1beta1          1.19 1.22 certificates.k8s.io/v1          CertificateSigningRequest
coordination.k8s.io/v1beta1          1.19 1.22 coordination.k8s.io/v1          Lease
networking.k8s.io/v1beta1            1.19 1.22 networking.k8s.io/v1            Ingress IngressClass
rbac.authorization.k8s.io/v1beta1    1.17 1.22 rbac.authorization.k8s.io/v1    ClusterRole ClusterRoleBinding
rbac.authorization.k8s.io/v1beta1    1.17 1.22 rbac.authorization.k8s.io/v1    Role RoleBinding
scheduling.k8s.io/v1beta1            1.14 1.22 scheduling.k8s.io/v1            PriorityClass
storage.k8s.io/v1beta1               1.19 1.22 storage.k8s.io/v1               CSIDriver CSINode
storage.k8s.io/v1beta1               1.19 1.22 storage.k8s.io/v1               StorageClass VolumeAttachment
autoscaling/v2beta1                  1.22 1.25 autoscaling/v2                  HorizontalPodAutoscaler
batch/v1beta1                        1.21 1.25 batch/v1                        CronJob
discovery.k8s.io/v1beta1             1.21 1.25 discovery.k8s.io/v1             EndpointSlice
events.k8s.io/v1beta1                1.19 1.25 events.k8s.io/v1                Event
node.k8s.io/v1beta1                  1.20 1.25 node.k8s.io/v1                  RuntimeClass
policy/v1beta1                       1.21 1.25 policy/v1                       PodDisruptionBudget
policy/v1beta1                       1.21 1.25 -                               PodSecurityPolicy
autoscaling/v2beta2                  1.23 1.26 autoscaling/v2                  HorizontalPodAutoscaler
flowcontrol.apiserver.k8s.io/v1beta1 1.23 1.26 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
storage.k8s.io/v1beta1               1.24 1.27 storage.k8s.io/v1               CSIStorageCapacity
flowcontrol.apiserver.k8s.io/v1beta2 1.26 1.29 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta3 1.29 1.32 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
v1                                   1.19 -    -                               ComponentStatus
v1                                   1.33 -    discovery.k8s.io/v1             Endpoints
"""


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
    found: dict[tuple[str, str], ApiChange] = {}
    for line in _TABLE.split("\n"):
        if line:
            api_version, deprecated, removed, replacement, *kinds = line.split()
            change = ApiChange(numbers(deprecated) or (0, 0), numbers(removed), replacement.removeprefix("-"))
            found |= {(api_version, kind): change for kind in kinds}
    return found


def _dotted(version: Numbers) -> str:
    return ".".join(map(str, version))
