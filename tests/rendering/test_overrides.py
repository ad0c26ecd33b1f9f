"""Overrides on top of values: merged as Helm does, with the comments and the order of the text kept."""

from __future__ import annotations

from typing import Any

import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from signalen_toolkit.documents.data import merge
from signalen_toolkit.rendering.overrides import overlaid

from tests.documents.test_scalars import DATA, TEXT

TEXT_VALUES = """\
# Generated.
replicas: 1

# Why this is here.
image:
  tag: "4.20"
hosts:
  - host: a.example.nl
    paths:
      - path: /
resources: {limits: {memory: "1Gi"}}
"""
VALUES = {
    "replicas": 1,
    "image": {"tag": "4.20"},
    "hosts": [{"host": "a.example.nl", "paths": [{"path": "/"}]}],
    "resources": {"limits": {"memory": "1Gi"}},
}


def read(text: str) -> Any:
    new = YAML(typ="safe", pure=True).load(text)
    assert new == pyyaml.load(text, Loader=pyyaml.CSafeLoader)
    return new


def test_without_overrides_the_text_is_the_same() -> None:
    assert overlaid(TEXT_VALUES, {}) is TEXT_VALUES


def test_maps_merge_and_lists_are_replaced() -> None:
    over = {"image": {"pullPolicy": "Always"}, "hosts": [{"host": "b.example.nl"}], "replicas": None}
    text = overlaid(TEXT_VALUES, over)
    assert read(text) == {
        "replicas": None,
        "image": {"tag": "4.20", "pullPolicy": "Always"},
        "hosts": [{"host": "b.example.nl"}],
        "resources": {"limits": {"memory": "1Gi"}},
    }
    assert "# Generated." in text
    assert "# Why this is here.\nimage:" in text


def test_environment_variables_are_texts() -> None:
    over = {"env": {"SIZE": 20971520, "RATE": 0.5, "ON": True, "NAME": "no", "GONE": None}, "replicas": 3}
    found = read(overlaid(TEXT_VALUES, over))
    assert found["env"] == {"SIZE": "20971520", "RATE": "0.5", "ON": "true", "NAME": "no", "GONE": None}
    assert found["replicas"] == 3


@given(st.dictionaries(st.sampled_from(["image", "replicas", "hosts"]) | TEXT, DATA, max_size=4))
def test_any_override_comes_back_unchanged(over: dict[str, Any]) -> None:
    assert read(overlaid(TEXT_VALUES, over)) == merge(VALUES, over)
