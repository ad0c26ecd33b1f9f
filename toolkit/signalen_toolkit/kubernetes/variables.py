"""The environment variables of a container, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signalen_toolkit.documents.data import Place, mapping, maps, text
from signalen_toolkit.kubernetes.cluster import Cluster, Container, Pod
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.stores import SECRET, Store, Stores


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: its value, or the Secret that holds it as `<secret>/<key>`; neither where it is not known.

    `object` and `path` are where a person finds it: the pod, or the ConfigMap.
    """

    name: str
    object: Object
    path: Place
    value: str | None = None
    secret: str = ""


def variables(cluster: Cluster, pod: Pod, container: Container, found: Stores) -> dict[str, Variable]:
    """Return the variables of a container by name; the last one that sets a name wins, and `env` over `envFrom`."""
    result: dict[str, Variable] = {}
    for path, source in maps(container.data, "envFrom"):
        prefix = text(source, "prefix")
        for variable in _from_map(cluster, pod, text(source, "configMapRef", "name"), prefix):
            result[variable.name] = variable
        name = text(source, "secretRef", "name")
        for key in found.get(Store(SECRET, pod.namespace, name)) or ():
            at = (*container.path, *path)
            result[prefix + key] = Variable(prefix + key, pod.object, at, secret=f"{name}/{key}")
    for path, own in maps(container.data, "env"):
        if name := text(own, "name"):
            result[name] = _own(cluster, pod, name, own, (*container.path, *path))
    return result


def _from_map(cluster: Cluster, pod: Pod, name: str, prefix: str) -> Iterator[Variable]:
    obj = cluster.find("", "ConfigMap", pod.namespace, name) if name else None
    for key, value in mapping(obj.data, "data").items() if obj else ():
        if obj and isinstance(value, str):
            yield Variable(f"{prefix}{key}", obj, ("data", str(key)), value)


def _own(cluster: Cluster, pod: Pod, name: str, own: object, path: Place) -> Variable:
    source = mapping(own, "valueFrom")
    if secret := text(source, "secretKeyRef", "name"):
        return Variable(name, pod.object, path, secret=f"{secret}/{text(source, 'secretKeyRef', 'key')}")
    if one := text(source, "configMapKeyRef", "name"):
        key = text(source, "configMapKeyRef", "key")
        values = {variable.name: variable for variable in _from_map(cluster, pod, one, "")}
        return Variable(name, pod.object, path, values[key].value if key in values else None)
    return Variable(name, pod.object, path, None if source else text(own, "value"))
