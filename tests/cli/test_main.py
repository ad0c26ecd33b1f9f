"""The command line: what it prints, what it writes and its exit codes (0 fine, 1 problems, 2 wrong use)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from signalen_toolkit.cli.main import main

from tests.conftest import FORMS, REPOSITORY
from tests.support.lived_in import edit


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert not isinstance(result.exception, Exception), result.exception  # a SystemExit is no Exception
    return result


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "assets")
    shutil.copy(FORMS / "s-hertogenbosch.yaml", tmp_path / "municipality.yaml")
    return tmp_path


def test_a_good_form_passes_in_silence(repository: Path) -> None:
    result = run("check", repository)
    assert (result.exit_code, result.stdout) == (0, "")
    assert run("check", repository / "municipality.yaml").exit_code == 0


def test_a_mistake_is_shown_with_its_place_and_a_hint(repository: Path) -> None:
    edit(repository, "environments:", "enviroments:")
    result = run("check", repository)
    assert result.exit_code == 1
    place = f"{repository}/municipality.yaml:29:1: error[unknown-key]: 'enviroments' is not a key of the form"
    assert place in result.stdout
    assert "| ^^^^^^^^^^^ did you mean 'environments'?" in result.stdout
    assert result.stdout.endswith("1 error\n")


@pytest.mark.parametrize("format_", ["text", "json", "github", "gitlab", "sarif"])
def test_each_format_names_the_same_problem(repository: Path, format_: str) -> None:
    edit(repository, "environments:", "enviroments:")
    result = run("check", "--format", format_, repository)
    assert result.exit_code == 1
    assert "unknown-key" in result.stdout
    assert "is not a key of the form" in result.stdout
    if format_ in ("json", "gitlab", "sarif"):
        json.loads(result.stdout)


def test_warnings_alone_do_not_fail(repository: Path) -> None:
    edit(repository, 'primary: "#004488"', 'primary: "#8899aa"')
    result = run("check", repository)
    assert result.exit_code == 0
    assert "warning[color-contrast]" in result.stdout


def test_every_form_below_a_folder_is_checked(repository: Path) -> None:
    for name in ("one", "two", ".hidden"):
        (repository / "fleet" / name).mkdir(parents=True)
        (repository / "fleet" / name / "municipality.yaml").write_text("apiVersion: 1\n")
    result = run("check", "--format", "json", repository / "fleet")
    files = {problem["file"] for problem in json.loads(result.stdout)["problems"]}
    assert files == {f"{repository}/fleet/{name}/municipality.yaml" for name in ("one", "two")}


@pytest.mark.parametrize("command", ["check", "render"])
def test_no_form_is_wrong_use(tmp_path: Path, command: str) -> None:
    result = run(command, tmp_path)
    assert result.exit_code == 2
    assert "municipality.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_render_writes_once_and_then_has_nothing_to_do(repository: Path) -> None:
    first = run("render", repository)
    assert first.exit_code == 0
    assert "wrote clusters/acceptance/values/signalen-frontend.yaml" in first.stdout
    assert run("render", repository).stdout == "clusters/ is up to date\n"
    assert run("render", "--check", repository).exit_code == 0


def test_render_check_shows_what_is_stale_and_writes_nothing(repository: Path) -> None:
    run("render", repository)
    values = repository / "clusters/production/values/signalen-frontend.yaml"
    before = values.read_text()
    edit(repository, "frontend: 2", "frontend: 3")
    result = run("render", "--check", repository)
    assert result.exit_code == 1
    assert "-replicaCount: 2\n+replicaCount: 3\n" in result.stdout
    assert "run `signalen render`" in result.stderr
    assert values.read_text() == before


def test_render_refuses_a_form_with_an_error_and_keeps_the_old_tree(repository: Path) -> None:
    run("render", repository)
    before = {path: path.read_bytes() for path in (repository / "clusters").rglob("*") if path.is_file()}
    edit(repository, "domain: s-hertogenbosch.signalen.dev", "domain: https://s-hertogenbosch.signalen.dev/")
    result = run("render", repository)
    assert result.exit_code == 1
    assert "error[host-name]" in result.stderr
    assert {path: path.read_bytes() for path in (repository / "clusters").rglob("*") if path.is_file()} == before


def test_a_component_that_is_switched_on_is_rendered_and_off_again_goes(repository: Path) -> None:
    run("render", repository)
    form = repository / "municipality.yaml"
    before = form.read_text()
    form.write_text(before + "components: {mapserver: {enabled: true}}\n")
    written = run("render", repository).stdout
    assert "wrote clusters/acceptance/values/signalen-mapserver.yaml" in written
    form.write_text(before)
    assert "removed clusters/acceptance/values/signalen-mapserver.yaml" in run("render", repository).stdout


@pytest.mark.parametrize(
    "name", ["municipality", "frontend-config", "backend", "frontend", "classification", "mapserver"]
)
def test_a_printed_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(run("schema", name).stdout))


def test_a_schema_of_a_version_knows_the_keys_of_that_version() -> None:
    def keys(version: str) -> set[str]:
        return set(json.loads(run("schema", "backend", "--version", version).stdout)["properties"])

    assert "tolerations" not in keys("4.18.0")
    assert "tolerations" in keys("4.20.1")
    config = json.loads(run("schema", "frontend-config", "--version", "2.27.6").stdout)
    assert "useProjectverzoekSignalType" in config["properties"]["featureFlags"]["properties"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["backnd"], "did you mean 'backend'?"), (["backend", "--version", "4.18.9"], "4.18.9"), (["x"], "known are")],
)
def test_an_unknown_schema_is_wrong_use(arguments: list[str], said: str) -> None:
    result = run("schema", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("den bosch", ["'s-Hertogenbosch"]),
        ("Den Haag", ["'s-Gravenhage"]),
        ("sudwest", ["Súdwest-Fryslân"]),
        ("bergen", ["Bergen (L.)", "Bergen (NH.)"]),
        ("hendrik ido ambacht", ["Hendrik-Ido-Ambacht"]),
    ],
)
def test_municipalities_are_found_as_people_call_them(query: str, names: list[str]) -> None:
    lines = run("municipalities", query).stdout.splitlines()
    for line, name in zip(lines, names, strict=False):
        assert name in line


def test_all_municipalities_are_listed_and_an_unknown_one_is_not() -> None:
    assert len(run("municipalities").stdout.splitlines()) == 342
    result = run("municipalities", "atlantis")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_command_imports_only_what_it_needs() -> None:
    code = "import sys; from signalen_toolkit.cli.main import main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jinja2", "jsonschema", "ruamel.yaml", "questionary", "cookiecutter", "rich"}.intersection(loaded)


def test_click_itself_stays_as_it_is() -> None:
    """What else in this process is written with click keeps its exit codes."""
    assert click.ClickException("x").exit_code == 1
    assert CliRunner().invoke(main, ["render", "/nowhere"]).exit_code == 2
