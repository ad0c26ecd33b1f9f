"""Which ConfigMaps and Secrets there are when the environment runs, and with which keys: those among the objects,
those that a person makes, and those that an operator in the cluster makes of another object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from signalen_toolkit.documents.data import keys, mapping, maps, text, texts
from signalen_toolkit.kubernetes.cluster import Cluster, group_of
from signalen_toolkit.kubernetes.entrances import GATEWAY
from signalen_toolkit.kubernetes.model import Object

CONFIG_MAP: Final = "ConfigMap"
SECRET: Final = "Secret"  # noqa: S105 - a kind

_ISSUERS: Final = (
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "kubernetes.io/tls-acme",
)
_TLS: Final = frozenset({"tls.crt", "tls.key", "ca.crt"})
# Kubernetes puts this one into every namespace.
_ROOT: Final = "kube-root-ca.crt"


class Store(NamedTuple):
    """What a ConfigMap or Secret is called."""

    kind: str
    namespace: str
    name: str


# The keys of each; None where they cannot be known.
Stores = Mapping[Store, frozenset[str] | None]


@lru_cache(maxsize=2)  # several checks ask for those of the same cluster
def stores(cluster: Cluster) -> Stores:
    """Return the ConfigMaps and Secrets of an environment with their keys."""
    context = cluster.context
    found: dict[Store, frozenset[str] | None] = {
        Store(SECRET, context.secret_namespaces.get(name, context.namespace), name): own
        for name, own in context.secrets.items()
    }
    for obj in cluster.objects:
        for store, own in _made(obj, cluster.namespace(obj)):
            before = found.get(store, frozenset())
            found[store] = None if own is None or before is None else own | before
    return found


def holds(found: Stores, store: Store) -> bool:
    """Tell whether there is a ConfigMap or Secret of that name."""
    return store in found or (store.kind, store.name) == (CONFIG_MAP, _ROOT)


def issuer(ingress: Mapping[str, Any]) -> bool:
    """Tell whether cert-manager makes the certificates of an Ingress, or of listeners."""
    annotations = mapping(ingress, "metadata", "annotations")
    return any(annotations.get(name) not in (None, "", "false", False) for name in _ISSUERS)


def _made(obj: Object, namespace: str) -> Iterator[tuple[Store, frozenset[str] | None]]:
    data, kind, group = obj.data, obj.kind, group_of(obj.api_version)
    if (group, kind) == ("", CONFIG_MAP):
        yield Store(CONFIG_MAP, namespace, obj.name), keys(data, "data") | keys(data, "binaryData")
    elif (group, kind) == ("", SECRET):
        yield Store(SECRET, namespace, obj.name), keys(data, "data") | keys(data, "stringData")
    elif kind == "Kustomization":
        yield from _generated(data)
    elif (kind == "Ingress" or group == GATEWAY) and issuer(data):
        yield from ((store, _TLS) for store in _certificates(data, namespace))
    elif (group, kind) == ("cert-manager.io", "Certificate"):
        yield Store(SECRET, namespace, text(data, "spec", "secretName")), None
    elif (group, kind) == ("trust.cert-manager.io", "Bundle"):
        place = text(data, "spec", "target", "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
        yield Store(CONFIG_MAP, place, obj.name), None
    elif (group, kind) == ("bitnami.com", "SealedSecret"):
        yield Store(SECRET, namespace, obj.name), keys(data, "spec", "encryptedData")
    elif (group, kind) == ("external-secrets.io", "ExternalSecret"):
        yield Store(SECRET, namespace, text(data, "spec", "target", "name") or obj.name), None


def _certificates(data: Mapping[str, Any], namespace: str) -> Iterator[Store]:
    """Yield the Secrets with certificates that an Ingress names, or the listeners of a Gateway."""
    for _, tls in maps(data, "spec", "tls"):
        yield Store(SECRET, namespace, text(tls, "secretName"))
    for _, listener in maps(data, "spec", "listeners"):
        for _, one in maps(listener, "tls", "certificateRefs"):
            yield Store(SECRET, text(one, "namespace") or namespace, text(one, "name"))


def _generated(data: Mapping[str, Any]) -> Iterator[tuple[Store, frozenset[str] | None]]:
    """Yield what kustomize generates. The end of the name, which follows from the content, it fills in everywhere."""
    for field, kind in (("configMapGenerator", CONFIG_MAP), ("secretGenerator", SECRET)):
        for _, one in maps(data, field):
            namespace = text(one, "namespace") or text(data, "namespace")
            store = Store(kind, namespace, text(one, "name"))
            known = not (one.get("env") or one.get("envs"))
            yield store, _keys(texts(one, "files"), texts(one, "literals")) if known else None


def _keys(files: Iterable[str], literals: Iterable[str]) -> frozenset[str]:
    named = (file.partition("=")[0].rpartition("/")[2] for file in files)
    return frozenset((*named, *(literal.partition("=")[0] for literal in literals)))
