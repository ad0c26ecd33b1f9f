"""What tells that data fits, and what says why not, never tell two things."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from signalen_toolkit.base.expressions import is_found as found_by_re2
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.fleet.clusters.placement import clusters_schema
from signalen_toolkit.fleet.listing import fleet_schema
from signalen_toolkit.form.schema import form_schema
from signalen_toolkit.kubernetes.schemas import own
from signalen_toolkit.kubernetes.schemas.builtin import kubernetes
from signalen_toolkit.schema.validator import Parts, Validator

PART = "https://example.nl/part.json"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^z[0-9]$": {"type": "integer"}},
    "propertyNames": {"maxLength": 4},
    "minProperties": 1,
    "properties": {
        "word": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5},
        "even": {"format": "even"},
        "some": {"type": "array", "items": {"enum": ["a", 1, True, None]}, "uniqueItems": True, "maxItems": 3},
        "many": {"anyOf": [{"type": "number", "minimum": 2}, {"$ref": f"{PART}#/$defs/pair"}]},
        "this": {"oneOf": [{"const": 1}, {"type": "string"}, {"not": {}}]},
        "that": {"if": {"type": "integer"}, "then": {"multipleOf": 2}, "else": {"contains": {"const": 0}}},
    },
}
PARTS = Parts({PART: {"$defs": {"pair": {"type": "object", "required": ["x", "y"]}}}})
KEYS = st.sampled_from([*SCHEMA["properties"], "z1", "z10", "zz", "x", "y", "apiVersion", "kind", "metadata", "spec"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**30, 1.0, 2.5, -0.0, math.inf, math.nan]),
    st.text("aeé\n0", max_size=6),
    st.text(max_size=3),
)
DATA = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.integers(0, 1), inner, max_size=4),
    max_leaves=12,
)


def validator(**how: Any) -> Validator:
    return Validator(SCHEMA, parts=PARTS, formats={"even": lambda text: len(text) % 2 == 0}, **how)


VALIDATORS = [
    validator(),
    validator(matches=found_by_re2),
    Validator(form_schema()),
    *filter(None, (kubernetes(None).validator("apps/v1", kind) for kind in ("Deployment", "StatefulSet"))),
]


@settings(max_examples=300)
@given(st.sampled_from(VALIDATORS), DATA)
def test_what_fits_has_no_errors(one: Validator, data: Any) -> None:
    if one.fits(data):
        assert list(one._explaining.iter_errors(data)) == []


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "z1"]), DATA, max_size=4))
def test_what_does_not_fit_has_an_error(data: dict[str, Any]) -> None:
    """For data of JSON; of other data it may not be told that it fits."""
    one = VALIDATORS[0]
    if not list(one._explaining.iter_errors(data)) and _is_json(data):
        assert one.fits(data)


def _is_json(data: Any) -> bool:
    if isinstance(data, dict):
        return all(isinstance(key, str) and _is_json(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(_is_json, data))
    return not isinstance(data, float) or math.isfinite(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"word": "ab"}, []),
        ({"word": "ab\n"}, ["pattern"]),
        ({"word": "Ab", "even": "a"}, ["pattern", "format"]),
        ({"even": 1, "z1": 1.0, "many": {"x": 1, "y": 2}}, []),
        ({"many": {"x": 1}}, ["anyOf"]),
        ({}, ["minProperties"]),
        ({1: 2}, ["additionalProperties"]),
    ],
)
def test_each_error_is_told(data: Any, words: list[str]) -> None:
    try:
        assert sorted(str(error.validator) for error in validator().iter_errors(data)) == sorted(words)
    except TypeError:  # jsonschema itself matches no number against a pattern
        assert 1 in data
    assert validator().fits(data) == (not words)


def test_each_schema_of_ours_is_read_by_both() -> None:
    """Else nothing would ever fit at once, and nobody would see it."""
    charts = [one for one in catalog().components.values() if one.releases]
    values = [values_schema(one, one.releases[0].chart) for one in charts]
    for one in (form_schema(), fleet_schema(), clusters_schema(), *values):
        assert Validator(one)._telling
    for name in own._names():
        assert own._validator(name)._telling
