"""Production on a true cluster: with Argo CD nothing changes, and nothing goes, before a person says so.

Like test_life.py, which says what to give.
"""

from __future__ import annotations

import json
import time
from functools import partial

import pytest

from tests.cluster.life import Life
from tests.cluster.place import Place

pytestmark = pytest.mark.cluster

_QUIET = 60  # seconds, in which a tool that removed something by itself would have done so


def test_production_waits_for_a_person(production: Place) -> None:
    place = production
    life = Life(place, "production")
    place.push("new")
    said = life.connect()
    _go_on(life, "base", "backend", "frontend")
    if not life.flux:
        assert "wacht" in said
    place.until("first installation", lambda: life.reached("4.22.0", "backend", "frontend"), 600)

    place.set("components", "classification", "enabled", to=True)
    place.set("classification", "models", to=True)
    place.push("a component more")
    place.until("it is known", lambda: life.knows("classification"))
    _go_on(life, "base", "backend", "classification")
    place.until("a component more", lambda: life.reached("4.22.0", "classification"), 600)
    claims, pods = life.claims(), life.pods()
    assert any("classification" in name for name in claims)

    place.set("components", "classification", "enabled", to=False)
    place.push("a component less")
    place.until("the cluster has seen it", life.has_seen)
    time.sleep(_QUIET)
    assert life.claims() == claims
    if not life.flux:
        assert life.knows("classification")
        assert set(pods) <= set(life.pods())


def _go_on(life: Life, *components: str) -> None:
    """Do what a person does in Argo CD: synchronise, one after the other."""
    if life.flux:
        return
    for component in components:
        name = f"{life.namespace}-{component}"
        life.place.until(f"{component} waits", partial(life.knows, component))
        operation = json.dumps({"operation": {"initiatedBy": {"username": "a person"}, "sync": {}}})
        life.place.kubectl("patch", "application", name, "-n", "argocd", "--type=merge", f"--patch={operation}")
