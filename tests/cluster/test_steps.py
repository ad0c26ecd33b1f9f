"""The changes that reach further than they look, on a true cluster: each step as the toolkit tells it, word by word.

Like test_life.py, which says what to give. What is made stays in the cluster: namespaces `life-*`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from typing import Any

import pytest
from signalen_toolkit.kubernetes.quantity import amount

from tests.cluster.conftest import KINDS
from tests.cluster.life import Life
from tests.cluster.place import AUTHOR, Place

pytestmark = pytest.mark.cluster

_OTHER = {"flux": "argocd", "argocd": "flux"}
_VERSION = "4.22.0"
_QUIET = 120  # seconds, in which a tool that removes something would have done so
_COMPONENTS = ("backend", "frontend")
_DATABASE = "signalen-backend-postgresql"


def test_a_larger_database_does_not_restart(place: Place) -> None:
    life = _living(place)
    before, claims = life.pods(), life.claims()
    place.write("database", to={"size": "20Gi"})
    assert "signalen resize" in place.signalen("check", check=False)
    life.follow(place.signalen("resize"))
    place.until("a larger database", lambda: _database_size(life) == amount("20Gi"))
    place.until("and at rest", lambda: life.reached(_VERSION, *_COMPONENTS))
    assert _same(life, before)
    assert life.claims() == claims
    (claim,) = place.get("pvc", f"data-{_DATABASE}-0", "-n", life.namespace)
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"


def test_another_tool_and_back(place: Place) -> None:
    if not place.has(KINDS[_OTHER[place.delivery]]):
        pytest.skip(f"this cluster has no {_OTHER[place.delivery]}")
    life = _living(place)
    before, claims = life.pods(), life.claims()
    for delivery in (_OTHER[place.delivery], place.delivery):
        _hand_over(life, "--delivery", delivery)
        place.until(f"with {delivery}", lambda: life.reached(_VERSION, *_COMPONENTS))
        assert _same(life, before)
        assert life.claims() == claims
    # The one that has it now does what the form says, and the other one does nothing any more.
    place.set("contact", "phone", to="14 073")
    place.push("another telephone number")
    place.until("a telephone number", lambda: life.site().get("language", {}).get("phoneNumber") == "14 073")
    place.until("and at rest again", lambda: life.reached(_VERSION, *_COMPONENTS))
    assert life.claims() == claims


@pytest.mark.parametrize("careful", [True, False], ids=["by-the-steps", "at-once"])
def test_what_an_older_toolkit_rendered(older: Place, careful: bool) -> None:
    """Its root removes what is no longer rendered, itself included: nothing that holds data may go with it."""
    life = Life(older)
    older.push("new")
    life.connect()
    older.until("first installation", lambda: life.runs(_VERSION, *_COMPONENTS), 600)
    claims = life.claims()
    older.signalen("update")
    older.signalen("render")
    older.push("another toolkit")
    life.look()
    older.until("the cluster has seen it", life.has_seen)
    older.until("and is at rest", lambda: life.reached(_VERSION, *_COMPONENTS))
    before = life.pods()
    assert life.claims() == claims
    if careful:
        _hand_over(life, "--delivery", _OTHER[older.delivery], look=True)
        older.until("with the other tool", lambda: life.reached(_VERSION, *_COMPONENTS))
        assert _uids(life.pods()) == _uids(before)
    else:
        # Nobody who reads what `check` says does this. Flux takes the releases away, as they left the repository.
        older.write("delivery", to=_OTHER[older.delivery])
        older.run("rm", "-r", "clusters/acceptance")
        older.signalen("render")
        older.push("another tool, without asking")
        life.look()
        older.until("the cluster has seen that", lambda: life.has_seen() or life.finds_nothing())
        time.sleep(_QUIET)
        assert older.get("namespace", life.namespace)
    assert life.claims() == claims


def test_a_namespace_in_which_the_tool_is_not(place: Place) -> None:
    """Whoever goes on where the first step says to stop comes back without losing anything."""
    life = _living(place)
    before, claims = life.pods(), life.claims()
    there = place.signalen("preflight", "acceptance", check=False)
    home = {"flux": "flux-system", "argocd": "argocd"}[place.delivery]
    place.write("sync", to={"namespace": "life-tools"})
    assert "signalen handover" in place.signalen("check", check=False), there
    place.run("git", "checkout", "municipality.yaml")
    said = place.signalen("handover", "acceptance", "--sync-namespace", "life-tools")
    assert "No resources found" in place.run(*_commands(said)[0])
    life.follow(said)
    life.follow(place.signalen("handover", "acceptance", "--sync-namespace", "life-tools"), refused="bootstrap/")
    assert _same(life, before)
    assert life.claims() == claims
    place.run("git", *AUTHOR, "revert", "--no-edit", "HEAD")
    life.follow(place.signalen("handover", "acceptance", "--sync-namespace", home))
    place.until("back where the tool is", lambda: life.reached(_VERSION, *_COMPONENTS))
    assert _same(life, before)
    assert life.claims() == claims


def test_another_name_and_another_namespace_are_refused(place: Place) -> None:
    life = _living(place)
    claims = life.claims()
    form = place.form()
    for old, new in (("acceptance:", "trial:"), (f"namespace: {life.namespace}", "namespace: life-elsewhere")):
        (place.repository / "municipality.yaml").write_text(form.replace(old, new), encoding="utf-8")
        assert "[environment-" in (said := place.signalen("check", check=False)) or "[namespace-moved]" in said
        assert "signalen remove" in said or "new environment" in said or "docs/handover.md" in said
    # Whoever renders and pushes it all the same loses nothing.
    (place.repository / "municipality.yaml").write_text(form.replace("acceptance:", "trial:"), encoding="utf-8")
    place.run("rm", "-r", "clusters/acceptance")
    place.signalen("render")
    place.push("another name, without asking")
    life.look()
    place.until("the cluster has seen it", lambda: life.has_seen() or life.finds_nothing())
    assert life.claims() == claims
    assert life.pods()


def test_leave_is_taken_of_one_environment(place: Place) -> None:
    life = _living(place)
    before, claims = life.pods(), life.claims()
    trial = Life(place, "trial", f"{life.namespace}-trial")
    settings = {"domain": "trial.signalen.dev", "version": _VERSION, "cluster": {"namespace": trial.namespace}}
    place.set("environments", "trial", to=settings)
    place.push("an environment to try things out")
    trial.connect()
    place.until("a second environment", lambda: trial.reached(_VERSION, *_COMPONENTS), 600)
    for _ in range(2):
        trial.follow(place.signalen("remove", "trial"))
    place.until("the namespace is gone", lambda: "NotFound" in place.kubectl("get", "ns", trial.namespace, check=False))
    assert "trial" not in place.form()
    assert life.reached(_VERSION, *_COMPONENTS)
    assert _same(life, before)
    assert life.claims() == claims


def _living(place: Place) -> Life:
    """Give an environment that runs."""
    life = Life(place)
    place.push("new")
    life.connect()
    place.until("first installation", lambda: life.reached(_VERSION, *_COMPONENTS), 600)
    return life


def _commands(said: str) -> list[list[str]]:
    return [shlex.split(line.strip().removeprefix("$ ")) for line in said.splitlines() if line.strip().startswith("$ ")]


def _hand_over(life: Life, *options: str, look: bool = False) -> None:
    for _ in range(3):
        life.follow(life.place.signalen("handover", life.environment, *options), look=look)


def _same(life: Life, before: Mapping[str, Any]) -> bool:
    """Tell whether the pods are those that ran before: none was made anew."""
    assert _uids(life.pods()) == _uids(before)
    return True


def _uids(pods: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["metadata"]["uid"] for name, one in pods.items()}


def _database_size(life: Life) -> object:
    for one in life.place.get("statefulsets", "-n", life.namespace):
        if one["metadata"]["name"] == _DATABASE:
            return amount(one["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"])
    return None
