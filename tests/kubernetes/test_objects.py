"""What is rendered for all municipalities: readable by every reader of YAML, right by every schema, and safe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from signalen_toolkit.base import paths
from signalen_toolkit.base.layout import HEADER
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import config_schema, values_schema
from signalen_toolkit.diagnostics.places import dotted
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.reader import parse
from signalen_toolkit.form.municipalities import Municipality, by_code, municipalities
from signalen_toolkit.kubernetes.schemas.own import object_problems, schema_of
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

from tests.catalog.test_catalog import defaults
from tests.conftest import GOLDEN
from tests.support.rendered import ASSETS, as_text, at, has, minimal_form, quick, tree_of, values_in, write_assets
from tests.support.rendered import object_problems as problems_of

CHUNKS = 12
AMSTERDAM = "GM0363"

# Names of switches that say what they switch off.
ALLOWED = re.compile("enableAmsterdamSpecificOverigCategories|API_DETERMINE_STADSDEEL")
FORBIDDEN = re.compile(
    "amsterdam|webmaster@|insecure|change-to-something-secret|signalen:signalen|localhost|demoground|signals.local",
    re.IGNORECASE,
)
# Keys whose value would be a secret; not those that name a Secret (existingSecret, secretName).
SECRET = re.compile(r"password$|secretkey$|authtoken$|basicauth$|_secret$|_token$|_key$", re.IGNORECASE)

# Where the charts have defaults that are Amsterdam's, published secrets or otherwise no good.
UNSAFE_DEFAULTS = {
    "signalen-backend": (
        "existingSecret",
        "flower.basicAuth",
        "rabbitmq.auth.password",
        "postgresql.auth.postgresPassword",
        "settings.allowedHosts",
        "settings.apiPdfLogoStaticFile",
        "settings.apiTransformSourceBasedOnReporter",
        "settings.apiTransformSourceBasedOnReporterDomainExtensions",
        "settings.apiTransformSourceBasedOnReporterExceptions",
        "settings.apiTransformSourceBasedOnReporterSource",
        "settings.classificationEndpoint",
        "settings.database.password",
        "settings.datapuntApiUrl",
        "settings.defaultFromEmail",
        "settings.defaultPdokMunicipalities",
        "settings.email.password",
        "settings.organizationName",
        "settings.rabbitmq.password",
        "settings.secretKey",
        "settings.sigmax.authToken",
    ),
    "signalen-classification": ("signalsCategoryUrl",),
    "signalen-frontend": ("config",),
    "signalen-mapserver": ("image.tag",),
}
# What the backend would take from its own code: Amsterdam's, or open to everyone.
UNSAFE_IN_CODE = (
    "API_DETERMINE_STADSDEEL_ENABLED",
    "API_TRANSFORM_SOURCE_BASED_ON_REPORTER",
    "API_TRANSFORM_SOURCE_BASED_ON_REPORTER_DOMAIN_EXTENSIONS",
    "API_TRANSFORM_SOURCE_BASED_ON_REPORTER_EXCEPTIONS",
    "API_TRANSFORM_SOURCE_BASED_ON_REPORTER_SOURCE",
    "BOUNDING_BOX",
    "CORS_ALLOWED_ORIGINS",
    "CORS_ALLOW_ALL_ORIGINS",
    "SIGNALS_API_BASE",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_assets(tmp_path_factory.mktemp("repository"))


# Every municipality


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_municipality_renders(chunk: int, repository: Path) -> None:
    for municipality in municipalities()[chunk::CHUNKS]:
        trees = {delivery: checked(municipality, delivery, repository) for delivery in ("flux", "argocd")}
        for path in {path for tree in trees.values() for path in tree}:
            for text in {tree[path] for tree in trees.values() if path in tree}:
                where = f"{municipality.name}: {path}"
                assert text.startswith(HEADER), where
                assert wrong_in(path, text) == [], where
                if municipality.code != AMSTERDAM:
                    assert list(unsafe(list(quick(text)))) == [], where
        of_flux, of_argocd = (values_in(tree, "production") for tree in trees.values())
        assert of_flux == of_argocd


def checked(municipality: Municipality, delivery: str, repository: Path) -> dict[str, str]:
    """Render a municipality's form as the command does."""
    completed, problems = check(
        parse(as_text(minimal_form(municipality, delivery)), "municipality.yaml"), catalog(), repository
    )
    assert not has_errors(problems), [(municipality.name, problem.rule, problem.message) for problem in problems]
    return render(completed, catalog())


