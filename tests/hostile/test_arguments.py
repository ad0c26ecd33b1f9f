"""What a repository says is no option of a program, and no trap for who reads it back."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.form import rendered
from signalen_toolkit.form.config import build
from signalen_toolkit.form.model import Form
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.steps.remove import remove
from signalen_toolkit.verify import own_objects

from tests.helm.test_program import real as real
from tests.helm.test_rendered_tree import ARGO_CD, FLUX
from tests.steps.conftest import commit
from tests.steps.conftest import place as place
from tests.support.lived_in import FORM, repository
from tests.support.outside import HOOKS, run
from tests.support.small_charts import chart_files, write_chart

EVIL = ("--post-renderer=/bin/sh", "-x", "a b", "a\nb", "../../x", "a/b", "$(x)", "A_", "\u202ex", "x" * 300)


# What is no version of one chart is refused where that is looked for.
FINE = {("chart", "A_"), ("version", "A_"), ("version", "a b")}


@pytest.mark.parametrize("value", EVIL)
@pytest.mark.parametrize(
    ("text", "old", "what"),
    [
        (FLUX, "metadata: {name: web,", "name"),
        (FLUX, "namespace: flux-system}\nspec:\n  chart", "namespace"),
        (FLUX, "chart: frontend,", "chart"),
        (FLUX, "version: 1.2.3", "version"),
        (FLUX, "url: https://example.org/charts", "repository"),
        (ARGO_CD, "releaseName: web", "name"),
        (ARGO_CD, "namespace: web}", "namespace"),
        (ARGO_CD, "chart: frontend", "chart"),
    ],
)
def test_a_release_with_what_helm_does_not_take(text: str, old: str, what: str, value: str) -> None:
    key, _, said = old.rpartition(": ")
    rest = said.lstrip("abcdefghijklmnopqrstuvwxyz0123456789-.:/")
    changed = text.replace(old, f"{key}: {json.dumps(value)}{rest}")
    assert changed != text
    if (what, value) in FINE:
        assert releases({"clusters/a/x.yaml": changed}, catalog().release_formats)
        return
    with pytest.raises(ValueError, match=f"' is no {what} of a release") as caught:
        releases({"clusters/a/x.yaml": changed}, catalog().release_formats)
    assert str(caught.value).isprintable()


SHELL = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: zz, namespace: signalen-acceptance}
spec:
  releaseName: --post-renderer=/bin/sh
  chart: {spec: {chart: frontend, version: 4.20.0, sourceRef: {kind: HelmRepository, name: signalen-helm-charts}}}
"""


def test_diff_runs_nothing_that_a_release_is_called_after(place: Path, charts: Path) -> None:
    mark = place.parent / "mark"
    (place / "clusters/acceptance/releases/zz.yaml").write_text(SHELL)
    values = place / "clusters/acceptance/values/--post-renderer=/bin/sh.yaml"
    values.parent.mkdir(parents=True)
    values.write_text(f'podAnnotations: {{x: "a\\n\\ntouch {mark}; exit 0\\n"}}\n')
    done = run("diff", "--charts", charts, "--from", "HEAD", cwd=place)
    assert done.returncode == 2
    assert "'--post-renderer=/bin/sh' is no name of a release (HelmRelease zz in clusters/acceptance" in done.stderr
    assert not mark.exists()


def test_helm_takes_no_name_for_an_option(real: Path, tmp_path: Path) -> None:
    """Behind what is checked where it is read, there is this."""
    chart = write_chart(tmp_path, chart_files())
    mark = tmp_path / "mark"
    for name, namespace in ((f"--post-renderer={mark}", "x"), ("x", f"--post-renderer={mark}")):
        mark.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran; cat\n")
        mark.chmod(0o755)
        bad = HelmRelease("a", name, namespace, ChartReference("", "demo", "1.2.3"), "{}", "x.yaml")
        with suppress(HelmError):
            helm.program_engine(real)(chart, bad, "1.34", (), 30)
        assert not (tmp_path / "ran").exists()


# --- commands that a person is to type


