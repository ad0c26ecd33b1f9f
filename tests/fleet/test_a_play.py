"""Twelve municipalities, both shapes, two clusters, three rings: an ill canary, taken back, mended, then everywhere."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from signalen_toolkit.base.layout import CLUSTERS_FILE, FLEET_FILE
from signalen_toolkit.cli.main import main
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.fleet import listing

from tests.fleet.test_rollout import commit, git, signalen, versions
from tests.support.fleets import DEFAULTS

CODES = {
    "GM0758": "breda",
    "GM0772": "eindhoven",
    "GM0796": "s-hertogenbosch",
    "GM0855": "tilburg",
    "GM0344": "utrecht",
    "GM0307": "amersfoort",
    "GM0202": "arnhem",
    "GM0268": "nijmegen",
    "GM0200": "apeldoorn",
    "GM0153": "enschede",
    "GM0193": "zwolle",
    "GM0014": "groningen",
}
OF_THEIR_OWN = ["utrecht", "arnhem", "zwolle"]  # one in each ring
RINGS = {"canary": ["breda", "utrecht"], "early": ["eindhoven", "arnhem", "tilburg"]}
WEST = ["breda", "eindhoven", "s-hertogenbosch", "tilburg", "utrecht", "amersfoort"]  # with Flux; the others, Argo CD
CLUSTERS = f"""\
apiVersion: signalen.org/v1
repository: {{url: "https://git.example.nl/fleet/signalen.git"}}
clusters:
  west: {{delivery: flux, holds: {{acceptance: [{", ".join(WEST)}]}}}}
  east: {{delivery: argocd, holds: {{acceptance: [{", ".join(name for name in CODES.values() if name not in WEST)}]}}}}
"""
LISTING = """\
apiVersion: signalen.org/v1
environments: [acceptance]
rings:
  canary: {health: true}
  early: {health: true}
  all: {approval: true}
municipalities:
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "fleet"
    assert CliRunner().invoke(main, ["fleet", "new", str(root)]).exit_code == 0
    (root / FLEET_FILE).write_text(LISTING)
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + DEFAULTS.split("v1\n")[1])
    rings = {name: ring for ring, names in RINGS.items() for name in names}
    rows = [
        f"{code},14 073,meldingen@{name}.nl,{name}.signalen.dev,signalen-{name},"
        f"{'flux' if name in WEST else 'argocd'},{rings.get(name, 'all')}"
        for code, name in CODES.items()
    ]
    head = (
        "municipality.code,contact.phone,contact.email,environments.acceptance.domain,"
        "environments.acceptance.cluster.namespace,delivery,ring"
    )
    (tmp_path / "rows.csv").write_text("\n".join([head, *rows, ""]))
    said = signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline")
    assert said.exit_code == 0, said.output
    commit(root)
    for name in OF_THEIR_OWN:
        said = signalen(root, "split", name, "--repository", f"https://git.example.nl/{name}/signalen.git")
        assert said.exit_code == 0, said.output
        git(root, "rm", "-r", "--quiet", f"municipalities/{name}")
        commit(root)
    (root / CLUSTERS_FILE).write_text(CLUSTERS)
    said = signalen(root, "clusters")
    assert said.exit_code == 0, said.output
    commit(root)
    return root


def test_a_release_is_stopped_by_its_canary_and_reaches_all_once_it_is_mended(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "healthy"
    answers = tmp_path / "ill"
    program.write_text(
        f'#!/bin/sh\ngrep -qx "$SIGNALEN_MUNICIPALITY" {answers} && echo "pods crash" && exit 1\nexit 0\n'
    )
    program.chmod(0o755)
    answers.write_text("utrecht\n")
    go = ("rollout", "4.23.0", "--offline", "--health", str(program))

    def standing() -> Counter[str]:
        return Counter(versions(root).values())

    assert signalen(root, *go).exit_code == 0
    assert standing() == {"4.22.0": 10, "4.23.0": 2}
    ill = signalen(root, *go)
    assert ill.exit_code == 1 and "acceptance of utrecht is not healthy: pods crash" in ill.stdout
    assert signalen(root, "rollout", "--stop").exit_code == 0
    assert signalen(root, "rollout", "--back", "--offline").exit_code == 0
    assert standing() == {"4.22.0": 12}

    answers.write_text("")
    steps = [signalen(root, *go), signalen(root, *go)]
    assert [one.exit_code for one in steps] == [0, 0], [one.output for one in steps]
    assert standing() == {"4.22.0": 7, "4.23.0": 5}
    asked = signalen(root, *go)
    assert asked.exit_code == 1 and "add --yes" in asked.stdout
    assert signalen(root, *go, "--yes").exit_code == 0
    assert standing() == {"4.23.0": 12}

    fleet = listing.read(root)
    for member in fleet.members:
        folder = fleet.folder(member)
        assert git(folder, "status", "--porcelain", "--", ".") == "", member
    for name in OF_THEIR_OWN:
        count = subprocess.run(
            ["git", "-C", root / "repositories" / name, "rev-list", "--count", "HEAD"], capture_output=True, check=True
        )
        assert int(count.stdout) == (4 if name == "utrecht" else 2)  # the canary went there, back, and there again
    assert signalen(root, "render", "--check").exit_code == 0
    # A release changes nothing of who stands where, and nobody of a cluster reaches another.
    assert signalen(root, "clusters", "--check").exit_code == 0
    apart = signalen(root, "reach")
    assert apart.exit_code == 0, apart.output
    assert apart.stdout.count("of 6 tenants, none reaches another") == 2
    (made,) = load_all((root / "clusters/east/applications.yaml").read_text())
    rings = [step["matchExpressions"][0]["values"] for step in made["spec"]["strategy"]["rollingSync"]["steps"]]
    assert rings == [["early"], ["all"]]  # both canaries are in the other cluster
    rows = json.loads(signalen(root, "status", "--format", "json").stdout)["environments"]
    assert {(one["release"], one["tree"], one["failed"]) for one in rows} == {("4.23.0", "clean", "")}
    page = signalen(root, "status", "--format", "html").stdout
    assert page.count("<td>4.23.0</td>") == 12 and "Fleet: 12 municipalities" in page
