"""The farewell of an environment: paused first, its tool lets go, and what holds data goes last and by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form import rendered
from signalen_toolkit.steps.remove import remove

from tests.steps.conftest import commit
from tests.support.lived_in import FORM, edit, is_clean, rerender, snapshot, text

ACCEPTANCE = FORM.partition("    acceptance:\n")[2].partition("    # What residents")[0]


def test_leave_is_taken_in_order(place: Path) -> None:
    (place / "secrets/acceptance").mkdir(parents=True)
    (place / "secrets/acceptance/backend.yaml").write_text("x: y\n")
    commit(place)
    first = remove(place, "acceptance")
    assert first.text.startswith("Step 1 of 2, pause: acceptance keeps running")
    assert first.text.index("--from=cronjob/signalen-backup-database") < first.text.index("commit all of it")
    assert rendered.on_disk(place)["acceptance"].paused
    assert remove(place, "acceptance").text.startswith("Step 1 of 2")
    commit(place)

    second = remove(place, "acceptance")
    steps = (
        "PRUNE:.spec.prune",
        "kubectl delete kustomizations",
        "kubectl delete helmreleases",
        "commit all of it",
        "api.s-hertogenbosch.signalen.dev",
        "get persistentvolumeclaims --namespace signalen-acceptance",
        "kubectl delete namespace signalen-acceptance",
        "kubectl delete secret signalen-acceptance-sops-age --namespace flux-system",
    )
    order = [second.text.index(step) for step in steps]
    assert order == sorted(order)
    assert text(place) == FORM.replace(f"    acceptance:\n{ACCEPTANCE}", "")
    assert not (place / "clusters/acceptance").exists()
    assert not (place / "secrets/acceptance").exists()
    assert is_clean(place)
    # The commands are there for whoever lost them, until it is committed.
    said = second.text.splitlines()
    again = remove(place, "acceptance").text.splitlines()
    assert again == [line for line in said if line in again]
    commit(place)
    with pytest.raises(UsageError, match="there is no environment 'acceptance'"):
        remove(place, "acceptance")


def test_what_git_does_not_have_is_not_removed(place: Path) -> None:
    remove(place, "acceptance")
    commit(place)
    (place / "secrets/acceptance").mkdir(parents=True)
    (place / "secrets/acceptance/backend.yaml").write_text("x: y\n")
    before = snapshot(place)
    with pytest.raises(UsageError, match=r"not committed \(secrets/acceptance/backend.yaml\)"):
        remove(place, "acceptance")
    assert snapshot(place) == before


def test_the_only_environment_goes_with_its_repository(place: Path) -> None:
    for name in ("acceptance", "production"):
        for _ in range(2):
            step = remove(place, name)
            commit(place)
    assert "the repository goes as a whole" in step.text
    assert "    production:" in text(place)


def test_one_that_was_taken_out_by_hand_is_put_back_first(place: Path) -> None:
    edit(place, f"    acceptance:\n{ACCEPTANCE}", "")
    with pytest.raises(UsageError, match="'acceptance' is out of the form already, and was not paused"):
        remove(place, "acceptance")
    edit(place, "environments:\n", f"environments:\n    acceptance:\n{ACCEPTANCE}")
    rerender(place)
    assert remove(place, "acceptance").text.startswith("Step 1 of 2")
