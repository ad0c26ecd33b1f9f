"""Larger volumes: the tree is rendered, and the commands name what the charts make."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents.data import at, listed, text
from signalen_toolkit.form.volumes import volumes
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.rendering.render import render
from signalen_toolkit.steps.resize import resize
from signalen_toolkit.validation.check import check_file

from tests.steps.conftest import commit
from tests.support.lived_in import FORM, edit, is_clean, snapshot

DATABASE = "database: {host: postgres.example.nl}"


def test_a_larger_database_is_rendered_and_told(place: Path) -> None:
    edit(place, "# the end\n", "database: {size: 20Gi}\n")
    said = resize(place).text
    steps = (
        "clusters/acceptance: 3 files written",
        "acceptance: the database 10Gi → 20Gi",
        "kubectl get persistentvolumeclaim data-signalen-backend-postgresql-0 --namespace signalen-acceptance",
        "kubectl patch persistentvolumeclaim data-signalen-backend-postgresql-0",
        """'{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'""",
        "commit all of it",
        "kubectl delete statefulset signalen-backend-postgresql --namespace signalen-acceptance --cascade=orphan",
        "wait for Flux",
    )
    order = [said.index(step) for step in steps]
    assert order == sorted(order)
    assert "production:" not in said  # its database is elsewhere
    assert is_clean(place)
    assert resize(place, "acceptance").text == said.partition("\n")[2]  # as long as it is not committed
    commit(place)
    with pytest.raises(UsageError, match="no volume is larger"):
        resize(place)


def test_a_claim_that_stands_alone_needs_nothing_but_its_class(place: Path) -> None:
    edit(place, "# the end\n", "storage: {media: {size: 20Gi}}\n")
    said = resize(place, "acceptance").text
    assert "delete statefulset" not in said
    assert "kubectl get persistentvolumeclaim signalen-backend --namespace signalen-acceptance" in said
    assert "kubectl get storageclasses" in said


def test_what_another_environment_needs_too_is_not_passed_over(place: Path) -> None:
    edit(place, "# the end\n", "queue: {size: 20Gi}\n")
    before = snapshot(place)
    with pytest.raises(ProblemsError, match="the volume of the queue in 'production'"):
        resize(place, "acceptance")
    assert snapshot(place) == before
    said = resize(place).text
    assert "acceptance: the queue 5Gi → 20Gi" in said
    assert "production: the queue 5Gi → 20Gi" in said


def test_no_volume_is_made_smaller(place: Path) -> None:
    edit(place, "# the end\n", "search: {size: 1Gi}\n")
    with pytest.raises(ProblemsError, match="Kubernetes makes no volume smaller"):
        resize(place)


def test_the_names_are_those_of_the_charts(place: Path, charts: Path) -> None:
    (place / "municipality.yaml").write_text(
        FORM.replace(
            "# the end\n", "storage: {exports: {enabled: true}}\ncluster: {storageClasses: {readWriteMany: x}}\n"
        ).replace('"4.20.0"', "4.23.0")
    )
    config, _ = check_file(place / "municipality.yaml", catalog())
    environment = config.environments[0]
    tree = render(config, catalog())
    (backend,) = [
        one
        for one in releases(tree, catalog().release_formats)
        if (one.environment, one.chart.name) == ("acceptance", "backend")
    ]
    with renderer(Options(charts=charts, offline=True), {}, default_version="1.34") as work:
        objects = [*work.all([backend])[backend], *manifests(tree, "acceptance")]
    made = {}
    for one in objects:
        if one.kind == "PersistentVolumeClaim":
            made[one.name] = at(one.data, "spec", "resources", "requests", "storage")
        for template in listed(one.data, "spec", "volumeClaimTemplates"):
            size = at(template, "spec", "resources", "requests", "storage")
            made[f"{text(template, 'metadata', 'name')}-{one.name}-0"] = size
    assert made == {volume.claim: size for volume, size in volumes(environment).items()}
    sets = {one.name for one in objects if one.kind == "StatefulSet"}
    assert {volume.stateful_set for volume in volumes(environment)} - {""} == sets
