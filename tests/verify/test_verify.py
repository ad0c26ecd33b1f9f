"""`signalen verify`: forms, real Helm and stand-in charts, and what goes wrong between them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.helm.renderer import renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.verify.verify import verify

from tests.chart_templates.test_golden import rendered
from tests.conftest import FORMS, REPOSITORY, example_forms
from tests.support.lived_in import edit

# An object of a person, in a namespace.
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: %s}\ndata: {a: b}\n"
Verify = Callable[..., list[Problem]]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(REPOSITORY / "assets", tmp_path / "repository/assets")
    shutil.copy(FORMS / "s-hertogenbosch.yaml", tmp_path / "repository/municipality.yaml")
    return tmp_path / "repository"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["verify", *(str(argument) for argument in arguments)])
    assert not isinstance(result.exception, Exception), result.exception
    return result


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_every_example_form_verifies(form: Path, repository: Path, charts: Path) -> None:
    shutil.copy(form, repository / "municipality.yaml")
    if "manifests: true" in form.read_text():
        (repository / "manifests/production").mkdir(parents=True)
        (repository / "manifests/production/extra.yaml").write_text(CONFIG_MAP % "signalen")
    assert verify(repository, catalog(), Options(charts=charts)) == []


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_both_engines_make_the_same_objects(form: Path, charts: Path) -> None:
    pytest.importorskip("helm_python", reason="pip install helm-python-sdk to compare Helm in process")
    wanted = releases(rendered(form), catalog().release_formats)
    made = []
    for engine in ("program", "library"):
        with renderer(Options(charts=charts, engine=engine), {}, default_version="1.34") as work:
            made.append(work.all(wanted))
    for release in wanted:
        one, other = (objects_of(found[release]) for found in made)
        assert one
        assert one == other


def objects_of(made: list[Object]) -> list[str]:
    return sorted(json.dumps(one.data, sort_keys=True) for one in made)


def test_a_form_with_an_error_is_not_rendered(repository: Path, charts: Path) -> None:
    edit(repository, "environments:", "enviroments:")
    result = run(repository, "--charts", charts)
    assert result.exit_code == 1
    assert "error[unknown-key]" in result.stdout


def test_a_template_error_is_told_at_the_override_that_it_comes_from(
    repository: Path, charts: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    (own / "frontend-4.23.0/templates/broken.yaml").write_text("a: {{ .Values.podAnnotations.team.name }}\n")
    with (repository / "municipality.yaml").open("a") as form:
        form.write("overrides:\n  frontend:\n    podAnnotations:\n      team: beheer\n")
    found = verify(repository, catalog(), Options(charts=own))
    assert [(one.rule, one.path) for one in found] == [("helm-template", "overrides.frontend.podAnnotations.team")]
    (problem,) = found
    assert "frontend 4.23.0 in 'acceptance'" in problem.message
    assert "frontend/templates/broken.yaml:1" in problem.message
    assert problem.source.strip() == "team: beheer"


def test_a_value_that_the_chart_refuses_is_told_by_its_path(repository: Path, charts: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    schema = own / "classification-4.23.0/values.schema.json"
    schema.write_text(json.dumps({"properties": {"replicaCount": {"type": "integer", "minimum": 2}}}))
    found = verify(repository, catalog(), Options(charts=own))
    assert [(one.rule, one.path) for one in found] == [("helm-values", "environments.acceptance")]
    assert "refuses 'replicaCount'" in found[0].message


def test_what_comes_out_of_a_chart_is_checked(repository: Path, charts: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    (own / "frontend-4.23.0/templates/extra.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: extra}\nspec: {selector: {app: nobody}, ports: [{port: 80}]}\n"
    )
    found = verify(repository, catalog(), Options(charts=own))
    assert [one.rule for one in found] == ["selector-without-pods"]
    assert found[0].message.startswith("Service extra (frontend/templates/extra.yaml) in 'acceptance'")


def test_a_finding_is_silenced_at_its_object_or_its_setting_and_an_entry_in_vain_is_told(
    repository: Path, charts: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    (own / "frontend-4.23.0/templates/extra.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: extra}\nspec: {selector: {app: nobody}, ports: [{port: 80}]}\n"
    )
    text = (repository / "municipality.yaml").read_text()

    def found(*places: str) -> list[tuple[str, str]]:
        entries = [f"  - {{rule: selector-without-pods, place: {place}, reason: dat hoort zo}}\n" for place in places]
        (repository / "municipality.yaml").write_text(f"{text}ignore:\n{''.join(entries)}")
        return [(one.rule, str(one.severity)) for one in verify(repository, catalog(), Options(charts=own))]

    assert found("Service extra") == []
    assert found("environments.acceptance") == []
    assert found("Service other") == [("selector-without-pods", "error")]
    assert found("Service extra", "Service other") == [("ignore-unused", "warning")]


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("extra.yaml", CONFIG_MAP % "signalen-acceptance", []),
        ("deep/extra.yaml", CONFIG_MAP % "signalen-acceptance", []),
        ("extra.yaml", (CONFIG_MAP % "signalen-acceptance").replace("\ndata", "\ndaat"), ["object-schema"]),
        ("extra.yaml", CONFIG_MAP % "default", {"flux": [], "argocd": ["not-permitted"]}),
        ("extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n", ["own-manifest"]),
        ("extra.yaml", "a: [", ["own-manifest"]),
        ("extra.yml", CONFIG_MAP % "signalen-acceptance", ["own-manifest"]),
        ("extra.txt", "nothing", ["own-manifest"]),
        ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", ["own-manifest"]),
    ],
)
def test_objects_of_a_person_are_checked_with_the_rest(
    repository: Path, charts: Path, delivery: str, name: str, text: str, expected: Any
) -> None:
    shutil.copy(FORMS / "minimal.yaml", form := repository / "municipality.yaml")
    form.write_text(re.sub(r"^delivery:.*\n", "", form.read_text(), flags=re.MULTILINE))
    with form.open("a") as file:
        file.write(f"delivery: {delivery}\nsync: {{manifests: true}}\n")
    path = repository / "manifests/acceptance" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    found = sorted({one.rule for one in verify(repository, catalog(), Options(charts=charts))})
    assert found == (expected[delivery] if isinstance(expected, dict) else expected)


@pytest.mark.parametrize("version", ["4.23.0", "4.22.0"])
def test_everything_keeps_to_the_strictest_level_where_services_are_managed(
    repository: Path, charts: Path, version: str
) -> None:
    text = (FORMS / "good/restricted-user.yaml").read_text().replace("4.23.0", version)
    own = "mapserver: {podSecurityContext: {runAsUser: 999}, image: {tag: 7.6.4-patch5-2-buster-lighttpd}}"
    text = text.replace("overrides: {", f"overrides: {{{own}, ")
    (repository / "municipality.yaml").write_text(f"{text}components: {{mapserver: {{enabled: true}}}}\n")
    found = verify(repository, catalog(), Options(charts=charts))
    assert [one.message for one in found if one.severity == "error"] == []


def test_objects_of_a_person_are_left_alone_where_the_form_does_not_name_them(repository: Path, charts: Path) -> None:
    path = repository / "manifests/acceptance/extra.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("a: [")
    assert verify(repository, catalog(), Options(charts=charts)) == []


def test_a_missing_chart_is_named_and_nothing_is_written(repository: Path, tmp_path: Path) -> None:
    result = run(repository, "--offline", "--charts", tmp_path)
    assert result.exit_code == 2
    assert "backend 4.2" in result.stderr
    assert "--charts DIR" in result.stderr
    assert not (repository / "charts.lock").exists()


def test_nothing_is_done_again_until_something_changes(
    repository: Path, charts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real = verify

    def counted(*arguments: object, **options: object) -> list[Problem]:
        done.append("again")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("signalen_toolkit.verify.verify.verify", counted)
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    run(repository, "--charts", own)
    run(repository, "--charts", own)
    assert len(done) == 1
    changes: list[Callable[[], object]] = [
        lambda: edit(repository, "frontend: 2", "frontend: 3"),
        lambda: (repository / "assets/logo.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
        ),
        lambda: (own / "frontend-4.23.0/values.yaml").write_text("config: {}\n"),
    ]
    for number, change in enumerate(changes, 2):
        change()
        run(repository, "--charts", own)
        assert len(done) == number
    run(repository, "--charts", own, "--again")
    assert len(done) == len(changes) + 2


def test_an_edit_while_it_is_verified_is_not_taken_for_what_was_verified(
    repository: Path, charts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = verify
    form = repository / "municipality.yaml"
    right = form.read_text()

    def edited(*arguments: object, **options: object) -> list[Problem]:
        found = real(*arguments, **options)  # type: ignore[arg-type]
        edit(repository, "environments:", "enviroments:")
        return found

    monkeypatch.setattr("signalen_toolkit.verify.verify.verify", edited)
    assert run(repository, "--charts", charts).exit_code == 0
    monkeypatch.setattr("signalen_toolkit.verify.verify.verify", real)
    assert run(repository, "--charts", charts).exit_code == 1
    form.write_text(right)
    assert run(repository, "--charts", charts).exit_code == 0


def test_what_was_found_is_found_again(repository: Path, charts: Path) -> None:
    edit(repository, 'primary: "#004488"', 'primary: "#8899aa"')
    first, second = run(repository, "--charts", charts), run(repository, "--charts", charts)
    assert "warning[color-contrast]" in first.stdout
    assert first.stdout == second.stdout


def test_a_broken_memory_is_no_memory(repository: Path, charts: Path, tmp_path: Path) -> None:
    run(repository, "--charts", charts)
    kept = list((tmp_path / "cache/signalen/verify").glob("*.json"))
    assert kept
    for path in kept:
        path.write_text("{")
    assert run(repository, "--charts", charts).exit_code == 0
