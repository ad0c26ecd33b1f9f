"""Every object against the schema of its kind, in the version of Kubernetes that the environment has.

Four sources: the toolkit's own schemas for what it renders itself, those of Kubernetes (package kubernetes-validate),
the CustomResourceDefinitions among the objects, and a folder that a person names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import place
from signalen_toolkit.kubernetes.cluster import Cluster, group_of
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.schemas import own as own_schemas
from signalen_toolkit.kubernetes.schemas.api_versions import is_removed, numbers
from signalen_toolkit.kubernetes.schemas.builtin import Kubernetes, custom_validator, kubernetes
from signalen_toolkit.kubernetes.schemas.definitions import defined
from signalen_toolkit.kubernetes.schemas.messages import mistakes

REASONS: Final[Mapping[str, str]] = {
    "object-schema": "the cluster refuses the object, or drops the field and does something else than was meant",
    "unknown-kind": "what has no schema was not checked",
}


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report what the schemas refuse, and objects for which there is no schema."""
    version = numbers(cluster.context.kubernetes_version)
    custom = defined(cluster)
    for obj in cluster.objects:
        missing = [key for key, value in (("apiVersion", obj.api_version), ("kind", obj.kind)) if not value]
        if missing:
            yield Finding("object-schema", f"'{missing[0]}' is missing", obj)
        elif not obj.component and own_schemas.schema_of(obj.data) is not None:
            yield from _own(obj)
        elif not is_removed(obj.api_version, obj.kind, version):
            yield from _of_chart(obj, cluster, kubernetes(version), custom)


def _own(obj: Object) -> Iterator[Finding]:
    for path, message in own_schemas.object_problems(_as_json(obj.data, nulls=True)):
        yield Finding("object-schema", message[:1].lower() + message[1:], obj, place(*path))


def _of_chart(obj: Object, cluster: Cluster, known: Kubernetes, custom: Callable[[str, str], Any]) -> Iterator[Finding]:
    validator, data = known.validator(obj.api_version, obj.kind), obj.data
    if validator is None:
        validator = custom(obj.api_version, obj.kind)
        if validator is None and cluster.context.schemas is not None:
            validator = custom_validator(cluster.context.schemas, obj.api_version, obj.kind)
        data = _as_json(obj.data, nulls=False)
    if validator is None:
        yield _unknown(obj, known)
        return
    for error in validator.iter_errors(data):
        for mistake in mistakes(error):
            hint = "" if obj.kind == "Secret" else mistake.hint  # which shows the value
            yield Finding("object-schema", mistake.message, obj, place(*mistake.path), hint)


def _unknown(obj: Object, known: Kubernetes) -> Finding:
    if others := known.versions_of(group_of(obj.api_version), obj.kind):
        message = f"Kubernetes {known.version} has no {obj.kind} in {obj.api_version}"
        return Finding("object-schema", message, obj, "apiVersion", f"it is in {' and '.join(others)}")
    group, _, version = obj.api_version.rpartition("/")
    message = f"no schema is known for {obj.kind} of {obj.api_version}, so it was not checked"
    name = f"{group}/{obj.kind}_{version}.json".lower()
    hint = f"put its schema in a folder as {name}, and name the folder with --schemas"
    return Finding("unknown-kind", message, obj, "kind", hint, Severity.WARNING)


def _as_json(value: Any, *, nulls: bool) -> Any:
    """Make every key a text, and drop what is null, as the cluster does; charts leave such keys behind."""
    if isinstance(value, Mapping):
        items = value.items()
        return {str(key): _as_json(child, nulls=nulls) for key, child in items if nulls or child is not None}
    if isinstance(value, list):
        return [_as_json(child, nulls=nulls) for child in value]
    return value
