"""The catalog knows every release, and its schemas know every key of every version."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from signalen_toolkit.base import paths
from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog import load
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import config_key_versions, config_schema, key_versions, values_schema
from signalen_toolkit.catalog.versioned_schema import key_versions as find_versions
from signalen_toolkit.catalog.versioned_schema import plain
from signalen_toolkit.diagnostics.problems import UsageError

SIGNALEN = ("backend", "frontend", "classification", "mapserver")
CHARTS = [
    (name, version)
    for name in SIGNALEN
    for version in dict.fromkeys(release.chart for release in catalog().component(name).releases)
]
# Maps in the defaults of the charts that take any key.
OPEN_MAPS = {("ingress", "annotations")}


def schema_files() -> list[Path]:
    return sorted(paths.folder("chart-templates").glob("*/*.schema.json"))


def read(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def resolved(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {**resolved(root, root["$defs"][node["$ref"].removeprefix("#/$defs/")]), **node}
    return node


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property that a schema describes, at any depth."""
    if isinstance(node, list):
        for item in node:
            yield from properties(item, path)
    elif isinstance(node, dict):
        for name, child in node.get("properties", {}).items():
            yield f"{path}.{name}", child
        for keyword, child in node.items():
            if keyword in ("properties", "$defs"):
                for name, grandchild in child.items():
                    yield from properties(grandchild, f"{path}.{name}")
            elif keyword not in ("default", "enum"):
                yield from properties(child, path)


def defaults(root: dict[str, Any], node: dict[str, Any]) -> Any:
    """Return the values that a chart has of its own, as its schema tells; None where it tells none."""
    node = resolved(root, node)
    if "default" in node:
        return node["default"]
    children = {name: defaults(root, child) for name, child in node.get("properties", {}).items()}
    tells = {
        name for name, child in node.get("properties", {}).items() if children[name] is not None or "default" in child
    }
    return {name: children[name] for name in children if name in tells} or None


def with_misspellings(value: Any, path: tuple[str, ...] = ()) -> tuple[Any, int]:
    """Return the values with a misspelled twin beside every key, and the number of twins."""
    if isinstance(value, list):
        pairs = [with_misspellings(item, path) for item in value]
        return [item for item, _ in pairs], sum(number for _, number in pairs)
    if not isinstance(value, dict) or path in OPEN_MAPS:
        return value, 0
    result: dict[str, Any] = {}
    total = 0
    for key, child in value.items():
        result[key], number = with_misspellings(child, (*path, key))
        result[f"{key}~"] = child
        total += number + 1
    return result, total


def refused_keys(schema: dict[str, Any], values: Any) -> int:
    """Count the keys that a schema does not know."""
    total = 0
    for error in Draft202012Validator(schema).iter_errors(values):
        if error.validator == "additionalProperties":
            total += len(set(error.instance) - set(error.schema["properties"]))
        elif isinstance(error.instance, str) and error.instance.endswith("~"):  # propertyNames
            total += 1
    return total


def messages(schema: dict[str, Any], values: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(values)]


# The components


@pytest.mark.parametrize("path", sorted(paths.folder("chart-templates").glob("*/component.yaml")), ids=str)
def test_every_component_fits_its_schema(path: Path) -> None:
    schema = read(paths.PACKAGE / "schemas" / "component.schema.json")
    data = YAML(typ="safe").load(path)
    assert messages(schema, data) == []
    assert data["name"] == path.parent.name


@pytest.mark.parametrize("path", sorted(paths.folder("chart-templates").glob("delivery/*/delivery.yaml")), ids=str)
def test_every_delivery_fits_its_schema(path: Path) -> None:
    schema = read(paths.PACKAGE / "schemas" / "delivery.schema.json")
    assert messages(schema, YAML(typ="safe").load(path)) == []


def test_every_folder_with_manifests_of_a_delivery_is_one() -> None:
    folders = {path.name for path in paths.folder("chart-templates").glob("delivery/*")}
    assert folders == {*catalog().deliveries}
    assert [*catalog().deliveries] == ["flux", "argocd"]
    for delivery in catalog().deliveries.values():
        assert list((catalog().folder / "delivery" / delivery.name / delivery.bootstrap).glob("kustomization.yaml.j2"))
        assert delivery.mailed_by in ("", *catalog().components)


def test_components_are_in_the_order_of_installation() -> None:
    order = list(catalog().components)
    assert order.index("backend") < order.index("frontend") < order.index("mapserver")
    for component in catalog().components.values():
        for needed in component.starts_after:
            assert order.index(needed) < order.index(component.name)


