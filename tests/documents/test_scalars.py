"""What is written as YAML is read back as it was, by readers of YAML 1.1 and 1.2 and by JSON's rules for text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from signalen_toolkit.documents.scalars import Below, below, in_blocks, inline, is_plain, marked, quoted

# What document.py lets through: no control characters, no halves of surrogate pairs.
TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff\ufffe\uffff")
    | st.sampled_from("\n\t")
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=12,
)


def read_both(text: str) -> Any:
    """Read with a reader of YAML 1.2 and with one of YAML 1.1, as Helm's; they must agree."""
    new = YAML(typ="safe", pure=True).load(text)
    old = pyyaml.load(text, Loader=pyyaml.CSafeLoader)
    assert new == old
    return new


@given(DATA)
def test_any_data_comes_back_unchanged(data: Any) -> None:
    assert read_both(f"value: {inline(data)}\n") == {"value": data}


@given(DATA, st.integers(1, 8))
def test_any_data_comes_back_from_lines_below_its_key(data: Any, indent: int) -> None:
    assert read_both(f"value:{below(Below(data, indent))}\nnext: 1\n") == {"value": data, "next": 1}


LINES = st.lists(st.text(st.sampled_from("a-:#'\"{}[]|>&*! \t\\.%"), max_size=6), max_size=6).map("\n".join)


@given(
    st.recursive(
        TEXT | LINES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | LINES, inner, max_size=3)
    ),
    st.integers(1, 4),
)
def test_any_data_comes_back_from_blocks(data: Any, indent: int) -> None:
    one, lines = marked(data), below(Below(data, indent), marked)
    text = in_blocks(f"a: {one}\nlist:\n- {one}\n- key: {one}\nvalue:{lines}\nnext: 1\n")
    assert "\0" not in text
    assert read_both(text) == {"a": data, "list": [data, {"key": data}], "value": data, "next": 1}


def test_a_text_of_several_lines_is_a_block_where_it_stands_alone() -> None:
    two = "a\nb"
    script = 'set -eu\n\necho "$1"\n'
    text = in_blocks(
        f"command:{below(Below(['sh', script], 2), marked)}\nflow: {marked([script])}\npatch: {marked(two)}\n"
    )
    assert text == (
        'command:\n  - sh\n  - |\n    set -eu\n\n    echo "$1"\n'
        'flow: ["set -eu\\n\\necho \\"$1\\"\\n"]\npatch: |-\n  a\n  b\n'
    )
    assert read_both(text) == {"command": ["sh", script], "flow": [script], "patch": "a\nb"}


@given(TEXT)
def test_any_text_comes_back_as_value_and_as_key(text: str) -> None:
    assert read_both(f"{inline(text)}: {inline(text)}\n") == {text: text}
    assert read_both(f"- {quoted(text)}\n") == [text]


@pytest.mark.parametrize(
    "text",
    ["", "no", "On", "y", "null", "~", "0363", "1e3", "1_000", "0x1F", "12:30", "2024-01-01", "a: b", "a #b", "- a",
     "{{ x }}", "'s-Gravenhage", "*", "&a", "!tag", "%", "@", "`", "key:", " a", "a ", "a\nb", "\u2028", "=", "<<"],
)  # fmt: skip
def test_what_could_be_something_else_stands_between_quotes(text: str) -> None:
    assert not is_plain(text)
    assert read_both(f"value: {inline(text)}\n") == {"value": text}


@pytest.mark.parametrize("text", ["signalen-backend", "api.s-hertogenbosch.nl", "ReadWriteOnce", "helm.toolkit/v2"])
def test_plain_words_stand_without_quotes(text: str) -> None:
    assert inline(text) == text


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="no place"):
        inline(number)


def test_what_is_not_plain_data_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not plain data"):
        inline({"a": {1}})
