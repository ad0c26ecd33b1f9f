"""`signalen haven`: forms, real Helm and stand-in charts, and what comes out as text, Markdown and JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from signalen_toolkit.base.paths import CHECKOUT
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.haven import report as haven_report
from signalen_toolkit.haven.haven import GROUPS, IDS, Outcome, Report, Status, falls_short, haven
from signalen_toolkit.haven.points import Gap, Point, Seen
from signalen_toolkit.helm.options import Options

from tests.conftest import FORMS, REPOSITORY, example_forms
from tests.support.lived_in import edit

SUMMARY = {"met", "notMet", "notApplicable"}
POINT = {"id", "group", "title", "status", "objects", "note", "todo", "gaps"}
GAP = {"message", "apiVersion", "kind", "namespace", "name", "component", "source", "paths"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "assets")
    shutil.copy(FORMS / "s-hertogenbosch.yaml", tmp_path / "municipality.yaml")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["haven", *(str(argument) for argument in arguments)])
    assert not isinstance(result.exception, Exception), result.exception
    return result


def outcomes(report: Report) -> dict[str, Status]:
    return {one.point.id: one.status for one in report.outcomes}


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_every_example_form_has_a_report(form: Path, repository: Path, charts: Path) -> None:
    shutil.copy(form, repository / "municipality.yaml")
    for report in haven(repository, catalog(), Options(charts=charts)):
        assert tuple(outcomes(report)) == IDS
        # What the toolkit answers for, whatever the form says.
        for point in ("image-version", "resources", "no-plain-secrets", "no-secret-values"):
            assert outcomes(report)[point] is Status.MET, report.environment


def test_the_report_is_about_what_helm_makes(repository: Path, charts: Path) -> None:
    """What the form says comes out of Helm as an object, and only then counts."""
    before, _ = haven(repository, catalog(), Options(charts=charts))
    with (repository / "municipality.yaml").open("a") as form:
        form.write("overrides:\n  frontend:\n    service: {type: NodePort}\n")
    after, _ = haven(repository, catalog(), Options(charts=charts))
    assert outcomes(before)["service-exposure"] is Status.MET
    assert outcomes(after)["service-exposure"] is Status.NOT_MET
    (outcome,) = (one for one in after.outcomes if one.point.id == "service-exposure")
    (gap,) = outcome.gaps
    assert (gap.title, gap.component) == ("Service signalen-frontend", "frontend")
    assert gap.source.startswith("frontend/templates/")


def test_text(repository: Path, charts: Path) -> None:
    result = run(repository, "--charts", charts, "--environment", "acceptance")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("acceptance: ")
    assert [line.strip() for line in lines if line.startswith("  ") and line[2:3] != " "] == list(GROUPS)
    assert any(line.startswith("    ✓ Elke image heeft een vaste versie (") for line in lines)
    assert any(line.startswith("    ✗ Elke workload draait in meer dan één pod (") for line in lines)
    assert "production" not in result.stdout
    assert result.stdout.endswith(f"{haven_report.CHECKER}\n")


def test_json(repository: Path, charts: Path) -> None:
    result = run(repository, "--charts", charts, "--format", "json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert list(data) == ["version", "environments", "clusterChecks"]
    assert data["version"] == haven_report.VERSION == 1
    assert data["clusterChecks"] == {"checker": haven_report.CHECKER, "checks": list(haven_report.OF_THE_CLUSTER)}
    assert [one["name"] for one in data["environments"]] == ["acceptance", "production"]
    for environment in data["environments"]:
        assert environment["kubernetesVersion"]
        assert environment["summary"].keys() == SUMMARY
        assert sum(environment["summary"].values()) == len(IDS) == len(environment["points"])
        for point in environment["points"]:
            assert point.keys() == POINT
            assert point["status"] in set(Status)
            assert bool(point["gaps"]) == (point["status"] == "not-met") == bool(point["todo"])
            assert all(gap.keys() == GAP for gap in point["gaps"])


def test_the_shape_of_the_json_is_documented() -> None:
    text = (CHECKOUT / "docs/haven.md").read_text(encoding="utf-8")
    for key in (*POINT, *GAP, *SUMMARY, "version", "clusterChecks", "checker", "checks", "kubernetesVersion"):
        assert f"`{key}`" in text, key


def test_every_point_is_documented() -> None:
    text = (CHECKOUT / "docs/haven.md").read_text(encoding="utf-8")
    for name in IDS:
        assert f"| `{name}` |" in text, name


def test_markdown_has_a_table_for_each_environment(repository: Path, charts: Path) -> None:
    lines = run(repository, "--charts", charts, "--format", "markdown").stdout.splitlines()
    assert [line for line in lines if line.startswith("#")] == ["### acceptance", "### production"]
    assert len([line for line in lines if line.startswith("| ")]) == 2 * (len(IDS) + 2)
    for line in lines:
        if line.startswith("|"):
            assert len(columns(line)) == 4, line


def columns(row: str) -> list[str]:
    """Split a row of a table as GitHub does: at every stroke without a backslash before it, code or not."""
    return row.replace("\\|", "").strip("|").split("|")


def report(message: str, *, name: str = "web", namespace: str = "signalen", note: str = "") -> Report:
    def look(_: Any) -> Seen:
        return Seen(0)

    gap = Gap(message, "apps/v1", "Deployment", namespace, name)
    point = Point("a-point", "Titel | `x`", "doe | `iets`", look)
    return Report("env|`x`", "signalen", "1.34", (Outcome(point, "Groep", Status.NOT_MET, 1, note, (gap,)),))


def test_values_cannot_change_the_markdown() -> None:
    nasty = "a | b `c` <b>x</b> [l](u) *y* @all\nz"
    lines = haven_report.write([report(nasty, name="na|me`s", note=nasty)], "markdown").split("\n")
    assert lines[0] == "### env\\|\\`x\\`"
    (row,) = (line for line in lines if "a-point" in line)
    assert len(columns(row)) == 4
    assert "<b>" not in row.replace("\\<b", "")
    assert "@all" not in row
    assert "\\[l\\](u) \\*y\\*" in row
    assert "`` Deployment na\\|me`s ``" in row


def test_a_terminal_gets_no_control_characters() -> None:
    text = haven_report.write([report("x\x1b[31m\ny")], "text")
    assert "\x1b" not in text
    assert "        Deployment web: x␛[31m y" in text.split("\n")


def test_objects_that_fall_short_in_the_same_way_are_named_together() -> None:
    one, other = report("zelfde"), report("zelfde", name="api", namespace="elders")
    (outcome,), (more,) = one.outcomes, other.outcomes
    both = Outcome(outcome.point, outcome.group, outcome.status, 2, "", (*outcome.gaps, *more.gaps))
    text = haven_report.write([Report("acceptance", "signalen", "1.34", (both,))], "text")
    assert "        Deployment web, Deployment api (elders): zelfde" in text.split("\n")


def test_a_cell_does_not_name_hundreds_of_objects() -> None:
    (outcome,) = report("zelfde").outcomes
    gaps = tuple(Gap("zelfde", "v1", "Pod", "signalen", f"pod-{number}") for number in range(100))
    many = Outcome(outcome.point, outcome.group, outcome.status, 100, "", gaps)
    found = Report("acceptance", "signalen", "1.34", (many,))
    assert "`Pod pod-11`, en nog 88: zelfde" in haven_report.write([found], "markdown")
    assert "Pod pod-99: zelfde" in haven_report.write([found], "text")


@pytest.mark.parametrize("format_", haven_report.FORMATS)
def test_twice_gives_the_same(format_: str, repository: Path, charts: Path) -> None:
    first, second = (run(repository, "--charts", charts, "--format", format_).stdout for _ in range(2))
    assert first == second


def test_strict(repository: Path, charts: Path) -> None:
    short = run(repository, "--charts", charts, "--strict")
    assert short.exit_code == 1
    reports = haven(repository, catalog(), Options(charts=charts))
    names = sorted({one.point.id for found in reports for one in found.of(Status.NOT_MET)})
    accepted = [part for name in names for part in ("--accept", name)]
    fine = run(repository, "--charts", charts, "--strict", *accepted)
    assert fine.exit_code == 0
    assert fine.stdout == short.stdout
    assert run(repository, "--charts", charts, "--strict", *accepted[2:]).exit_code == 1


def test_a_report_without_shortcomings_is_fine() -> None:
    assert not falls_short([])
    assert falls_short([report("x")])
    assert not falls_short([report("x")], ["a-point"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--environment", "acceptence"), "there is no environment 'acceptence'; did you mean 'acceptance'?"),
        (("--environment", "x"), "there is no environment 'x'; there are acceptance, production"),
        (("--strict", "--accept", "replica"), "there is no point 'replica'; did you mean 'replicas'?"),
        (("--format", "html"), "'html' is not one of"),
        (("--helm", "/no/helm"), "/no/helm"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], message: str, repository: Path, charts: Path) -> None:
    result = run(repository, "--charts", charts, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_form_with_an_error_has_no_report(repository: Path, charts: Path) -> None:
    edit(repository, "environments:", "enviroments:")
    result = run(repository, "--charts", charts, "--format", "json")
    assert result.exit_code == 1
    assert "error[unknown-key]" in result.stderr
    assert result.stdout == ""


def test_what_helm_refuses_has_no_report(repository: Path, charts: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(charts, own)
    for chart in own.glob("frontend-*"):
        (chart / "templates/broken.yaml").write_text("a: {{ .Values.podAnnotations.team.name }}\n")
    result = run(repository, "--charts", own)
    assert result.exit_code == 1
    assert "error[helm-template]" in result.stderr
    assert result.stdout == ""


def test_nothing_is_written(repository: Path, charts: Path) -> None:
    before = sorted(path for path in repository.rglob("*"))
    run(repository, "--charts", charts)
    assert sorted(path for path in repository.rglob("*")) == before
