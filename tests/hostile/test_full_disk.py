"""A disk that takes no more: the command says for which file, and everything is as it was."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from signalen_toolkit.base.layout import TEMPLATE_STATE

from tests.hostile.test_links import commit
from tests.support.lived_in import FORM, edit, repository
from tests.support.outside import run, snapshot
from tests.support.pipelines import git


def full() -> None:
    """Let no file become larger than a few lines: to who writes one, that is a disk without room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.parametrize(
    "arguments",
    [["render"], ["bump", "4.22.0"], ["promote", "acceptance", "production", "--yes"]],
)
def test_a_repository_stays_as_it_was(tmp_path: Path, arguments: list[str]) -> None:
    place = repository(tmp_path / "repository")
    edit(place, "073 615 51 55", "073 615 51 56")
    before = snapshot(place)
    done = run(*arguments, cwd=place, before=full)
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert ".clusters.new/" in done.stderr
    assert snapshot(place) == before
    assert run(*arguments, cwd=place).returncode == 0
    assert run("render", "--check", place).returncode == 0


def test_update_leaves_all_files_as_they_were(tmp_path: Path) -> None:
    form, place = tmp_path / "form.yaml", tmp_path / "repository"
    form.write_text(FORM)
    assert run("new", place, "--answers", form, "--no-input").returncode == 0
    for path in ("README.md", ".editorconfig", "clusters/acceptance/values/signalen-frontend.yaml"):
        (place / path).write_text((place / path).read_text().replace("e", "ee"))
    record = place / TEMPLATE_STATE
    record.write_text(record.read_text().replace("\\n", "\\n\\n"))
    values = place / "clusters/acceptance/values/signalen-backend.yaml"
    values.write_text(values.read_text() + "# older\n")
    (place / "clusters/acceptance/values/signalen-frontend.yaml").unlink()
    commit(place)
    before = snapshot(place)
    done = run("update", place, before=full)
    assert done.returncode == 2, done.stdout
    assert "File too large" in done.stderr
    assert "Error: /" in done.stderr  # which file, or which folder for what is in between
    assert snapshot(place) == before
    assert git(place, "status", "--porcelain") == ""
    done = run("update", place)
    assert done.returncode in (0, 1)
    assert run("render", "--check", place).returncode == 0


def test_new_leaves_nothing(tmp_path: Path) -> None:
    form = tmp_path / "form.yaml"
    form.write_text(FORM)
    before = snapshot(tmp_path)
    done = run("new", tmp_path / "repository", "--answers", form, "--no-input", before=full)
    assert done.returncode == 2
    assert "Error: /" in done.stderr and "File too large" in done.stderr
    assert snapshot(tmp_path) == before
