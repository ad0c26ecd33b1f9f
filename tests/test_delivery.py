"""A delivery is a folder: one more, plain helmfile, in a copy of the project that nothing else is changed in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from signalen_toolkit.base.paths import CHECKOUT
from signalen_toolkit.documents.machine import load

from tests.test_extending import signalen

DELIVERY = """\
title: Helmfile
order: 3
namespace: helmfile
watch: helm list --namespace {namespace}
bootstrap: .
mailedBy: prometheus
releases:
  file: helmfile.yaml
  each: releases
  name: name
  namespace: namespace
  chart: chart
  version: version
  repositories: {each: repositories, name: name, url: url}
secrets:
  - name: "{namespace}-helmfile"
    keys:
      token: {description: A token for the registry of charts.}
"""
HELMFILE = """\
repositories:
{% for repository in repositories %}
  - name: {{ repository.name }}
    url: {{ repository.url }}
{% endfor %}
releases:
{% for component in components %}
  - name: {{ component.release }}
    namespace: {{ component.namespace }}
    chart: {{ component.repositoryName ~ "/" ~ component.chart }}
    version: {{ component.version }}
    values:
      - {{ "values/" ~ component.release ~ ".yaml" }}
{% endfor %}
"""
FORM = """\
apiVersion: signalen.org/v1
municipality: {code: GM0344}
contact: {phone: "14 030", email: meldingen@utrecht.nl}
repository: {url: "https://git.example.nl/utrecht/signalen.git"}
identity: {issuer: "https://keycloak.example.nl/realms/utrecht", clientId: signalen}
delivery: helmfile
environments:
  acceptance: {domain: utrecht.signalen.dev, version: 4.23.0}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the project with a delivery more."""
    root = tmp_path_factory.mktemp("project")
    for name in ("toolkit", "chart-templates", "municipality-template"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    folder = root / "chart-templates/delivery/helmfile"
    folder.mkdir()
    (folder / "delivery.yaml").write_text(DELIVERY)
    (folder / "helmfile.yaml.j2").write_text(HELMFILE)
    shutil.copy(root / "chart-templates/delivery/flux/namespace.yaml.j2", folder)
    return root


@pytest.fixture
def repository(project: Path, tmp_path: Path) -> Path:
    """Give a new repository that is delivered so, with one commit."""
    (tmp_path / "answers.yaml").write_text(FORM)
    made = signalen(project, tmp_path, "new", "made", "--no-input", "--no-git", "--answers", "answers.yaml")
    assert made.returncode == 0, made.stderr
    git(tmp_path / "made", "init", "--quiet", "--initial-branch=main")
    git(tmp_path / "made", "add", "--all")
    git(tmp_path / "made", "commit", "--quiet", "--message=start")
    return tmp_path / "made"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_it_is_offered_rendered_and_explained(project: Path, repository: Path) -> None:
    (found,) = [load((repository / "clusters/acceptance/helmfile.yaml").read_text(encoding="utf-8"))]
    backend = next(one for one in found["releases"] if one["name"] == "signalen-backend")
    assert backend["chart"] == "signalen-helm-charts/backend"
    assert (repository / "clusters/acceptance" / backend["values"][0]).is_file()
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert "Helmfile, namespace `helmfile`" in readme
    assert "`helm list --namespace signalen-utrecht-acceptance`" in readme
    assert "| Helmfile | `{namespace}-helmfile`" not in readme
    assert "| Helmfile | `signalen-utrecht-acceptance-helmfile` | `token` |" in readme
    assert "Flux" not in readme.partition("| omgeving | met |")[2].partition("\n\n")[0]


def test_what_is_no_delivery_is_told_with_all_that_are(project: Path, tmp_path: Path) -> None:
    answers = ("--answers", "answers.yaml", "--set", "delivery=helmfil")
    (tmp_path / "answers.yaml").write_text(FORM)
    refused = signalen(project, tmp_path, "new", "made", "--no-input", *answers)
    assert refused.returncode == 1
    assert "'delivery' must be flux, argocd or helmfile, not 'helmfil'" in refused.stderr
    assert "did you mean 'helmfile'?" in refused.stderr


def test_the_rules_know_it(project: Path, repository: Path) -> None:
    form = repository / "municipality.yaml"
    text = form.read_text(encoding="utf-8")
    own = "    cluster: {namespace: helmfile}\n    notifications: {email: {to: [a@utrecht.nl]}}\n"
    smtp = "email: {smtp: {host: smtp.utrecht.nl}}\n"
    form.write_text(smtp + text.replace("    domain:", f"{own}    domain:", 1), encoding="utf-8")
    checked = signalen(project, repository, "check")
    assert "'helmfile' is the namespace of Helmfile" in checked.stdout
    assert "Helmfile sends no mail, and prometheus, which does, is off" in checked.stdout


def test_verify_reads_its_releases(project: Path, repository: Path, charts: Path) -> None:
    right = signalen(project, repository, "verify", "--charts", str(charts))
    assert right.returncode == 0, right.stdout + right.stderr
    broken = shutil.copytree(charts, repository.parent / "charts", symlinks=True)
    (broken / "backend-4.23.0/templates/broken.yaml").write_text('{{ fail "no pods today" }}')
    wrong = signalen(project, repository, "verify", "--charts", str(broken), "--again")
    assert wrong.returncode == 1
    assert "Helm cannot render the chart backend 4.23.0 in 'acceptance'" in wrong.stdout
    assert "no pods today" in wrong.stdout


def test_diff_reads_its_releases(project: Path, repository: Path, charts: Path) -> None:
    form = repository / "municipality.yaml"
    form.write_text(form.read_text(encoding="utf-8").replace("4.23.0", "4.22.0"), encoding="utf-8")
    rendered = signalen(project, repository, "render")
    assert rendered.returncode == 0, rendered.stderr
    shown = signalen(project, repository, "diff", "--from", "HEAD", "--charts", str(charts))
    assert shown.returncode == 0, shown.stderr
    assert "chart backend 4.23.0 → 4.22.0 (release signalen-backend)" in shown.stdout
    assert "warning[downgrade]: release signalen-backend: the chart backend goes back" in shown.stdout
    assert "Deployment signalen-backend" in shown.stdout
