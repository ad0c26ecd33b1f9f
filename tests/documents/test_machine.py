"""YAML as Kubernetes and Helm read it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given, settings
from signalen_toolkit.documents.machine import _loader, events, load, load_all


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=", "="),  # which PyYAML itself cannot read
        ("2024-01-02", "2024-01-02"),
        ("yes", True),
        ("010", 8),
        ("1_000", 1000),
        ("~", None),
    ],
)
def test_a_plain_scalar(text: str, value: Any) -> None:
    assert load(f"a: {text}") == {"a": value}
    assert load(f"a: [{text}]") == {"a": [value]}


def test_only_maps_count() -> None:
    assert load_all("# nothing\n---\na: 1\n---\n- b\n---\ntext\n---\nc: 2\n") == [{"a": 1}, {"c": 2}]
    assert load("# nothing\n") == {}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "the aliases stand for more than 10000 values (line 4)"),
        (BOMB.replace("[", "{<<: [").replace("]", "]}").replace("x", "{}"), "the aliases stand for more than 10000"),
        ("d: &d [*d]\n", "'*d' stands inside the value that it repeats (line 1)"),
        ("d: &d\n  e: {f: [*d]}\n", "'*d' stands inside the value that it repeats (line 2)"),
        ("a: " + "[" * 200_000, "maps and lists are nested more than 100 deep (line 1)"),
        ("a:\n" + "- " * 200_000, "maps and lists are nested more than 100 deep (line 2)"),
        ("a: " + "{a: " * 200_000, "maps and lists are nested more than 100 deep (line 1)"),
        ("\n".join(" " * n + "a:" for n in range(500)), "maps and lists are nested more than 100 deep (line 101)"),
        (
            "a0: &a0 " + "[" * 60 + "]" * 60 + "\n" + "a1: &a1 " + "[" * 60 + "*a0" + "]" * 60,
            "maps and lists are nested more than 100 deep (line 2)",
        ),
    ],
)
def test_what_grows_without_measure_is_refused(text: str, said: str) -> None:
    for work in (load_all, lambda text: [*events(text)]):
        with pytest.raises(yaml.YAMLError, match=re.escape(said)):
            work(text)


@pytest.mark.parametrize(
    "text", ["a: " + "9" * 5000, "a: !!timestamp '2024-13-41'", "a: *b", "a: !!int x", "? [a]\n: b"]
)
def test_whatever_cannot_be_read_is_an_error_of_yaml(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_all(text)


def test_aliases_in_measure_are_read() -> None:
    assert load("a: &a {b: [1, 2]}\nc: *a\nd: {<<: *a, e: 3}\n") == {
        "a": {"b": [1, 2]},
        "c": {"b": [1, 2]},
        "d": {"b": [1, 2], "e": 3},
    }
    assert load_all("a: &a [1]\nb: *a\n---\na: &a [2]\nb: *a\n")[1] == {"a": [2], "b": [2]}
    assert load("a: " + "[" * 99 + "]" * 99)
    flat = "a:\n" + "".join(f"  - {{x: [{n}], y: '&*'}}\n" for n in range(5000))
    assert len(load(flat)["a"]) == 5000


@settings(max_examples=300)
@given(st.text("ab:-*&[]{} \n|>'\"!?<,#", max_size=60))
def test_no_text_is_a_traceback(text: str) -> None:
    with suppress(yaml.YAMLError):
        load_all(text)


PIECES = [
    "a",
    "b: ",
    "- ",
    "? ",
    "?",
    "!t ",
    "! ",
    "!",
    "&x ",
    "*x",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ",",
    ": ",
    ":",
    '"',
    "'",
]


@settings(max_examples=1000)
@given(
    st.lists(st.sampled_from([*PIECES, "|\n", "\n", "\n  ", " ", "\t", "#", "---", "\r", "\u2028", "\ufeff", "=", "1"]))
)
def test_a_text_that_looks_plain_is_read_as_any_other(pieces: list[str]) -> None:
    is_read_as_pyyaml_reads("".join(pieces))


def is_read_as_pyyaml_reads(text: str) -> None:
    try:
        expected = repr([one for one in yaml.load_all(text, Loader=_loader()) if isinstance(one, dict)])
    except (yaml.YAMLError, ValueError):
        with pytest.raises(yaml.YAMLError):
            load_all(text)
    else:
        assert repr(load_all(text)) == expected


SCALARS = st.one_of(
    st.text("abxyz019_.:-+eE~=nNyY \t'\"", max_size=12),
    st.sampled_from(
        ["yes", "No", "on", "true", "null", "~", "", "010", "0x1F", "1_0", "1e3", "1.5e+3", ".inf", "12:30"]
    ),
    st.sampled_from(["2024-01-02", "=", "0b11", "-0", "+.5", "!", "a: b", "? x", "&x", "*x", "<<"]),
)


@settings(max_examples=300)
@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3)))
def test_what_is_read_fast_is_what_pyyaml_reads(data: Any) -> None:
    """Written plain, so that each scalar is read by the rules for those without quotes."""

    def plain(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {plain(child)}" for key, child in value.items()) + "}"
        return "[" + ", ".join(map(plain, value)) + "]" if isinstance(value, list) else str(value)

    for text in (f"a: {plain(data)}\n---\nb: {plain(data)}\n", yaml.safe_dump({"a": data})):
        is_read_as_pyyaml_reads(text)
