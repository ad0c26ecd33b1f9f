"""What `signalen verify` remembers: the same answer for the same input, and never one for another input."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.reader import read
from signalen_toolkit.form.config import asset_paths
from signalen_toolkit.helm.options import Options
from signalen_toolkit.verify import cache, inputs

from tests.conftest import FORMS, REPOSITORY, example_forms
from tests.support.lived_in import edit
from tests.support.small_charts import chart_files, script, write_chart

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}"/>'
HELM = "echo v3.99.{number}"


class Place:
    """A repository, charts, schemas, a cache and a Helm of its own."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        shutil.copytree(REPOSITORY / "assets", self.repository / "assets")
        shutil.copy(FORMS / "s-hertogenbosch.yaml", self.repository / "municipality.yaml")
        self.charts, self.schemas, self.cache = folder / "charts", folder / "schemas", folder / "cache"
        write_chart(self.charts, chart_files())
        self.schemas.mkdir()
        self.helm = script(folder / "helm", HELM.format(number=1))

    def key(self) -> str:
        """Return the key as it is now."""
        variables = {"XDG_CACHE_HOME": str(self.cache)}
        options = Options(charts=self.charts, program=str(self.helm), variables=variables)
        found = inputs.key(self.repository, options, self.schemas)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def named_outside_assets(place: Place) -> None:
    """Let the form name images that do not stand in `assets/`."""
    with (place.repository / "municipality.yaml").open("a") as form:
        form.write("branding: {logo: images/logo.svg, favicon: missing.png}\n")
    (place.repository / "images").mkdir()
    (place.repository / "images/logo.svg").write_text(SVG.format(10))


def write(*parts: str, text: str = "other") -> Callable[[Place], object]:
    """Return what writes a file: one that is there, or a new one."""

    def change(place: Place) -> None:
        path: Path = getattr(place, parts[0]).joinpath(*parts[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def same_length_and_date(place: Place) -> None:
    """Change a file as somebody does who copies with dates."""
    path = place.charts / "demo/values.yaml"
    state, text = path.stat(), path.read_text()
    path.write_text(text.replace("hello", "hallo"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


CHANGES: dict[str, Callable[[Place], object]] = {
    "the form": lambda place: edit(place.repository, "frontend: 2", "frontend: 3"),
    "charts.lock": write("repository", "charts.lock", text="charts: []\n"),
    "an image": write("repository", "assets/logo.svg", text=SVG.format(9)),
    "an image outside assets": write("repository", "images/logo.svg", text=SVG.format(11)),
    "a file that appears": write("repository", "missing.png"),
    "a file that goes": lambda place: (place.repository / "images/logo.svg").unlink(),
    "a chart in the folder": write("charts", "demo/values.yaml"),
    "a chart with the date of the other": same_length_and_date,
    "a chart that appears": write("charts", "more/Chart.yaml"),
    "a chart in the cache": write("cache", "signalen/charts/r/demo-1.2.3/0.tgz"),
    "a schema": write("schemas", "example.nl/one_v1.json", text="{}"),
    "another Helm at the same place": lambda place: script(place.helm, HELM.format(number=2)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_the_outcome_depends_on_changes_the_key(what: str, place: Place) -> None:
    named_outside_assets(place)
    before = place.key()
    assert place.key() == before
    CHANGES[what](place)
    assert place.key() != before


def test_a_helm_that_stays_and_calls_another_one_changes_the_key(place: Place, tmp_path: Path) -> None:
    other = script(tmp_path / "other", HELM.format(number=1))
    place.helm = script(tmp_path / "shim", f'exec {other} "$@"')
    before = place.key()
    script(other, HELM.format(number=2))
    assert place.key() != before


def test_options_change_the_key(place: Place, tmp_path: Path) -> None:
    some = [
        Options(program=str(place.helm), timeout=5, variables={"XDG_CACHE_HOME": str(tmp_path)}),
        Options(program=str(place.helm), variables={"XDG_CACHE_HOME": str(tmp_path)}),
        Options(program=str(place.helm), offline=True, variables={"XDG_CACHE_HOME": str(tmp_path)}),
    ]
    keys = {inputs.key(place.repository, options, schemas) for options in some for schemas in (None, place.schemas)}
    assert len(keys) == 6
    assert None not in keys


def test_libraries_and_the_toolkit_itself_change_the_key(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.key()
    (tmp_path / "library/kubernetes_validate-9.99.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "library")
    other = place.key()
    monkeypatch.setattr(inputs, "PACKAGE", tmp_path / "library")
    (tmp_path / "library/module.py").write_text("")
    assert len({before, other, place.key()}) == 3


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_every_image_of_a_form_is_looked_at(form: Path, place: Place) -> None:
    """Also what is an image by default, and does not stand in the form."""
    shutil.copy(form, place.repository / "municipality.yaml")
    for name in asset_paths(read(form).data):
        before = place.key()
        (place.repository / name).parent.mkdir(parents=True, exist_ok=True)
        (place.repository / name).write_bytes(b"another")
        assert place.key() != before, name


def test_what_cannot_be_read_has_no_key(place: Place, tmp_path: Path) -> None:
    def key(repository: Path, program: str) -> str | None:
        return inputs.key(repository, Options(program=program), None)

    assert key(tmp_path, str(place.helm)) is None  # no form
    assert key(place.repository, "/nowhere/helm") is None
    (place.repository / "municipality.yaml").write_bytes(b"a: [\xff")
    assert key(place.repository, str(place.helm)) is None


def test_a_form_that_names_files_elsewhere_has_them_not_read(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside.svg").write_text("one")
    (place.repository / "link.svg").symlink_to(tmp_path / "outside.svg")
    with (place.repository / "municipality.yaml").open("a") as form:
        form.write("branding: {logo: link.svg, favicon: /dev/zero, iosIcon: '../outside.svg'}\n")
    assert place.key()


# --- the memory


def remembered(folder: Path, keys: list[str | None], found: list[Problem], done: list[str]) -> list[Problem]:
    """Ask the memory with the key before and the key after."""
    given = iter(keys)

    def work() -> list[Problem]:
        done.append("work")
        return found

    return cache.remembered(folder, lambda: next(given), work)


WARNING = Problem("color-contrast", "pale", "municipality.yaml", 3, severity=Severity.WARNING)


def test_the_same_is_done_once(tmp_path: Path) -> None:
    done: list[str] = []
    for _ in range(2):
        assert remembered(tmp_path, ["a", "a"], [WARNING], done) == [WARNING]
    assert remembered(tmp_path, ["b", "b"], [], done) == []
    assert len(done) == 2


def test_an_edit_during_the_work_leaves_nothing_behind(tmp_path: Path) -> None:
    done: list[str] = []
    remembered(tmp_path, ["a", "b"], [], done)
    assert not list(tmp_path.iterdir())
    remembered(tmp_path, ["a", None], [], done)
    assert not list(tmp_path.iterdir())


def test_errors_and_what_has_no_key_are_not_kept(tmp_path: Path) -> None:
    done: list[str] = []
    error = Problem("helm-template", "helm was not done", "municipality.yaml", 3)
    for _ in range(2):
        assert remembered(tmp_path, ["a", "a"], [error], done) == [error]
        assert remembered(tmp_path, [None], [], done) == []
    assert len(done) == 4


def test_a_folder_that_cannot_be_written_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done: list[str] = []
    for _ in range(2):
        assert remembered(tmp_path / "file/folder", ["a", "a"], [], done) == []
    assert len(done) == 2
