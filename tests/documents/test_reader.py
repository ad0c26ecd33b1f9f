"""Reading YAML: what comes out, where it stands, and that nothing makes it fail."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from signalen_toolkit.diagnostics.characters import CONTROL, INVISIBLE
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.nodes import DEEPEST, Node
from signalen_toolkit.documents.reader import LARGEST, REASONS, Document, parse, read


def rules(document: Document) -> list[str]:
    return [problem.rule for problem in document.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", "yes"),
        ("a: true", True),
        ("a: 'true'", "true"),
        ("a: 2024-01-01", "2024-01-01"),
        ("a: 0o14", 12),
        ("a: 0x1F", 31),
        ("a: 012", 12),
        ("a: -3", -3),
        ("a: 4.20", 4.2),
        ("a: 1e3", 1000.0),
        ("a: 4.23.0", "4.23.0"),
        ("a: 1_000", "1_000"),
        ("a: ~", None),
        ("a:", None),
        ('a: ""', ""),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: >-\n  x\n  y\n", "x y"),
        ("a: !!str 0735", "0735"),
        ("a: !!int '3'", 3),
        ("a: [1, {b: c}]", [1, {"b": "c"}]),
        ("a: '1\\2'", "1\\2"),
        (r'a: "\ud83d\ude00"', "😀"),
    ],
)
def test_values_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    document = parse(text, "f")
    assert document.problems == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_keys_are_text_as_yaml_1_2_has_it() -> None:
    assert parse("yes: 1\nno: 2\non: 3\n", "f").data == {"yes": 1, "no": 2, "on": 3}


def test_aliases_and_merge_keys() -> None:
    document = parse("b: &b {x: 1, y: [2]}\nc: *b\nd:\n  <<: *b\n  y: 3\ne: {<<: [*b, *b], z: 1}\n", "f")
    assert document.problems == ()
    assert document.data["c"] == {"x": 1, "y": [2]}
    assert document.data["d"] == {"x": 1, "y": 3}
    assert document.data["e"] == {"x": 1, "y": [2], "z": 1}
    document.data["c"]["y"].append(9)
    assert document.data["b"] == {"x": 1, "y": [2]}
    assert document.problem("r", "m", ["c"]).column == 4
    assert document.problem("r", "m", ["c", "x"]).line == 1
    assert document.problem("r", "m", ["d", "x"]).line == 1


@pytest.mark.parametrize(
    "text",
    [
        'a: "x\ty"\n',
        "a: 'x\ty'\n",
        'a: "x\n\ty"\n',
        "a: |\n  x\ty\n  \tz\n",
        "a: {b:\t1,\n\tc: 2\t}\n",
        "a: [1,\t2\t]\n",
    ],
)
def test_a_tab_within_a_value_or_brackets_is_read(text: str) -> None:
    document = parse(text, "x.yaml")
    assert document.problems == ()
    assert document.data == yaml.load(text, Loader=yaml.CSafeLoader)  # safe, and libyaml's reading


@pytest.mark.parametrize(
    "text",
    [
        "a:\t1\n",
        "a: 1\t\n",
        "a: 1\t# b\n",
        "a\t: 1\n",
        "a:\n-\tx\n",
        "a: &x\t1\n",
        "a: |\t\n  x\n",
        "a: 1\n\t\nb: 2\n",
        "a: 1\n\t# b\n",
    ],
)
def test_a_tab_that_yaml_allows_and_ruamel_does_not_is_called_a_limit(text: str) -> None:
    (found,) = parse(text, "x.yaml").problems
    assert (found.rule, found.message) == ("tab-indentation", "a tab stands where the toolkit reads spaces only")
    assert text.splitlines()[found.line - 1][found.column - 1] == "\t"


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "already on line 1"),
        ("a: 1\n<<: {b: 1}\n<<: 3\n", "yaml-syntax", 3, 5, "not a map"),
        ("a:\n\tb: 1\n", "tab-indentation", 2, 1, "indented with a tab"),
        ("a:\n  \tb: 1\n", "tab-indentation", 2, 3, "indented with a tab"),
        ("a: b\tc\n", "tab-indentation", 1, 5, "the toolkit reads spaces only"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\n", "merge-conflict", 2, 1, "merge conflict"),
        ("a: 1\n---\nb: 1\n", "several-documents", 2, 1, "second document"),
        ("- a\n", "not-a-map", 1, 1, "a list"),
        ("hello\n", "not-a-map", 1, 1, "one value"),
        ("", "empty-file", 1, 1, "nothing"),
        ("# only\n\n# comments\n", "empty-file", 1, 1, "nothing"),
        ("---\n", "empty-file", 1, 1, "nothing"),
        ("a: x\x00y\n", "control-character", 1, 5, "NUL"),
        ("a: 1\nb: \x1b[31m\n", "control-character", 2, 4, "U+001B"),
        ('a: "\\0"\n', "control-character", 1, 4, "NUL"),
        ('a: "\\ud800"\n', "control-character", 1, 4, "surrogate"),
        ("a: \ud800\n", "control-character", 1, 4, "surrogate"),
        ("a: x\u202ey\n", "control-character", 1, 5, "U+202E"),
        ("a: !secret x\n", "unsupported-tag", 1, 4, "!secret"),
        ("a: !!python/object:os.system {}\n", "unsupported-tag", 1, 4, "!!python/object"),
        ("a: !!int x\n", "unsupported-tag", 1, 10, "!!int"),
        ("1: x\n", "key-not-text", 1, 1, "1"),
        ("true: x\n", "key-not-text", 1, 1, "true"),
        (": x\n", "key-not-text", 1, 1, "empty"),
        ("a: {{ b }}\n", "key-not-text", 1, 5, "map"),
        ("? [a]\n: b\n", "key-not-text", 1, 3, "list"),
        ("a: .nan\n", "unusable-number", 1, 4, "finite"),
        ("a: -.inf\n", "unusable-number", 1, 4, "finite"),
        ("a: 1e999\n", "unusable-number", 1, 4, "finite"),
        ("a: " + "9" * 6000, "unusable-number", 1, 4, "64 bits"),
        ("a: &a [*a]\n", "alias-bomb", 1, 8, "inside"),
        ("[" * 5000, "too-deep", 1, DEEPEST + 1, "nested"),
        ("- " * 5000, "too-deep", 1, 2 * DEEPEST + 1, "nested"),
        ("a: b: c\n", "yaml-syntax", 1, 4, "': '"),
        ("contact\n  phone: 1\n", "yaml-syntax", 1, 1, "':' is missing after 'contact'"),
        ("a: 1\nphone\nb: 2\n", "yaml-syntax", 2, 1, "':' is missing after 'phone'"),
        ("a: 1\nphone:073\nb: 2\n", "yaml-syntax", 2, 6, "a space is missing"),
        ('"a":b\n', "yaml-syntax", 1, 4, "a space is missing"),
        ("a:\n   b: 1\n  c: 2\n", "yaml-syntax", 3, 3, "indentation"),
        ("a: x\n  b: y\n", "yaml-syntax", 2, 3, "indentation"),
        ("a: 1\nb: 'x\nc: 1\n", "yaml-syntax", 2, 4, "never closed"),
        ('a: "x\nb: "y"\n', "yaml-syntax", 1, 4, "never closed"),
        ("a: @x\n", "yaml-syntax", 1, 4, "'@'"),
        ("a: `x`\n", "yaml-syntax", 1, 4, "'`'"),
        ("a: %x\n", "yaml-syntax", 1, 4, "'%'"),
        ("%x: 1\n", "yaml-syntax", 1, 1, "'%'"),
        ("a: *b\n", "yaml-syntax", 1, 4, "&b"),
        ("a: [1\nb: 2\n", "yaml-syntax", 1, 4, "not closed"),
        ("a: - b\n", "yaml-syntax", 1, 4, "list"),
        ('a: "\\d"\n', "yaml-syntax", 1, 5, "\\d"),
        ('a: "\\UFFFFFFFF"\n', "yaml-syntax", 1, 5, "no character"),
        ("%YAML 1.1\n---\na: yes\n", "yaml-syntax", 1, 1, "YAML 1.2"),
    ],
)
def test_each_mistake_is_one_problem_in_its_place(text: str, rule: str, line: int, column: int, said: str) -> None:
    document = parse(text, "form.yaml")
    (problem,) = document.problems
    assert (problem.rule, problem.line, problem.column) == (rule, line, column)
    assert said in problem.message
    assert "\n" not in problem.message + problem.hint
    assert problem.file == "form.yaml"
    assert rule in REASONS


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("name: 's-Hertogenbosch\nb: 1\n", '"\'s-Hertogenbosch"'),
        ("name: 's-Hertogenbosch\nb: 'x'\n", '"\'s-Hertogenbosch"'),
        ("name: 'Den Haag's'\n", '"Den Haag\'s"'),
        ("title: Meldingen: Boxtel\n", '"Meldingen: Boxtel"'),
        ("domain: *.example.nl\n", '"*.example.nl"'),
        ("0: x\n", '"0"'),
    ],
)
def test_a_hint_says_what_to_write_instead(text: str, hint: str) -> None:
    (problem,) = parse(text, "f").problems
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("raw", "rule", "line", "column"),
    [
        (b"naam: 1\nb: Frysl\xe2n\n", "not-utf8", 2, 9),
        ("a: 1\n".encode("utf-16"), "not-utf8", 1, 1),
        ("a: 1\n".encode("utf-16-le"), "not-utf8", 1, 1),
        (b"a: 1\n#" + b"x" * LARGEST, "file-too-large", 1, 1),
    ],
)
def test_bytes_that_are_no_text(raw: bytes, rule: str, line: int, column: int) -> None:
    (problem,) = parse(raw, "f").problems
    assert (problem.rule, problem.line, problem.column) == (rule, line, column)


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    document = parse(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f")
    assert document.data == {"a": 1, "b": "x"}
    problem = document.problem("r", "m", ["b"])
    assert (problem.line, problem.column, problem.source) == (2, 4, "b: x")


def test_aliases_cannot_grow_without_end() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    assert rules(parse(bomb, "f")) == ["alias-bomb"]
    chain = "a: &a" + " [" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60
    assert rules(parse(chain, "f")) == ["too-deep"]


def test_all_problems_come_at_once_and_the_rest_is_still_read() -> None:
    document = parse("a: 1\na: 2\nb: !x y\n3: z\n", "f")
    assert rules(document) == ["duplicate-key", "unsupported-tag", "key-not-text"]
    assert document.data == {"a": 1, "b": "y", "3": "z"}


FORM = """\
# a form
contact: {phone: "073", email: a@b.nl}
map:
  bounds: [51.5, 5.2]
  layers:
    - name: x
    - "a\\tb"
