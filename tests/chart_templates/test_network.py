"""Who may talk to whom: computed from the objects of whole environments, and compared with what is meant.

`tests/network/<form>.<environment>.txt` says what is meant. Under each of the pods stands a line for the ports that
others may call (`8000 <- who`), and one for what they may call outside (`-> who: ports`). It is read from the objects
alone: from the pods that Helm makes with the stand-in charts, and from every NetworkPolicy.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import mapping, maps
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.checks.network_policies import End, connects, elsewhere, end_of
from signalen_toolkit.kubernetes.cluster import Cluster, Pod, cluster
from signalen_toolkit.kubernetes.selectors import fits
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.context import context_of

from tests.conftest import FORMS, REPOSITORY, TESTS

# Who reaches these reaches every port: no policy names them.
ODD_PORTS = {80, 9999}
# Where an example says that DNS is elsewhere: by the environment's own namespace.
DNS = {"signalen": "naamdienst"}
TABLES = sorted((TESTS / "network").glob("*.txt"))


def neighbours(cluster: Cluster) -> dict[str, End]:
    """Return who is there beside the pods of the environment, by the name that the tables give them."""
    return {
        "(ingress controller)": elsewhere(cluster.context.ingress_namespace, {"app": "ingress"}),
        "(cluster DNS)": elsewhere(DNS.get(cluster.context.namespace, "kube-system"), {"k8s-app": "kube-dns"}),
        "(cert-manager)": elsewhere("cert-manager"),
        "(Flux or Argo CD)": elsewhere("flux-system"),
        "(shared Prometheus)": elsewhere("observability"),
        "(shared Linkerd)": elsewhere("linkerd"),
        "(somebody else's pod)": elsewhere("somebody-else"),
        "(an address)": End(address="203.0.113.7"),
        "(the cloud's metadata)": End(address="169.254.169.254"),
    }


@cache
def environments(form: str, folder: Path, charts: Path) -> dict[str, Cluster]:
    """Return the objects of each environment of an example form."""
    repository = folder / form
    shutil.copytree(REPOSITORY / "assets", repository / "assets")
    shutil.copy(FORMS / f"{form}.yaml", repository / "municipality.yaml")
    with pipeline.started(repository, catalog(), Options(charts=charts, offline=True)) as (found, work, problems):
        assert work is not None, problems
        made = {one.name: (one, pipeline.made(found, one, work)) for one in found.config.environments}
    return {name: cluster(own.objects, context_of(one, own.values)) for name, (one, own) in made.items()}


def declared(pod: Pod) -> set[int]:
    """Return the ports that a pod says it listens on."""
    return {port["containerPort"] for container in pod.containers() for _, port in maps(container.data, "ports")}


def called(pod: Pod) -> str:
    # The name of a Job ends in what follows from all that it does.
    name = re.sub("-[0-9a-f]{10}$", "", pod.object.name) if pod.object.kind == "Job" else pod.object.name
    return f"{pod.object.kind} {name}"


def ports(together: Cluster, pod: Pod, direction: str) -> set[int]:
    """Return the ports that the policies of a pod name: behind default-deny no other can be open."""
    return {
        port["port"]
        for policy in together.of_kind("networking.k8s.io", "NetworkPolicy")
        if together.namespace(policy) == pod.namespace
        if fits(mapping(policy.data, "spec", "podSelector"), pod.labels)
        for _, rule in maps(policy.data, "spec", direction)
        for _, port in maps(rule, "ports")
    }


def table(together: Cluster) -> Iterator[str]:
    """Yield the lines of a table."""
    others = neighbours(together)
    ends = {called(pod): end_of(together, pod) for pod in together.pods}
    for pod in sorted(together.pods, key=called):
        own = ends[called(pod)]
        yield f"{called(pod)} ({pod.namespace})"
        callers: dict[str, list[int]] = {}
        for port in sorted({*ports(together, pod, "ingress"), *declared(pod)}):
            sources = {**ends, **others}
            found = sorted(other for other, end in sources.items() if connects(together, end, own, port))
            if found:
                callers.setdefault(", ".join(found), []).append(port)
        for who, open_ports in callers.items():
            yield f"  {' '.join(map(str, open_ports))} <- {who}"
        for other, end in others.items():
            reached = [
                port
                for port in sorted({*ports(together, pod, "egress"), *ODD_PORTS})
                if connects(together, own, end, port) or connects(together, own, end, port, "UDP")
            ]
            if reached:
                every = {*reached} >= ODD_PORTS
                yield f"  -> {other}: {'every port' if every else ' '.join(map(str, reached))}"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_who_may_talk_to_whom(path: Path, charts: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    form, environment = path.stem.rsplit(".", 1)
    together = environments(form, tmp_path_factory.getbasetemp(), charts)[environment]
    assert "\n".join(table(together)) + "\n" == path.read_text(encoding="utf-8")
