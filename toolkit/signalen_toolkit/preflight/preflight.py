"""`signalen preflight`: a cluster as it is, compared with what the form asks of it. Nothing is changed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.first_day.steps import Step
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.helm.rendered_tree import manifests
from signalen_toolkit.kubernetes.cluster import is_file
from signalen_toolkit.kubernetes.kubectl import Kubectl, NotPermittedError
from signalen_toolkit.preflight import access, gateway, places, platform, tool
from signalen_toolkit.preflight.observations import Inquiry, Look, Observation, Standing, unseen
from signalen_toolkit.rendering.render import render

# By heading, in the order of the report.
LOOKS: Final[Mapping[str, tuple[Look, ...]]] = {
    "Cluster": (
        platform.version,
        platform.ingress_class,
        gateway.gateway,
        platform.certificates,
        platform.storage,
        platform.kinds,
    ),
    "GitOps": (tool.running, tool.followed, tool.connected),
    "Namespaces": (places.namespaces, places.quotas, places.workloads),
    "Namen": (places.names,),
    "Geheimen": (access.keys_of_tool, access.secrets),
    "Rechten": (access.rights,),
}

# Before a point, the worst first.
SIGNS: Final = {Standing.MISSING: "✗", Standing.ATTENTION: "!", Standing.UNKNOWN: "?", Standing.OK: "✓"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cluster compared with one environment; `place` is the context of kubectl and the address of the cluster."""

    environment: str
    namespace: str
    place: str
    points: Mapping[str, tuple[Observation, ...]]

    @property
    def all(self) -> list[Observation]:
        """All points, in the order of the report."""
        return list(chain.from_iterable(self.points.values()))

    @property
    def is_missing(self) -> bool:
        """Whether anything is."""
        return bool(self.of(Standing.MISSING))

    def mark(self, step: Step) -> str:
        """Return the sign of a step of the first day: the worst of its points; empty where it has none."""
        found = {one.standing for one in self.all if step.seen_by and one.id.startswith(step.seen_by)}
        return next((sign for standing, sign in SIGNS.items() if standing in found), "")

    def of(self, standing: Standing) -> list[Observation]:
        """Return the points that stand so."""
        return [one for one in self.all if one.standing is standing]


def preflight(
    config: Config,
    environments: Sequence[Environment],
    charts: Catalog,
    cluster: Kubectl,
    *,
    resolve: Callable[[str], list[str]] | None = None,
) -> list[Comparison]:
    """Compare a cluster with environments of a form.

    `resolve` gives the addresses of a host name; by default, this computer is asked. Raises UsageError where there is
    no cluster.
    """
    return [_compare(config, one, charts, cluster, resolve or addresses) for one in environments]


def _compare(
    config: Config, environment: Environment, charts: Catalog, cluster: Kubectl, resolve: Callable[[str], list[str]]
) -> Comparison:
    tree = render(replace(config, environments=(environment,)), charts)
    objects = tuple(one for one in manifests(tree, environment.name) if not is_file(one))
    inquiry = Inquiry(config, environment, charts, tree, objects, cluster, resolve)
    place = cluster.place  # first: it says what is wrong where no cluster is chosen
    points = {group: tuple(_looked(group, looks, inquiry)) for group, looks in LOOKS.items()}
    return Comparison(environment.name, environment.namespace, place, points)


def _looked(group: str, looks: Sequence[Look], inquiry: Inquiry) -> Iterator[Observation]:
    """Yield the points of a group; a look that may not even begin is one point that cannot be seen."""
    for look in looks:
        try:
            yield from look(inquiry)
        except NotPermittedError as error:
            yield unseen(f"{group.lower()}/{look.__name__}", f"{group}, de rest", error)


def addresses(host: str) -> list[str]:
    """Return the addresses of a host as this computer sees it, none where it has none."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(one[4][0]) for one in found})
