"""What Renovate finds in a form: every version that `check` reads, however a person spells it.

Renovate reads a form as YAML (its manager custom.jsonata). Here what it reads it with is run by itself; Renovate as a
whole is in tests/upstream/test_renovate.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.documents import reader

from tests.conftest import TESTS, example_forms
from tests.municipality_template.test_pipelines import new
from tests.support import npm
from tests.support.spelling import forms

Found = list[tuple[str, str]]


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> str:
    new(tmp_path_factory.mktemp("renovate") / "x", "github")
    text = (tmp_path_factory.getbasetemp() / "renovate0/x/renovate.json").read_text(encoding="utf-8")
    (manager,) = [one for one in json.loads(text)["customManagers"] if one["customType"] == "jsonata"]
    assert manager["fileFormat"] == "yaml"
    (found,) = manager["matchStrings"]
    return str(found)


@pytest.fixture(scope="module")
def renovate(pytestconfig: pytest.Config) -> Path:
    """Give a folder with what Renovate reads a file with."""
    return npm.installed(TESTS / "renovate", Path(pytestconfig.cache.mkdir("renovate")))


def found_in(renovate: Path, query: str, texts: list[str]) -> list[Found | None]:
    answers: list[list[dict[str, str]] | None] = npm.run(renovate, "extract.mjs", {"query": query, "texts": texts})
    return [
        None if one is None else [(dependency["depName"], dependency["currentValue"]) for dependency in one]
        for one in answers
    ]


def versions(text: str) -> Found:
    """Return the versions in a form as `check` reads it."""
    read = reader.parse(text.encode(), FORM_FILE)
    assert not read.problems
    data: dict[str, Any] = read.data
    found = [(f"signalen-{name}", own["version"]) for name, own in data["environments"].items() if "version" in own]
    return found + ([("signalen", data["version"])] if "version" in data else [])


@pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)
def test_every_version_of_an_example_is_found(renovate: Path, query: str, form: Path) -> None:
    text = form.read_text(encoding="utf-8")
    assert versions(text)
    assert found_in(renovate, query, [text]) == [versions(text)]


def test_what_a_new_form_says_is_found(renovate: Path, query: str, tmp_path: Path) -> None:
    production = "environments.production={domain: meldingen.s-hertogenbosch.nl, version: 4.22.0}"
    new(tmp_path / "x", "github", production, "overrides.frontend.podAnnotations={version: 1.2.3}")
    (found,) = found_in(renovate, query, [(tmp_path / "x" / FORM_FILE).read_text(encoding="utf-8")])
    assert found is not None
    assert [name for name, _ in found] == ["signalen-acceptance", "signalen-production"]


@pytest.mark.parametrize(
    "environments",
    [
        "environments:\n    acceptance:\n        version: 4.23.0\n",
        "'environments':\n  \"acceptance\":\n    'version': \"4.23.0\"\n",
        "environments: {acceptance: {version: 4.23.0}}\n",
        "environments: {\n  acceptance: {\n    version: 4.23.0 } }\n",
        "environments: &all\n  acceptance: &one\n    version: &v 4.23.0\n",
        "environments:\r\n  acceptance:\r\n    version: 4.23.0\r\n",
        "\ufeffenvironments:\n  acceptance:\n    version: 4.23.0\n",
        "environments:\n  ? acceptance\n  : version: 4.23.0\n",
        "environments:\n  acceptance:\n    version:\n      4.23.0\n",
        "environments:\n  acceptance: {<<: [&x {domain: a.nl}, {version: 4.23.0}, {version: 4.22.0}]}\n",
        "environments:\n  acceptance: {<<: {<<: {version: 4.23.0}}}\n",
    ],
)
def test_each_way_to_spell_a_version_is_found(renovate: Path, query: str, environments: str) -> None:
    assert versions(environments) == [("signalen-acceptance", "4.23.0")]
    assert found_in(renovate, query, [environments]) == [versions(environments)]


def test_an_environment_that_takes_the_version_of_all_has_none_of_its_own(renovate: Path, query: str) -> None:
    text = "version: 4.20.0\nenvironments:\n  acceptance: {domain: a.nl}\n  test:\n"
    assert found_in(renovate, query, [text, "environments: {}\n", "x: [\n"]) == [[("signalen", "4.20.0")], [], None]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=st.lists(forms(), min_size=10, max_size=40))
def test_what_check_reads_renovate_finds(renovate: Path, query: str, texts: list[str]) -> None:
    assert found_in(renovate, query, texts) == [versions(text) for text in texts]
