"""A form compared with what was rendered of it before: what moves, goes or grows is said in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.base.layout import HEADER
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.form import rendered
from signalen_toolkit.rendering import tree
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.validation.rules.platform.rendered import JUMPS

from tests.conftest import FORMS, REPOSITORY

FORM = (FORMS / "minimal.yaml").read_text(encoding="utf-8")
FACTS = Path("clusters/acceptance/bootstrap.yaml")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a form that was rendered."""
    (tmp_path / "assets").symlink_to(REPOSITORY / "assets")
    change(tmp_path, FORM)
    tree.write(tmp_path, render(check_file(tmp_path / "municipality.yaml", catalog())[0], catalog()))
    return tmp_path


def change(repository: Path, text: str) -> None:
    (repository / "municipality.yaml").write_text(text, encoding="utf-8")


def found(repository: Path) -> list[Problem]:
    return [one for one in check_file(repository / "municipality.yaml", catalog())[1] if one.rule in JUMPS]


def pause(repository: Path) -> None:
    facts = repository / FACTS
    facts.write_text(facts.read_text(encoding="utf-8").replace("paused: false", "paused: true"), encoding="utf-8")


def test_what_was_rendered_and_is_the_same_is_right(repository: Path) -> None:
    assert not found(repository)


@pytest.mark.parametrize(
    ("extra", "rule", "place", "said", "hint"),
    [
        (
            "delivery: argocd\n",
            "environment-moved",
            ("delivery",),
            "'acceptance' is looked after by Flux, and cannot go to Argo CD in one step",
            "`signalen handover acceptance --delivery argocd`",
        ),
        (
            "sync: {namespace: flux-two}\n",
            "environment-moved",
            ("sync", "namespace"),
            "from namespace 'flux-system', and cannot go to 'flux-two'",
            "`signalen handover acceptance --sync-namespace flux-two`",
        ),
        (
            "cluster: {namespace: signalen}\n",
            "namespace-moved",
            ("cluster", "namespace"),
            "is in namespace 'signalen-acceptance', and its data does not move along",
            "write signalen-acceptance; docs/handover.md",
        ),
        (
            "database: {size: 20Gi}\n",
            "volume-resized",
            ("database", "size"),
            "the volume of the database in 'acceptance' is 10Gi, and Kubernetes refuses another size",
            "`signalen resize`",
        ),
        (
            "database: {size: 5Gi}\n",
            "volume-resized",
            ("database", "size"),
            "Kubernetes makes no volume smaller",
            "write 10Gi",
        ),
    ],
)
def test_what_cannot_go_in_one_step_is_refused(
    repository: Path, extra: str, rule: str, place: tuple[str, ...], said: str, hint: str
) -> None:
    text = FORM.replace("delivery: flux\n", "") if extra.startswith("delivery") else FORM
    change(repository, text + extra)
    (one,) = found(repository)
    assert (one.rule, one.severity, one.place) == (rule, "error", place)
    assert said in one.message
    assert hint in one.hint


def test_a_larger_claim_that_stands_alone_is_a_warning(repository: Path) -> None:
    change(repository, FORM + "storage: {media: {size: 20Gi}}\nbackup: {database: {size: 20480Mi}}\n")
    (one,) = found(repository)  # the same size in another unit is none
    assert (one.rule, one.severity) == ("volume-resized", "warning")
    assert "the volume of photographs in 'acceptance' is 10Gi" in one.message


def test_what_was_paused_may_go_over(repository: Path) -> None:
    pause(repository)
    change(repository, FORM.replace("delivery: flux\n", "") + "delivery: argocd\n")
    assert not found(repository)
    change(repository, FORM + "cluster: {namespace: signalen}\n")
    assert [one.rule for one in found(repository)] == ["namespace-moved"]  # its data stays, paused or not


def test_an_environment_that_leaves_the_form_goes_on(repository: Path) -> None:
    change(repository, FORM.replace("acceptance:", "accept:"))
    (one,) = found(repository)
    assert (one.rule, one.severity, one.place) == ("environment-gone", "error", ("environments",))
    assert "keeps running in namespace 'signalen-acceptance'" in one.message
    assert "`signalen remove acceptance`" in one.hint
    pause(repository)
    assert not found(repository)


def test_facts_of_an_older_tree_are_read_as_far_as_they_go(repository: Path) -> None:
    (repository / FACTS).write_text(HEADER + 'delivery: flux\nnamespace: "0363"\n', encoding="utf-8")
    (facts,) = rendered.on_disk(repository).values()
    assert (facts.delivery, facts.namespace, facts.shape, facts.paused, facts.sizes) == ("flux", "0363", 1, False, {})
    (repository / FACTS).write_text('delivery: "\nnamespace: x\n', encoding="utf-8")  # a person's
    assert not rendered.on_disk(repository)
    (repository / FACTS).write_text(HEADER + "delivery: flux\nshape: \xb2\n<<<<<<<\n", encoding="utf-8")
    assert rendered.on_disk(repository)["acceptance"].shape == 1
    # What stands in commands that a person is told to run is a name, or counts for nothing.
    (repository / FACTS).write_text(HEADER + 'delivery: "\nnamespace: x\n', encoding="utf-8")
    assert not rendered.on_disk(repository)


@pytest.mark.parametrize(
    ("section", "place", "said"),
    [
        (
            "database: {host: db.utrecht.nl}\n",
            ("database", "host"),
            "the database of 'acceptance' goes from the cluster",
        ),
        ("queue: {provider: managed, host: mq.utrecht.nl}\n", ("queue", "provider"), "what waits in it does not move"),
        ("search: {host: 'es.utrecht.nl:9200'}\n", ("search", "host"), "its index has to be made anew"),
        (
            "storage: {provider: s3, s3: {bucket: fotos}}\n",
            ("storage", "provider"),
            "the place of photographs of 'acceptance' goes from the cluster to elsewhere",
        ),
    ],
)
def test_a_service_that_goes_elsewhere_or_comes_is_told(
    repository: Path, section: str, place: tuple[str, ...], said: str
) -> None:
    change(repository, FORM + section)
    (one,) = found(repository)
    assert (one.rule, one.severity, one.place) == ("service-moved", "warning", place)
    assert said in one.message
    assert "docs/managed-services.md" in one.hint
    tree.write(repository, render(check_file(repository / "municipality.yaml", catalog())[0], catalog()))
    assert not found(repository)
    change(repository, FORM)
    (one,) = found(repository)
    assert "into the cluster" in one.message


def test_a_tree_that_says_nothing_of_services_is_no_reason_to_warn(repository: Path) -> None:
    facts = repository / FACTS
    for old, new in (("shape: 2", "shape: 1"), ("volumes.", "others.")):
        text = facts.read_text(encoding="utf-8")
        facts.write_text(text.replace(old, new), encoding="utf-8")
        change(repository, FORM + "database: {host: db.utrecht.nl}\n")
        assert not found(repository)
        facts.write_text(text, encoding="utf-8")


def test_a_volume_of_a_persons_own_is_in_no_tree(repository: Path) -> None:
    change(repository, FORM + "storage: {media: {existingClaim: fotos}}\n")
    assert not found(repository)
