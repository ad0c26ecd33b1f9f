"""Each way in which data can differ from a schema, in the words of the form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml.compat import StringIO
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.documents.reader import Document, parse
from signalen_toolkit.schema.addresses import is_email, is_hostname, is_url
from signalen_toolkit.schema.times import is_cron, is_date
from signalen_toolkit.schema.validate import REASONS, compiled, schema_problems

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "What it is called.", "examples": ["x y"]},
        "contact": {"$ref": "#/$defs/contact"},
        "delivery": {"enum": ["flux", "argocd"]},
        "api": {"const": "v1"},
        "since": {"type": "string", "format": "date"},
        "site": {"type": "string", "format": "uri"},
        "host": {"type": "string", "format": "hostname"},
        "code": {"type": "string", "pattern": "^GM\\d{4}$", "x-pattern-message": "a CBS code such as GM0796"},
        "raw": {"type": "string", "pattern": "^a", "description": "Begins with an a. Always."},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 1},
        "ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "debug": {"type": "boolean"},
        "volume": {"type": "string", "pattern": "^[0-9]+Gi$", "x-pattern-message": "a size", "examples": ["20Gi"]},
        "when": {"type": "string", "format": "cron"},
        "switch": {"$ref": "#/$defs/switch"},
        "parts": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"switch": {"$ref": "#/$defs/switch"}, "other": {"$ref": "#/$defs/switch"}},
        },
        "switches": {
            "properties": {"switch": {"additionalProperties": False, "properties": {"name": {"type": "string"}}}},
        },
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 5},
            "uniqueItems": True,
            "maxItems": 3,
        },
        "point": {"type": "array", "prefixItems": [{"type": "number"}], "items": False},
        "old": False,
        "either": {
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
            "properties": {"a": {"examples": [1]}},
        },
        "one": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "needs": {"dependentRequired": {"user": ["password"]}},
        "number_or_text": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "%$"}]},
        "store": {
            "oneOf": [
                {
                    "properties": {"kind": {"const": "s3"}, "bucket": {"type": "string"}},
                    "required": ["kind", "bucket"],
                    "additionalProperties": False,
                },
                {
                    "properties": {"kind": {"const": "disk"}, "size": {"type": "integer"}},
                    "required": ["kind", "size"],
                    "additionalProperties": False,
                },
            ]
        },
        "mail": {
            "properties": {"tls": {"type": "boolean"}, "port": {"type": "integer"}},
            "if": {"properties": {"tls": {"const": True}}, "required": ["tls"]},
            "then": {"required": ["port"]},
        },
        "environments": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z]+$", "x-pattern-message": "lower-case letters"},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["domain"],
                "properties": {
                    "domain": {"type": "string", "format": "hostname"},
                    "contact": {"$ref": "#/$defs/contact"},
                },
            },
        },
        "size": {"anyOf": [{"enum": ["small"]}, {"const": "large"}]},
    },
    "$defs": {
        "switch": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"enabled": {"type": "boolean"}, "hash": {"type": "string"}},
        },
        "contact": {
            "type": "object",
            "additionalProperties": False,
            "required": ["phone"],
            "properties": {
                "phone": {"type": "string", "examples": ["073 615 51 55"]},
                "emailAddress": {"type": "string", "format": "email"},
            },
        },
    },
}


def check(text: str) -> list[Problem]:
    document = parse(text, "form.yaml")
    assert document.problems == ()
    return schema_problems(document, compiled(SCHEMA))


def marked(problem: Problem) -> str:
    return problem.source[problem.column - 1 : problem.end_column - 1]


@pytest.mark.parametrize(
    ("text", "rule", "mark", "message", "hint"),
    [
        ("fluks: 1", "unknown-key", "fluks", "'fluks' is not a key of the form", ""),
        (
            "contct: 1",
            "unknown-key",
            "contct",
            "'contct' is not a key of the form",
            "did you mean 'contact'?",
        ),
        (
            "phone: x",
            "unknown-key",
            "phone",
            "'phone' is not a key of the form",
            "'phone' belongs under 'contact'",
        ),
        (
            "domain: x.nl",
            "unknown-key",
            "domain",
            "'domain' is not a key of the form",
            "'domain' belongs under 'environments.<name>'",
        ),
        (
            "environments: {a: {domain: x.nl, phone: y}}",
            "unknown-key",
            "phone",
            "'phone' is not a key of 'environments.a'",
            "'phone' belongs under 'environments.a.contact'",
        ),
        (
            "contact: {phone: x, delivery: flux}",
            "unknown-key",
            "delivery",
            "'delivery' is not a key of 'contact'",
            "'delivery' belongs at the top, without indentation",
        ),
        (
            "contact: {phone: x, email-address: a@b.nl}",
            "unknown-key",
            "email-address",
            "'email-address' is not a key of 'contact'",
            "did you mean 'emailAddress'?",
        ),
        ("{a:1}", "unknown-key", "a:1", "'a:1' is not a key of the form", "a space is missing after ':'"),
        (
            "contact: {}",
            "missing-key",
            "contact",
            "'phone' is missing from 'contact'",
            'for example phone: "073 615 51 55"',
        ),
        (
            "either: {c: 1}",
            "missing-key",
            "either",
            "'a' or 'b' is missing from 'either'",
            "for example a: 1",
        ),
        (
            "needs: {user: x}",
            "missing-key",
            "needs",
            "'password' is missing from 'needs', and 'user' needs it",
            "",
        ),
        ("mail: {tls: true}", "missing-key", "mail", "'port' is missing from 'mail'", ""),
        (
            "one: {a: 1, b: 2}",
            "not-allowed",
            "b",
            "'a' and 'b' cannot stand together in 'one'",
            "remove all but one",
        ),
        ("old: 1", "not-allowed", "old", "'old' cannot be set here", ""),
        (
            "contact: {phone: 0735551234}",
            "wrong-type",
            "0735551234",
            "'phone' must be text, not a number",
            'put it between quotes: "0735551234"',
        ),
        (
            "code: 4.20",
            "wrong-type",
            "4.20",
            "'code' must be text, not a number",
            'put it between quotes: "4.20"',
        ),
        (
            "code: true",
            "wrong-type",
            "true",
            "'code' must be text, not true",
            'put it between quotes: "true"',
        ),
        ("debug: yes", "wrong-type", "yes", "'debug' must be true or false, not text", "write true"),
        ("debug: nee", "wrong-type", "nee", "'debug' must be true or false, not text", "write false"),
        (
            "switch: on",
            "wrong-type",
            "on",
            "'switch' must be a map, not text",
            "write it on a line below: enabled: true",
        ),
        ("switch: 1", "wrong-type", "1", "'switch' must be a map, not a number", "known keys are enabled and hash"),
        (
            "tags: {a: 1}",
            "wrong-type",
            "{a: 1}",
            "'tags' must be a list, not a map",
            "begin each item of the list with",
        ),
        ("volume: 20", "wrong-type", "20", "'volume' must be text, not a number", 'for example "20Gi"'),
        (
            "volume: |\n  20Gi\n",
            "wrong-format",
            "|",
            "'volume' must be a size",
            "remove the spaces and line breaks",
        ),
        (
            'volume: "20Gi\\n"',
            "wrong-format",
            '"20Gi\\n"',
            "'volume' must be a size",
            "remove the spaces and line breaks",
        ),
        ("when: 1 1 1 1 7", "wrong-format", "1 1 1 1 7", "'when' must be minute (not *), hour,", ""),
        (
            "enabled: true",
            "unknown-key",
            "enabled",
            "'enabled' is not a key of the form",
            "'enabled' belongs under 'switch', 'parts.switch' or 'parts.other'",
        ),
        (
            "parts: {enabled: true}",
            "unknown-key",
            "enabled",
            "'enabled' is not a key of 'parts'",
            "'enabled' belongs under 'parts.switch' or 'parts.other'",
        ),
        (
            "switches: {switch: {enabled: true}}",
            "unknown-key",
            "enabled",
            "'enabled' is not a key of 'switches.switch'",
            "'enabled' belongs under 'switch' or 'parts.switch'",
        ),
        (
            "store: {kind: disk, size: 1, enabled: true}",
            "unknown-key",
            "enabled",
            "'enabled' is not a key of 'store'",
            "",
        ),
        (
            'replicas: "3"',
            "wrong-type",
            '"3"',
            "'replicas' must be a whole number, not text",
            "remove the quotes: 3",
        ),
        ("tags: x", "wrong-type", "x", "'tags' must be a list, not text", "write a list: [x]"),
        (
            "tags: [x, 1]",
            "wrong-type",
            "1",
            "'tags[1]' must be text, not a number",
            'put it between quotes: "1"',
        ),
        (
            "contact:",
            "wrong-type",
            "contact",
            "'contact' must be a map, not nothing",
            "give it a value, or remove the key",
        ),
        (
            "contact:\n  phone:073",
            "wrong-type",
            "phone:073",
            "'contact' must be a map, not text",
            "a space is missing after ':'",
        ),
        (
            "number_or_text: [1]",
            "wrong-type",
            "[1]",
            "'number_or_text' must be a whole number or text, not a list",
            "",
        ),
        (
            "delivery: fluks",
            "unknown-value",
            "fluks",
            "'delivery' must be flux or argocd, not 'fluks'",
            "did you mean 'flux'?",
        ),
        ("api: vv1", "unknown-value", "vv1", "'api' must be v1, not 'vv1'", "did you mean 'v1'?"),
        ("size: tiny", "unknown-value", "tiny", "'size' must be small or large, not 'tiny'", ""),
        (
            "store: {kind: dsk}",
            "unknown-value",
            "dsk",
            "'kind' must be s3 or disk, not 'dsk'",
            "did you mean 'disk'?",
        ),
        ("store: {kind: disk}", "missing-key", "store", "'size' is missing from 'store'", ""),
        ("store: {kind: disk, size: x}", "wrong-type", "x", "'size' must be a whole number, not text", ""),
        ("code: GM1", "wrong-format", "GM1", "'code' must be a CBS code such as GM0796, not 'GM1'", ""),
        ("raw: bcd", "wrong-format", "bcd", "'raw' cannot be 'bcd'", "Begins with an a"),
        ("number_or_text: x", "wrong-format", "x", "'number_or_text' cannot be 'x'", ""),
        ("since: 2025-02-30", "wrong-format", "2025-02-30", "'since' must be a date", ""),
        (
            "site: https://x/<tenant>",
            "wrong-format",
            "https://x/<tenant>",
            "'site' must be a URL",
            "fill in <tenant>",
        ),
        ("host: a_b", "wrong-format", "a_b", "'host' must be a host name", ""),
        (
            "environments: {Prod: {domain: x.nl}}",
            "wrong-format",
            "Prod",
            "'Prod' must be lower-case letters",
            "",
        ),
        ("replicas: 0", "out-of-range", "0", "'replicas' must be at least 1, not 0", ""),
        ("replicas: 10", "out-of-range", "10", "'replicas' must be at most 9, not 10", ""),
        ("ratio: 0", "out-of-range", "0", "'ratio' must be more than 0, not 0", ""),
        ("ratio: 1", "out-of-range", "1", "'ratio' must be less than 1, not 1", ""),
        ("environments: {}", "out-of-range", "{}", "'environments' must not be empty", ""),
        (
            "tags: [abcdef]",
            "out-of-range",
            "abcdef",
            "'tags[0]' may have at most 5 characters, and has 6",
            "",
        ),
        (
            "tags: [a, b, c, d]",
            "out-of-range",
            "[a, b, c, d]",
            "'tags' may have at most 3 items, and has 4",
            "",
        ),
        ("tags: [a, b, a]", "duplicate-item", "a", "'tags[2]' is the same as 'tags[0]'", ""),
        ("point: [1, 2]", "out-of-range", "[1, 2]", "'point' has more items than it can have", ""),
    ],
)
def test_each_mistake_is_one_problem(text: str, rule: str, mark: str, message: str, hint: str) -> None:
    (problem,) = check(text + "\n" if text.startswith("{") else f"name: x\n{text}\n")[-1:]
    others = [p for p in check(text if text.startswith("{") else f"name: x\n{text}\n") if p.rule != "missing-key"]
    assert len(others) <= 1
    assert (problem.rule, marked(problem)) == (rule, mark)
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)
    assert bool(hint) == bool(problem.hint) or rule in ("unknown-key", "unknown-value")
    assert rule in REASONS


def test_a_good_form_has_no_problems() -> None:
    assert check("name: x\ncontact: {phone: y}\nreplicas: 3\nstore: {kind: s3, bucket: b}\none: {a: 1}\n") == []


def test_a_misspelt_key_explains_the_missing_one() -> None:
    (problem,) = check("nmae: x\n")
    assert (problem.rule, problem.hint) == ("unknown-key", "did you mean 'name'?")
    problems = check("name: x\nphone: y\ncontact: {}\n")
    assert [(p.rule, p.path) for p in problems] == [("unknown-key", "phone")]


def test_a_missing_key_says_what_it_is() -> None:
    (problem,) = check("delivery: flux\n")
    assert problem.message == "'name' is missing from the form"
    assert problem.hint == 'What it is called; for example name: "x y"'
    assert (problem.line, problem.column, problem.path) == (1, 1, "name")


def test_a_part_is_checked_against_a_schema_of_its_own() -> None:
    document = parse("overrides:\n  backend:\n    replicsa: 1\n    a: {b: x}\n", "f")
    schema = {
        "additionalProperties": False,
        "properties": {
            "replicas": {},
            "a": {"properties": {"b": {"type": "integer"}, "c": {}}, "required": ["c"]},
        },
    }
    what = "the values of chart backend 4.19.0"
    problems = schema_problems(document, compiled(schema), at=("overrides", "backend"), what=what)
    assert [(p.rule, p.line, p.column, p.path) for p in problems] == [
        ("unknown-key", 3, 5, "overrides.backend.replicsa"),
        ("missing-key", 4, 5, "overrides.backend.a.c"),
        ("wrong-type", 4, 12, "overrides.backend.a.b"),
    ]
    assert problems[0].message == f"'replicsa' is not a key of {what}"
    assert problems[1].message == f"'c' is missing from 'a' in {what}"
    assert schema_problems(document, compiled(schema), at=("overrides", "frontend")) == []


def test_what_could_not_be_read_has_no_schema_problems() -> None:
    assert schema_problems(parse("a: [", "f"), compiled(SCHEMA)) == []


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"properties": {}, "additionalProperties": False, "allOf": [{"properties": {"a": {}}}]}, "a: 1\n"),
        ({"unevaluatedProperties": False, "if": False, "then": {"properties": {"a": {}}}}, "a: 1\n"),
        ({"properties": {"a": {"uniqueItems": True}}}, "a: [1, 1.0]\n"),
        ({"properties": {"a": {"not": {"type": "string"}}}}, "a: x\n"),
        ({"properties": {"a": {"contains": {"const": 1}}}}, "a: [2]\n"),
        ({"not": {"required": ["a"]}}, "a: 1\n"),
        ({"maxProperties": 1}, "a: 1\nb: 2\n"),
    ],
)
def test_no_error_of_a_schema_is_lost(schema: dict[str, Any], text: str) -> None:
    (problem,) = schema_problems(parse(text, "f"), compiled(schema))
    assert problem.rule in REASONS


def test_the_deepest_document_fits_a_schema_that_contains_itself() -> None:
    schema = {"additionalProperties": {"$ref": "#"}, "type": "object"}
    document = parse("{a: " * 99 + "{b: 1}" + "}" * 99, "f")
    (problem,) = schema_problems(document, compiled(schema))
    assert problem.rule == "wrong-type"


@pytest.mark.parametrize(
    ("check_format", "good", "bad"),
    [
        (
            is_hostname,
            ["a", "a-b.nl", "A.nl", "1.nl"],
            ["", "-a.nl", "a..nl", "a_b", "a.nl.", "a b", "a" * 64],
        ),
        (
            is_email,
            ["a@b.nl", "a.b+c@d-e.nl"],
            ["a", "a@b", "a@@b.nl", ".a@b.nl", "a..b@c.nl", "A <a@b.nl>", "a@b.nl\n"],
        ),
        (
            is_url,
            ["https://a.nl", "http://localhost:8080/x?y=z#w", "ssh://git@a.nl/x.git", "https://[::1]/"],
            [
                "a.nl",
                "https://",
                "https:///x",
                "https://a b.nl",
                "https://a.nl:99999",
                "https://<t>.nl",
                "mailto:a@b.nl",
            ],
        ),
        (
            is_cron,
            ["30 1 * * *", "0 0 1 1 0", "*/15 22-23,0-4 1,15 */2 1-5", "59 23 31 12 6", "5/10 00 * * *"],
            [
                *(
                    "* 1 * * *",
                    "60 1 * * *",
                    "0 24 * * *",
                    "0 1 0 * *",
                    "0 1 * 13 *",
                    "0 1 * * 7",
                    "0 5-1 * * *",
                    "0 1 * *",
                ),
                *(
                    "0 1 * *",
                    "0 1 * * * *",
                    "0  1 * * *",
                    "@daily",
                    "0 1 * * sun",
                    "0 */0 * * *",
                    "0 1 * * ,",
                    "",
                    "0 1 * * *\n",
                ),
            ],
        ),
        (is_date, ["2025-12-31", "2024-02-29"], ["2025-02-29", "20251231", "2025-1-1", "31-12-2025"]),
    ],
)
def test_formats(check_format: Any, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not check_format(text)] == []
    assert [text for text in bad if check_format(text)] == []


KEYS = st.sampled_from([*SCHEMA["properties"], "phone", "kind", "a", "b", "user", "domain", "x y", ""])
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats(-1, 1) | st.sampled_from(["", "x", "s3", "%"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def written(data: object) -> Document:
    from ruamel.yaml import YAML

    stream = StringIO()
    YAML(typ="safe", pure=True).dump(data, stream)
    return parse(stream.getvalue(), "f")


@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=8))
def test_whatever_the_data_each_error_has_words_and_a_place(data: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    document = written(data)
    problems = schema_problems(document, compiled(SCHEMA))
    if not Draft202012Validator(SCHEMA).is_valid(document.data):
        assert problems
    for problem in problems:
        assert problem.rule in REASONS
        assert 1 <= problem.line <= len(document.source.lines)
        assert "given schemas" not in problem.message
        assert "\n" not in problem.message + problem.hint
