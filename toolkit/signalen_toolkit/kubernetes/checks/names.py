"""What objects are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import text
from signalen_toolkit.kubernetes.cluster import Cluster, group_of, is_file
from signalen_toolkit.kubernetes.model import Finding, Object

REASONS: Final[Mapping[str, str]] = {
    "duplicate-object": "the one applied last wins, so that each release undoes the other",
    "object-name": "the cluster refuses the object",
}

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_IS_LABEL = re.compile(_LABEL)
_IS_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_IS_SEGMENT = re.compile(r"[^/%]+")
# Kinds whose name is a part of host names, and those whose name may be nearly anything.
_LABELS: Final = {("", "Namespace"): 63, ("", "Service"): 63, ("helm.toolkit.fluxcd.io", "HelmRelease"): 53}
_RBAC: Final = "rbac.authorization.k8s.io"
# A CronJob adds eleven characters to make the name of a Job, which its pods carry as a label.
_CRON_JOB: Final = 52


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report names that Kubernetes refuses, and objects that are there twice."""
    seen: dict[tuple[str, str, str, str], Object] = {}
    for obj in cluster.objects:
        if is_file(obj) or not obj.kind:
            continue
        wrong = _wrong(obj)
        if wrong:
            yield Finding("object-name", wrong[0], obj, "metadata.name", wrong[1])
        if obj.name:
            key = (group_of(obj.api_version), obj.kind, cluster.namespace(obj), obj.name)
            first = seen.setdefault(key, obj)
            if first is not obj:
                yield _duplicate(obj, first)


def _duplicate(obj: Object, first: Object) -> Finding:
    message = f"{obj.title} is made by {_from(first)} and by {_from(obj)}"
    hint = "give one of them another name, for example with fullnameOverride, or leave one out"
    return Finding("duplicate-object", message, obj, "metadata.name", hint)


def _from(obj: Object) -> str:
    return f"'{obj.source}'" + (f" of {obj.component}" if obj.component else "")


def _wrong(obj: Object) -> tuple[str, str] | None:
    """Return what is wrong with a name, and what to do; None where nothing is."""
    name, shown, group = obj.name, brief(obj.name), group_of(obj.api_version)
    if not name:
        if text(obj.data, "metadata", "generateName"):
            return None
        return "the object has no name", "the chart must set metadata.name"
    length = _LABELS.get((group, obj.kind), _CRON_JOB if obj.kind == "CronJob" else 253)
    if len(name) > length:
        return f"'{shown}' has {len(name)} characters, and a {obj.kind} may have {length}", "take a shorter name"
    if group == _RBAC:
        fits, words = _IS_SEGMENT.fullmatch(name), "anything but '/' and '%'"
    elif (group, obj.kind) in _LABELS:
        fits, words = _IS_LABEL.fullmatch(name), "small letters, digits and '-', no '-' at an end"
    else:
        fits, words = _IS_SUBDOMAIN.fullmatch(name), "small letters, digits, '-' and '.', a letter or digit at each end"
    return None if fits else (f"'{shown}' cannot be the name of a {obj.kind}", f"it may have {words}")