def test_a_component_can_do_without_some_of_what_goes_before_it() -> None:
    mesh = catalog().component("linkerd-control-plane")
    assert mesh.depends_on == ("linkerd-crds", "linkerd-cni")
    assert mesh.starts_after == (*mesh.depends_on, "prometheus")
    assert (mesh.kubernetes, catalog().component("backend").kubernetes) == ("1.31", "")


def test_mapserver_is_off_unless_asked_for() -> None:
    on = {name for name in SIGNALEN if catalog().component(name).enabled}
    assert on == {"backend", "frontend", "classification"}


@pytest.mark.parametrize("name", SIGNALEN)
def test_objects_are_called_like_the_release(name: str) -> None:
    component = catalog().component(name)
    assert component.chart in component.release_name


def test_only_the_frontend_stands_on_the_domain_itself() -> None:
    assert {name: catalog().component(name).host for name in SIGNALEN} == {
        "backend": "api",
        "frontend": "",
        "classification": "classification",
        "mapserver": "mapserver",
    }


def test_the_backends_secret_has_the_keys_that_the_chart_reads() -> None:
    component = catalog().component("backend")
    secret = component.secrets[0]
    assert secret.name != component.release_name
    assert {key.name: key.when for key in secret.keys} == {
        "SECRET_KEY": "",
        "DATABASE_PASSWORD": "",
        "EMAIL_HOST_PASSWORD": "",
        "RABBITMQ_PASSWORD": "",
        "FLOWER_BASIC_AUTH": "",
        "OIDC_RP_CLIENT_SECRET": "",
        "AZURE_STORAGE_ACCOUNT_KEY": "env.AZURE_STORAGE_ENABLED",
        "S3_STORAGE_ACCESS_KEY": "env.S3_STORAGE_ENABLED",
        "S3_STORAGE_SECRET_KEY": "env.S3_STORAGE_ENABLED",
        "O365_MAIL_CLIENT_SECRET": "env.O365_MAIL_CLIENT_ID",
        "SIGMAX_AUTH_TOKEN": "settings.sigmax.enabled",
        "ELASTICSEARCH_PASSWORD": "env.ELASTICSEARCH_USER",
    }


def test_conditions_and_references_of_secrets_lead_somewhere() -> None:
    components = catalog().components.values()
    known = {f"{secret.name}/{key.name}" for one in components for secret in one.secrets for key in secret.keys}
    for component in components:
        for secret in component.secrets:
            for when in {secret.when, *(key.when for key in secret.keys)} - {""}:
                place = [int(part) if part.isdigit() else part for part in when.split(".")]
                assert key_versions(component, place) is not None
            assert {key.same_as for key in secret.keys} - {""} <= known


def test_no_two_manifests_have_one_name() -> None:
    """They stand in one folder of the rendered tree, whoever they are for."""
    root = paths.folder("chart-templates")
    ways = [path.name for path in (root / "secrets").iterdir()]
    shared = [path.name for path in root.glob("environment/*.j2")]
    shared += [path.name for path in root.glob("*/manifests/*.j2")]
    for way in ways:
        names = [*shared, *(path.name for path in root.glob(f"secrets/{way}/*.j2")), "kustomization.yaml.j2"]
        assert sorted(set(names)) == sorted(names)


def test_a_folder_with_a_component_is_a_component(tmp_path: Path) -> None:
    (tmp_path / "delivery").mkdir()
    (tmp_path / "dex").mkdir()
    (tmp_path / "dex" / "component.yaml").write_text(
        "{name: dex, title: Dex, titleNl: Dex, description: d, descriptionNl: d, release: dex, order: 5,"
        " chart: {name: dex, repository: 'https://charts.dexidp.io'}}"
    )
    (tmp_path / "dex" / "releases.csv").write_text("release,chart,app\n,0.24.0,v2.44.0\n")
    loaded = load.load(tmp_path)
    assert list(loaded.components) == ["dex"]
    assert loaded.releases == ()
    # Its one version does not depend on the Signalen release.
    assert loaded.component("dex").chart_version("4.23.0") == "0.24.0"
    assert loaded.component("dex").chart_version("4.19.0") == "0.24.0"


# The releases


@pytest.mark.parametrize("name", SIGNALEN)
def test_every_release_since_4_0_0_has_its_versions(name: str) -> None:
    component = catalog().component(name)
    releases = [release.release for release in component.releases]
    assert releases == sorted(set(releases), key=parse, reverse=True)
    assert tuple(releases) == catalog().releases
    assert (releases[0], releases[-1]) == ("4.23.0", "4.0.0")
    assert all(release.chart and release.app for release in component.releases)


