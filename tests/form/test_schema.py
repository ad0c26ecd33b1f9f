"""The schema of the form: complete in both languages, and unfolded from the catalog."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.form.schema import defaults, form_schema, resolve, settings

ALL = list(settings(items=True))


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(form_schema())


@pytest.mark.parametrize(("path", "node"), ALL, ids=lambda value: ".".join(value) if isinstance(value, tuple) else "")
def test_every_setting_is_explained_in_both_languages(path: tuple[str, ...], node: dict[str, object]) -> None:
    for keyword in ("title", "description", "x-title-nl", "x-description-nl"):
        assert str(node.get(keyword, "")).strip(), f"{path} has no {keyword}"
    assert str(node["description"]).endswith(".")
    assert str(node["x-description-nl"]).endswith(".")


@pytest.mark.parametrize(("path", "node"), ALL, ids=lambda value: ".".join(value) if isinstance(value, tuple) else "")
def test_every_setting_has_an_example_that_it_accepts(path: tuple[str, ...], node: dict[str, object]) -> None:
    if "properties" in node:
        return  # a section: its settings have examples
    examples = node.get("examples")
    assert isinstance(examples, list), path
    assert examples, path
    schema = {**node, "$defs": form_schema()["$defs"]}
    for example in [*examples, *([node["default"]] if "default" in node else [])]:
        assert list(Draft202012Validator(schema).iter_errors(example)) == [], path


def test_unknown_keys_are_refused_everywhere() -> None:
    for path, node in ALL:
        if "properties" in node:
            assert node.get("additionalProperties") is False, path


def test_there_is_a_key_for_every_component_host_and_workload() -> None:
    sections = form_schema()["$defs"]
    components = catalog().components.values()
    for section in ("components", "overrides"):
        assert set(sections[section]["properties"]) == {component.name for component in components}
    assert set(sections["hosts"]["properties"]) == {one.name for one in components if one.host is not None}
    workloads = [workload for component in components for workload in component.workloads]
    assert set(sections["resources"]["properties"]) == {workload.name for workload in workloads}
    assert set(sections["replicas"]["properties"]) == {workload.name for workload in workloads if workload.scales}


def test_every_feature_sets_something_and_nothing_else_is_a_feature() -> None:
    features = set(form_schema()["$defs"]["features"]["properties"])
    assert {feature for component in catalog().components.values() for feature in component.features} == features


def test_any_section_may_stand_in_an_environment() -> None:
    own = set(resolve(form_schema()["$defs"]["environment"])["properties"])
    assert set(form_schema()["properties"]) - own == {"apiVersion", "municipality", "environments", "ignore", "toolkit"}


def test_eight_questions_make_a_form() -> None:
    asked = sorted(node["x-question"] for _, node in ALL if "x-question" in node)
    assert asked == list(range(1, 9))


def test_defaults_are_right_by_the_schema() -> None:
    whole = {**defaults(), "apiVersion": "signalen.org/v1", "municipality": {"code": "GM0796"}}
    form = {**whole, "environments": {"acceptance": {"domain": "example.nl"}}}
    # Of the providers' sections the defaults are there and the required keys are not.
    for section, provider in (("storage", "azure"), ("storage", "s3"), ("email", "office365")):
        form[section] = {key: value for key, value in form[section].items() if key != provider}
    vaults = form["secrets"]["externalSecrets"]
    vaults = {key: value for key, value in vaults.items() if key not in ("azure", "vault")}
    form["secrets"] = {**form["secrets"], "externalSecrets": vaults}
    assert list(Draft202012Validator(form_schema()).iter_errors(form)) == []
