"""The backend and the services that it uses: each has to be there, and to know the same user and password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from signalen_toolkit.diagnostics.problems import did_you_mean
from signalen_toolkit.documents.data import maps, place
from signalen_toolkit.kubernetes.checks.references import missing
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.secret_data import secret_value
from signalen_toolkit.kubernetes.selectors import selected
from signalen_toolkit.kubernetes.stores import Stores, stores
from signalen_toolkit.kubernetes.variables import Variable, variables
from signalen_toolkit.verify.signalen.backend import backends

REASONS: Final[Mapping[str, str]] = {
    "service-mismatch": "the backend cannot sign in to its own queue or database",
}


class _Service(NamedTuple):
    """A service: the variables of the backend with its host and port, and which of them its own are equal to."""

    host: str
    port: str = ""
    equal: tuple[tuple[str, str], ...] = ()


# Those of the services are the variables of Bitnami's images.
_SERVICES: Final = (
    _Service(
        "RABBITMQ_HOST",
        equal=(("RABBITMQ_USER", "RABBITMQ_USERNAME"), ("RABBITMQ_PASSWORD", "RABBITMQ_PASSWORD")),
    ),
    _Service(
        "DATABASE_HOST_OVERRIDE",
        "DATABASE_PORT_OVERRIDE",
        (("DATABASE_NAME", "POSTGRES_DB"), ("DATABASE_PASSWORD", "POSTGRES_PASSWORD")),
    ),
    _Service("ELASTICSEARCH_HOST"),
)
# `name`, or `name.namespace.svc` with or without the rest; anything else with a dot is outside the cluster.
_INSIDE = re.compile(r"([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?)?\.?")


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report services of the backend that are not in the cluster, and users and passwords that differ.

    Once a component and service: its containers are all set up alike.
    """
    found = stores(cluster)
    told: set[tuple[str, str]] = set()
    for pod, _, own in backends(cluster):
        for service in _SERVICES:
            key = (pod.object.component, service.host)
            variable = own.get(service.host)
            if key not in told and variable is not None and variable.value:
                told.add(key)
                yield from _service(cluster, found, pod.namespace, service, own)


def _service(
    cluster: Cluster, found: Stores, namespace: str, service: _Service, own: Mapping[str, Variable]
) -> Iterator[Finding]:
    variable = own[service.host]
    address = re.sub(r"^[a-z]+://", "", variable.value or "").partition("/")[0]
    host, _, port = address.partition(":")
    inside = _INSIDE.fullmatch(host)
    if inside is None or host == "localhost" or (inside[2] or namespace) != cluster.context.namespace:
        return
    obj = cluster.find("", "Service", cluster.context.namespace, inside[1])
    if obj is None:
        if inside[1] in cluster.context.services:
            return
        yield missing(cluster, variable.object, variable.path, "", "Service", inside[1])
        return
    known = [str(one.get("port")) for _, one in maps(obj.data, "spec", "ports")]
    separate = own.get(service.port)
    wanted = port or (separate.value if separate else None)
    if wanted and wanted not in known:
        place_of = separate if separate and not port else variable
        message = f"the Service '{obj.name}' has no port {wanted}"
        hint = did_you_mean(wanted, known) or f"it has {' and '.join(known) or 'none'}"
        yield Finding("missing-reference", message, place_of.object, place(*place_of.path), hint)
    yield from _differing(cluster, found, service, own, obj)


def _differing(
    cluster: Cluster, found: Stores, service: _Service, own: Mapping[str, Variable], obj: Object
) -> Iterator[Finding]:
    for pod in selected(cluster, obj):
        for container in pod.containers():
            theirs = variables(cluster, pod, container, found)
            for name, other in service.equal:
                if name in own and other in theirs and _differ(cluster, own[name], theirs[other]):
                    yield _finding(own[name], theirs[other])


def _differ(cluster: Cluster, one: Variable, other: Variable) -> bool:
    if one.secret and other.secret:
        same = cluster.context.same_as
        if same.get(one.secret, one.secret) == same.get(other.secret, other.secret):
            return False
    values = [_value(cluster, variable) for variable in (one, other)]
    if None not in values:
        return values[0] != values[1]
    # Of two Secrets that nobody has said to be the same, it is not to be expected; of a value and a Secret neither.
    return all(variable.secret or variable.value is not None for variable in (one, other))


def _value(cluster: Cluster, variable: Variable) -> str | None:
    if variable.value is not None or not variable.secret:
        return variable.value
    name, _, key = variable.secret.partition("/")
    place = cluster.context.secret_namespaces.get(name, cluster.context.namespace)
    obj = cluster.find("", "Secret", place, name)
    return secret_value(obj.data, key) if obj else None


def _finding(one: Variable, other: Variable) -> Finding:
    message = f"'{one.name}' comes from {_from(one)}, and '{other.name}' of {other.object.title} from {_from(other)}"
    hint = "have both come from one value"
    return Finding("service-mismatch", message, other.object, place(*other.path), hint)


def _from(variable: Variable) -> str:
    # Never the value itself: it may be a password, and what is printed here ends up in the log of a pipeline.
    return f"the Secret '{variable.secret}'" if variable.secret else "a value of its own"
