"""A newer release of the charts: fetched, added to the catalog, proposed once, by the commands of the pipelines."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE
from signalen_toolkit.catalog.load import catalog

from tests.catalog.test_add_release import NEXT, charts
from tests.support.chart_server import serving
from tests.support.forges import TOKEN, forge
from tests.support.pipelines import git, parse


def packed(folder: Path) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.add(folder, folder.name)
    return data.getvalue()


def commands(host: str, job: str) -> str:
    """Return the shell of a job of the project's own pipeline, without what installs the toolkit."""
    if host == "gitlab":
        lines = parse(CHECKOUT / ".gitlab-ci.yml")[{"look": "catalog", "propose": "catalog-propose"}[job]]["script"]
    else:
        steps = parse(CHECKOUT / ".github/workflows/catalog.yml")["jobs"][job]["steps"]
        lines = [step["run"] for step in steps if "run" in step]
    return "\n".join(line for line in lines if "pip install" not in line)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_newer_release_becomes_one_pull_request(tmp_path: Path, host: str) -> None:
    made = charts(tmp_path)
    others = {name: catalog().component(name).releases[0].chart for name in ("classification", "mapserver")}
    for name, version in others.items():
        (made / name).mkdir()
        (made / name / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    for chart in ("backend", "frontend"):
        about = made / chart / "Chart.yaml"
        about.write_text(f"apiVersion: v2\n{about.read_text()}")
    with serving() as repository, forge(host, tmp_path / "served") as server:
        entries = {}
        for chart, version in {"backend": NEXT, "frontend": NEXT, **others}.items():
            repository.put(f"/{chart}-{version}.tgz", packed(made / chart))
            entries[chart] = [
                {"apiVersion": "v2", "name": chart, "version": version, "urls": [f"{chart}-{version}.tgz"]}
            ]
        repository.put("/index.yaml", json.dumps({"apiVersion": "v1", "entries": entries}).encode())
        root = checkout(tmp_path, repository.url)
        git(root, "remote", "add", "origin", server.repository("toolkit"))
        git(root, "push", "--quiet", server.bare("toolkit"), "HEAD:refs/heads/main")
        variables = {**environment(tmp_path), **({"GITLAB_CI": "true"} if host == "gitlab" else {})}

        look = run(root, commands(host, "look"), variables)
        assert look.returncode == 0, look.stdout + look.stderr
        if host == "github":
            assert (tmp_path / "output").read_text() == "changed=true\n"
        shutil.copytree(root / "build/catalog", tmp_path / "artifact")
        for _ in range(2):  # each in a clean checkout, as jobs are
            git(root, "checkout", "--quiet", "--force", "main")
            git(root, "branch", "--quiet", "--list", f"catalog/{NEXT}") and git(root, "branch", "-D", f"catalog/{NEXT}")
            shutil.copytree(tmp_path / "artifact", root / "build/catalog", dirs_exist_ok=True)
            proposed = run(root, commands(host, "propose"), {**variables, server.variable: TOKEN})
            assert proposed.returncode == 0, proposed.stdout + proposed.stderr
            assert f"{server.url}/org/toolkit/pulls/1" in proposed.stdout
            assert TOKEN not in proposed.stdout + proposed.stderr
        server.settle("toolkit")
        assert [(one.branch, one.title) for one in server.pulls] == [
            (f"catalog/{NEXT}", f"Follow release {NEXT} of Signalen")
        ]
        changed = server.git("-C", server.bare("toolkit"), "diff", "--name-only", "main", f"catalog/{NEXT}").split()
        assert "chart-templates/backend/releases.csv" in changed
        assert all(path.startswith("chart-templates/") for path in changed)
        assert "to do:" in server.git("-C", server.bare("toolkit"), "log", "-1", "--format=%b", f"catalog/{NEXT}")


def checkout(tmp_path: Path, repository: str) -> Path:
    """Make a repository with what the pipeline needs of the project, whose charts come from another address."""
    root = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "chart-templates", root / "chart-templates")
    shutil.copytree(CHECKOUT / ".ci", root / ".ci")
    (root / ".gitignore").write_text("/build/\n")
    (root / "build").mkdir()
    for path in (root / "chart-templates").glob("*/component.yaml"):
        path.write_text(path.read_text().replace("https://signalen.github.io/helm-charts/", repository))
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    return root


def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in {"signalen": "-m signalen_toolkit", "python": ""}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (programs / name).chmod(0o755)
    return {
        "PATH": f"{programs}{os.pathsep}/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(PACKAGE.parent),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "LANG": "C.UTF-8",
    }


def run(root: Path, script: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
