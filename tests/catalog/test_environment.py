"""environment.csv of the backend: complete lines, and an answer for every release and every template."""

from __future__ import annotations

import re

import pytest
from signalen_toolkit.base import paths
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.environment import KnownVariable, does_nothing, reads, variables
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import key_versions
from signalen_toolkit.diagnostics.problems import UsageError

BACKEND = catalog().component("backend")
LISTED = variables(BACKEND)
RENDERED = [
    one.app for one in BACKEND.releases if one.release and parse(one.release) >= parse(catalog().oldest_release)
]


def test_the_lines_are_in_order_and_name_each_variable_once() -> None:
    text = (BACKEND.folder / "environment.csv").read_text(encoding="utf-8")
    names = [line.partition(",")[0] for line in text.splitlines()[1:]]
    assert names == sorted(set(names), key=str.upper)
    assert list(LISTED) == names


@pytest.mark.parametrize("variable", LISTED.values(), ids=lambda one: one.name)
def test_a_line_says_what_a_line_may_say(variable: KnownVariable) -> None:
    assert variable.unfit in ("", "amsterdam", "unsafe", "wrong")
    assert variable.note == "" or variable.note.endswith(".")
    # A span begins or ends with a version that a release has, so that the code of it can be looked at.
    assert {variable.since, variable.until} - {""} <= {*RENDERED}


def test_whatever_names_amsterdam_is_known_to() -> None:
    found = {one.name for one in LISTED.values() if "amsterdam" in one.default.lower()}
    assert found <= {one.name for one in LISTED.values() if one.unfit == "amsterdam"}


@pytest.mark.parametrize(
    ("name", "without", "having"),
    [
        ("OIDC_TRUSTED_AUDIENCES", "4.18.5", "4.19.0"),
        ("S3_STORAGE_ENABLED", "4.20.6", "4.21.0"),
        ("JWKS_URL", "4.19.0", "4.18.5"),
        ("SITE_DOMAIN", "4.7.0", "4.6.0"),
    ],
)
def test_a_release_reads_what_its_application_reads(name: str, without: str, having: str) -> None:
    assert [reads(BACKEND, release, name) for release in (without, having)] == [False, True]


def test_a_value_that_only_sets_what_is_not_read_does_nothing() -> None:
    places = (
        ("settings", "jwksUrl"),
        ("env", "JWKS_URL"),
        ("env", "SECRET_KEY"),
        ("settings", "frontendUrl"),
        ("env",),
    )
    assert [does_nothing(BACKEND, "4.23.0", place) for place in places] == [True, True, False, False, False]
    assert not does_nothing(BACKEND, "4.18.5", ("settings", "jwksUrl"))


def test_the_settings_are_places_in_the_values_of_the_chart() -> None:
    wrong = {
        one.setting for one in LISTED.values() if one.setting and not key_versions("backend", one.setting.split("."))
    }
    assert wrong == set()


def test_a_release_newer_than_the_newest_known_reads_what_that_reads() -> None:
    assert reads(BACKEND, "9.9.9", "OIDC_TRUSTED_AUDIENCES")
    assert not reads(BACKEND, "9.9.9", "JWKS_URL")


def test_a_tag_that_is_no_version_counts_as_the_newest() -> None:
    assert not is_version("latest")
    assert LISTED["OIDC_TRUSTED_AUDIENCES"].in_version("latest")
    assert not LISTED["JWKS_URL"].in_version("latest")


def test_a_variable_that_nobody_listed_is_a_fault() -> None:
    with pytest.raises(UsageError, match=r"environment\.csv of backend does not list OIDC_TRUSTED_AUDIENCE$"):
        reads(BACKEND, "4.23.0", "OIDC_TRUSTED_AUDIENCE")
    with pytest.raises(UsageError, match="of mapserver"):
        reads(catalog().component("mapserver"), "4.23.0", "SECRET_KEY")


@pytest.mark.parametrize("name", catalog().components)
def test_templates_ask_for_listed_variables(name: str) -> None:
    component = catalog().component(name)
    texts = [path.read_text(encoding="utf-8") for path in paths.folder("chart-templates").glob(f"{name}/**/*.j2")]
    asked = {variable for text in texts for variable in re.findall(r'\breads\("(\w+)"\)', text)}
    assert asked <= {*variables(component)}
