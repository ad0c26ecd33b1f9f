"""What docs/architecture.md promises: a chart, a rule and a check on objects are added by the files that it names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from signalen_toolkit.base.paths import CHECKOUT

COMPONENT = """\
name: greeter
title: Greeter
titleNl: Begroeter
description: Says hello.
descriptionNl: Zegt hallo.
chart: {name: greeter, repository: "https://charts.example.nl"}
release: signalen-greeter
order: 40
enabled: false
"""
VALUES = """\
greeting: {{ "Hello, " ~ municipality.name }}
"""
SCHEMA = {"type": "object", "properties": {"greeting": {"type": "string"}}, "additionalProperties": False}
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: greeting
data:
  greeting: {{ .Values.greeting | quote }}
"""
RULE = """\
from signalen_toolkit.validation.rules import rule


@rule("shouting", "a name in capitals is hard to read")
def shouting(form):
    \"\"\"Reports a title in capitals.\"\"\"
    for environment in form.config.environments:
        if str(environment.settings["branding"]["title"]).isupper():
            yield form.problem("shouting", "'branding.title' is shouting", environment, "branding", "title")
"""
CHECK = """\
from signalen_toolkit.documents.data import text
from signalen_toolkit.kubernetes.model import Finding

REASONS = {"unfriendly": "who is greeted comes back"}


def check(cluster):
    for obj in cluster.of_kind("", "ConfigMap"):
        if obj.name == "greeting" and "Goodbye" in text(obj.data, "data", "greeting"):
            yield Finding("unfriendly", "this is no greeting", obj, "data.greeting")
"""
FORM = """\
apiVersion: signalen.org/v1
municipality: {code: GM0344}
contact: {phone: "14 030", email: meldingen@utrecht.nl}
repository: {url: "https://git.example.nl/utrecht/signalen.git"}
identity: {issuer: "https://keycloak.example.nl/realms/utrecht", clientId: signalen}
components: {greeter: {enabled: true}}
environments:
  acceptance: {domain: utrecht.signalen.dev, version: 4.23.0}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the project with a chart, a rule and a check more."""
    root = tmp_path_factory.mktemp("project")
    for name in ("toolkit", "chart-templates", "municipality-template"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    chart = root / "chart-templates/greeter"
    chart.mkdir()
    (chart / "component.yaml").write_text(COMPONENT)
    (chart / "releases.csv").write_text("release,chart,app\n,1.0.0,1.0.0\n")
    (chart / "values.yaml.j2").write_text(VALUES)
    (chart / "values.schema.json").write_text(json.dumps(SCHEMA))
    package = root / "toolkit/signalen_toolkit"
    (package / "validation/rules/site/shouting.py").write_text(RULE)
    (package / "kubernetes/checks/friendliness.py").write_text(CHECK)
    checks = package / "verify/checks.py"
    text = checks.read_text(encoding="utf-8").replace(
        "_MODULES: Final = (", "_MODULES: Final = (\n    friendliness,", 1
    )
    found = "from signalen_toolkit.kubernetes.checks import ("
    assert found in text
    checks.write_text(text.replace(found, f"{found}\n    friendliness,", 1), encoding="utf-8")
    return root


@pytest.fixture
def repository(tmp_path: Path, charts: Path) -> Path:
    """Give a repository with the new component on, and all charts in a folder beside its files."""
    made = tmp_path / "repository"
    shutil.copytree(CHECKOUT / "municipality-template/{{cookiecutter.repository_name}}/assets", made / "assets")
    (made / "municipality.yaml").write_text(FORM)
    shutil.copytree(charts, tmp_path / "charts", symlinks=True)
    greeter = tmp_path / "charts/greeter-1.0.0"
    (greeter / "templates").mkdir(parents=True)
    (greeter / "Chart.yaml").write_text("{apiVersion: v2, name: greeter, version: 1.0.0, appVersion: 1.0.0}\n")
    (greeter / "values.yaml").write_text("greeting: Goodbye\n")
    (greeter / "templates/greeting.yaml").write_text(TEMPLATE)
    return made


def signalen(project: Path, repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(project / "toolkit")}
    command = [sys.executable, "-m", "signalen_toolkit", *arguments]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


def test_a_chart_is_a_folder(project: Path, repository: Path) -> None:
    rendered = signalen(project, repository, "render")
    assert rendered.returncode == 0, rendered.stderr + rendered.stdout
    values = (repository / "clusters/acceptance/values/signalen-greeter.yaml").read_text(encoding="utf-8")
    assert 'greeting: "Hello, Utrecht"' in values
    verified = signalen(project, repository, "verify", "--charts", "../charts")
    assert (verified.returncode, verified.stdout) == (0, ""), verified.stdout + verified.stderr


def test_a_rule_is_a_function(project: Path, repository: Path) -> None:
    form = repository / "municipality.yaml"
    form.write_text(FORM + "branding: {title: MELDINGEN}\n")
    checked = signalen(project, repository, "check")
    assert checked.returncode == 1
    assert "municipality.yaml:9:19: error[shouting]: 'branding.title' is shouting" in checked.stdout


def test_a_check_on_objects_is_a_module_and_a_line(project: Path, repository: Path) -> None:
    (repository / "municipality.yaml").write_text(FORM + "overrides: {greeter: {greeting: Goodbye}}\n")
    verified = signalen(project, repository, "verify", "--charts", "../charts")
    assert verified.returncode == 1
    assert "error[unfriendly]: ConfigMap greeting" in verified.stdout
