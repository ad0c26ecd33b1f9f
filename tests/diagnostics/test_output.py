"""The one way out: what a terminal or a pipeline would act upon is read, and does nothing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics.characters import UNSEEN
from signalen_toolkit.diagnostics.output import RED, RESET, harmless, json_text, say

from tests.support.hostile import acts

_HOSTILE = st.lists(
    st.sampled_from(
        ["##", "#", "[", "vso[", "]", ":", "::", "error", "\n", "\r", "\t", " ", "\x1b[31m", "\u202e", "\u00a0"]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(_HOSTILE)
def test_nothing_acts_upon_a_text(text: str) -> None:
    said = harmless(text)
    assert not acts(said)
    assert said.count("\n") == text.count("\n")
    assert harmless(said) == said
    assert not acts(harmless(text, coloured=True).replace(RED, "").replace(RESET, "")) or "\x1b[" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("##vso[task.setvariable variable=a]b", "##vso\\[task.setvariable variable=a]b"),
        ("a ##[group]b", "a ##\\[group]b"),
        ("a\n \t::set-env name=a::b", "a\n \t:\\:set-env name=a::b"),
        ("a::b and #[c]", "a::b and #[c]"),
        ("\x1b]8;;https://x\x07", "␛]8;;https://x␇"),
        ("a\r\n", "a␍\n"),
    ],
)
def test_what_is_said_in_place_of_a_command(text: str, said: str) -> None:
    assert harmless(text) == said


def test_our_own_colours_and_commands_stay() -> None:
    assert harmless(f"{RED}a{RESET}\x1b[8m", coloured=True) == f"{RED}a{RESET}␛[8m"
    assert harmless("::error file=a::b ##[c]", commands=True) == "::error file=a::b ##\\[c]"


@given(st.recursive(_HOSTILE | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(_HOSTILE, inner)))
def test_json_says_the_same(data: object) -> None:
    text = json_text(data)
    assert json.loads(text) == data
    assert not acts(text)
    assert not UNSEEN.search(text.replace("\n", ""))
    assert harmless(text) == text


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    say("nobody hears this", err=True)


def _ways_out(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if re.fullmatch(r"print|(?:click\.)?s?echo|.*\bstd(?:out|err)(?:\.buffer)?\.write", called):
                yield f"{path.relative_to(PACKAGE)}: {called}"


def test_there_is_one_way_out() -> None:
    assert [way for path in PACKAGE.rglob("*.py") for way in _ways_out(path)] == []
    assert "say(" in (PACKAGE / "cli/main.py").read_text(encoding="utf-8")
