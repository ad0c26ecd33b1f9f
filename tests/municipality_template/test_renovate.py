"""What Renovate finds in a repository, with the very regular expressions of its renovate.json.

Renovate runs them in JavaScript. They are tried there where Node is installed, and always in Python, which reads the
same expressions but for how a group is named. What it finds in a form is in test_renovate_form.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit import REPOSITORY, __version__
from signalen_toolkit.base.layout import REQUIREMENTS, TOOLKIT

from tests.municipality_template.test_pipelines import new

Groups = dict[str, str]

_JAVASCRIPT = """
const {patterns, text} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const all = (pattern) => [...text.matchAll(new RegExp(pattern, "g"))];
console.log(JSON.stringify(patterns.flatMap((one) => all(one).map((found) => ({...found.groups})))));
"""


def in_javascript(patterns: list[str], text: str) -> list[Groups]:
    given = json.dumps({"patterns": patterns, "text": text})
    command = [shutil.which("node") or "node", "-e", _JAVASCRIPT]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found: list[Groups] = json.loads(done.stdout)
    return found


def in_python(patterns: list[str], text: str) -> list[Groups]:
    compiled = [re.compile(pattern.replace("(?<", "(?P<")) for pattern in patterns]
    return [found.groupdict() for pattern in compiled for found in pattern.finditer(text)]


@pytest.fixture(params=["python", "javascript"])
def engine(request: pytest.FixtureRequest) -> Callable[..., list[Groups]]:
    if request.param == "javascript" and not shutil.which("node"):
        pytest.skip("Node is not installed; the same expressions are tried in Python")
    return in_javascript if request.param == "javascript" else in_python


def dependencies(engine: Callable[..., list[Groups]], repository: Path, name: str) -> list[tuple[str, str]]:
    """Return name and version of every dependency that Renovate finds in a file."""
    found = []
    for manager in read(repository)["customManagers"]:
        if manager["customType"] != "regex":
            continue
        files = [pattern.removeprefix("/").removesuffix("/") for pattern in manager["managerFilePatterns"]]
        if any(re.search(pattern, name) for pattern in files):
            text = (repository / name).read_text(encoding="utf-8")
            versions = [groups["currentValue"] for groups in engine(manager["matchStrings"], text)]
            found += [(manager["depNameTemplate"], version) for version in versions]
    return found


def read(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "renovate.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("renovate") / "x"
    production = "environments.production={domain: meldingen.s-hertogenbosch.nl, version: 4.22.0}"
    new(directory, "github", production, "overrides.frontend.podAnnotations={version: 1.2.3}")
    return directory


def test_the_toolkit_of_an_index_is_found_where_its_hash_is(tmp_path: Path) -> None:
    new(tmp_path / "x", "github")
    settings = read(tmp_path / "x")
    assert "pip_requirements" in settings["enabledManagers"]
    (pattern,) = settings["pip_requirements"]["managerFilePatterns"]
    assert re.search(pattern.strip("/"), TOOLKIT)
    assert not re.search(pattern.strip("/"), REQUIREMENTS)  # which follows from the toolkit


def test_the_toolkit_in_git_is_found_with_its_commit(engine: Callable[..., list[Groups]], tmp_path: Path) -> None:
    new(tmp_path / "x", "github", f"toolkit={{source: git, git: {{commit: {'a1' * 20}}}}}")
    assert dependencies(engine, tmp_path / "x", TOOLKIT) == [("signalen-toolkit", __version__)]
    (manager,) = [one for one in read(tmp_path / "x")["customManagers"] if one.get("datasourceTemplate") == "git-tags"]
    text = (tmp_path / "x" / TOOLKIT).read_text(encoding="utf-8")
    (found,) = engine(manager["matchStrings"], text)
    assert found["currentDigest"] == "a1" * 20
    assert found["packageName"] == f"{REPOSITORY}.git"


def test_the_programs_that_connect_a_cluster_are_found(engine: Callable[..., list[Groups]], repository: Path) -> None:
    manager = read(repository)["customManagers"][-1]
    name = "bootstrap/cluster.sh"
    assert re.search(manager["managerFilePatterns"][0].strip("/"), name)
    found = engine(manager["matchStrings"], (repository / name).read_text(encoding="utf-8"))
    assert {one["depName"] for one in found} == {"fluxcd/flux2", "argoproj/argo-cd"}
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", one["currentValue"]) for one in found)


def test_production_waits_for_a_person(repository: Path) -> None:
    settings = read(repository)
    managers = [manager for manager in settings["customManagers"] if manager.get("datasourceTemplate") == "helm"]
    assert {manager["registryUrlTemplate"] for manager in managers} == {"https://signalen.github.io/helm-charts/"}
    assert approval(settings, "signalen-production") is True
    assert approval(settings, "signalen-live") is True
    assert approval(settings, "signalen") is True
    assert approval(settings, "signalen-acceptance") is False


def approval(settings: Mapping[str, Any], name: str) -> bool:
    """Apply the rules in their order, as Renovate does."""
    package = {"depNames": name, "packageNames": "backend", "managers": "custom.jsonata"}
    answer = False
    for rule in settings["packageRules"]:
        wanted = {key: rule.get(f"match{key[0].upper()}{key[1:]}") for key in package}
        if all(names is None or package[key] in names for key, names in wanted.items()):
            answer = rule.get("dependencyDashboardApproval", answer)
    return answer


def test_rendered_files_are_never_edited(repository: Path) -> None:
    assert "clusters/**" in read(repository)["ignorePaths"]