@pytest.mark.parametrize("key", ["namespace", "toolNamespace", "delivery", "volumes.x"])
@pytest.mark.parametrize("value", ["--all", "x; touch y", "$(touch y)", "x'", "a b", "`x`"])
def test_facts_that_are_no_names_are_none(place: Path, key: str, value: str) -> None:
    facts = place / "clusters/acceptance/bootstrap.yaml"
    lines = [line for line in facts.read_text().splitlines() if not line.startswith(f"{key}: ")]
    facts.write_text("\n".join([*lines, f"{key}: {value}"]) + "\n")
    assert "acceptance" not in rendered.on_disk(place)
    assert rendered.in_tree({"clusters/acceptance/bootstrap.yaml": facts.read_bytes()}) == {}
    assert "production" in rendered.on_disk(place)


@pytest.mark.parametrize("name", ["--all", "-A", "a b", "$(touch x)"])
def test_an_object_that_is_called_as_an_option_is_in_no_command(place: Path, name: str) -> None:
    remove(place, "acceptance")
    release = place / "clusters/acceptance/releases/frontend.yaml"
    text = release.read_text()
    assert "  name: signalen-frontend\n" in text
    release.write_text(text.replace("  name: signalen-frontend\n", f"  name: '{name}'\n", 1))
    commit(place)
    with pytest.raises(UsageError, match="has an object with a name that Kubernetes does not take"):
        remove(place, "acceptance")


# --- files that grow, or cannot be read

BOMB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
FILES = {
    "bomb": (BOMB, "the aliases stand for more than 10000 values"),
    "recursive": ("kind: ConfigMap\nmetadata: {name: x}\nd: &d [*d]\n", "stands inside the value that it repeats"),
    "deep": ("kind: ConfigMap\nd: " + "[" * 100_000, "nested more than 100 deep"),
    "no yaml": ("kind: [\n", "is not YAML"),
    "a number": ("kind: ConfigMap\nd: " + "9" * 5000, "is not YAML"),
    "not text": ("kind: ConfigMap\nd: \udcff\n", "is not UTF-8"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("folder", ["clusters/acceptance", "clusters/acceptance/releases"])
def test_a_file_in_the_tree_that_is_a_trap(place: Path, charts: Path, folder: str, name: str) -> None:
    text, said = FILES[name]
    (place / folder / "trap.yaml").write_bytes(text.encode(errors="surrogateescape"))
    done = run("diff", "--charts", charts, "--from", "HEAD", cwd=place, timeout=60)
    assert done.returncode == 2
    assert f"{folder}/trap.yaml" in done.stderr
    assert said in done.stderr
    commit(place)
    for arguments in (["handover", "acceptance", "--delivery", "argocd"], ["remove", "acceptance"], ["status"]):
        run(*arguments, cwd=place, timeout=60)
    run("remove", "acceptance", cwd=place, timeout=60)


@pytest.mark.parametrize("name", FILES)
def test_an_own_object_that_is_a_trap(tmp_path: Path, name: str) -> None:
    text, said = FILES[name]
    place = repository(tmp_path / "repository")
    source = reader.parse(FORM + "sync: {manifests: true}\n", "municipality.yaml")
    form = Form(source, build(source.data, catalog(), {}), catalog())
    (place / "manifests/acceptance").mkdir(parents=True)
    (place / "manifests/acceptance/trap.yaml").write_bytes(text.encode(errors="surrogateescape"))
    objects, (problem,) = own_objects.read(place, form, form.config.environments[0])
    assert objects == []
    assert "manifests/acceptance/trap.yaml" in problem.message
    assert said.replace("is not UTF-8", "cannot be read as UTF-8") in problem.message


@pytest.mark.parametrize("name", FILES)
def test_the_hook_for_secrets_reads_a_trap(tmp_path: Path, name: str) -> None:
    (tmp_path / "trap.yaml").write_bytes(FILES[name][0].encode(errors="surrogateescape"))
    assert run("secrets", "trap.yaml", cwd=tmp_path, program=HOOKS, timeout=60).returncode in (0, 1, 2)


def test_a_rendered_file_that_is_not_utf8_is_stale_and_comes_back(place: Path) -> None:
    namespace = place / "clusters/acceptance/namespace.yaml"
    before = namespace.read_bytes()
    namespace.write_bytes(before + b"\xff")
    done = run("render", "--check", place)
    assert done.returncode == 1
    assert "-\\xff" in done.stdout
    assert "clusters/ is stale" in done.stderr
    assert run("render", place).returncode == 0
    assert namespace.read_bytes() == before
