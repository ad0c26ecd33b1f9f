"""Nothing is left running, and nothing was fetched in vain: an error in the form, Ctrl-C, a first error."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.haven.haven import haven
from signalen_toolkit.helm.options import Options
from signalen_toolkit.verify.verify import verify

from tests.conftest import FORMS, REPOSITORY
from tests.support.chart_server import Server, serving
from tests.support.lived_in import edit
from tests.support.slow_helm import SlowHelm
from tests.support.small_charts import script


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "repository/assets")
    shutil.copy(FORMS / "s-hertogenbosch.yaml", tmp_path / "repository/municipality.yaml")
    return tmp_path / "repository"


@pytest.fixture
def slow(tmp_path: Path) -> SlowHelm:
    return SlowHelm(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as one:
        yield one


def fetched_from(server: Server) -> Catalog:
    """Return the catalog, with all charts in one repository on this computer."""
    components = {name: replace(one, repository=server.url) for name, one in catalog().components.items()}
    return replace(catalog(), components=MappingProxyType(components))


def test_a_form_that_is_wrong_stops_helm(repository: Path, charts: Path, slow: SlowHelm) -> None:
    edit(repository, "environments:", "colour: red\nenvironments:")
    begun = time.monotonic()
    found = verify(repository, catalog(), Options(charts=charts, program=str(slow.program)))
    assert [one.rule for one in found] == ["unknown-key"]
    with pytest.raises(ProblemsError):
        haven(repository, catalog(), Options(charts=charts, program=str(slow.program)))
    assert time.monotonic() - begun < 20
    assert slow.is_gone()


def test_charts_are_fetched_for_a_form_that_is_right_alone(
    repository: Path, server: Server, slow: SlowHelm, tmp_path: Path
) -> None:
    options = Options(program=str(slow.program), variables={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    right = (repository / "municipality.yaml").read_text()
    edit(repository, "environments:", "colour: red\nenvironments:")
    assert [one.rule for one in verify(repository, fetched_from(server), options)] == ["unknown-key"]
    assert server.asked == []
    (repository / "municipality.yaml").write_text(right)
    with pytest.raises(UsageError, match="cannot be fetched"):
        verify(repository, fetched_from(server), options)
    assert [path for path, _ in server.asked] == ["/index.yaml"]


def test_a_helm_that_cannot_be_run_is_told_once(repository: Path, charts: Path, tmp_path: Path) -> None:
    broken = script(tmp_path / "helm", "")
    broken.write_bytes(b"\0\1\2")
    with pytest.raises(UsageError, match="cannot be run: Exec format error"):
        verify(repository, catalog(), Options(charts=charts, program=str(broken)))


@pytest.mark.parametrize("command", ["verify", "haven"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_ends_helm_at_once(
    command: str, sent: signal.Signals, repository: Path, charts: Path, slow: SlowHelm, tmp_path: Path
) -> None:
    line: list[str | Path] = [sys.executable, "-m", "signalen_toolkit", command, repository]
    line += ["--charts", charts, "--helm", slow.program]
    line += ["--again"] if command == "verify" else []
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True) as process:
        slow.wait(2)
        time.sleep(0.5)  # also the checks may be under way
        begun = time.monotonic()
        process.send_signal(sent)
        _, said = process.communicate(timeout=30)
    assert time.monotonic() - begun < 10
    assert process.returncode != 0
    assert "Traceback" not in said
    assert slow.is_gone()
    assert not list(tmp_path.glob("signalen-helm-*"))
