"""`signalen import`: which kinds of files it takes values from, and what it says of the others."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError

from tests.importing.test_importing import REST, imported

SECRET = "ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]"  # made up


def refused(folder: Path, given: list[str] = REST, **today: str) -> Problem:
    with pytest.raises(ProblemsError) as error:
        imported(folder, given, **today)
    (problem,) = error.value.problems
    return problem


@pytest.mark.parametrize(
    "text",
    [
        """
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: signalen-backend}
        spec:
          values:
            settings:
              organizationName: Gemeente Test
              allowedHosts: "*"
        """,
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          source:
            helm:
              valuesObject:
                settings:
                  organizationName: Gemeente Test
                  allowedHosts: "*"
        """,
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          sources:
            - chart: backend
              helm:
                values: |
                  settings:
                    organizationName: Gemeente Test
                    allowedHosts: "*"
        """,
        """
        apiVersion: v1
        kind: ConfigMap
        data:
          values.yaml: |
            settings:
              organizationName: Gemeente Test
              allowedHosts: "*"
        """,
        """
        global: {}
        frontend: {replicaCount: 1}
        backend:
          settings:
            organizationName: Gemeente Test
            allowedHosts: "*"
        """,
    ],
    ids=["HelmRelease", "valuesObject", "values", "ConfigMap", "umbrella"],
)
def test_values_are_taken_from_what_holds_them_and_keep_their_places(tmp_path: Path, text: str) -> None:
    text = textwrap.dedent(text).lstrip()
    result = imported(tmp_path, REST, backend=text)
    assert result.form["municipality"]["organization"] == "Gemeente Test"
    remark = next(one for one in result.remarks if one.rule == "not-imported")
    assert remark.path == "settings.allowedHosts"
    line = text.splitlines()[remark.line - 1]
    assert line[remark.column - 1 :] == '"*"'
    assert remark.source == line


def test_config_map_with_the_configuration_of_the_site(tmp_path: Path) -> None:
    text = """\
apiVersion: v1
kind: ConfigMap
data:
  app.json: |
    {"language": {"title": "Melden"},
     "nonsense": 1}
"""
    result = imported(tmp_path, REST, frontend=text)
    assert result.form["branding"]["title"] == "Melden"
    (remark,) = [one for one in result.remarks if one.rule == "not-imported"]
    assert (remark.path, remark.line, remark.column) == ("nonsense", 6, 18)


def test_configuration_of_the_site_may_stand_where_its_values_were_asked(tmp_path: Path) -> None:
    assert imported(tmp_path, REST, frontend={"language": {"title": "Melden"}}).form["branding"]["title"] == "Melden"
    values = {"config": {"language": {"title": "Melden"}}}
    assert imported(tmp_path, REST, app=values).form["branding"]["title"] == "Melden"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {}\n", "this is a Deployment, and no file with values", 2),
        (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {valuesFrom: [{kind: ConfigMap}]}\n",
            "this HelmRelease has its values elsewhere",
            3,
        ),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n", "this ConfigMap holds no file", 3),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata: {a.yaml: '', b.yaml: ''}\n",
            "this ConfigMap does not say which of its texts is meant",
            3,
        ),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a.yaml: 'x: 1'}\n", "'data[\"a.yaml\"]' is a file within a line", 3),
        ("apiVersion: signalen.org/v1\n", "this is a form already", 1),
        (
            "services:\n  web: {}\n",
            "these are not the values of the chart backend: it knows none of these keys",
            1,
        ),
        (
            f"settings:\n  secretKey: {SECRET}\nsops: {{mac: '{SECRET}', version: 3.8.1}}\n",
            "this file is encrypted with SOPS, and nothing in it can be read",
            2,
        ),
    ],
)
def test_wrong_kind_of_file_is_one_clear_message(tmp_path: Path, text: str, message: str, line: int) -> None:
    problem = refused(tmp_path, backend=text)
    assert (problem.rule, problem.message, problem.line) == ("wrong-file", message, line)


def test_what_is_encrypted_is_left_out_and_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    text = f"""\
settings:
  organizationName: Gemeente Test
  secretKey: {SECRET}
  frontendUrl: {SECRET}
sops:
  mac: {SECRET}
"""
    result = imported(tmp_path, REST, backend=text)
    assert result.form["municipality"]["organization"] == "Gemeente Test"
    assert "ENC[" not in json.dumps(result.form)
    told = {one.path: one.line for one in result.remarks if "SOPS" in one.message}
    assert told == {"settings.secretKey": 3, "settings.frontendUrl": 4}
    assert not [one for one in result.remarks if one.rule == "plain-secret"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_told_with_their_place(tmp_path: Path, word: str) -> None:
    problem = refused(tmp_path, app=f'{{"a NaN \\" Infinity": 1,\n "map": {{"options": {{"zoom": {word}}}}}}}')
    assert (problem.rule, problem.line, problem.column) == ("unusable-number", 2, 30)
    assert word in problem.message


@pytest.mark.parametrize("text", ['{"map": {"options": {"zoom": 1e999}}}', '{"a": 1' + "0" * 400 + "}"])
def test_numbers_beyond_all_bounds_are_told(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, app=text).rule == "unusable-number"


@pytest.mark.parametrize(
    ("component", "text"),
    [
        ("frontend", "extraVolumes: [{name: [], configMap: {name: x}}]"),
        ("frontend", "extraVolumes: [{name: {}, configMap: {name: x}}]"),
        ("backend", "env: {AZURE_STORAGE_ENABLED: {}}"),
        ("backend", "tags: {postgresql: []}"),
        ("backend", "settings: {celeryEmailBackend: [a], email: {useTLS: {a: b}}}"),
        ("backend", "persistence: {media: {enabled: [true]}}"),
    ],
)
def test_value_of_a_wrong_kind_is_no_traceback(tmp_path: Path, component: str, text: str) -> None:
    result = imported(tmp_path, REST, **{component: text})
    assert [one for one in result.remarks if one.rule == "not-imported"]