@cache
def wrong_in(path: str, text: str) -> list[str]:
    """Return what is wrong with one rendered file; most files are the same for many municipalities."""
    if path.endswith("/bootstrap.yaml"):
        return []  # which is read by a script, and no object
    documents = list(quick(text))
    if disputed := sorted(plain for plain in plain_texts(text) if not is_clear(plain)):
        return [f"readers of YAML 1.1 and of YAML 1.2 disagree about {', '.join(disputed)}"]
    if "/values/" in path:
        return values_problems(Path(path).stem, catalog().releases[0], documents[0])
    return [problem for document in documents for problem in problems_of(document)]


def plain_texts(text: str) -> Iterator[str]:
    """Yield what stands without quotes in a file, which each reader of YAML takes for what it thinks best."""
    for token in pyyaml.scan(text, Loader=pyyaml.CSafeLoader):
        if isinstance(token, pyyaml.ScalarToken) and token.plain:
            yield token.value


@cache
def is_clear(plain: str) -> bool:
    """Tell whether readers of YAML 1.1 and of YAML 1.2 take a text without quotes for the same."""
    one, other = YAML(typ="safe", pure=True).load(f"- {plain}"), quick(f"- {plain}")[0]
    return bool(one == other and type(one[0]) is type(other[0]))


@pytest.mark.parametrize("plain", ["no", "010", "1e3", "12:30", "0o7", "yes"])
def test_what_readers_disagree_about_is_seen(plain: str) -> None:
    assert not is_clear(plain)


@pytest.mark.parametrize("form", ["everything", "minimal"])
def test_a_reader_of_yaml_1_2_reads_the_same(form: str) -> None:
    for path in (GOLDEN / form).rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert list(YAML(typ="safe", pure=True).load_all(text)) == list(quick(text)), path


def component_of(release_name: str) -> Component:
    return next(found for found in catalog().components.values() if found.release_name == release_name)


def values_problems(release_name: str, version: str, values: Mapping[str, Any]) -> list[str]:
    """Return what the chart, and the application behind it, would not understand."""
    component = component_of(release_name)
    problems = schema_problems(component.name, component.chart_version(version), values, of_config=False)
    if component.application_config:
        own = values[component.application_config.values]
        problems += schema_problems(component.name, component.app_version(version), own, of_config=True)
    return problems


def schema_problems(component: str, version: str, data: Any, *, of_config: bool) -> list[str]:
    errors = validator(component, version, of_config=of_config).iter_errors(data)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


@cache
def validator(component: str, version: str, *, of_config: bool) -> Draft202012Validator:
    return Draft202012Validator(config_schema(version, component) if of_config else values_schema(component, version))


# Every release


def known_releases() -> list[str]:
    releases = catalog().releases
    return list(releases[: releases.index(catalog().oldest_release) + 1])


@pytest.mark.parametrize("release", known_releases())
def test_every_release_gets_values_that_it_understands(release: str) -> None:
    values = all_values(release)
    assert set(values) == {component.release_name for component in catalog().components.values()}
    for name, own in values.items():
        assert values_problems(name, release, own) == []


@pytest.mark.parametrize("release", known_releases())
def test_every_release_gets_a_configuration_without_gaps(release: str) -> None:
    frontend = catalog().component("frontend")
    version = frontend.app_version(release)
    own = all_values(release)[frontend.release_name]["config"]
    missing = [path for path in base_keys(version) if not has(own, path)]
    assert missing == []


@pytest.mark.parametrize("release", known_releases())
def test_no_unsafe_default_is_left_to_a_release(release: str) -> None:
    for name in UNSAFE_DEFAULTS:
        own, component = all_values(release)[name], component_of(name)
        schema = values_schema(component, component.chart_version(release))
        chart = defaults(schema, schema)
        left = [path for path in UNSAFE_DEFAULTS[name] if has(chart, path) and not has(own, path)]
        assert left == []
        assert list(unsafe(without_switched_off(merge(chart, own)))) == []


