"""What was accepted goes to production: the release and the image tags, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository import promote
from signalen_toolkit.repository.bump import bump

from tests.support.lived_in import FORM, edit, is_clean, repository, snapshot, text

ACCEPTANCE = "        domain: s-hertogenbosch.signalen.dev\n"
PRODUCTION = "        domain: meldingen.s-hertogenbosch.nl\n"


def with_overrides(acceptance: str = "", production: str = "") -> str:
    form = FORM
    for domain, overrides in ((ACCEPTANCE, acceptance), (PRODUCTION, production)):
        form = form.replace(domain, domain + (f"        overrides:\n{overrides}" if overrides else ""))
    return form


def image(component: str, *lines: str) -> str:
    return "".join(
        [f"            {component}:\n                image:\n", *(f"                    {line}\n" for line in lines)]
    )


def test_the_release_goes_and_the_rest_stays(tmp_path: Path) -> None:
    plan = promote.plan(repository(tmp_path), "acceptance", "production")
    assert text(tmp_path) == FORM  # a plan writes nothing
    assert plan and "-        version: 4.19.0\n+        version: 4.20.0" in plan.text
    assert "production: 4.19.0 → 4.20.0" in plan.text and "clusters/production: " in plan.text
    promote.put(plan)
    assert text(tmp_path) == FORM.replace("4.19.0", "4.20.0")
    assert is_clean(tmp_path)


def test_again_it_has_no_effect(tmp_path: Path) -> None:
    promote.put(promote.plan(repository(tmp_path), "acceptance", "production"))
    before = snapshot(tmp_path)
    again = promote.plan(tmp_path, "acceptance", "production")
    assert not again
    assert again.text == "production has what acceptance has: release 4.20.0, and the same images"
    promote.put(again)
    assert snapshot(tmp_path) == before


def test_image_tags_go_along_and_other_overrides_do_not(tmp_path: Path) -> None:
    acceptance = (
        image("backend", "tag: 2.43.6  # a fix", "pullPolicy: Always") + "                workerReplicaCount: 2\n"
    )
    form = with_overrides(acceptance, image("backend", "tag: '2.40.0'") + image("frontend", "tag: x"))
    promote.put(promote.plan(repository(tmp_path, form), "acceptance", "production"))
    expected = form.replace("'2.40.0'", "'2.43.6'").replace(image("frontend", "tag: x"), "").replace("4.19.0", "4.20.0")
    assert text(tmp_path) == expected
    assert not promote.plan(tmp_path, "acceptance", "production")


def test_image_tags_where_there_were_none_and_none_where_there_were(tmp_path: Path) -> None:
    form = with_overrides(image("backend", "repository: registry.example.nl/backend", "tag: 2.43.6"))
    promote.put(promote.plan(repository(tmp_path, form), "acceptance", "production"))
    database = "        database: {host: postgres.example.nl}\n"
    added = "        overrides:\n" + image("backend", "repository: registry.example.nl/backend", 'tag: "2.43.6"')
    assert text(tmp_path) == form.replace("4.19.0", "4.20.0").replace(database, database + added)
    form = with_overrides("", image("backend", "tag: 2.43.6"))
    promote.put(promote.plan(repository(tmp_path, form), "acceptance", "production"))
    assert text(tmp_path) == FORM.replace("4.19.0", "4.20.0")
    assert is_clean(tmp_path)


def test_going_back_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    repository(tmp_path)
    with pytest.raises(ProblemsError, match=r"'acceptance' would go back from release 4\.20\.0 to 4\.19\.0"):
        promote.plan(tmp_path, "production", "acceptance")
    promote.put(promote.plan(tmp_path, "production", "acceptance", allow_downgrade=True))
    assert text(tmp_path) == FORM.replace("4.20.0", "4.19.0")


def test_errors_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    form = FORM.replace("        database:", "        features: {nonsense: true}\n        database:")
    repository(tmp_path)
    (tmp_path / "municipality.yaml").write_text(form)
    before = snapshot(tmp_path)
    with pytest.raises(ProblemsError, match="nonsense"):
        promote.plan(tmp_path, "acceptance", "production")
    assert snapshot(tmp_path) == before


def test_wrong_names(tmp_path: Path) -> None:
    repository(tmp_path)
    for source, target, said in (
        ("acceptence", "production", "did you mean 'acceptance'"),
        ("acceptance", "nowhere", "no environment 'nowhere'"),
        ("acceptance", "acceptance", "promoted to itself"),
    ):
        with pytest.raises(UsageError, match=said):
            promote.plan(tmp_path, source, target)


def test_while_a_person_thinks_others_may_work_and_what_was_agreed_to_is_done_or_nothing(tmp_path: Path) -> None:
    agreed = promote.plan(repository(tmp_path), "acceptance", "production")
    edit(tmp_path, "# Signalen of", "# My")
    promote.put(agreed)  # what it changes is the same
    assert text(tmp_path) == FORM.replace("4.19.0", "4.20.0").replace("# Signalen of", "# My")
    other = promote.plan(repository(tmp_path), "acceptance", "production")
    bump(tmp_path, "4.22.0", "acceptance")
    disk = snapshot(tmp_path)
    with pytest.raises(UsageError, match="changed in the meantime"):
        promote.put(other)
    assert snapshot(tmp_path) == disk


def test_a_bump_and_a_promotion_at_once_are_both_done(tmp_path: Path) -> None:
    third = FORM.replace(
        "# the end", "    training:\n        domain: oefenen.s-hertogenbosch.nl\n        version: 4.19.0"
    )
    command = [sys.executable, "-m", "signalen_toolkit"]
    for number in range(3):
        folder = repository(tmp_path / str(number), third)
        works = [
            subprocess.Popen([*command, *arguments])
            for arguments in (
                ["promote", "acceptance", "production", str(folder), "--yes"],
                ["bump", "4.22.0", "--environment", "training", "-C", str(folder)],
            )
        ]
        assert [work.wait() for work in works] == [0, 0]
        versions = [one.version for one in revision.read(folder, catalog()).config.environments]
        assert versions == ["4.20.0", "4.20.0", "4.22.0"] and is_clean(folder)