def test_versions_of_a_release() -> None:
    def versions(name: str, release: str) -> tuple[str, str]:
        component = catalog().component(name)
        return component.chart_version(release), component.app_version(release)

    assert versions("backend", "4.23.0") == ("4.23.0", "2.50.10")
    assert versions("frontend", "4.2.0") == ("4.2.0", "2.6.1")
    assert versions("mapserver", "4.18.5") == ("4.1.1", "latest")
    assert versions("mapserver", "4.18.4") == ("4.1.0", "latest")
    # The classification of this release was not published anew.
    assert versions("classification", "4.2.4")[0] == "4.2.3"


def test_unknown_names_are_answered_in_words() -> None:
    with pytest.raises(UsageError, match=r"unknown component: 'backand'; did you mean 'backend'\?"):
        catalog().component("backand")
    with pytest.raises(UsageError, match=r"unknown component: 'x'$"):
        values_schema("x", "4.23.0")
    with pytest.raises(UsageError, match=r"unknown Signalen release of backend: '4\.23'; did you mean"):
        catalog().component("backend").chart_version("4.23")
    with pytest.raises(UsageError, match=r"unknown version of the chart frontend: '4\.18\.9'"):
        values_schema("frontend", "4.18.9")
    with pytest.raises(UsageError, match="unknown version of frontend: 'main'"):
        config_schema("main")
    with pytest.raises(UsageError, match="backend has no application configuration"):
        config_schema("2.27.6", "backend")


def test_a_release_newer_than_the_newest_known_is_taken_to_be_like_it() -> None:
    for name, chart in (("backend", "9.9.9"), ("mapserver", "4.1.1")):
        assert catalog().component(name).chart_version("9.9.9") == chart
    assert values_schema("frontend", "9.9.9") == values_schema("frontend", catalog().releases[0])


# The schemas of the values


