"""What Renovate finds in a repository, with the very regular expressions of its renovate.json.

Renovate runs them in JavaScript. They are tried there where Node is installed, and always in Python, which reads the
same expressions but for how a group is named.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from signalen_toolkit import __version__
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.form.git_hosts import git_hosts

from tests.conftest import example_forms
from tests.municipality_template.test_pipelines import ADDRESSES, new

Groups = dict[str, str]
Find = Callable[[str, str], list[Groups]]

# Renovate: `matchAll` for each expression; `recursive` looks with the next one in what the one before found.
_JAVASCRIPT = """
const {patterns, recursive, text} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const all = (pattern, text) => [...text.matchAll(new RegExp(pattern, "g"))];
const deep = (text, [first, ...rest], groups) => all(first, text).flatMap((found) => {
  const merged = {...groups, ...found.groups};
  return rest.length ? deep(found[0], rest, merged) : [merged];
});
const flat = () => patterns.flatMap((one) => all(one, text).map((found) => ({...found.groups})));
const found = recursive ? deep(text, patterns, {}) : flat();
console.log(JSON.stringify(found));
"""


def in_javascript(patterns: list[str], text: str, *, recursive: bool) -> list[Groups]:
    given = json.dumps({"patterns": patterns, "recursive": recursive, "text": text})
    command = [shutil.which("node") or "node", "-e", _JAVASCRIPT]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found: list[Groups] = json.loads(done.stdout)
    return found


def in_python(patterns: list[str], text: str, *, recursive: bool) -> list[Groups]:
    compiled = [re.compile(pattern.replace("(?<", "(?P<")) for pattern in patterns]

    def deep(text: str, patterns: list[re.Pattern[str]], groups: Groups) -> Iterator[Groups]:
        for found in patterns[0].finditer(text):
            merged = {**groups, **found.groupdict()}
            if len(patterns) > 1:
                yield from deep(found[0], patterns[1:], merged)
            else:
                yield merged

    if recursive:
        return list(deep(text, compiled, {}))
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
        files = [pattern.removeprefix("/").removesuffix("/") for pattern in manager["managerFilePatterns"]]
        if any(re.search(pattern, name) for pattern in files):
            text = (repository / name).read_text(encoding="utf-8")
            recursive = manager.get("matchStringsStrategy") == "recursive"
            for groups in engine(manager["matchStrings"], text, recursive=recursive):
                title = manager["depNameTemplate"].replace("{{{environment}}}", groups.get("environment", ""))
                found.append((title, groups["currentValue"]))
    return found


def read(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "renovate.json").read_text(encoding="utf-8"))
    return found


def expected(form: Path) -> list[tuple[str, str]]:
    data = pyyaml.safe_load(form.read_text(encoding="utf-8"))
    found = [(f"signalen-{name}", own["version"]) for name, own in data["environments"].items() if "version" in own]
    return found + ([("signalen", data["version"])] if "version" in data else [])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("renovate") / "x"
    production = "environments.production={domain: meldingen.s-hertogenbosch.nl, version: 4.22.0}"
    new(directory, "github", production, "overrides.frontend.podAnnotations={version: 1.2.3}")
    return directory


def test_every_environment_of_a_new_form_is_found(engine: Callable[..., list[Groups]], repository: Path) -> None:
    found = dependencies(engine, repository, FORM_FILE)
    assert found == expected(repository / FORM_FILE)
    assert [name for name, _ in found] == ["signalen-acceptance", "signalen-production"]


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_versions_are_found_however_a_form_is_written(
    engine: Callable[..., list[Groups]], repository: Path, tmp_path: Path, form: Path
) -> None:
    shutil.copy(repository / "renovate.json", tmp_path)
    shutil.copy(form, tmp_path / FORM_FILE)
    assert sorted(dependencies(engine, tmp_path, FORM_FILE)) == sorted(expected(form))


def test_what_is_no_version_of_an_environment_is_left_alone(
    engine: Callable[..., list[Groups]], repository: Path, tmp_path: Path
) -> None:
    shutil.copy(repository / "renovate.json", tmp_path)
    (tmp_path / FORM_FILE).write_text(
        "version: '4.20.0'  # for all\n"
        "environments:  # two\n"
        "\n"
        "  acceptance:\n"
        "# a note at the edge\n"
        "    domain: a.nl\n"
        "    # version: 4.1.0\n"
        "    overrides:\n"
        "      frontend:\n"
        "        version: 4.2.0\n"
        "    version: 4.21.0\n"
        "  # production:\n"
        "  #   version: 4.3.0\n"
        "  test:\n"
        "    domain: b.nl\n"
        "overrides:\n"
        "  frontend:\n"
        "    version: 4.4.0\n",
        encoding="utf-8",
    )
    assert dependencies(engine, tmp_path, FORM_FILE) == [("signalen-acceptance", "4.21.0"), ("signalen", "4.20.0")]


@pytest.mark.parametrize("forge", ADDRESSES)
def test_the_toolkit_is_found_in_each_pipeline(engine: Callable[..., list[Groups]], tmp_path: Path, forge: str) -> None:
    new(tmp_path / "x", forge)
    for name in (git_hosts()[forge].pipeline, ".pre-commit-config.yaml"):
        assert dependencies(engine, tmp_path / "x", name) == [("signalen-toolkit", __version__)]


def test_production_waits_for_a_person(repository: Path) -> None:
    settings = read(repository)
    managers = [manager for manager in settings["customManagers"] if manager["datasourceTemplate"] == "helm"]
    assert {manager["registryUrlTemplate"] for manager in managers} == {"https://signalen.github.io/helm-charts/"}
    assert approval(settings, "signalen-production") is True
    assert approval(settings, "signalen-live") is True
    assert approval(settings, "signalen") is True
    assert approval(settings, "signalen-acceptance") is False


def approval(settings: Mapping[str, Any], name: str) -> bool:
    """Apply the rules in their order, as Renovate does."""
    package = {"depNames": name, "packageNames": "backend", "managers": "custom.regex"}
    answer = False
    for rule in settings["packageRules"]:
        wanted = {key: rule.get(f"match{key[0].upper()}{key[1:]}") for key in package}
        if all(names is None or package[key] in names for key, names in wanted.items()):
            answer = rule.get("dependencyDashboardApproval", answer)
    return answer


def test_rendered_files_are_never_edited(repository: Path) -> None:
    assert "clusters/**" in read(repository)["ignorePaths"]
