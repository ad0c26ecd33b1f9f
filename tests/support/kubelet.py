"""The environment of a container as the kubelet makes it.

First `envFrom` in its order, then `env` over it in its order. `$(NAME)` in a value stands for a variable that is set
by then; for any other it stays as it is written. `$$` is a `$`. The variables that tell of Services are left out: the
applications read none of these names.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.kubernetes.model import Object

POD_IP: Final = "10.1.2.3"
Data = Mapping[str, Mapping[str, str]]

_REFERENCE: Final = re.compile(r"\$\$|\$\(([-._A-Za-z][-._A-Za-z0-9]*)\)")
_FIELDS: Final = {"status.podIP": POD_IP, "metadata.name": "pod", "metadata.namespace": "namespace"}


class DoesNotStartError(Exception):
    """A container that Kubernetes does not start, for want of something that it names."""


def kept(objects: Sequence[Object], kind: str) -> dict[str, dict[str, str]]:
    """Return what the ConfigMaps or Secrets among objects hold, by their name."""
    found: dict[str, dict[str, str]] = {}
    for obj in objects:
        if obj.kind == kind:
            held = dict(obj.data.get("data") or {})
            if kind == "Secret":
                held = {key: base64.b64decode(value).decode() for key, value in held.items()}
            found[obj.name] = held | dict(obj.data.get("stringData") or {})
    return found


def variables(container: Mapping[str, Any], maps: Data, secrets: Data) -> dict[str, str]:
    """Return the environment of a container. Raises DoesNotStartError where something is missing."""
    result: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        held = _held(source.get("configMapRef"), maps) | _held(source.get("secretRef"), secrets)
        result |= {source.get("prefix", "") + key: value for key, value in held.items()}
    for variable in container.get("env") or ():
        name = variable["name"]
        if "valueFrom" in variable:
            result.update((name, value) for value in _taken(variable["valueFrom"], maps, secrets))
        else:
            result[name] = _expanded(str(variable.get("value") or ""), result)
    return result


def references(container: Mapping[str, Any]) -> set[str]:
    """Return the names that values of other variables are made of."""
    values = (str(variable.get("value") or "") for variable in container.get("env") or ())
    return {name for value in values for name in _REFERENCE.findall(value)} - {""}


def _held(reference: Mapping[str, Any] | None, data: Data) -> dict[str, str]:
    if reference is None:
        return {}
    if reference["name"] not in data:
        if reference.get("optional"):
            return {}
        raise DoesNotStartError(f"there is no {reference['name']}")
    return dict(data[reference["name"]])


def _taken(source: Mapping[str, Any], maps: Data, secrets: Data) -> Iterator[str]:
    """Yield the value of one variable; nothing where it may be left out."""
    if "fieldRef" in source:
        yield _FIELDS[source["fieldRef"]["fieldPath"]]
        return
    for kind, data in (("configMapKeyRef", maps), ("secretKeyRef", secrets)):
        if kind in source:
            held = _held(source[kind], data)
            if source[kind]["key"] in held:
                yield held[source[kind]["key"]]
            elif not source[kind].get("optional"):
                raise DoesNotStartError(f"{source[kind]['name']} has no key {source[kind]['key']}")


def _expanded(value: str, known: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return known.get(match[1], match[0])

    return _REFERENCE.sub(one, value)
