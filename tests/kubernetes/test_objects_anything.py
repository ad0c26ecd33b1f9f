"""Objects may hold anything anywhere: the checks say what they can, and never raise."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.verify.checks import REASONS, check_objects

from tests.support.cluster_objects import CONTEXT, good

TEXT = """
    metadata name namespace labels annotations spec template selector matchLabels env containers volumes ports rules
    http paths backend service tls hosts data valueFrom secretKeyRef envFrom configMapRef securityContext capabilities
    add app.json
"""
WORDS = st.sampled_from(TEXT.split())
KEYS = WORDS | st.text(max_size=3) | st.integers(0, 3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats(allow_nan=True) | st.text(max_size=6) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.text(max_size=3) | st.integers(0, 3), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = [*sorted({(obj.api_version, obj.kind) for obj in good()}), ("batch/v1", "CronJob"), ("cert-manager.io/v1", "X")]


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(inner for key, value in items for inner in places(value, (*path, key)))]


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return data with another value at a place."""
    if not path:
        return value
    data = copy.copy(data)
    data[path[0]] = put(data[path[0]], path[1:], value)
    return data


def no_error(objects: list[Object]) -> None:
    for finding in check_objects(objects, CONTEXT):
        assert finding.rule in REASONS
        assert finding.message


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), st.dictionaries(WORDS, VALUES, max_size=5), st.sampled_from(["", "backend", "frontend"]))
def test_an_object_of_anything(kind: tuple[str, str], data: dict[str, Any], component: str) -> None:
    no_error([Object("a", component, "x.yaml", {**data, "apiVersion": kind[0], "kind": kind[1]})])


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_good_environment_with_anything_somewhere(data: st.DataObject) -> None:
    objects = good()
    index = data.draw(st.integers(0, len(objects) - 1))
    obj = objects[index]
    path = data.draw(st.sampled_from(places(obj.data)[1:]))
    objects[index] = Object(obj.environment, obj.component, obj.source, put(obj.data, path, data.draw(VALUES)))
    no_error(objects)
