"""What is written as YAML is read back as it was, by readers of YAML 1.1 and 1.2 and by JSON's rules for text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from signalen_toolkit.documents.scalars import Below, below, inline, is_plain, quoted

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
