"""A cluster in miniature for the real kubectl: it keeps objects, knows the kinds of its CRDs, and runs nothing.

What is applied is at once as a healthy cluster has it a minute later: pods roll out, sources are ready.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Data = dict[str, Any]
Key = tuple[str, str, str, str]  # group, plural, namespace, name

_BUILTIN: Final = (
    ("", "v1", "namespaces", "Namespace", False),
    ("", "v1", "secrets", "Secret", True),
    ("", "v1", "configmaps", "ConfigMap", True),
    ("", "v1", "serviceaccounts", "ServiceAccount", True),
    ("apps", "v1", "deployments", "Deployment", True),
    ("apps", "v1", "statefulsets", "StatefulSet", True),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False),
)
_READY: Final = {"type": "Ready", "status": "True", "message": "fetched"}
_STATUS: Final[dict[str, Data]] = {
    "CustomResourceDefinition": {"conditions": [{"type": "Established", "status": "True"}]},
    "Deployment": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    "StatefulSet": {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "currentRevision": "1",
        "updateRevision": "1",
    },
    "GitRepository": {"conditions": [_READY]},
    "Kustomization": {"conditions": [_READY]},
    "Application": {"sync": {"status": "Synced"}, "conditions": []},
}


class Cluster:
    """What the cluster has. With `unreadable`, it cannot fetch the Git repository, and says so."""

    def __init__(self) -> None:
        self.address = ""
        self.objects: dict[Key, Data] = {}
        self.unreadable = False

    def names(self, kind: str) -> list[str]:
        """Return `namespace/name` of the objects of a kind, sorted; the name alone where it has no namespace."""
        return sorted("/".join(filter(None, key[2:])) for key, obj in self.objects.items() if obj["kind"] == kind)

    def kinds(self) -> list[tuple[str, str, str, str, bool]]:
        """List group, version, plural, kind, and whether its objects are in a namespace."""
        found = list(_BUILTIN)
        for obj in self.objects.values():
            if obj["kind"] == "CustomResourceDefinition":
                spec = obj["spec"]
                names, version = spec["names"], spec["versions"][0]["name"]
                found.append((spec["group"], version, names["plural"], names["kind"], spec["scope"] == "Namespaced"))
        return found

    def put(self, key: Key, obj: Data) -> Data:
        """Keep an object, with what a cluster adds."""
        meta = obj["metadata"]
        if key[2]:
            meta["namespace"] = key[2]
        meta |= {"uid": "-".join(key), "resourceVersion": "1", "generation": 1}
        if obj["kind"] == "Secret":
            obj.setdefault("type", "Opaque")
        status = json.loads(json.dumps(_STATUS.get(obj["kind"], {})))
        if self.unreadable and obj["kind"] in ("GitRepository", "Application"):
            said = {"type": "Ready", "status": "False", "message": "authentication required"}
            status = {"sync": {"status": "Unknown"}, "conditions": [said]}
        if status:
            obj["status"] = status
        self.objects[key] = obj
        return obj


@contextmanager
def running() -> Iterator[Cluster]:
    """Serve an empty cluster on an address of this machine alone."""
    cluster = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    server.daemon_threads = True
    cluster.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one packet, else each waits for an acknowledgement

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as its base has it
            pass

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            if "watch" in query:
                self._answer({})  # nothing happens here any more
            else:
                found = _about(cluster, url.path) or _objects(cluster, url.path, query)
                self._answer(found or _missing(url.path))

        def do_POST(self) -> None:
            obj = self._body()
            key = _key(cluster, f"{urlsplit(self.path).path}/{obj['metadata']['name']}")
            if key in cluster.objects:
                self._answer(_failure("AlreadyExists", 409, f'"{key[3]}" already exists'))
            else:
                self._answer(cluster.put(key, obj))

        def do_PATCH(self) -> None:
            key = _key(cluster, urlsplit(self.path).path)
            self._answer(cluster.put(key, _merged(cluster.objects.get(key, {}), self._body())))

        def _body(self) -> Data:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if sent.startswith(b"k8s\0"):  # `create namespace` speaks protobuf: the name is its only text of its own
                name = re.findall(rb"[a-z0-9-]{2,}", sent.partition(b"Namespace")[2])[0].decode()
                return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            read: Data = json.loads(sent)
            return read

        def _answer(self, data: Data) -> None:
            text = json.dumps(data).encode() if data else b""
            self.send_response(data.get("code", 200))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


def _about(cluster: Cluster, path: str) -> Data | None:
    """Answer what kubectl asks of the server itself: its version, kinds, and that it checks fields."""
    kinds = cluster.kinds()
    versions = list(dict.fromkeys(kind[:2] for kind in kinds))
    roots = {_root(*version): version for version in versions}
    if path == "/version":
        return {"major": "1", "minor": "34", "gitVersion": "v1.34.1"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in versions if group]
        named = [
            {"name": one["groupVersion"].partition("/")[0], "versions": [one], "preferredVersion": one}
            for one in groups
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}
    if path == "/openapi/v3":
        return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}"} for root in roots}}
    if path.removeprefix("/openapi/v3/") in roots:
        return _openapi([kind for kind in kinds if kind[:2] == roots[path.removeprefix("/openapi/v3/")]])
    if path.strip("/") in roots:
        group, version = roots[path.strip("/")]
        resources = [
            {
                "name": plural,
                "singularName": kind.lower(),
                "shortNames": ["crd"] if kind == "CustomResourceDefinition" else [],
                "namespaced": namespaced,
                "kind": kind,
                "verbs": ["create", "get", "list", "patch", "watch"],
            }
            for *one, plural, kind, namespaced in kinds
            if one == [group, version]
        ]
        return {"kind": "APIResourceList", "groupVersion": f"{group}/{version}".strip("/"), "resources": resources}
    return None


def _openapi(kinds: list[tuple[str, str, str, str, bool]]) -> Data:
    parameters = [{"name": name, "in": "query"} for name in ("fieldValidation", "dryRun")]
    return {
        "openapi": "3.0.0",
        "paths": {
            f"/{plural}": {
                "patch": {
                    "parameters": parameters,
                    "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
                }
            }
            for group, version, plural, kind, _ in kinds
        },
    }


def _root(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _key(cluster: Cluster, path: str) -> Key:
    """Read the path of an object; without a name that of a list."""
    for group, version, plural, _, namespaced in cluster.kinds():
        rest = path.strip("/").split("/")
        root = _root(group, version).split("/")
        if rest[: len(root)] != root:
            continue
        rest, namespace = rest[len(root) :], ""
        if namespaced and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        if rest and rest[0] == plural and len(rest) < 3:
            return group, plural, namespace, "".join(rest[1:])
    raise KeyError(path)


def _objects(cluster: Cluster, path: str, query: dict[str, list[str]]) -> Data | None:
    try:
        group, plural, namespace, name = _key(cluster, path)
    except KeyError:
        return None
    if name:
        return cluster.objects.get((group, plural, namespace, name))
    (version, kind) = next((one[1], one[3]) for one in cluster.kinds() if (one[0], one[2]) == (group, plural))
    fields = dict(part.split("=") for part in query.get("fieldSelector", [""])[0].split(",") if part)
    labels = dict(part.split("=") for part in query.get("labelSelector", [""])[0].split(",") if part)
    items = [
        obj
        for key, obj in cluster.objects.items()
        if key[:2] == (group, plural)
        and namespace in ("", key[2])
        and fields.get("metadata.name", key[3]) == key[3]
        and labels.items() <= obj["metadata"].get("labels", {}).items()
    ]
    about = {"kind": f"{kind}List", "apiVersion": f"{group}/{version}".strip("/")}
    return {**about, "metadata": {"resourceVersion": "1"}, "items": items}


def _missing(path: str) -> Data:
    return _failure("NotFound", 404, f"{path} not found")


def _failure(reason: str, code: int, message: str) -> Data:
    about = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "details": {}}
    return {**about, "reason": reason, "code": code, "message": message}


def _merged(old: Data, new: Data) -> Data:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(key), dict)
        merged[key] = _merged(old[key], value) if both else value
    return merged
