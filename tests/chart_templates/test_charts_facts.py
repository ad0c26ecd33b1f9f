"""What the catalog says of charts, held against the objects that the stand-ins for them make of the example forms.

That the stand-ins are like the true charts is for test_upstream.py to say.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.documents.data import mapping, maps
from signalen_toolkit.documents.machine import load
from signalen_toolkit.documents.reader import read
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import releases
from signalen_toolkit.kubernetes.cluster import Cluster, Pod, cluster
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.selectors import fits, is_passing, selected
from signalen_toolkit.rendering import flows
from signalen_toolkit.rendering.flows import Pods
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.context import context_of

from tests.conftest import FORMS, REPOSITORY, example_forms
from tests.support.standins import chart_versions, make_charts, stand_ins

OTHERS = [name for name, component in catalog().components.items() if not component.releases[0].release]
# Ports of the proxy that Linkerd puts into pods: no object says that it is there.
PROXY = {4190, 4191}
# How rules name what they are about, and the kind of that.
WORKLOADS = {"cronjob": "CronJob", "deployment": "Deployment", "ingress": "Ingress", "statefulset": "StatefulSet"}
FORM = pytest.mark.parametrize("form", [path.stem for path in example_forms()])


class Place(NamedTuple):
    """One environment of an example form: its objects, and what components say of their pods."""

    name: str
    cluster: Cluster
    pods: tuple[Pods, ...]


@cache
def rendered(form: str) -> tuple[dict[str, str], list[list[Pods]]]:
    """Return the tree of an example form, and what components say of their pods, by environment in its order."""
    config, _ = check(read(FORMS / f"{form}.yaml"), catalog(), REPOSITORY)
    with patch("signalen_toolkit.rendering.render.flows", wraps=flows.flows) as asked:
        tree = render(config, catalog())
    return tree, [call.args[0] for call in asked.call_args_list]


@cache
def places(form: str, folder: Path) -> list[Place]:
    """Return the environments of an example form."""
    repository = folder / f"facts-{form}"
    shutil.copytree(REPOSITORY / "assets", repository / "assets", dirs_exist_ok=True)
    shutil.copy(FORMS / f"{form}.yaml", repository / "municipality.yaml")
    tree, said = rendered(form)
    charts = make_charts(repository / "charts", chart_versions(tree))
    result = []
    with pipeline.started(repository, catalog(), Options(charts=charts, offline=True)) as (found, work, problems):
        assert work is not None, problems
        for environment, pods in zip(found.config.environments, said, strict=True):
            made = pipeline.made(found, environment, work)
            together = cluster(made.objects, context_of(environment, made.values))
            result.append(Place(environment.name, together, tuple(pods)))
    return result


@pytest.fixture
def found(form: str, tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    return places(form, tmp_path_factory.getbasetemp())


# Charts and values


def test_every_component_has_a_stand_in() -> None:
    assert stand_ins() == sorted(catalog().components)


@FORM
def test_what_we_set_is_described_in_the_schema(form: str) -> None:
    """A map that takes more keys than those that its schema lists, lists all that we set."""
    tree, _ = rendered(form)
    names = {component.chart: name for name, component in catalog().components.items()}
    for release in releases(tree, catalog().release_formats):
        name = names[release.chart.name]
        if name in OTHERS:
            schema = values_schema(name, release.chart.version)
            assert [*undescribed(schema, schema, load(release.values))] == [], f"values.schema.json of {name}"


def test_a_key_that_is_not_described_is_seen() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/some"}, "labels": {"type": "object"}},
        "$defs": {"some": {"properties": {"b": {}}}},
    }
    assert [*undescribed(schema, schema, {"a": {"b": 1, "c": 2}, "labels": {"any": "label"}})] == ["a.c"]


def undescribed(root: Mapping[str, Any], node: Mapping[str, Any], values: Any, above: str = "") -> Iterator[str]:
    """Yield the keys of values that a schema does not describe, where it describes any; what is in lists left out."""
    while "$ref" in node:
        node = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    known = node.get("properties", {})
    if known and isinstance(values, dict):
        for key, value in values.items():
            path = f"{above}.{key}" if above else key
            if key in known:
                yield from undescribed(root, known[key], value, path)
            else:
                yield path


# Pods


@FORM
def test_every_pod_is_in_the_network_once(found: list[Place]) -> None:
    for place in found:
        for pod in place.cluster.pods:
            said = [one.name for one in place.pods if one.labels and is_of(pod, one)]
            assert len(said) == 1, f"network.yaml.j2 says of {pod.object.title} in '{place.name}': {said}"


@FORM
def test_the_network_is_of_pods_that_there_are(found: list[Place]) -> None:
    for place in found:
        for said in place.pods:
            if is_passing({"matchLabels": said.labels}):
                continue  # an operator makes them
            pods = [pod for pod in place.cluster.pods if is_of(pod, said)]
            assert pods, f"{said.name} of {said.component} in '{place.name}'"
            if not said.labels:
                continue  # all pods of a namespace
            accounts = {pod.spec.get("serviceAccountName", "default") for pod in pods}
            assert accounts == {said.service_account}, said.name
            measured = said.metrics if [*place.cluster.of_kind("monitoring.coreos.com", "PodMonitor")] else ()
            wanted = {*said.accepts, *measured} - PROXY
            assert wanted <= {number for pod in pods for _, number in ports(pod)}, said.name


def is_of(pod: Pod, said: Pods) -> bool:
    return pod.namespace == said.namespace and said.labels.items() <= pod.labels.items()


def ports(pod: Pod) -> list[tuple[str, int]]:
    """Return the name and the number of each port that a pod listens on."""
    return [
        (port.get("name", ""), port["containerPort"])
        for container in pod.containers()
        for _, port in maps(container.data, "ports")
    ]


# Measurements


@FORM
def test_every_monitor_reads_ports_that_there_are_and_that_are_open_to_it(found: list[Place]) -> None:
    for place in found:
        for monitor in place.cluster.objects:
            if asked(monitor) and not is_of_others(place.cluster, monitor):
                read_ports = [*scraped(place.cluster, monitor)]
                assert read_ports, f"{monitor.title} in '{place.name}' reads nothing"
                for pod, port in read_ports:
                    told = {number for one in place.pods if is_of(pod, one) for number in one.metrics}
                    assert port in told, f"{monitor.title} reads {port} of {pod.object.title} in '{place.name}'"


def asked(monitor: Object) -> set[str]:
    """Return the names of the ports that a monitor reads; those of Linkerd choose among all ports by themselves."""
    field = {"PodMonitor": "podMetricsEndpoints", "ServiceMonitor": "endpoints"}.get(monitor.kind, "")
    return {endpoint["port"] for _, endpoint in maps(mapping(monitor.data, "spec"), field) if "port" in endpoint}


def is_of_others(together: Cluster, monitor: Object) -> bool:
    """Tell whether a monitor looks in namespaces of somebody else, such as that of the ingress controller."""
    places = mapping(monitor.data, "spec", "namespaceSelector").get("matchNames", ())
    return any(not together.context.owns(place) for place in places)


def scraped(together: Cluster, monitor: Object) -> Iterator[tuple[Pod, int]]:
    """Yield the pods and the ports that a monitor reads; Prometheus passes by who has no port of that name."""
    spec = mapping(monitor.data, "spec")
    selector, looked_in = mapping(spec, "selector"), namespaces(together, monitor)
    if monitor.kind == "PodMonitor":
        for pod in together.pods:
            if pod.namespace in looked_in and fits(selector, pod.labels):
                yield from ((pod, number) for name, number in ports(pod) if name in asked(monitor))
        return
    for service in together.of_kind("", "Service"):
        labels = mapping(service.data, "metadata", "labels")
        if together.namespace(service) in looked_in and fits(selector, labels):
            for _, port in maps(service.data, "spec", "ports"):
                if port.get("name") in asked(monitor):
                    target = port.get("targetPort", port["port"])
                    yield from ((pod, number) for pod in selected(together, service) for number in numbers(pod, target))


def namespaces(together: Cluster, monitor: Object) -> set[str]:
    selector = mapping(monitor.data, "spec", "namespaceSelector")
    if selector.get("any"):
        return {pod.namespace for pod in together.pods}
    return {*selector.get("matchNames", [together.namespace(monitor)])}


def numbers(pod: Pod, port: int | str) -> list[int]:
    """Return the number of a port of a pod, from its name or itself."""
    return [number for name, number in ports(pod) if port in (name, number)]


@FORM
def test_every_rule_is_about_what_there_is(found: list[Place]) -> None:
    for place in found:
        names = {kind: [obj.name for obj in place.cluster.objects if obj.kind == kind] for kind in WORKLOADS.values()}
        named = [*named_in_rules(place.cluster)]
        assert bool(named) == any(place.cluster.of_kind("monitoring.coreos.com", "PrometheusRule"))
        for title, label, pattern in named:
            there = [name for name in names[WORKLOADS[label]] if re.fullmatch(pattern, name)]
            assert there, f"{title} in '{place.name}' is about the {label} {pattern}"


def named_in_rules(together: Cluster) -> Iterator[tuple[str, str, str]]:
    """Yield what the rules name: the title of the rule, the label, and a pattern of what it is to be."""
    for rules in together.of_kind("monitoring.coreos.com", "PrometheusRule"):
        for _, group in maps(rules.data, "spec", "groups"):
            for _, rule in maps(group, "rules"):
                for label, sign, name in re.findall(rf"\b({'|'.join(WORKLOADS)})(=~?)'([^']+)'", rule["expr"]):
                    yield rule.get("alert") or rule["record"], label, name if sign == "=~" else re.escape(name)
