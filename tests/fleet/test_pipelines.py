"""The pipelines of a fleet: right by the linters of their servers, careful, and each command in them really run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from signalen_toolkit import __version__
from signalen_toolkit.base.layout import CHARTS_LOCK, FLEET_FILE, FORM_FILE, REQUIREMENTS, TOOLKIT
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.fleet import listing, rolling
from signalen_toolkit.fleet.changes.kept import kept
from signalen_toolkit.fleet.scaffold import pipelines
from signalen_toolkit.helm.charts.lock import lock_text
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.installing.source import PACKAGE_INDEX
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file

from tests.fleet.test_adding import ROWS
from tests.fleet.test_pull_requests import published
from tests.fleet.test_rollout import OFFLINE, commit, git, signalen, versions
from tests.support import standins
from tests.support.fleets import DEFAULTS, GROUP
from tests.support.forges import TOKEN, ForgeServer, forge
from tests.support.pipelines import parse
from tests.test_publishing import passes, tool

SOURCES: dict[str, dict[str, Any]] = {
    "index": {},
    "git": {"source": "git", "git": {"url": "https://git.example.nl/signalen-toolkit.git", "commit": "a" * 40}},
    "image": {"source": "image", "image": f"registry.example.nl/signalen-toolkit:1@sha256:{'a' * 64}"},
}


def made(folder: Path, host: str, shape: str, source: str) -> Path:
    files, _ = pipelines.texts(host, shape, SOURCES[source], offline=True)
    folder.mkdir(parents=True)
    pipelines.write(folder, files)
    return folder


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("shape", [listing.ONE, listing.MANY])
def test_the_workflows_of_github_are_right_and_safe(tmp_path: Path, shape: str, source: str) -> None:
    root = made(tmp_path / "x", "github", shape, source)
    workflows = sorted((root / ".github/workflows").iterdir())
    assert [path.name for path in workflows] == ["uitrol.yml", "vloot.yml"]
    passes(tool("actionlint", "actionlint: .ci/programs does"), *workflows)
    passes(tool("zizmor", "zizmor"), "--offline", "--quiet", *workflows)
    for path in workflows:
        text, workflow = path.read_text(encoding="utf-8"), parse(path)
        assert workflow["permissions"] == {} and "pull_request_target" not in workflow["on"]
        for used in re.findall(r"\buses: (.*)", text):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
        (job,) = workflow["jobs"].values()
        assert job["steps"][0]["with"]["persist-credentials"] == "false"
    (rights,) = (job["permissions"] for job in parse(workflows[1])["jobs"].values())
    assert rights == {"contents": "read"}
    assert ("secrets." in workflows[1].read_text()) == (shape == listing.MANY)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("host", pipelines.HOSTS)
def test_the_other_files_are_right_by_their_schemas(tmp_path: Path, host: str, source: str) -> None:
    root = made(tmp_path / "x", host, listing.ONE, source)
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
    passes(*check, "vendor.renovate", root / "renovate.json")
    if host == "gitlab":
        passes(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", root / ".gitlab-ci.yml")
    assert (root / REQUIREMENTS).exists() == (root / TOOLKIT).exists() == (source != "image")
    text = "".join(path.read_text() for path in root.rglob("*.yml"))
    assert ("--require-hashes" in text) == (source != "image") and "[[" not in text


def test_the_command_writes_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALEN_OFFLINE", "1")
    root = tmp_path / "fleet"
    said = CliRunner().invoke(main, ["fleet", "new", str(root), "--host", "gitlab"])
    assert said.exit_code == 0, said.output
    assert listing.read(root).changes == listing.PULL_REQUESTS
    assert git(root, "status", "--porcelain") == ""
    again = signalen(root, "pipelines", "--host", "gitlab")
    assert again.exit_code == 0 and "as the toolkit has them" in again.output
    (root / ".gitlab-ci.yml").write_text("old\n")
    assert "Wrote .gitlab-ci.yml" in signalen(root, "pipelines", "--host", "gitlab").output
    assert git(root, "status", "--porcelain") == ""
    plain = tmp_path / "plain"
    assert CliRunner().invoke(main, ["fleet", "new", str(plain)]).exit_code == 0
    assert listing.read(plain).changes == listing.COMMITS and not (plain / "renovate.json").exists()
    assert f"signalen-toolkit=={__version__}" in (root / TOOLKIT).read_text() or PACKAGE_INDEX not in TOOLKIT


# --- what they run


def scripts(root: Path, host: str, job: str) -> str:
    """Return the shell of a job, without what installs the toolkit."""
    if host == "gitlab":
        return "\n".join(parse(root / ".gitlab-ci.yml")[job]["script"])
    path = {"check": "vloot.yml", "rollout": "uitrol.yml"}[job]
    steps = parse(root / ".github/workflows" / path)["jobs"][job]["steps"]
    return "\n".join(step["run"] for step in steps if "run" in step and "pip install" not in step["run"])


@pytest.mark.parametrize("host", pipelines.HOSTS)
def test_every_command_in_them_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SIGNALEN_OFFLINE", "1")
    root = tmp_path / "fleet"
    assert CliRunner().invoke(main, ["fleet", "new", str(root), "--host", host]).exit_code == 0
    listed = (root / FLEET_FILE).read_text()
    assert "soak: 1d" in listed
    (root / FLEET_FILE).write_text(
        listed.replace("{soak: 1d}", "{}").replace("[acceptance, production]", "[acceptance]")
    )
    (root / "groups/brabant.yaml").write_text(GROUP)
    shared = DEFAULTS.split("v1\n")[1].replace('signalen.git"', f'signalen.git", host: {host}')
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + shared)
    (tmp_path / "rows.csv").write_text(ROWS)
    said = signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline")
    assert said.exit_code == 0, said.output
    charts = tmp_path / "charts"
    standins.main(root / "municipalities/tilburg", charts)
    for name in ("s-hertogenbosch", "tilburg"):
        locked(root / "municipalities" / name)
    commit(root)
    with forge(host, tmp_path / "served") as server:
        published(root, server, "fleet")
        runs(root, host, server, tmp_path, charts)


def locked(folder: Path) -> None:
    """Write a lock as one with a network would make it; the stand-in charts are folders, which are not compared."""
    config = check_file(folder / FORM_FILE, catalog())[0]
    charts = [one.chart for one in releases(render(config, catalog()), catalog().release_formats)]
    (folder / CHARTS_LOCK).write_text(lock_text(dict.fromkeys(charts, f"sha256:{'0' * 64}")), encoding="utf-8")


def runs(root: Path, host: str, server: ForgeServer, tmp_path: Path, charts: Path) -> None:
    program = tmp_path / "bin/signalen"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/bash\n"
        f'case $2 in verify | rollout) set -- "$@" --offline --charts {charts} ;; esac\n'
        f'exec {sys.executable} -m signalen_toolkit "$@"\n'
    )
    program.chmod(0o755)
    variables = {
        "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PACKAGE.parent),
        "SHARE": "1/1",
        "CI_NODE_INDEX": "1",
        "CI_NODE_TOTAL": "1",
    }

    def run(job: str, **own: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts(root, host, job)]
        return subprocess.run(command, cwd=root, env={**variables, **own}, capture_output=True, text=True, check=False)

    checked = run("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("2 municipalities: 2 fine") == 3

    given = {server.variable: TOKEN}
    proposed = run("rollout", **given, ACTION="verder")
    assert proposed.returncode == 0, proposed.stdout + proposed.stderr
    server.settle("fleet")
    assert [(one.state, one.title) for one in server.pulls] == [("open", "Signalen 4.23.0 in acceptance")]
    assert TOKEN not in proposed.stdout + proposed.stderr
    server.merge(server.pulls[0])
    assert "person's yes" in run("rollout", **given, ACTION="verder").stdout
    assert versions(root) == {"s-hertogenbosch": "4.23.0", "tilburg": "4.22.0"}
    stopped = run("rollout", **given, ACTION="stop")
    assert stopped.returncode == 0, stopped.stderr
    held = run("rollout", **given, ACTION="verder")
    assert held.returncode == 0 and "is stopped" in held.stdout
    assert run("rollout", **given, ACTION="hervat").returncode == 0
    back = run("rollout", **given, ACTION="terug")
    assert back.returncode == 0, back.stdout + back.stderr
    server.settle("fleet")
    server.merge(server.pulls[-1])
    assert run("rollout", **given, ACTION="terug").returncode == 0
    assert versions(root) == {"s-hertogenbosch": "4.22.0", "tilburg": "4.22.0"}
    taken = run("rollout", **given, ACTION="akkoord")
    assert taken.returncode == 0 and "was taken back: name it to begin anew" in taken.stdout
    assert run("rollout", **given, ACTION="$(touch x)").returncode == 64 and not (root / "x").exists()


def test_the_newest_goes_on_with_what_is_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "fleet"
    assert CliRunner().invoke(main, ["fleet", "new", str(root)]).exit_code == 0
    listed = (root / FLEET_FILE).read_text().replace("{soak: 1d}", "{}").replace(", production", "")
    (root / FLEET_FILE).write_text(listed.replace("  early: {soak: 2d, approval: true}\n", ""))
    (root / "groups/brabant.yaml").write_text(GROUP)
    shared = DEFAULTS.split("v1\n")[1].replace("4.22.0", "4.21.0")
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + shared)
    (tmp_path / "rows.csv").write_text(ROWS)
    assert signalen(root, "add", "--from", str(tmp_path / "rows.csv"), "--offline").exit_code == 0
    commit(root)
    rolling.go(root, "4.22.0", OFFLINE)
    waits = rolling.newest(root, OFFLINE)
    assert waits.waits and "release 4.22.0 does not go on yet" in waits.said[0]
    assert rolling.newest(root, OFFLINE, yes=True).fine
    found = kept(listing.read(root)).read()
    assert found and (found.release, found.state) == ("4.22.0", "done")
    assert rolling.newest(root, OFFLINE).fine
    assert versions(root) == {"s-hertogenbosch": "4.23.0", "tilburg": "4.22.0"}
