"""Expressions that somebody else wrote, as Go reads them, in linear time."""

from __future__ import annotations

import time

import pytest
from signalen_toolkit.base.expressions import is_found


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"secrets/acceptance/.*\.yaml$", "secrets/acceptance/a.yaml", True),
        (r"\pL", "é", True),
        ("a", "\ud800a", True),
    ],
)
def test_what_is_found(pattern: str, text: str, found: bool) -> None:
    assert is_found(pattern, text) is found


@pytest.mark.parametrize("pattern", ["(?=a)", "[", r"(a)\1", "(a{1000}){1000}"])
def test_what_go_does_not_know(pattern: str) -> None:
    with pytest.raises(ValueError):
        is_found(pattern, "a")


def test_one_that_would_take_years() -> None:
    start = time.process_time()
    assert not is_found("^(a+)+$", "a" * 100_000 + "b")
    assert time.process_time() - start < 1