text: |
  one
  two
empty:
"""


@pytest.mark.parametrize(
    ("path", "at", "found", "dotted"),
    [
        (["contact", "phone"], "value", (2, 18, '"073"'), "contact.phone"),
        (["contact", "phone"], "key", (2, 11, "phone"), "contact.phone"),
        (["contact"], "value", (2, 10, '{phone: "073", email: a@b.nl}'), "contact"),
        (["map"], "value", (3, 1, "map"), "map"),
        (["map", "bounds", 1], "value", (4, 18, "5.2"), "map.bounds[1]"),
        (["map", "layers", 0, "name"], "value", (6, 13, "x"), "map.layers[0].name"),
        (["map", "layers", 0], "value", (6, 7, "name: x"), "map.layers[0]"),
        (["text"], "value", (8, 7, "|"), "text"),
        (["empty"], "value", (11, 1, "empty"), "empty"),
        (["map", "zoom"], "value", (3, 1, "map"), "map.zoom"),
        (["map", "a.b", "c"], "key", (3, 1, "map"), 'map["a.b"].c'),
        (["nothing", "here"], "value", (2, 1, "c"), "nothing.here"),
        ([], "value", (2, 1, "c"), ""),
    ],
)
def test_a_problem_finds_its_place(
    path: list[str | int], at: Literal["key", "value"], found: tuple[int, int, str], dotted: str
) -> None:
    problem = parse(FORM, "f").problem("rule", "message", path, at=at, hint="hint")
    assert (problem.line, problem.column) == found[:2]
    assert problem.source[problem.column - 1 : problem.end_column - 1] == found[2]
    assert problem.path == dotted


def test_a_problem_can_be_one_character_of_a_value() -> None:
    document = parse(FORM, "f")
    problem = document.problem("r", "m", ["contact", "email"], offset=1)
    assert problem.source[problem.column - 1 : problem.end_column - 1] == "@"
    problem = document.problem("r", "m", ["contact", "phone"], offset=1)
    assert problem.source[problem.column - 1 : problem.end_column - 1] == "7"


def test_what_was_written_is_kept() -> None:
    document = parse("a: 0735551234\nb: 4.20\nc: &x 1\nd: *x\n", "f")
    assert [document.written([key]) for key in "abcd"] == ["0735551234", "4.20", "1", ""]


def test_read_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- a", encoding="utf-8")
    assert read(tmp_path / "a.yaml", name="a.yaml").problems[0].file == "a.yaml"
    with pytest.raises(UsageError, match=r"cannot read b\.yaml"):
        read(tmp_path / "b.yaml", name="b.yaml")
    with pytest.raises(UsageError):
        read(tmp_path)


YAML_LIKE = st.text(st.sampled_from("ab1 :-\n\t'\"[]{},&*!|>%@#?~\\x0uU<.\r\ufeff\ud800\x00é"), max_size=60)


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.text(), st.binary(), YAML_LIKE))
def test_nothing_makes_it_fail(text: str | bytes) -> None:
    document = parse(text, "f")
    if document.data is None:
        assert document.problems
    for problem in document.problems:
        assert problem.rule in REASONS
        assert 1 <= problem.column < problem.end_column or problem.rule in ("empty-file", "not-utf8")
        assert problem.line <= len(document.source.lines)


TEXT = st.text(
    st.characters(exclude_categories=["Cs"]).filter(lambda c: not (CONTROL.match(c) or INVISIBLE.match(c))), max_size=20
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT | st.floats(-1e6, 1e6).map(float),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FORMS = st.dictionaries(TEXT, DATA, min_size=1, max_size=5)


def nodes(node: Node, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Node]]:
    below = [found for key, child in node.children.items() for found in nodes(child, (*path, key))]
    return [(path, node), *below]


def by_libyaml(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(FORMS, st.booleans())
def test_what_is_written_is_read_back(data: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, sort_keys=False, width=1000)
    document = parse(text, "f")
    assert document.problems == ()
    assert document.data == data
    for path, node in nodes(document.root) if document.root else []:
        value: Any = data
        for part in path:
            value = value[part]
        assert node.data == value
        if not isinstance(value, dict | list):
            assert by_libyaml(text[node.start : node.end]) == value
        for key, (start, end) in node.keys.items():
            if isinstance(key, str):
                assert by_libyaml(text[start:end]) == key


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(FORMS)
def test_what_ruamel_writes_is_read_back(data: dict[str, Any]) -> None:
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False  # in flow style ruamel writes a plain ?x that it cannot read itself
    writer.dump(data, stream)
    assert parse(stream.getvalue(), "f").data == data


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        reader.read_text(tmp_path, "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(ProblemsError, match="not UTF-8"):
        reader.read_text(tmp_path, "latin.yaml")


def test_a_link_out_of_the_repository_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "repository/sub").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("password: hunter2\n")
    (tmp_path / "repository/form.yaml").symlink_to("../secret.yaml")
    for reading in (reader.read_in, reader.read_text):
        with pytest.raises(UsageError, match=r"form\.yaml is a link that leads out of"):
            reading(tmp_path / "repository", "form.yaml")
    (tmp_path / "repository/sub/real.yaml").write_text("a: 1\n")
    (tmp_path / "repository/form.yaml").unlink()
    (tmp_path / "repository/form.yaml").symlink_to("sub/real.yaml")
    assert reader.read_in(tmp_path / "repository", "form.yaml").data == {"a": 1}


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "form.yaml").write_bytes("\ufeffa: 1\r\n".encode())
    assert reader.read_text(tmp_path, "form.yaml") == "\ufeffa: 1\r\n"


def test_a_position_is_that_of_a_problem() -> None:
    document = parse("# first\na:\n  b: [one, two]\n  'c d': text\n", "form.yaml")
    assert document.position(("a", "b", 1)) == (3, 12, 15)
    assert document.position(("a", "c d"), at="key") == (4, 3, 8)
    assert document.position(("a", "gone")) == document.position(("a",), at="key") == (2, 1, 2)
