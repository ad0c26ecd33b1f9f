"""Two tenants on a true API server: the rights of each are enough for all that it has, and end at its namespaces.

Needs no Flux or Argo CD: SIGNALEN_CLUSTER names a kubeconfig of a cluster in which namespaces that begin with `life-`
may be made and removed, and in which whoever it is may act as another.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.kubernetes.cluster import namespace_of

from tests.conftest import program
from tests.fleet.clusters.test_clusters import all_objects
from tests.support import shared_clusters
from tests.support.shared_clusters import objects

pytestmark = pytest.mark.cluster

TENANTS = {"s-hertogenbosch": "life-s-hertogenbosch", "tilburg": "life-tilburg"}
# What a bare API server knows; what Flux makes of its own kinds is played elsewhere.
KNOWN = ("", "apps", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "autoscaling")


def kubectl(*arguments: str, stdin: Sequence[Mapping[str, Any]] = (), account: str = "") -> tuple[int, str]:
    """Run kubectl, as an account of a tenant where one is named; return its exit code and what it said."""
    who = [f"--as=system:serviceaccount:{account}:signalen-delivery"] if account else []
    done = subprocess.run(
        [
            program("kubectl", "Debian: kubernetes-client"),
            "--kubeconfig",
            os.environ["SIGNALEN_CLUSTER"],
            *who,
            *arguments,
        ],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(stdin)}),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a fleet of two tenants whose namespaces, rights and limits are in the cluster."""
    if not os.environ.get("SIGNALEN_CLUSTER"):
        pytest.skip("set SIGNALEN_CLUSTER: a kubeconfig of a cluster in which namespaces may be made and removed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forms = shared_clusters.in_namespace
    monkeypatch.setattr(
        shared_clusters,
        "in_namespace",
        lambda form, name, more="": forms(form, name, more).replace(f"signalen-{name}", TENANTS[name]),
    )
    found = shared_clusters.shared(tmp_path / "fleet")
    made = [one for one in objects(found / "clusters/west") if "toolkit.fluxcd.io" not in one["apiVersion"]]
    made = [one for one in made if not one["apiVersion"].startswith("kustomize.config")]
    made.sort(key=lambda one: one["kind"] != "Namespace")
    gone = ("delete", "namespace", *TENANTS.values(), "--ignore-not-found", "--timeout=120s")
    assert kubectl(*gone)[0] == 0
    try:
        code, said = kubectl("apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=made)
        assert code == 0, said
        yield found
    finally:
        kubectl(*gone)


def test_the_account_of_a_tenant_can_apply_all_of_it_and_nothing_of_another(root: Path, charts: Path) -> None:
    for name, namespace in TENANTS.items():
        found, context = all_objects(root, name, charts)
        placed = [
            {**one.data, "metadata": {**one.data["metadata"], "namespace": place}}
            for one in found
            if (place := namespace_of(one, context)) and one.api_version.rpartition("/")[0] in KNOWN
        ]
        assert placed
        # No dry run, in which the Role that a RoleBinding names would not be there.
        mine = ("apply", "--server-side", "--force-conflicts", "--filename", "-")
        code, said = kubectl(*mine, stdin=placed, account=namespace)
        assert code == 0, said

        (other,) = {*TENANTS.values()} - {namespace}
        theirs = [{**one, "metadata": {**one["metadata"], "namespace": other}} for one in placed[:1]]
        code, said = kubectl(*mine, stdin=theirs, account=namespace)
        assert code != 0 and "forbidden" in said.lower()
        for wanted in ("patch resourcequotas", "patch limitranges", "get secrets --namespace=kube-system"):
            verb, resource, *more = wanted.split()
            code, said = kubectl(
                "auth", "can-i", verb, resource, *(more or [f"--namespace={namespace}"]), account=namespace
            )
            assert (code, said.split()[-1]) == (1, "no"), wanted


@pytest.mark.usefixtures("root")
def test_a_tenant_cannot_give_itself_more() -> None:
    namespace = TENANTS["tilburg"]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "more", "namespace": namespace},
        "rules": [{"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["patch"]}],
    }
    code, said = kubectl("apply", "--server-side", "--filename", "-", stdin=[role], account=namespace)
    assert code != 0 and "attempting to grant RBAC permissions not currently held" in said
    code, said = kubectl("create", "namespace", "life-more", "--dry-run=server", account=namespace)
    assert code != 0 and "forbidden" in said