@pytest.mark.parametrize("path", schema_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_key_has_a_type_and_a_description(path: Path) -> None:
    schema = read(path)
    Draft202012Validator.check_schema(schema)
    for key, node in properties(schema):
        node = resolved(schema, node)
        assert node.get("description", "").endswith("."), key
        assert {"type", "enum"} & set(node), key
        for end in ("x-since", "x-until"):
            assert end not in node or parse(node[end]), key


@pytest.mark.parametrize(("name", "version"), CHARTS)
def test_the_defaults_of_every_chart_pass_and_no_key_can_be_misspelled(name: str, version: str) -> None:
    schema = values_schema(name, version)
    values = defaults(schema, schema)
    assert len(values) >= 8
    assert messages(schema, values) == []
    misspelled, number = with_misspellings(values)
    assert refused_keys(schema, misspelled) == number


@pytest.mark.parametrize("name", SIGNALEN)
def test_a_plain_schema_has_nothing_of_our_own(name: str) -> None:
    text = json.dumps(values_schema(name, catalog().component(name).releases[0].chart))
    assert '"x-' not in text
    assert '"$id"' in text


@pytest.mark.parametrize(
    ("name", "values", "last_without", "first_with"),
    [
        ("backend", {"tolerations": [{"key": "a", "operator": "Exists"}]}, "4.19.0", "4.20.0"),
        ("frontend", {"affinity": {"nodeAffinity": {}}}, "4.19.0", "4.20.0"),
        ("frontend", {"extraVolumes": [{"name": "logo", "configMap": {"name": "x"}}]}, "4.4.1", "4.4.2"),
        ("backend", {"managementCommands": "true"}, "4.9.0", "4.10.0"),
        ("backend", {"persistence": {"media": {"storageClassName": "fast"}}}, "4.1.0", "4.2.0"),
        ("mapserver", {"settings": {"serviceType": "WFS"}}, "4.0.0", "4.1.0"),
    ],
)
def test_a_key_is_accepted_from_the_version_that_has_it(
    name: str, values: dict[str, Any], last_without: str, first_with: str
) -> None:
    assert messages(values_schema(name, first_with), values) == []
    assert "was unexpected" in messages(values_schema(name, last_without), values)[0]


@pytest.mark.parametrize(
    "values",
    [
        {"resources": {"requests": {"cpu": "100m", "memory": 1073741824}, "limits": {"nvidia.com/gpu": 1}}},
        {"ingress": {"annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"}, "tls": []}},
        {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}},
        {"existingSecret": None, "env": {"A": "b", "C": 1, "D": True}},
        {"existingSecret": "x", "envFrom": [{"secretRef": {"name": "x"}}], "envVars": [{"name": "A"}]},
        {"extraVolumes": [{"name": "x", "emptyDir": {}}]},
        {"extraVolumeMounts": [{"name": "x", "mountPath": "/x", "subPath": "y", "readOnly": True}]},
        {"podSecurityContext": {"runAsUser": 1001, "seccompProfile": {"type": "RuntimeDefault"}}},
        {"securityContext": {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": False}},
        {"rabbitmq": {"auth": {"existingPasswordSecret": "x", "existingErlangSecret": "y"}}},
        {"postgresql": {"auth": {"existingSecret": "x"}, "primary": {"persistence": {"size": "8Gi"}}}},
        {"elasticsearch": {"volumeClaimTemplate": {"resources": {"requests": {"storage": "10Gi"}}}}},
        {"global": {"storageClass": "fast"}, "nameOverride": "x", "flowerReplicaCount": 1},
    ],
)
def test_what_the_chart_and_kubernetes_accept_passes(values: dict[str, Any]) -> None:
    assert messages(values_schema("backend", "4.23.0"), values) == []


@pytest.mark.parametrize(
    "values",
    [
        {"replicaCount": -1},
        {"replicaCount": "2"},
        {"service": {"port": 0}},
        {"resources": {"limit": {"cpu": 1}}},
        {"resources": {"limits": {"memroy": "1Gi"}}},
        {"resources": {"limits": {"memory": "1 GB"}}},
        {"tolerations": [{"keys": "a"}]},
        {"extraVolumes": [{"emptyDir": {}}]},
        {"extraVolumes": [{"name": "x", "configmap": {"name": "y"}}]},
        {"extraVolumeMounts": [{"name": "x"}]},
        {"podAnnotations": {"a": True}},
        {"ingress": {"hosts": ["api.example.nl"]}},
        {"ingress": {"hosts": [{"host": "API.example.nl", "paths": [{"path": "/", "pathType": "Exact"}]}]}},
        {"ingress": {"tls": [{"secret": "x", "hosts": []}]}},
        {"postgresql": {"autth": {}}},
        {"postgresql": {"enabled": False}},  # tags.postgresql is the switch
        {"rabbitmq": {"auth": {"pasword": "x"}}},
        {"rabbitmq": {"persistence": {"sise": "1Gi"}}},
        {"elasticsearch": {"replica": 1}},
        {"settings": {"allowedHosts": ["a"]}},
        {"serviceAccount": {"create": True}},  # defined in the chart's helpers, but used nowhere
    ],
)
def test_mistakes_are_refused(values: dict[str, Any]) -> None:
    assert messages(values_schema("backend", "4.23.0"), values)


def test_the_versions_of_a_key_can_be_asked_for() -> None:
    assert key_versions("backend", ["tolerations"]) == ("4.20.0", None)
    assert key_versions("backend", ["tolerations", 0, "key"]) == ("4.20.0", None)
    assert key_versions("backend", ["tolerations", 0, "keys"]) is None
    assert key_versions("backend", ["ingress", "host"]) == ("2.1.0", "2.6.6")
    assert key_versions("backend", ["ingress", "hosts", 0, "paths", 0, "pathType"]) == ("3.0.0", None)
    assert key_versions("backend", ["ingress", "annotations", "anything/goes"]) == ("2.1.0", None)
    assert key_versions("backend", ["elasticsearch", "sidecarResources", "limits"]) == (None, "4.6.0")
    assert key_versions("mapserver", ["ingress", "hosts", 0, "host"]) == ("2.5.0", None)
    assert key_versions("backend", ["rabbitmq", "auth", "pasword"]) is None
    assert key_versions("backend", ["replicaCount", "x"]) is None
    assert key_versions("frontend", ["config", "map", "anything"]) == ("2.1.0", None)


# The configuration of the frontend


def test_the_frontends_configuration_depends_on_its_version() -> None:
    assert config_key_versions(["map", "options", "crs"]) == ("2.6.3", None)
    assert config_key_versions(["sentry", "dsn"]) == ("2.0.0", "2.26.1")
    assert config_key_versions(["featureFlags", "useNothing"]) is None
    old, new = (config_schema(version)["properties"] for version in ("2.6.1", "2.27.6"))
    assert "crs" not in old["map"]["properties"]["options"]["required"]
    assert "crs" in new["map"]["properties"]["options"]["required"]
    assert "useStaticMapServer" in old["featureFlags"]["required"]
    assert "useStaticMapServer" not in new["featureFlags"]["properties"]
    assert "useProjectverzoekSignalType" in new["featureFlags"]["required"]
    assert "matomo" in old
    assert "matomo" not in new


def test_the_frontend_does_not_start_without_these() -> None:
    schema = config_schema("2.27.6")
    assert set(schema["required"]) == {
        "apiBaseUrl",
        "areaTypeCodeForDistrict",
        "head",
        "language",
        "links",
        "logo",
        "map",
        "oidc",
    }
    assert len(messages(schema, {})) == 8


def test_a_piece_of_the_configuration_needs_nothing_but_known_keys() -> None:
    schema = config_schema("2.27.6", partial=True)
    assert messages(schema, {"map": {"options": {"zoom": 9}}}) == []
    assert messages(schema, {"map": {"options": {"zooom": 9}}})
    assert messages(schema, {"map": {"options": {"zoom": "9"}}})


def test_the_tag_latest_counts_as_the_newest_version() -> None:
    assert config_schema("latest") == config_schema("2.27.6")


# Schemas of many versions at once


def test_names_of_properties_are_not_taken_for_keywords() -> None:
    schema = {
        "properties": {
            "required": {"type": "string", "x-since": "2.0.0"},
            "x-frame": {"type": "string"},
            "default": {"type": "object", "default": {"x-kept": 1}},
        },
        "required": ["required", "x-frame"],
    }
    assert plain(schema, "1.0.0") == {
        "properties": {
            "x-frame": {"type": "string"},
            "default": {"type": "object", "default": {"x-kept": 1}},
        },
        "required": ["x-frame"],
    }


def test_a_key_has_no_more_versions_than_the_keys_above_it() -> None:
    schema = {
        "properties": {
            "a": {
                "x-since": "1.10.0",
                "x-until": "3.0.0",
                "properties": {"b": {"x-since": "1.9.0", "x-until": "2.0.0"}},
                "additionalProperties": False,
            }
        }
    }
    assert find_versions(schema, ["a", "b"]) == ("1.10.0", "2.0.0")
    assert find_versions(schema, ["a", "c"]) is None


# The charts themselves


def upstream_values(component: Component, version: str) -> dict[str, Any]:
    directory = os.environ.get("SIGNALEN_CHARTS")
    if not directory:
        pytest.skip("SIGNALEN_CHARTS is not set: the folder with the charts, <chart>-<version>.tgz or unpacked")
    folder = Path(directory) / f"{component.chart}-{version}"
    archive = folder.with_name(folder.name + ".tgz")
    values: dict[str, Any]
    if archive.is_file():
        with tarfile.open(archive) as tar:
            file = tar.extractfile(f"{component.chart}/values.yaml")
            assert file is not None
            values = YAML(typ="safe").load(file.read())
    elif (folder / "values.yaml").is_file():
        values = YAML(typ="safe").load(folder / "values.yaml")
    else:
        pytest.skip(f"{folder.name} is not in SIGNALEN_CHARTS")
    return values


@pytest.mark.upstream
@pytest.mark.parametrize(("name", "version"), CHARTS)
def test_the_values_of_every_chart_pass_and_no_key_can_be_misspelled(name: str, version: str) -> None:
    values = upstream_values(catalog().component(name), version)
    schema = values_schema(name, version)
    assert messages(schema, values) == []
    misspelled, number = with_misspellings(values)
    assert refused_keys(schema, misspelled) == number


@pytest.mark.upstream
@pytest.mark.parametrize("name", SIGNALEN)
def test_the_defaults_are_those_of_the_newest_chart(name: str) -> None:
    component = catalog().component(name)
    version = component.releases[0].chart
    values = upstream_values(component, version)
    schema = values_schema(name, version)
    ours = defaults(schema, schema)
    for extra in ("nameOverride", "fullnameOverride"):  # read by the templates, not in values.yaml
        if extra not in values:
            del ours[extra]
    if name == "backend":
        for volume in ours["persistence"].values():
            del volume["enabledOnflower"]
    assert ours == values


def test_a_fault_of_some_versions_is_worked_around_in_those() -> None:
    """A nonce in an access token, which every token of Dex has, is refused by these."""
    backend = catalog().component("backend")
    faulty = [release for release in catalog().releases if backend.has_fault("nonceInToken", release)]
    assert (faulty[0], faulty[-1]) == ("4.20.6", "4.19.0")
    assert not backend.has_fault("nonceInToken", "4.18.5")
