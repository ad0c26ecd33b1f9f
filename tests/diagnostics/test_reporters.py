"""The same problems in each format, however strange the text they are about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.reporters import FORMATS, report, summary
from signalen_toolkit.diagnostics.terminal import WIDEST, excerpt, width
from signalen_toolkit.documents.reader import REASONS

WRONG = Problem(
    rule="unknown-key",
    message="'enviroments' is not a key of the form",
    file="municipality.yaml",
    line=14,
    column=1,
    end_column=12,
    place=("enviroments",),
    hint="did you mean 'environments'?",
    source="enviroments:",
)
WARNING = Problem(
    rule="old:version",
    message="100% old,\nreally",
    file="a b/gemeente, é.yaml",
    line=3,
    column=4,
    end_column=9,
    severity=Severity.WARNING,
    source="\tx: 日本 4.20.0",
)

SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["unicodeCodePoints", "utf16CodeUnits"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "semanticVersion": {"pattern": "^\\d+\\.\\d+\\.\\d+$"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string", "minLength": 1},
                                                "shortDescription": {"$ref": "#/$defs/message"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "message": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {"text": {"type": "string", "minLength": 1}},
        },
        "result": {
            "type": "object",
            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["error", "warning"]},
                "message": {"$ref": "#/$defs/message"},
                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["physicalLocation"],
                        "additionalProperties": False,
                        "properties": {
                            "logicalLocations": {"type": "array"},
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation", "region"],
                                "additionalProperties": False,
                                "properties": {
                                    "artifactLocation": {
                                        "required": ["uri"],
                                        "properties": {"uri": {"pattern": "^[A-Za-z0-9._~/:%-]*$"}},
                                    },
                                    "region": {
                                        "required": ["startLine", "startColumn", "endColumn"],
                                        "additionalProperties": {"type": "integer", "minimum": 1},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_text_is_as_compilers_print_it() -> None:
    assert report([WRONG], "text") == (
        "municipality.yaml:14:1: error[unknown-key]: 'enviroments' is not a key of the form\n"
        "   |\n"
        "14 | enviroments:\n"
        "   | ^^^^^^^^^^^ did you mean 'environments'?\n"
        "\n"
        "1 error"
    )


def test_tabs_and_wide_characters_keep_the_carets_in_place() -> None:
    shown = report([WARNING], "text").splitlines()
    assert shown[0] == "a b/gemeente, é.yaml:3:4: warning[old:version]: 100% old, really"
    assert shown[2:4] == ["3 |     x: 日本 4.20.0", "  |       ^^^^^^^"]


def test_a_long_line_is_cut_around_the_carets() -> None:
    source = "a: " + "x" * 500 + " WRONG " + "y" * 500
    column = source.index("WRONG") + 1
    line, before, carets = excerpt(source, column, column + 5)
    assert len(line) <= WIDEST + 2
    assert line[before : before + carets] == "WRONG"
    assert line.startswith("…")
    assert line.endswith("…")


def test_a_problem_without_a_line_keeps_its_hint() -> None:
    problem = Problem("not-utf8", "this file is UTF-16", "f", hint="save it as UTF-8")
    assert "save it as UTF-8" in report([problem], "text")


def test_colour_only_where_it_is_asked_for() -> None:
    assert "\x1b" not in report([WRONG], "text")
    assert "\x1b[1;31m" in report([WRONG], "text", colour=True)


def test_the_summary_counts() -> None:
    assert summary([WRONG, WARNING, WARNING]) == "1 error, 2 warnings"
    assert summary([]) == "no problems"


def test_no_problems() -> None:
    assert report([], "text") == ""
    assert report([], "github") == ""
    assert json.loads(report([], "gitlab")) == []
    assert json.loads(report([], "json"))["problems"] == []
    assert json.loads(report([], "sarif"))["runs"][0]["results"] == []


def test_json() -> None:
    document = json.loads(report([WRONG, WARNING], "json"))
    assert document["summary"] == {"errors": 1, "warnings": 1}
    assert document["problems"][0] == {
        "rule": "unknown-key",
        "severity": "error",
        "message": "'enviroments' is not a key of the form",
        "hint": "did you mean 'environments'?",
        "file": "municipality.yaml",
        "line": 14,
        "column": 1,
        "end_column": 12,
        "path": "enviroments",
    }


def test_github_escapes_what_would_end_a_command() -> None:
    error, warning = report([WRONG, WARNING], "github").splitlines()
    assert error == (
        "::error file=municipality.yaml,line=14,col=1,endColumn=12,title=unknown-key::"
        "'enviroments' is not a key of the form; did you mean 'environments'?"
    )
    assert warning == (
        "::warning file=a b/gemeente%2C é.yaml,line=3,col=4,endColumn=9,title=old%3Aversion::100%25 old,%0Areally"
    )


def test_gitlab_fingerprints_are_unique_and_survive_a_moved_line() -> None:
    moved = Problem(**{**{name: getattr(WRONG, name) for name in Problem.__slots__}, "line": 99})
    first = json.loads(report([WRONG, WRONG, WARNING], "gitlab"))
    assert len({item["fingerprint"] for item in first}) == 3
    assert json.loads(report([moved], "gitlab"))[0]["fingerprint"] == first[0]["fingerprint"]
    assert first[2]["location"] == {"path": "a b/gemeente, é.yaml", "lines": {"begin": 3}}
    assert [item["severity"] for item in first] == ["major", "major", "minor"]


def sarif(problems: list[Problem]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report(problems, "sarif", reasons=REASONS))
    Draft202012Validator(SARIF).validate(document)
    return document


def test_sarif() -> None:
    run = sarif([WRONG, WARNING])["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/gemeente%2C%20%C3%A9.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 4, "endColumn": 9}
    described = {rule["id"]: rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert described["duplicate-key"] == REASONS["duplicate-key"]
    assert set(REASONS) < set(described)


@pytest.mark.parametrize(
    ("file", "uri"),
    [("./a.yaml", "a.yaml"), ("/tmp/a b.yaml", "file:///tmp/a%20b.yaml"), ("../a.yaml", "../a.yaml")],  # noqa: S108
)
def test_sarif_paths(file: str, uri: str) -> None:
    document = sarif([Problem("r", "m", file)])
    location = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == uri


NASTY = st.text(st.sampled_from("ab:,%\n\r\t\x1b[\x00\x85\u2028\u202e\ud800日é\u0301😀"), max_size=20)
PROBLEMS = st.lists(
    st.builds(
        Problem,
        rule=st.sampled_from(["unknown-key", "yaml-syntax"]),
        message=NASTY.filter(bool),
        file=NASTY,
        line=st.integers(1, 9),
        column=st.integers(1, 30),
        end_column=st.integers(1, 40),
        severity=st.sampled_from(Severity),
        hint=NASTY,
        source=NASTY,
    ),
    max_size=3,
)


@given(PROBLEMS)
def test_no_text_breaks_a_report(problems: list[Problem]) -> None:
    for name in FORMATS:
        written = report(problems, name)
        written.encode()
        assert not set(written) & set("\x1b\x00\r\x85\u2028\u202e\ud800")
    assert [item["message"] for item in json.loads(report(problems, "json"))["problems"]] == [
        problem.message for problem in problems
    ]
    assert len(report(problems, "github").splitlines()) == len(problems)
    assert len(json.loads(report(problems, "gitlab"))) == len(problems)
    sarif(problems)


@given(NASTY, st.integers(1, 30), st.integers(1, 40))
def test_carets_stand_under_the_excerpt(source: str, column: int, end_column: int) -> None:
    line, before, carets = excerpt(source, column, end_column)
    assert before <= width(line)
    assert carets >= 1
