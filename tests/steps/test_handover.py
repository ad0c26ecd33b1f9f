"""An environment goes to another tool or namespace in steps; no step lets the old tool remove what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.form import rendered
from signalen_toolkit.steps.handover import handover

from tests.steps.conftest import commit
from tests.support.lived_in import FORM, edit, is_clean, snapshot, text

PAUSED = "        sync:\n            paused: true\n"


def facts(folder: Path, environment: str = "acceptance") -> tuple[str, str, bool]:
    found = rendered.on_disk(folder)[environment]
    return found.delivery, found.tool_namespace, found.paused


def kinds(folder: Path, environment: str = "acceptance") -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (folder / "clusters" / environment).rglob("*.yaml"))


def test_from_flux_to_argo_cd_and_back(place: Path) -> None:
    first = handover(place, "acceptance", delivery="argocd")
    assert facts(place) == ("flux", "flux-system", True)
    assert text(place).replace(PAUSED, "") == FORM
    assert first.text.startswith("Step 1 of 3, pause: Flux still follows the repository")
    assert (
        "PRUNE:.spec.prune" in first.text
        and "'false' behind each name that begins with signalen-acceptance" in first.text
    )
    assert "suspend: true" in kinds(place) and "prune: true" not in kinds(place)
    # Not committed, it is no step: the same is said again, and nothing changes.
    before = snapshot(place)
    assert handover(place, "acceptance", delivery="argocd").text.startswith("Step 1 of 3")
    assert snapshot(place) == before
    commit(place)

    second = handover(place, "acceptance", delivery="argocd")
    assert facts(place) == ("argocd", "argocd", False)
    assert "delivery: argocd" in text(place) and "sync:" not in text(place)
    assert is_clean(place)
    lines = second.text.splitlines()
    deleted = [line.strip() for line in lines if "kubectl delete" in line]
    assert deleted[0] == (
        "$ kubectl delete kustomizations.kustomize.toolkit.fluxcd.io signalen-acceptance signalen-acceptance-secrets"
        " --namespace flux-system --ignore-not-found"
    )
    assert deleted[1] == (
        "$ kubectl delete helmreleases.helm.toolkit.fluxcd.io signalen-backend signalen-classification"
        " signalen-frontend --namespace signalen-acceptance --ignore-not-found"
    )
    assert "gitrepositories" in deleted[-1]
    assert not any(word in second.text for word in ("delete namespace", "delete pvc", "persistentvolumeclaim"))
    order = [
        second.text.index(word) for word in ("PRUNE", "kubectl delete", "commit all", "cluster.sh acceptance --apply")
    ]
    assert order == sorted(order)
    assert facts(place, "production") == ("flux", "flux-system", False)
    # The commands are there for whoever lost them, until the step is committed.
    again = handover(place, "acceptance", delivery="argocd")
    assert "kubectl delete helmreleases" in again.text
    commit(place)

    third = handover(place, "acceptance", delivery="argocd")
    assert third.text.startswith("Step 3 of 3, tidy up: acceptance is with Argo CD in namespace argocd")
    assert "kubectl delete secrets --namespace signalen-acceptance --selector owner=helm" in third.text
    assert is_clean(place)

    handover(place, "acceptance", delivery="flux")
    assert "automated" not in "".join(
        path.read_text(encoding="utf-8") for path in (place / "clusters/acceptance/applications").iterdir()
    )
    commit(place)
    back = handover(place, "acceptance", delivery="flux")
    assert "$ kubectl delete applications.argoproj.io signalen-acceptance signalen-acceptance-" in back.text
    assert "appprojects.argoproj.io signalen-acceptance signalen-acceptance-root --namespace argocd" in back.text
    assert facts(place) == ("flux", "flux-system", False)
    commit(place)
    assert handover(place, "acceptance", delivery="flux").text.startswith("Step 3 of 3")


def test_to_another_namespace_of_the_tool_helm_keeps_what_it_remembers(place: Path) -> None:
    for _ in range(2):
        step = handover(place, "production", sync_namespace="flux-two")
        commit(place)
    assert "kubectl delete helmreleases.helm.toolkit.fluxcd.io" in step.text
    assert facts(place, "production") == ("flux", "flux-two", False)
    assert "            namespace: flux-two\n" in text(place)
    assert "owner=helm" not in handover(place, "production", sync_namespace="flux-two").text


def test_a_tree_of_an_older_toolkit_is_brought_up_to_date_first(place: Path) -> None:
    old = place / "clusters/acceptance/bootstrap.yaml"
    now = old.read_text(encoding="utf-8")
    old.write_text(now.partition("shape:")[0], encoding="utf-8")
    commit(place)
    step = handover(place, "acceptance", delivery="argocd")
    assert step.text.startswith("Before the first step")
    assert old.read_text(encoding="utf-8") == now
    assert text(place) == FORM
    assert handover(place, "acceptance", delivery="argocd").text.startswith("Before the first step")
    commit(place)
    assert handover(place, "acceptance", delivery="argocd").text.startswith("Step 1 of 3")


def test_a_handover_is_called_off_by_going_to_where_it_is(place: Path) -> None:
    handover(place, "acceptance", delivery="argocd")
    commit(place)
    assert handover(place, "acceptance", delivery="flux").text.startswith("Called off: acceptance stays")
    assert text(place) == FORM
    assert handover(place, "acceptance", delivery="flux").text.startswith("Called off: acceptance stays")


def test_what_is_no_step_is_refused(place: Path) -> None:
    with pytest.raises(UsageError, match="say where the environment is to go"):
        handover(place, "acceptance")
    with pytest.raises(UsageError, match="there is no delivery 'argo'; did you mean 'argocd'"):
        handover(place, "acceptance", delivery="argo")
    with pytest.raises(UsageError, match="there is no environment 'accept'"):
        handover(place, "accept", delivery="argocd")
    before = snapshot(place)
    edit(place, "delivery: flux", "delivery: argocd")
    with pytest.raises(ProblemsError, match="cannot go to Argo CD in one step"):
        handover(place, "acceptance", delivery="argocd")
    edit(place, "delivery: argocd", "delivery: flux")
    assert snapshot(place) == before
