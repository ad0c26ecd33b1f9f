"""What a change does to an environment as a whole, and a form that is ahead of its tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diff import diff, report
from signalen_toolkit.diff.diff import Difference
from signalen_toolkit.diff.form_ahead import work_tree
from signalen_toolkit.helm.charts.lock import Locks
from signalen_toolkit.helm.model import HelmRelease
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.steps.handover import handover

from tests.support.lived_in import edit, repository, snapshot

PRODUCTION = "    # What residents use.\n    production:"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a rendered repository that was committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = repository(tmp_path / "repository")
    commit(made)
    return made


def commit(folder: Path) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=x"),
    ):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def nothing(releases: Sequence[HelmRelease], _: Locks) -> Mapping[HelmRelease, Sequence[Object]]:
    return {release: [] for release in releases}


def shown(folder: Path) -> tuple[Difference, str]:
    now = work_tree(folder, catalog())
    return diff.diff(folder, None, None, nothing, catalog().release_formats, now.files), now.remark


def rules(difference: Difference) -> list[tuple[str, str, str]]:
    return [(one.object.environment, one.rule, one.object.title) for one in difference.findings]


def test_a_form_that_is_not_rendered_yet_is_shown(place: Path) -> None:
    before = snapshot(place)
    assert shown(place)[1] == ""
    assert not shown(place)[0]
    edit(place, "# the end\n", "sync: {interval: 5m}\n")
    difference, remark = shown(place)
    assert remark == "clusters/ is behind the form: this is what `signalen render` makes of it"
    assert difference.environments() == ["acceptance", "production"]
    edit(place, "sync: {interval: 5m}\n", "# the end\n")
    assert snapshot(place) == before
    edit(place, "delivery: flux", "delivery: fluks")
    difference, remark = shown(place)
    assert "has errors" in remark
    assert not difference


def test_an_environment_that_skips_the_steps_is_in_danger(place: Path) -> None:
    edit(place, "delivery: flux", "delivery: argocd")
    difference, _ = shown(place)
    found = [one for one in rules(difference) if one[1] == "environment-moved"]
    assert [(environment, title.split()[-1]) for environment, _, title in found] == [
        ("acceptance", "signalen-acceptance"),
        ("production", "signalen-production"),
    ]
    said = report.write(difference, "text")
    assert "goes from flux to argocd in one step: what looked after it until now may remove all that it made" in said
    assert "`signalen handover production --delivery argocd`" in said


def test_an_environment_that_takes_them_is_in_none(place: Path) -> None:
    for _ in range(2):
        handover(place, "acceptance", delivery="argocd")
        commit_all = ("git", "-c", "user.name=T", "-c", "user.email=t@example.nl", "commit", "--quiet", "-am", "x")
        assert "environment-moved" not in {rule for _, rule, _ in rules(shown(place)[0])}
        subprocess.run(["git", "add", "--all"], cwd=place, check=True)
        subprocess.run(commit_all, cwd=place, check=True)


def test_an_environment_that_goes_keeps_running(place: Path) -> None:
    form = (place / "municipality.yaml").read_text(encoding="utf-8")
    (place / "municipality.yaml").write_text(form.partition(PRODUCTION)[0], encoding="utf-8")
    difference, _ = shown(place)
    assert rules(difference) == [("production", "environment-removed", "Namespace signalen-production")]
    assert not difference.changes
    said = report.write(difference, "text")
    assert "in the cluster all of it keeps running, with its data and its hosts" in said
    assert said.endswith("1 warning")
