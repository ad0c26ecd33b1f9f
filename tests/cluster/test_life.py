"""A whole life on a true cluster: connect, change, bump, break and repair, switch off. Data stays, a right commit wins.

    SIGNALEN_CLUSTER=KUBECONFIG SIGNALEN_CLUSTER_GIT=URL SIGNALEN_CLUSTER_CHARTS=URL pytest -m cluster -s tests/cluster

Nodes may be simulated by kwok. What is made stays in the cluster, so that it can be looked at: namespaces `life-*`.
"""

from __future__ import annotations

import pytest

from tests.cluster.life import Life
from tests.cluster.place import Place

pytestmark = pytest.mark.cluster


def test_a_whole_life(place: Place) -> None:
    life = Life(place)
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
