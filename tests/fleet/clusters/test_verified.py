"""`signalen fleet verify` of what clusters have beside the trees of their tenants: in one table with municipalities."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from signalen_toolkit.base.layout import CHARTS_LOCK, CLUSTERS_FILE, FORM_FILE
from signalen_toolkit.catalog.load import catalog

from tests.fleet.clusters.test_shared import ONCE, defaults
from tests.support.shared_clusters import CLUSTERS, DEX, run, shared
from tests.support.standins import chart_versions, make_charts

__all__ = ["defaults"]  # a fixture
WEST = "clusters/west"
LIMITS = "clusters/west/tenants/tilburg/acceptance/limits.yaml"
HINT = "run `signalen fleet clusters`, and commit what it writes"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def charts_of(root: Path) -> Path:
    """Make the charts that a fleet and its clusters install."""
    charts = root.parent / "charts"
    for folder in (root, *(root / "municipalities").iterdir()):
        paths = (folder / "clusters").rglob("*.yaml")
        for name, versions in chart_versions({str(one.relative_to(folder)): one.read_text() for one in paths}).items():
            make_charts(charts, {name: versions})
    return charts


def verified(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Verify a fleet, and return the exit code and what was found."""
    done = run(root, "verify", "--charts", str(charts_of(root)), "--offline", "--format", "json", *arguments)
    assert done.stdout, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, found


def problems(found: dict[str, Any], name: str = WEST) -> list[tuple[str, str, str]]:
    (one,) = [one for one in found["clusters"] if one["name"] == name]
    return [(one["rule"], one["file"], one["hint"]) for one in one["problems"] if one["severity"] == "error"]


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_what_is_rendered_is_right_and_is_a_row_of_the_table(delivery: str, tmp_path: Path) -> None:
    root = shared(tmp_path / "fleet", delivery, CLUSTERS + ONCE, DEX)
    code, found = verified(root)
    assert code == found["code"] == 0, found
    assert [(one["name"], one["end"], one["problems"]) for one in found["clusters"]] == [(WEST, "fine", [])]
    assert {one["name"] for one in found["municipalities"]} == {"s-hertogenbosch", "tilburg"}
    said = run(root, "verify", "--charts", str(charts_of(root)), "--offline").stdout
    assert said.splitlines()[-3:] == [f"{WEST}    fine  no problems", "", "2 municipalities: 2 fine; 1 cluster: 1 fine"]


def test_what_stands_on_disk_has_to_be_what_would_be_rendered(tmp_path: Path) -> None:
    root = shared(tmp_path / "fleet")
    assert verified(root)[0] == 0
    before = (root / LIMITS).read_bytes()
    (root / LIMITS).write_text(before.decode().replace("pods:", "pod:"))
    code, found = verified(root, "tilburg")
    assert code == 1 and {one["end"] for one in found["municipalities"]} == {"fine"}
    assert problems(found) == [("cluster-stale", str(root / LIMITS), HINT)]
    assert b"pod:" in (root / LIMITS).read_bytes()  # it looks, and writes nothing
    for format_ in ("markdown", "html", "text"):
        done = run(root, "verify", "--charts", str(charts_of(root)), "--offline", "--format", format_)
        assert done.exit_code == 1 and "2 municipalities: 2 fine; 1 cluster: 1 problems" in done.stdout
        assert format_ == "markdown" or str(root / LIMITS) in done.stdout
    done = run(root, "verify", "--charts", str(charts_of(root)), "--offline", "--format", "junit")
    suite = ElementTree.fromstring(done.stdout)
    (case,) = suite.findall("testcase[@name='clusters/west']")
    assert HINT in str(case.findtext("failure"))  # what we wrote ourselves
    (root / LIMITS).write_bytes(before)
    assert verified(root)[0] == 0


def test_an_object_that_its_kind_does_not_allow_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(catalog().folder, templates)
    limits = templates / "cluster/all/tenants/{tenant}/limits.yaml.j2"
    limits.write_text(limits.read_text().replace("  hard:", "  hardest:"))
    root = shared(tmp_path / "fleet")
    monkeypatch.setattr(
        "signalen_toolkit.fleet.clusters.verified.catalog", lambda: replace(catalog(), folder=templates)
    )
    code, found = verified(root)
    assert code == 1
    told = [(rule, file) for rule, file, hint in problems(found) if rule == "object-schema" and hint]
    assert ("object-schema", str(root / LIMITS)) in told


@pytest.mark.usefixtures("defaults")
def test_what_a_cluster_has_once_goes_through_helm_with_charts_that_are_locked(tmp_path: Path) -> None:
    root = shared(tmp_path / "fleet", clusters=CLUSTERS + ONCE)
    code, found = verified(root, "--locked")
    assert code == 1
    assert {(rule, file) for rule, file, _ in problems(found)} == {("chart-not-locked", str(root / CHARTS_LOCK))}
    assert {hint for *_, hint in problems(found)} == {"run `signalen fleet verify`, and commit the file"}

    listed = (root / CLUSTERS_FILE).read_text()
    more = '      overrides: {grafana: {resources: {requests: {cpu: "9"}, limits: {cpu: "1"}}}}\n      components:\n'
    (root / CLUSTERS_FILE).write_text(listed.replace("      components:\n", more))
    assert run(root, "clusters").exit_code == 0
    code, found = verified(root)
    assert code == 1
    hint = "raise the limit of cpu, or ask for less"
    assert problems(found) == [("object-value", str(root / CLUSTERS_FILE), hint)]


def test_only_clusters_with_a_chosen_municipality_are_looked_at(tmp_path: Path) -> None:
    two = CLUSTERS.replace("acceptance: all", "acceptance: [tilburg]")
    two += "  east: {delivery: flux, holds: {acceptance: [s-hertogenbosch]}}\n"
    root = shared(tmp_path / "fleet", clusters=two)
    assert [one["name"] for one in verified(root)[1]["clusters"]] == ["clusters/east", WEST]
    assert [one["name"] for one in verified(root, "tilburg")[1]["clusters"]] == [WEST]
    (root / CLUSTERS_FILE).write_text(two + "  x: 1\n")
    code, found = verified(root, "tilburg")
    assert code == 1 and problems(found, CLUSTERS_FILE)[0][:2] == ("wrong-type", str(root / CLUSTERS_FILE))
    (root / CLUSTERS_FILE).unlink()
    code, found = verified(root)
    assert code == 0 and "clusters" not in found


def test_a_tenant_whose_form_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = shared(tmp_path / "fleet")
    charts_of(root)
    (root / "municipalities/tilburg" / FORM_FILE).write_text("municipality: {code: GM9999}\n")
    code, found = verified(root, "s-hertogenbosch")
    (west,) = found["clusters"]
    assert code == 1 and west["end"] == "problems"
    assert west["said"] == "no problems; mend the forms of tilburg first: it keeps what it has of them"
