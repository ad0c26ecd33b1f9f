"""What a change may destroy, or what the cluster will refuse: warnings about pairs of objects, before and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.diagnostics.source import brief
from signalen_toolkit.documents.data import at, listed, mapping, maps, place, text, texts
from signalen_toolkit.kubernetes import entrances
from signalen_toolkit.kubernetes.checks.network_policies import directions
from signalen_toolkit.kubernetes.cluster import Pod, cluster, group_of
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.entrances import kind_of
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.kubernetes.selectors import is_empty

Pair = tuple[Object, Object]

# Fields that Kubernetes fixes once an object exists, by kind.
_FIXED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "DaemonSet": (("spec", "selector"),),
    "Deployment": (("spec", "selector"),),
    "Job": (("spec", "selector"), ("spec", "template"), ("spec", "completionMode")),
    "PersistentVolumeClaim": (
        ("spec", "selector"),
        ("spec", "volumeName"),
        ("spec", "volumeMode"),
        ("spec", "dataSource"),
    ),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "Service": (("spec", "clusterIP"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
}
_REPLACE: Final = "delete it before this is applied; it is then made anew"
_ORPHAN: Final = (
    "delete it with `kubectl delete statefulset --cascade=orphan` before this is applied; its pods and volumes stay"
)
_WAYS: Final = {"ingress": "all that calls its pods", "egress": "all that its pods call"}
_POD_SECURITY: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("privileged", "baseline", "restricted")
_DATABASE: Final = re.compile(r"(DATABASE|DB|POSTGRES(QL)?|PG)_?(HOST|NAME|DB|DATABASE)(_OVERRIDE)?")
# Object storage that files are kept in: its address, and its bucket or container.
_STORAGE: Final = re.compile(
    r"(?:AZURE|S3|AWS|GS)_(?:STORAGE_)?(?:ACCOUNT|CONTAINER|BUCKET)(?:_NAME)?|(?:AWS_)?S3_ENDPOINT_URL"
)


def dangers(
    removed: Sequence[Object], added: Sequence[Object], changed: Sequence[Pair], after: Sequence[Object]
) -> list[Finding]:
    """Return warnings about what a change to the objects of one environment does that cannot simply be undone.

    `after` are all objects that are there afterwards, those that stay as they are included.
    """
    found = [finding for obj in removed for finding in _removed(obj)]
    found += [finding for pair in changed for check in _CHECKS for finding in check(*pair)]
    found += _closed(added)
    found += _moved(removed, added)
    before = [*removed, *(old for old, _ in changed)]
    found += _hosts(before, after)
    found += _entrances(before, after)
    return found


def _removed(obj: Object) -> Iterator[Finding]:
    if text(obj.data, "metadata", "annotations", "helm.sh/resource-policy") == "keep":
        return
    if obj.kind == "PersistentVolumeClaim":
        size = at(obj.data, "spec", "resources", "requests", "storage")
        yield _danger(
            "volume-removed",
            f"the claim goes, and with it what is on its volume ({brief(str(size))})",
            obj,
            hint="make a backup first; only a storage class with the reclaim policy Retain keeps the volume",
        )
    elif obj.kind == "Namespace":
        yield _danger(
            "namespace-removed", "the namespace goes, with all that is in it", obj, hint="make a backup first"
        )
    elif obj.kind == "StatefulSet" and listed(obj.data, "spec", "volumeClaimTemplates"):
        yield _danger("volume-unused", "its volumes stay behind, and nothing uses what is on them any more", obj)


def _closed(added: Sequence[Object]) -> Iterator[Finding]:
    """Report policies that close a namespace which was open, and is there already."""
    new = {obj.name for obj in added if obj.kind == "Namespace"}
    for obj in added:
        if (
            obj.kind != "NetworkPolicy"
            or obj.namespace in new
            or not is_empty(mapping(obj.data, "spec", "podSelector"))
        ):
            continue
        shut = [way for way in directions(obj) if not listed(obj.data, "spec", way)]
        if shut:
            message = "the namespace is closed: its pods are cut off from all that no other policy allows"
            hint = f"see that the policies beside it allow {' and '.join(_WAYS[way] for way in shut)}"
            yield _danger("network-closed", message, obj, "spec.podSelector", hint=hint)


def _claim(before: Object, after: Object) -> Iterator[Finding]:
    if before.kind != "PersistentVolumeClaim":
        return
    old, new = (at(obj.data, "spec", "resources", "requests", "storage") for obj in (before, after))
    path = "spec.resources.requests.storage"
    if (was := amount(old)) is not None and (becomes := amount(new)) is not None and becomes < was:
        message = f"asks for {brief(str(new))} where it had {brief(str(old))}; Kubernetes refuses to shrink a volume"
        yield _danger("volume-shrunk", message, after, path, hint=f"leave it at {brief(str(old))}")
    for rule, field, words in (
        ("storage-class-changed", "storageClassName", "storage class"),
        ("access-modes-changed", "accessModes", "access modes"),
    ):
        was_, is_ = (at(obj.data, "spec", field) for obj in (before, after))
        if was_ != is_:
            message = f"the {words} change from {_said(was_)} to {_said(is_)}, which Kubernetes refuses for a claim"
            message = message if field == "accessModes" else message.replace(" change ", " changes ", 1)
            hint = "make another claim, copy what is on the volume, and name it as the existing claim"
            yield _danger(rule, message, after, f"spec.{field}", hint=hint)


def _fixed(before: Object, after: Object) -> Iterator[Finding]:
    if before.kind == "Job" and text(after.data, "metadata", "annotations", "helm.sh/hook"):
        return  # Helm deletes the last one first
    for path in _FIXED.get(before.kind, ()):
        if at(before.data, *path) != at(after.data, *path):
            message = f"{place(*path)} changes, which Kubernetes refuses for a {before.kind} that exists"
            hint = _ORPHAN if before.kind == "StatefulSet" else _REPLACE
            yield _danger("immutable-changed", message, after, place(*path), hint=hint)
    if at(before.data, "immutable") is True and any(
        at(before.data, part) != at(after.data, part) for part in ("data", "binaryData", "stringData", "immutable")
    ):
        message = f"the {before.kind} is immutable, and Kubernetes refuses the change"
        yield _danger("immutable-changed", message, after, hint=_REPLACE)


def _replicas(before: Object, after: Object) -> Iterator[Finding]:
    if before.kind in ("Deployment", "StatefulSet", "ReplicaSet"):
        was, becomes = (1 if (n := at(obj.data, "spec", "replicas")) is None else n for obj in (before, after))
        if becomes == 0 and was != 0:
            yield _danger(
                "no-replicas", f"is stopped: no pods where there were {brief(str(was))}", after, "spec.replicas"
            )


def _pod_security(before: Object, after: Object) -> Iterator[Finding]:
    if before.kind != "Namespace":
        return
    was, becomes = (text(obj.data, "metadata", "labels", _POD_SECURITY) for obj in (before, after))
    levels = [_LEVELS.index(level) if level in _LEVELS else 0 for level in (was, becomes)]
    if levels[1] < levels[0]:
        message = f"Pod Security is loosened from {was} to {brief(becomes) or 'nothing'}"
        yield _danger("pod-security-loosened", message, after, place("metadata", "labels", _POD_SECURITY))


def _database(before: Object, after: Object) -> Iterator[Finding]:
    old, new = (dict(_variables(obj)) for obj in (before, after))
    for name in sorted(set(old) & set(new)):
        if _DATABASE.fullmatch(name) and old[name] != new[name]:
            message = f"another database: {name} changes from {_said(old[name])} to {_said(new[name])}"
            yield _danger("database-changed", message, after, hint="what is in the old one does not move by itself")


def _storage(before: Object, after: Object) -> Iterator[Finding]:
    old, new = (dict(_variables(obj)) for obj in (before, after))
    for name in sorted(old):
        if _STORAGE.fullmatch(name) and old[name] != new.get(name):
            message = f"other storage of files: {name} changes from {_said(old[name])} to {_said(new.get(name))}"
            yield _danger("storage-changed", message, after, hint="what is in the old one does not move by itself")


def _secrets(before: Object, after: Object) -> Iterator[Finding]:
    old, new = (_of_pod(obj, _secret_names) for obj in (before, after))
    if _pod(before) and new - old:
        names = ", ".join(f"'{brief(name)}'" for name in sorted(new - old))
        instead = ", ".join(f"'{brief(name)}'" for name in sorted(old - new))
        message = f"reads the Secret {names}" + (f" instead of {instead}" if instead else ", which it did not before")
        yield _danger("secret-changed", message, after, hint="it has to be in the cluster before this is applied")


def _volumes(before: Object, after: Object) -> Iterator[Finding]:
    old, new = (_of_pod(obj, _claim_names) for obj in (before, after))
    if _pod(before) and old - new:
        names = ", ".join(f"'{brief(name)}'" for name in sorted(old - new))
        instead = ", ".join(f"'{brief(name)}'" for name in sorted(new - old))
        message = f"no longer mounts the claim {names}" + (f", but {instead}" if instead else "")
        yield _danger("volume-changed", message, after, hint="what is on the volume does not move by itself")


_CHECKS: Final[tuple[Callable[[Object, Object], Iterator[Finding]], ...]] = (
    _claim,
    _fixed,
    _replicas,
    _pod_security,
    _database,
    _storage,
    _secrets,
    _volumes,
)


def _moved(removed: Sequence[Object], added: Sequence[Object]) -> Iterator[Finding]:
    """Objects that go from one namespace and come in another are the same to a person, and new ones to the cluster."""
    here = {(group_of(obj.api_version), obj.kind, obj.name): obj for obj in removed if obj.namespace}
    moves: dict[tuple[str, str], list[Object]] = {}
    for obj in added:
        old = here.get((group_of(obj.api_version), obj.kind, obj.name))
        if obj.namespace and old is not None and old.namespace != obj.namespace:
            moves.setdefault((old.namespace, obj.namespace), []).append(obj)
    for (old_name, new_name), moved in sorted(moves.items()):
        more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
        message = (
            f"moves from namespace '{brief(old_name)}' to '{brief(new_name)}'{more}: made anew there, removed here"
        )
        hint = "Secrets and what is on volumes do not move along"
        yield _danger("namespace-changed", message, moved[0], "metadata.namespace", hint=hint)


def _hosts(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Finding]:
    served = {host for obj in after for host in _hosts_of(obj)}
    now = {obj.name: sorted(_hosts_of(obj)) for obj in after if kind_of(obj)}
    for obj in before:
        for host in sorted(_hosts_of(obj) - served):
            instead = ", ".join(f"'{brief(name)}'" for name in now.get(obj.name, ()))
            message = f"no longer answers on '{brief(host)}'" + (f", but on {instead}" if instead else "")
            hint = "links to it break; the DNS record and the redirect URI of the sign-in go with the host"
            yield _danger("host-changed", message, obj, "spec.rules", hint=hint)


def _entrances(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Finding]:
    """Report hosts that are answered by another ingress controller or Gateway, which has another address."""
    others = (*before, *after)
    answered = _ways(after, others)
    for host, ways in _ways(before, others).items():
        instead = answered.get(host, {})
        gone = [way for way in ways if way not in instead]
        if instead and gone:
            old, new = (" and ".join(map(brief, some)) for some in (gone, instead))
            message = f"answers on '{brief(host)}' by {new}, and no longer by {old}"
            hint = (
                "nobody gets there while the DNS record leads to the old one: have both for as long as that takes"
                " (cluster.gateway.keepIngress), and a certificate at the new one"
            )
            yield _danger("entrance-changed", message, next(iter(instead.values())), hint=hint)


def _hosts_of(obj: Object) -> set[str]:
    return {host for _, host in entrances.hosts(obj)} - {""}


def _ways(objects: Sequence[Object], others: Sequence[Object]) -> dict[str, dict[str, Object]]:
    """Return by whom each host is answered, with the object that says so."""
    found: dict[str, dict[str, Object]] = {}
    for obj in objects:
        for host in sorted(_hosts_of(obj)):
            for way in entrances.ways(obj, others):
                found.setdefault(host, {})[way] = obj
    return found


def _pod(obj: Object) -> Pod | None:
    return next(iter(cluster([obj], Context(obj.namespace)).pods), None)


def _of_pod(obj: Object, names: Callable[[Pod], Iterator[str]]) -> set[str]:
    pod = _pod(obj)
    return set(names(pod)) - {""} if pod else set()


def _secret_names(pod: Pod) -> Iterator[str]:
    for container in pod.containers():
        yield from (text(source, "secretRef", "name") for _, source in maps(container.data, "envFrom"))
        for _, variable in maps(container.data, "env"):
            yield text(variable, "valueFrom", "secretKeyRef", "name")
    yield from (text(secret, "name") for _, secret in maps(pod.spec, "imagePullSecrets"))
    for _, volume in maps(pod.spec, "volumes"):
        yield text(volume, "secret", "secretName")
        yield from (text(source, "secret", "name") for _, source in maps(volume, "projected", "sources"))


def _claim_names(pod: Pod) -> Iterator[str]:
    for _, volume in maps(pod.spec, "volumes"):
        yield text(volume, "persistentVolumeClaim", "claimName")


def _variables(obj: Object) -> Iterator[tuple[str, Any]]:
    if obj.kind == "ConfigMap":
        yield from mapping(obj.data, "data").items()
    pod = _pod(obj)
    for container in pod.containers() if pod else ():
        for _, variable in maps(container.data, "env"):
            if "value" in variable:
                yield text(variable, "name"), variable["value"]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(texts({"": value}, "")) or "none"
    return "none" if value in (None, "") else f"'{brief(str(value))}'"


def _danger(rule: str, message: str, obj: Object, path: str = "", *, hint: str = "") -> Finding:
    return Finding(rule, message, obj, path, hint, Severity.WARNING)
