"""Forms with junk in them: it is reported where it stands, and neither `check` nor `render` raises."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, has_errors
from signalen_toolkit.documents.reader import Document, parse, read
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.conftest import FORMS, REPOSITORY
from tests.support.drawn_forms import forms
from tests.support.rendered import as_text

SECTIONS = (
    "profile", "cluster", "network", "metrics", "logs", "grafana", "dex", "mesh", "notifications", "backup",
    "replicas", "resources", "components",
)  # fmt: skip


@cache
def everything() -> dict[str, Any]:
    """Return the form in which all is on and right."""
    data: dict[str, Any] = read(FORMS / "good" / "everything-on.yaml").data
    return data


def assert_shown(source: Document, problems: list[Problem]) -> None:
    lines = source.source.lines
    for one in problems:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column < one.end_column
        assert one.message


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


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(form=forms(), data=st.data())
def test_junk_is_reported_where_it_stands_and_raises_nothing(form: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from([place for place in places(form) if place]))
        owner: Any = form
        for part in above:
            owner = owner[part]
        owner[last] = data.draw(JUNK)
    source = parse(as_text(form), "form.yaml")
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
    path = tmp_path / "form.yaml"
    path.write_text(f"{as_text(form)}{section}: {value}\n", encoding="utf-8")
    source = read(path)
    config, problems = check(source, catalog(), REPOSITORY)
    assert_shown(source, problems)
    assert has_errors(problems) or render(config, catalog())
    if value not in ("{}",):
        assert [one for one in problems if one.line == len(source.source.lines) - 1 and one.severity.value == "error"]
