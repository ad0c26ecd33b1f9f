"""Versions compare as numbers and refuse what they cannot order."""

from __future__ import annotations

import pytest
from signalen_toolkit.base.versions import between, is_version, parse


def test_versions_compare_as_numbers() -> None:
    assert parse("4.9.0") < parse("4.10.0") < parse("4.10.1")


def test_a_leading_v_does_not_count() -> None:
    assert parse("v2.6.1") == parse("2.6.1") == (2, 6, 1)


@pytest.mark.parametrize("text", ["", "latest", "4.23", "4.23.0-rc1", "4.23.0.1", "04.1.0", "4.23.0\n", "٤.1.0"])
def test_anything_else_is_refused(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(ValueError, match="is not a version"):
        parse(text)


@pytest.mark.parametrize(
    ("since", "until", "inside"),
    [
        (None, None, True),
        ("4.2.0", None, True),
        ("4.2.1", None, False),
        (None, "4.2.0", True),
        (None, "4.1.9", False),
        ("4.2.0", "4.2.0", True),
    ],
)
def test_both_ends_are_included(since: str | None, until: str | None, inside: bool) -> None:
    assert between("4.2.0", since, until) is inside
