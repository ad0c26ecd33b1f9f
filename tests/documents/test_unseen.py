"""Invisible characters in a form: each is named with its place, wherever it stands, and none is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.characters import INVISIBLE
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.reader import Document, parse
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.documents.unseen import RULE

_FORM = "a:\n  version: 4.22.0\n  domain: 'x.nl'  # why\n"


def places(document: Document) -> list[tuple[int, int, str]]:
    return [(one.line, one.column, str(one.severity)) for one in document.problems if one.rule == RULE]


@pytest.mark.parametrize(
    ("text", "place", "data"),
    [
        ("a:\n  version:\u00a0 4.22.0\n", (2, 11, "error"), {"a": {"version": "4.22.0"}}),
        ("a:\n  version: 4.22.0\u200b\n", (2, 18, "error"), {"a": {"version": "4.22.0"}}),
        ('a:\n  version: "4.22.0"\u00a0\n', (2, 20, "error"), {"a": {"version": "4.22.0"}}),
        ("a:\n  version\u200b: 4.22.0\n", (2, 10, "error"), {"a": {"version": "4.22.0"}}),
        ("a: \u20603\n", (1, 4, "error"), {"a": 3}),
        ("a:\u00a0\n\u3000 b: 1\n", (1, 3, "error"), {"a": {"b": 1}}),
        ("a: 14\u00a0073\n", (1, 6, "warning"), {"a": "14 073"}),
        ("a: ge\u00admeente\n", (1, 6, "warning"), {"a": "gemeente"}),
        ("a: |\n  one\n  t\u200bwo\n", (3, 4, "error"), {"a": "one\ntwo\n"}),
        ("a: 1  # an\u00a0answer\n", (1, 11, "warning"), {"a": 1}),
        ("a: 'b # c\u200b'\n", (1, 10, "error"), {"a": "b # c"}),
        ("a: &x\u200b b\n", (1, 6, "error"), {"a": "b"}),
    ],
)
def test_it_is_named_with_its_place(text: str, place: tuple[int, int, str], data: Any) -> None:
    document = parse(text, "f")
    assert places(document)[0] == place
    assert document.data == data
    assert {one.rule for one in document.problems} == {RULE}


def test_as_indentation_it_is_named_beside_what_it_breaks() -> None:
    document = parse("a:\n  \u00a0version: 4.22.0\n  domain: x\n", "f")
    assert places(document) == [(2, 3, "error")]
    assert [one.rule for one in document.problems] == [RULE, "yaml-syntax"]
    # Nobody can tell what a text without it would be.
    assert [one.rule for one in parse("\u200ba: 1\nb: 2\n", "f").problems] == [RULE]
    assert [one.rule for one in parse("a: 1\n\u200b  b: 2\n", "f").problems] == [RULE]


def test_an_escape_is_seen_and_stays() -> None:
    document = parse('a: "14\\u00a0073\\u200b"\n', "f")
    assert document.problems == ()
    assert document.data == {"a": "14\u00a0073\u200b"}
    assert inline(document.data["a"]) == '"14\\u00a0073\\u200b"'


def test_of_many_the_first_are_named_and_the_rest_counted() -> None:
    document = parse("a: b\n# \u00a0\n" + "# \u200b\n" * 500, "f")
    assert len(document.problems) == 101
    assert document.problems[-1].message == "there are 401 more of them from here on"


@given(st.lists(st.tuples(st.integers(0, len(_FORM)), st.sampled_from("\u00a0\u200b\u2003\u00ad\ufeff")), min_size=1))
def test_wherever_they_stand(inserted: list[tuple[int, str]]) -> None:
    text = _FORM
    for at, character in sorted(inserted, reverse=True):
        text = text[:at] + character + text[at:]
    document = parse(text, "f")
    text = document.text  # without a byte order mark
    named = [one for one in document.problems if one.rule == RULE]
    covered = {
        document.source.offset(one.line) + column - 1 for one in named for column in range(one.column, one.end_column)
    }
    assert covered >= {found.start() for found in INVISIBLE.finditer(text)}
    assert INVISIBLE.search(repr(document.data).replace("\\u200b", "\u200b")) is None
    if text.count("#") and all(at > _FORM.index("#") and at < _FORM.index(" why") + 4 for at, _ in inserted):
        assert {one.severity for one in named} == {Severity.WARNING}
