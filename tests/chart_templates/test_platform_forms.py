"""Forms of the platform, made from the form's own schema: none makes check or render raise, and what is right renders.

Values are right by construction: a text fits its pattern, a network exists, a time of cron comes. Rules may still
refuse a form as a whole, such as Linkerd without its kinds; then nothing is rendered. Other forms have junk in them.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, Severity, has_errors
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.reader import Document, parse, read
from signalen_toolkit.form.schema import compiled_form_schema, form_schema, resolve
from signalen_toolkit.rendering.render import render
from signalen_toolkit.schema.validate import schema_problems
from signalen_toolkit.validation.check import check

from tests.conftest import FORMS, REPOSITORY
from tests.support.rendered import as_text, object_problems, quick

SECTIONS = (
    "profile", "cluster", "network", "metrics", "logs", "grafana", "dex", "mesh", "notifications", "backup",
    "replicas", "resources", "components",
)  # fmt: skip
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def _networks(kind: type[ipaddress.IPv4Network | ipaddress.IPv6Network], bits: int) -> st.SearchStrategy[str]:
    drawn = st.tuples(st.integers(0, 2**bits - 1), st.integers(0, bits))
    return drawn.map(lambda one: str(kind(one, strict=False)))


_NETWORKS = _networks(ipaddress.IPv4Network, 32) | _networks(ipaddress.IPv6Network, 128)
_FORMATS = {
    "cron": st.tuples(st.integers(0, 59), st.integers(0, 23), st.sampled_from(["*", "1,15", "*/2"])).map(
        lambda drawn: "{} {} {} * *".format(*drawn)
    ),
    "volume-size": st.sampled_from(["1Gi", "20Gi", "1536Mi"]),
    "server": st.sampled_from(["mq.example.nl", "mq.example.nl:5671"]),
    "email": st.sampled_from(["beheer@gemeente.nl", "a.b+c'd@x-1.example.org"]),
    "uri": st.sampled_from(
        ["https://id.gemeente.nl/realms/a", "https://s3.example.nl:9000", "https://[2001:db8::1]/x?y=z"]
    ),
}


@cache
def texts(pattern: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Make texts that fit a pattern. `$` is the very end, as JSON Schema has it."""
    found = st.from_regex(re.compile(pattern), fullmatch=True)
    return found.filter(lambda text: least <= len(text) <= most and "\n" not in text and text.isprintable())


def values(node: Mapping[str, Any], path: str) -> st.SearchStrategy[Any]:
    """Make values that a part of the schema accepts."""
    node = resolve(node)
    if path == "network.outside":
        return st.lists(_NETWORKS, min_size=1, max_size=3, unique=True)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(node["minimum"], node["maximum"])
        case "array":
            items = values(node["items"], f"{path}[]")
            return st.lists(items, min_size=node.get("minItems", 0), max_size=3, unique_by=repr)
        case "object" if isinstance(rest := node.get("additionalProperties"), dict):
            keys = texts(node["propertyNames"]["pattern"], 1, 80)
            return st.dictionaries(keys, values(rest, f"{path}.*"), max_size=2)
        case "object":
            children = {key: values(child, f"{path}.{key}") for key, child in node["properties"].items()}
            required = {key: children.pop(key) for key in node.get("required", ())}
            return st.fixed_dictionaries(required, optional=children)
    if "format" in node:
        return _FORMATS[node["format"]]
    return texts(node["pattern"], node.get("minLength", 0), node.get("maxLength", 60))


VALUES = {section: values(form_schema()["properties"][section], section) for section in SECTIONS}


@cache
def everything() -> dict[str, Any]:
    """Return the form in which all is on and right."""
    data: dict[str, Any] = read(FORMS / "good" / "everything-on.yaml").data
    return data


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a form with everything on, and other values in some sections, at the top or in the environment."""
    form = copy.deepcopy(everything())
    environment = form["environments"]["production"]
    form["delivery"] = draw(st.sampled_from(["flux", "argocd"]))
    for section in draw(st.sets(st.sampled_from(SECTIONS), max_size=5)):
        owner = draw(st.sampled_from([form, environment]))
        drawn = draw(VALUES[section])
        own = owner.get(section)
        # A part of what was right stays, so that not every form is refused for what it lacks.
        owner[section] = merge(own, drawn) if isinstance(own, dict) and isinstance(drawn, dict) else drawn
    return form


def assert_shown(source: Document, problems: list[Problem]) -> None:
    lines = source.source.lines
    for one in problems:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column < one.end_column
        assert one.message


@pytest.mark.slow
@FEW
@given(forms())
def test_what_is_right_by_the_schema_renders_or_is_refused_by_a_rule(form: dict[str, Any]) -> None:
    source = parse(as_text(form), "municipality.yaml")
    assert schema_problems(source, compiled_form_schema()) == []
    config, problems = check(source, catalog(), REPOSITORY)
    assert_shown(source, problems)
    refused = {one.rule for one in problems if one.severity is Severity.ERROR}
    event(f"refused by {min(refused)}" if refused else "rendered")
    if refused:
        return
    for path, text in render(config, catalog()).items():
        documents = quick(text) if path.endswith(".yaml") else ()
        for obj in documents:
            is_object = isinstance(obj, dict) and {"apiVersion", "kind", "metadata"} <= obj.keys()
            assert not is_object or object_problems(obj) == [], path


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**40), 2**40),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.text(max_size=20).filter(str.isprintable),
        st.sampled_from(
            ["10gb", "5Ki", "2w", "1e3", "10.0.0.1/8", "::/0", "* * * * *", "a\n", "$(X)", "{{ x }}", "é" * 70]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["enabled", "type", "name", "host", "requests", "dex", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, child in children for found in places(child, (*place, key)))]


@settings(FEW, max_examples=100)
@given(form=forms(), data=st.data())
def test_junk_is_reported_where_it_stands_and_raises_nothing(form: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from([place for place in places(form) if place]))
        owner: Any = form
        for part in above:
            owner = owner[part]
        owner[last] = data.draw(JUNK)
    source = parse(as_text(form), "municipality.yaml")
    before = copy.deepcopy(source.data)
    config, problems = check(source, catalog(), REPOSITORY)
    assert_shown(source, problems)
    assert source.data == before
    if not has_errors(problems):
        render(config, catalog())


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", ["no", "[]", "{}", "null", "1e3", "2026-01-01", "[[]]", "{x: {y: 1}}", '"\\n"'])
def test_a_section_of_another_kind_is_reported_at_its_place(section: str, value: str, tmp_path: Path) -> None:
    form = {key: child for key, child in everything().items() if key != section}
    path = tmp_path / "municipality.yaml"
    path.write_text(f"{as_text(form)}{section}: {value}\n", encoding="utf-8")
    source = read(path)
    config, problems = check(source, catalog(), REPOSITORY)
    assert_shown(source, problems)
    assert has_errors(problems) or render(config, catalog())
    if value not in ("{}",):
        assert [one for one in problems if one.line == len(source.source.lines) - 1 and one.severity.value == "error"]
