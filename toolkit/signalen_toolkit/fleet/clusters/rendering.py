"""What a cluster has beside the trees of its tenants, as texts by path: `clusters/<cluster>/` at the top of the fleet.

Templates are in `chart-templates/cluster/`: those in `all/`, and those in the folder of the cluster's delivery. One
with `{tenant}` in its path is rendered once for each tenant; one that renders to nothing is left out. Pure: the tenants
come in, and for one whose form cannot be read now, the files that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.layout import CLUSTERS, SHARED_HEADER
from signalen_toolkit.documents import machine
from signalen_toolkit.documents.data import text
from signalen_toolkit.fleet.clusters.limits import quota, with_proxies
from signalen_toolkit.fleet.clusters.placement import Placement, SharedCluster
from signalen_toolkit.fleet.clusters.shared import Shared
from signalen_toolkit.fleet.clusters.tenants import Tenant
from signalen_toolkit.fleet.listing import Fleet
from signalen_toolkit.rendering.engine import is_empty, templates, written

TENANTS: Final = "tenants"
_TEMPLATES: Final = "cluster"
_EACH: Final = "{tenant}"
_LIST: Final = "kustomization.yaml"
_FACTS: Final = "tenant.yaml"  # for a generator, and no object
_ACCOUNT: Final = "signalen-delivery"
# How an ApplicationSet takes what stands there.
_GENERATED: Final = {
    name: f"{{{{.{name}}}}}"
    for name in ("municipality", "environment", "ring", "namespace", "project", "repository", "revision", "folder")
}
_NAMESPACE: Final = {"group": "", "apiVersion": "v1", "kind": "Namespace"}


@dataclass(frozen=True, slots=True)
class Resident:
    """Who stands in a cluster: a tenant, or where its form cannot be read the `files` that it has, by path."""

    municipality: str
    environment: str
    ring: str
    tenant: Tenant | None
    files: Mapping[str, str]

    @property
    def folder(self) -> str:
        """Its folder, from that of the cluster."""
        return f"{TENANTS}/{self.municipality}/{self.environment}"


def rendered(
    fleet: Fleet,
    placement: Placement,
    home: SharedCluster,
    residents: Sequence[Resident],
    once: Shared,
    prefix: str,
    charts: Path,
) -> dict[str, str]:
    """Return the files of one cluster: text by path, from the folder of the fleet.

    `once` is what the cluster has once. `prefix` is the folder of the fleet from the top of its Git repository, with a
    slash behind it where it is below.
    """
    place = f"{CLUSTERS}/{home.name}"
    common: dict[str, Any] = {
        "cluster": {"name": home.name, "namespace": home.namespace},
        "root": f"cluster-{home.name}",
        "shared": once.namespace,
        "account": _ACCOUNT,
        "repository": {"url": placement.url, "branch": placement.branch, "secret": placement.secret},
        "folder": f"{prefix}{place}",
    }
    files = {path: content for one in residents for path, content in _resident(one, home, once, common, charts)}
    kinds = _of_cluster(files)
    common |= {
        "tenants": [*residents],
        "namespaces": sorted({one["metadata"]["name"] for one in _objects(files) if one["kind"] == "Namespace"}),
        "kinds": kinds,
        "dropping": _dropping([_NAMESPACE, *kinds]),
        "steps": _steps(fleet, residents),
        "facts": _GENERATED,
    }
    own = dict(_files(_once(home.delivery, charts), common, charts))
    # What is in a folder below is applied by itself, once, by a person.
    listed = [path for path in {**own, **files} if path.startswith(f"{TENANTS}/") or "/" not in path]
    resources = sorted(path for path in listed if Path(path).name != _FACTS)
    own[_LIST] = written(charts, f"{_TEMPLATES}/all/{_LIST}.j2", {"resources": resources}, SHARED_HEADER)
    return {f"{place}/{path}": content for path, content in sorted({**own, **files}.items())}


def _resident(
    one: Resident, home: SharedCluster, once: Shared, common: Mapping[str, Any], charts: Path
) -> Iterator[tuple[str, str]]:
    if one.tenant is None:
        yield from one.files.items()
        return
    kinds = {(group["apiVersion"], group["kind"]) for group in one.tenant.of_cluster}
    own = home.quotas.get(one.municipality, {})
    asks = one.tenant.asks
    if one.tenant.mesh:
        asks = {**asks, one.tenant.namespace: with_proxies(asks.get(one.tenant.namespace, {}), once.proxy)}
    known = {
        **common,
        "tenant": one.tenant,
        "ring": one.ring or "none",
        "dropped": [_NAMESPACE, *({"apiVersion": version, "kind": kind} for version, kind in sorted(kinds))],
        "quotas": {
            name: quota(
                asks.get(name, {}),
                home.headroom,
                own if name == one.tenant.namespace else {},
                balancers=int(one.tenant.balancer and name == one.tenant.namespace),
            )
            for name in one.tenant.own
        },
    }
    yield from _files(_per_tenant(home.delivery, charts, one.folder), known, charts)


def _once(delivery: str, charts: Path) -> Iterator[tuple[str, str]]:
    for source, path in _sources(delivery, charts):
        if _EACH not in path and path != _LIST:
            yield source, path


def _per_tenant(delivery: str, charts: Path, folder: str) -> Iterator[tuple[str, str]]:
    for source, path in _sources(delivery, charts):
        if _EACH in path:
            yield source, f"{folder}/{path.rpartition('/')[2]}"


def _sources(delivery: str, charts: Path) -> Iterator[tuple[str, str]]:
    """Yield the templates of a cluster, each with the path of what it renders to."""
    for folder in ("all", delivery):
        for path in templates(charts / _TEMPLATES / folder):
            yield f"{_TEMPLATES}/{folder}/{path}.j2", path


def _files(sources: Iterable[tuple[str, str]], known: Mapping[str, Any], charts: Path) -> Iterator[tuple[str, str]]:
    for source, path in sources:
        content = written(charts, source, known, SHARED_HEADER)
        if not is_empty(content):
            yield path, content


def _objects(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        one
        for path, content in files.items()
        if path.endswith(("/namespace.yaml", "/of-cluster.yaml"))
        for one in machine.load_all(content)
    ]


def _of_cluster(files: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the kinds of what tenants have that belongs to no namespace, beside namespaces."""
    found = {(text(one, "apiVersion"), text(one, "kind")) for one in _objects(files)}
    return [
        {"group": version.rpartition("/")[0], "apiVersion": version, "kind": kind}
        for version, kind in sorted(found)
        if kind != _NAMESPACE["kind"]
    ]


def _dropping(kinds: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the change of an Application of Argo CD by which it leaves objects of these kinds out."""
    patches = [
        {
            "target": {"kind": one["kind"]},
            "patch": f"$patch: delete\napiVersion: {one['apiVersion']}\nkind: {one['kind']}\nmetadata:\n  name: any\n",
        }
        for one in kinds
    ]
    return [{"op": "add", "path": "/spec/source/kustomize", "value": {"patches": patches}}]


def _steps(fleet: Fleet, residents: Sequence[Resident]) -> list[tuple[str, str]]:
    """Return the rings and environments that there are, in the order in which a release reaches them."""
    there = dict.fromkeys((one.ring or "none", one.environment) for one in residents)
    rings = [one.name for one in fleet.rings]
    environments = [*fleet.environments]

    def order(step: tuple[str, str]) -> tuple[int, str, int, str]:
        ring, environment = step
        return (
            rings.index(ring) if ring in rings else len(rings),
            ring,
            environments.index(environment) if environment in environments else len(environments),
            environment,
        )

    return sorted(there, key=order)