@pytest.mark.parametrize("release", known_releases())
def test_nothing_of_amsterdam_is_left_to_the_backend_itself(release: str) -> None:
    env = all_values(release)["signalen-backend"]["env"]
    assert [name for name in UNSAFE_IN_CODE if name not in env] == []
    assert env["API_DETERMINE_STADSDEEL_ENABLED"] is False
    assert env["CORS_ALLOW_ALL_ORIGINS"] is False


def test_a_release_without_a_database_of_its_own_has_no_password_for_it() -> None:
    own = values_in(tree_of(minimal_form(utrecht())), "production")["signalen-backend"]
    assert own["tags"]["postgresql"] is False
    assert "postgresql" not in own


def utrecht() -> Municipality:
    found = by_code("GM0344")
    assert found
    return found


@cache
def all_values(release: str) -> dict[str, dict[str, Any]]:
    """Return the values of every component, also of those that are not installed by themselves."""
    every = {name: {"enabled": True} for name in catalog().components}
    form = {**minimal_form(utrecht(), version=release), "components": every}
    return values_in(tree_of(form), "acceptance")


def without_switched_off(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what a chart has in its values for a subchart that it does not install."""
    off = {name for name, on in values.get("tags", {}).items() if not on}
    return {key: value for key, value in values.items() if key not in off}


# The frontend's base configuration, key by key: the first frontend version that has it. A `*` stands for every key
# of the schema at that place.
BASE_KEYS = {
    "apiBaseUrl": "",
    "areaTypeCodeForDistrict": "",
    "featureFlags.*": "",
    "head.*": "",
    "language.*": "",
    "links.*": "",
    "logo.*": "",
    "map.layers.containers": "",
    "map.municipality": "",
    "map.options.center": "",
    "map.options.crs": "",
    "map.options.maxBounds": "",
    "map.options.maxNumberOfAssets.*": "",
    "map.options.maxZoom": "",
    "map.options.minZoom": "",
    "map.options.zoom": "",
    "map.optionsBackOffice.maxZoom": "",
    "map.optionsBackOffice.minZoom": "",
    "map.optionsBackOffice.zoom": "",
    "map.tiles.args": "",
    "map.tiles.options.attribution": "",
    "map.tiles.options.maxNativeZoom": "",
    "map.tiles.options.tms": "",
    "oidc.authEndpoint": "",
    "oidc.clientId": "",
    "oidc.responseType": "",
    "oidc.scope": "",
    "theme.colors.*.*": "",
    "frontPageAlert.text": "2.14.5",
    "map.optionsAreaMap.*": "2.14.5",
    "map.optionsAssetSelector.*": "2.14.5",
    "map.optionsExternalReplyLocation.*": "2.14.5",
    "map.optionsExternalReplyMap.*": "2.14.5",
    "map.optionsIncidentDetailLocation.*": "2.14.5",
    "map.optionsIncidentMap.*": "2.14.5",
    "map.optionsMapInput.*": "2.14.5",
    "map.optionsMyIncidentsMap.*": "2.14.5",
    "map.optionsOverviewMap.*": "2.14.5",
    "map.optionsSummaryMap.*": "2.14.5",
    "map.pdok.*": "2.14.5",
    "additionalCode.css": "2.14.6",
    "map.keys.dataPlatform": "2.14.21",
}


def base_keys(version: str) -> Iterator[str]:
    """Yield the keys of the base configuration of one frontend version, and all that its schema requires."""
    schema = config_schema(version)
    for pattern, since in BASE_KEYS.items():
        if not since or since_reached(version, since):
            yield from keys_at(schema, pattern.split("."))
    yield from required_keys(schema)


def since_reached(version: str, since: str) -> bool:
    return [*map(int, version.split("."))] >= [*map(int, since.split("."))]


def keys_at(schema: Mapping[str, Any], pattern: list[str], above: str = "") -> Iterator[str]:
    if not pattern:
        yield above
        return
    known = schema.get("properties", {})
    for key in known if pattern[0] == "*" else [key for key in known if key == pattern[0]]:
        yield from keys_at(known[key], pattern[1:], f"{above}.{key}".removeprefix("."))


def required_keys(schema: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key in schema.get("required", ()):
        path = f"{above}.{key}".removeprefix(".")
        yield path
        yield from required_keys(schema.get("properties", {}).get(key, {}), path)


# What must not reach a cluster


def unsafe(data: Any, path: str = "") -> Iterator[str]:
    """Yield the places of what belongs to Amsterdam, is open to everyone, or is a secret in the open."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            place = f"{path}.{key}"
            if SECRET.search(str(key)) and isinstance(value, str) and value:
                yield f"{place}: a secret in the open"
            if key == "tag" and value == "latest":
                yield f"{place}: the image changes by itself"
            yield from unsafe(value, place)
            yield from unsafe(str(key), f"{place} (key)")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from unsafe(value, f"{path}.{index}")
    elif isinstance(data, str):
        if data.strip() == "*":
            yield f"{path}: '*' lets everything pass"
        if found := FORBIDDEN.search(ALLOWED.sub("", data)):
            yield f"{path}: '{found[0]}' in '{data[:60]}'"


@pytest.mark.parametrize(
    "bad",
    [
        {"settings": {"datapuntApiUrl": "https://api.data.amsterdam.nl/"}},
        {"settings": {"allowedHosts": "*"}},
        {"settings": {"rabbitmq": {"password": "x"}}},
        {"env": {"AZURE_STORAGE_ACCOUNT_KEY": "x"}},
        {"flower": {"basicAuth": "x"}},
        {"image": {"tag": "latest"}},
        {"hosts": ["demoground.nl"]},
        {"settings": {"defaultFromEmail": "webmaster@localhost"}},
    ],
    ids=str,
)
def test_what_is_unsafe_is_seen(bad: dict[str, Any]) -> None:
    assert list(unsafe(bad))


# The schemas of the kinds


def kind_schemas() -> list[Path]:
    return sorted((paths.PACKAGE / "schemas" / "kinds").rglob("*.json"))


@pytest.mark.parametrize("path", kind_schemas(), ids=lambda path: path.stem)
def test_the_schema_of_a_kind_is_one(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    folder = paths.PACKAGE / "schemas" / "kinds"
    assert schema["$id"] == f"https://signalen.org/schemas/v1/kinds/{path.relative_to(folder).as_posix()}"
    assert schema["title"]
    assert schema["description"].endswith(".")


@pytest.mark.parametrize("path", kind_schemas(), ids=lambda path: path.stem)
def test_the_schema_of_a_kind_is_closed(path: Path) -> None:
    for node in nodes(json.loads(path.read_text(encoding="utf-8"))):
        assert node.get("type") != "object" or "additionalProperties" in node, node


def nodes(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        yield data
        for child in data.values():
            yield from nodes(child)
    elif isinstance(data, list):
        for child in data:
            yield from nodes(child)


def release() -> dict[str, Any]:
    text = tree_of(minimal_form(utrecht()))["clusters/acceptance/releases/frontend.yaml"]
    found: dict[str, Any] = merge(quick(text)[0], {})
    return found


def test_an_object_that_fits_has_no_problems() -> None:
    assert schema_of(release()) is not None
    assert object_problems(release()) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("spec.chart.spec.version", ">=4.0.0", "spec.chart.spec.version: '>=4.0.0' is not written as it must be"),
        ("spec.interval", "10", "spec.interval: '10' is not written as it must be"),
        ("spec.intervall", "10m", "spec.intervall: 'intervall' is not a field of 'spec'"),
        ("metadata.name", "Frontend", "metadata.name: 'Frontend' is not written as it must be"),
        ("metadata.labels.team", 1, "metadata.labels.team: must be text, not a number"),
        ("apiVersion", "helm.toolkit.fluxcd.io/v9", "no schema for apiVersion 'helm.toolkit.fluxcd.io/v9'"),
        ("kind", "../definitions", "no schema for apiVersion"),
    ],
)
def test_an_object_that_does_not_fit_is_refused(path: str, value: Any, message: str) -> None:
    above, _, key = path.rpartition(".")
    obj = release()
    (at(obj, above) if above else obj)[key] = value
    found = [f"{dotted(place)}: {said}" for place, said in object_problems(obj)]
    assert [problem for problem in found if message in problem]


def test_the_images_are_in_the_tree() -> None:
    obj = quick(tree_of(minimal_form(utrecht()))["clusters/acceptance/manifests/frontend-assets.yaml"])[0]
    assert sorted(obj["binaryData"]) == sorted(name.removeprefix("assets/") for name in ASSETS)
