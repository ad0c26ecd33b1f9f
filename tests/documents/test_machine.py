"""YAML as Kubernetes and Helm read it."""

from __future__ import annotations

from typing import Any

import pytest
from signalen_toolkit.documents.machine import load, load_all


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
