"""charts.lock from the first day on: made with the repository, kept as versions change, and asked for by pipelines."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from signalen_toolkit.base.layout import CHARTS_LOCK
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.helm.charts.lock import read_lock
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.repository import charts_lock
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.bump import bump
from signalen_toolkit.repository.promote import promote

from tests.repository.test_new import given_as
from tests.support.lived_in import repository, snapshot
from tests.support.small_charts import chart_files, packed

NEWEST = catalog().releases[0]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Give a folder with packed charts of two releases."""
    folder = tmp_path / "charts"
    folder.mkdir()
    for name in ("backend", "frontend", "classification"):
        for version in (NEWEST, "4.22.0", "4.19.0"):
            component = catalog().components[name]
            chart = component.chart_version(version)
            (folder / f"{name}-{chart}.tgz").write_bytes(packed(chart_files(name, chart)))
    return Sources(tmp_path / "cache", folder=folder, offline=True)


def versions(directory: Path) -> set[tuple[str, str]]:
    return {(one.name, one.version) for one in read_lock(directory)}


def test_a_new_repository_has_it(tmp_path: Path, sources: Sources) -> None:
    made = scaffold.new(tmp_path / "x", None, given_as(), ask=False, force=False, git=True, sources=sources)
    assert versions(tmp_path / "x") == {(name, NEWEST) for name in ("backend", "frontend", "classification")}
    assert CHARTS_LOCK in made.files
    assert not [remark for remark in made.remarks if CHARTS_LOCK in remark]


def test_where_charts_cannot_be_had_it_is_said(tmp_path: Path) -> None:
    nothing = Sources(tmp_path / "cache", offline=True)
    made = scaffold.new(tmp_path / "x", None, given_as(), ask=False, force=False, git=False, sources=nothing)
    (remark,) = [remark for remark in made.remarks if CHARTS_LOCK in remark]
    assert remark.startswith("charts.lock lacks 3 charts, run `signalen verify` with a network: ")
    assert not (tmp_path / "x" / CHARTS_LOCK).exists()


def test_bump_and_promote_keep_it(tmp_path: Path, sources: Sources) -> None:
    directory = repository(tmp_path / "x")
    bump(directory, "4.22.0", sources=sources)
    assert {version for _, version in versions(directory)} == {"4.22.0", "4.19.0"}
    before = read_lock(directory)
    promote(directory, "acceptance", "production", sources=sources)
    after = read_lock(directory)
    assert {one.version for one in after} == {"4.22.0"}
    assert all(before[one] == digest for one, digest in after.items())


def test_a_folder_that_is_none_changes_nothing(tmp_path: Path, sources: Sources) -> None:
    directory = repository(tmp_path / "x")
    before = snapshot(directory)
    with pytest.raises(UsageError, match="there is no such folder"):
        bump(directory, "4.22.0", sources=Sources(tmp_path / "cache", folder=tmp_path / "none", offline=True))
    assert snapshot(directory) == before
    nothing = charts_lock.plan(directory, {}, catalog(), None)
    assert (nothing.files(), nothing.lacks()) == ({}, [])


def test_verify_locked_refuses_what_is_not_in_it_and_writes_nothing(tmp_path: Path, sources: Sources) -> None:
    directory = repository(tmp_path / "x")
    command = ["verify", str(directory), "--locked", "--offline", "--charts", str(sources.folder)]
    bump(directory, "4.22.0", sources=sources)
    lock = directory / CHARTS_LOCK
    kept = lock.read_text().replace('"4.19.0"', '"4.18.0"')
    lock.write_text(kept)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1, result.output
    assert "error[chart-not-locked]: the chart backend 4.19.0 of " in result.output
    assert "backend 4.22.0" not in result.output
    assert lock.read_text() == kept
