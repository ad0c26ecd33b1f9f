"""A whole life on a true cluster: connect, change, bump, break and repair, switch off. Data stays, a right commit wins.

    SIGNALEN_CLUSTER=KUBECONFIG SIGNALEN_CLUSTER_GIT=URL SIGNALEN_CLUSTER_CHARTS=URL pytest -m cluster -s tests/cluster

Nodes may be simulated by kwok. What is made stays in the cluster, so that it can be looked at: namespaces `life-*`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from signalen_toolkit.documents.data import at

from tests.cluster.place import Place, is_ready

pytestmark = pytest.mark.cluster

# The keys that the Secrets of the smallest environment must have.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "signalen-backend-secrets": (
        *("DATABASE_PASSWORD", "EMAIL_HOST_PASSWORD", "FLOWER_BASIC_AUTH", "OIDC_RP_CLIENT_SECRET"),
        *("RABBITMQ_PASSWORD", "SECRET_KEY"),
    ),
    "signalen-backend-postgresql-secrets": ("postgres-password",),
    "signalen-backend-rabbitmq-secrets": ("rabbitmq-password", "rabbitmq-erlang-cookie"),
}


class Life:
    """One environment on the cluster, in the words of either tool."""

    def __init__(self, place: Place) -> None:
        self.place = place
        form = (place.repository / "municipality.yaml").read_text(encoding="utf-8")
        self.flux = "delivery: flux" in form
        self.namespace = "life-flux" if self.flux else "life-argocd"

    def connect(self) -> None:
        for name, keys in SECRETS.items():
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": self.namespace},
                "stringData": dict.fromkeys(keys, "a-value-of-this-test"),
            }
            self.place.kubectl("apply", "--server-side", "--filename", "-", stdin=json.dumps(secret))
        self.place.run("bash", "bootstrap/cluster.sh", "acceptance", "--apply", "--yes")

    def reached(self, version: str, *components: str) -> bool:
        """Tell whether the components run in a version, and nothing of them starts any more."""
        releases = {f"signalen-{name}" for name in components}
        if self.flux:
            found = {one["metadata"]["name"]: one for one in self.place.get("helmreleases", "-n", self.namespace)}
            return releases <= set(found) and all(
                is_ready(found[name]) and found[name]["spec"]["chart"]["spec"]["version"] == version
                for name in releases
            )
        found = {one["metadata"]["name"]: one for one in self.place.get("applications", "-n", "argocd")}
        wanted = {f"{self.namespace}-{name}" for name in components}
        return wanted <= set(found) and all(
            at(found[name], "status", "sync", "status") == "Synced"
            and at(found[name], "status", "health", "status") == "Healthy"
            and at(found[name], "status", "sync", "revision") == version
            for name in wanted
        )

    def claims(self) -> set[str]:
        """Return the claims that hold data, all of which must be bound."""
        found = self.place.get("persistentvolumeclaims", "-n", self.namespace)
        return {one["metadata"]["name"] for one in found if not one["metadata"].get("deletionTimestamp")}

    def pods(self) -> dict[str, Any]:
        """Return the pods that run always, by name."""
        return {
            one["metadata"]["name"]: one
            for one in self.place.get("pods", "-n", self.namespace)
            if not one["metadata"].get("deletionTimestamp") and one["status"].get("phase") == "Running"
        }

    def site(self) -> dict[str, Any]:
        """Return the configuration of the site, as the cluster has it."""
        for one in self.place.get("configmaps", "-n", self.namespace):
            if "app.json" in one.get("data", {}) and "frontend" in one["metadata"]["name"]:
                return dict(json.loads(one["data"]["app.json"]))
        return {}


def test_a_whole_life(place: Place) -> None:
    life = Life(place)
    place.kubectl("create", "namespace", life.namespace, check=False)
    place.push("new")
    life.connect()
    place.until("first installation", lambda: life.reached("4.22.0", "backend", "frontend"), 600)
    claims = life.claims()
    assert {"signalen-backend"} < claims

    before = life.pods()
    place.set("contact", "phone", to="14 073")
    place.push("another telephone number")
    place.until("a telephone number", lambda: life.site().get("language", {}).get("phoneNumber") == "14 073")
    place.until("and at rest", lambda: life.reached("4.22.0", "backend", "frontend"))
    gone = set(before) - set(life.pods())
    assert all("frontend" in name for name in gone)

    place.signalen("bump", "4.23.0", "--environment", "acceptance")
    place.push("bump")
    place.until("a bump", lambda: life.reached("4.23.0", "backend", "frontend"), 600)

    # More memory than a node has, and not more than a form may ask for.
    place.set("resources", to={"frontend": {which: {"memory": "127Gi"} for which in ("requests", "limits")}})
    place.push("a mistake")
    place.until("a mistake is seen", lambda: not life.reached("4.23.0", "frontend"))
    place.set("resources", to=None)
    place.push("what is right again")
    place.until("a right commit after a wrong one", lambda: life.reached("4.23.0", "backend", "frontend"), 300)

    place.set("components", "classification", "enabled", to=True)
    place.push("one component more")
    place.until("a component more", lambda: life.reached("4.23.0", "classification"))
    with_models = life.claims()
    assert claims < with_models
    place.set("components", "classification", "enabled", to=False)
    place.push("one component less")
    place.until("at rest without it", lambda: life.reached("4.23.0", "backend", "frontend"))
    place.signalen("check")
    assert life.claims() == with_models
    assert life.reached("4.23.0", "backend", "frontend")
