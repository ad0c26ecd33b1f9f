"""The true charts: what the catalog says of them is so, and the stand-ins for them are like them.

    SIGNALEN_CHARTS=DIR pytest -m upstream -n auto tests/upstream/test_charts.py

The folder holds `<chart>-<version>.tgz` or unpacked folders of that name; without it charts are fetched.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import COMMON_KINDS, Kind
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents.data import mapping, maps
from signalen_toolkit.documents.machine import load
from signalen_toolkit.form.config import Environment
from signalen_toolkit.haven.haven import look
from signalen_toolkit.helm import program
from signalen_toolkit.helm.charts import sources as charts
from signalen_toolkit.helm.charts.sources import Sources
from signalen_toolkit.helm.model import ChartReference
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.cluster import Cluster, Pod, cluster, group_of
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.kubernetes.schemas.builtin import kubernetes
from signalen_toolkit.kubernetes.selectors import fits, selected
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.verify import pipeline, verify
from signalen_toolkit.verify.context import context_of

from tests.chart_templates.test_golden import rendered
from tests.chart_templates.test_network import TABLES, table
from tests.conftest import FORMS, REPOSITORY, example_forms
from tests.support.standins import chart_versions, make_charts
from tests.verify.test_mirror import mirroring, published_images

pytestmark = pytest.mark.upstream

CATALOG: Final = catalog()
RELEASES: Final = [release for release in CATALOG.releases if parse(release) >= parse(CATALOG.oldest_release)]
COMPONENTS: Final = list(CATALOG.components)
OTHERS: Final = [name for name, component in CATALOG.components.items() if not component.releases[0].release]
CHARTS: Final = [
    (name, version)
    for name, component in CATALOG.components.items()
    for version in dict.fromkeys(one.chart for one in component.releases if one.release in ("", *RELEASES))
]
FORM = pytest.mark.parametrize("form", example_forms(), ids=lambda form: form.stem)

# What stands below these is the configuration of the application itself, which the chart passes on as it is.
PASSED_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "dex": ("config",),
    "loki": ("loki.analytics", "loki.compactor", "loki.limits_config"),
    "prometheus": ("alertmanager.config",),
}
# Types of Kubernetes, to which charts pass values on as they are.
OF_KUBERNETES: Final = (
    *("Affinity", "NodeAffinity", "NodeSelector"),
    *("Capabilities", "PodSecurityContext", "SecurityContext"),
    *("DeploymentStrategy", "LabelSelector", "ResourceRequirements", "RollingUpdateDaemonSet"),
)


@pytest.mark.parametrize("release", RELEASES)
@FORM
def test_the_true_charts_make_objects_without_a_fault(form: Path, release: str, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "assets")
    text = re.sub(r"version: 4\.[0-9.]+", f"version: {release}", without_own_manifests(form))
    (tmp_path / "municipality.yaml").write_text(text)
    known = check_file(tmp_path / "municipality.yaml", CATALOG)[1]
    if has_errors(known):
        pytest.skip("the form asks for more than this release has")
    found = verify.verify(tmp_path, CATALOG, Options(charts=folder()))
    nothing([f"{one.rule}: {one.message}" for one in found if one not in known], f"{form.stem} with Signalen {release}")


@FORM
def test_the_true_charts_take_all_images_from_a_mirror(form: Path, tmp_path: Path) -> None:
    repository = mirroring(tmp_path, form)
    known = check_file(repository / "municipality.yaml", CATALOG)[1]
    found = verify.verify(repository, CATALOG, Options(charts=folder()))
    nothing([f"{one.rule}: {one.message}" for one in found if one not in known], form.stem)
    nothing(published_images(repository, folder()), f"{form.stem}: another registry")


# What the catalog says of a chart


@pytest.mark.parametrize(("name", "version"), CHARTS)
def test_the_versions_are_those_that_the_chart_says(name: str, version: str) -> None:
    about, component = chart(name, version).about, CATALOG.component(name)
    assert (about["name"], about["version"]) == (component.chart, version)
    # Some charts, such as those with nothing but kinds of objects, have no application.
    if "appVersion" in about:
        apps = {one.app for one in component.releases if one.chart == version}
        assert apps == {str(about["appVersion"])}, f"releases.csv of {name}: the app of the chart {version}"
    oldest = re.search(r"\d+\.\d+", about.get("kubeVersion", ""))
    told = oldest[0] if oldest else ""
    assert component.kubernetes == told, f"component.yaml of {name}: kubernetes"


@pytest.mark.parametrize("name", OTHERS)
def test_the_charts_own_values_fit_our_schema(name: str) -> None:
    true = chart(name)
    errors = Draft202012Validator(true.schema).iter_errors(true.values)
    found = [f"{'.'.join(map(str, error.absolute_path)) or '(top)'}: {error.message}" for error in errors]
    nothing(found, f"chart-templates/{name}/values.schema.json refuses values that the chart itself has")


@pytest.mark.parametrize("name", OTHERS)
def test_our_schema_has_the_defaults_of_the_chart(name: str) -> None:
    true = chart(name)
    found = []
    for path, node, _ in keys(true.schema, true.schema):
        if "default" not in node:
            continue
        theirs = at(true.values, path)
        if not same(node["default"], theirs):
            found.append(f"{'.'.join(path)}: {shown(node['default'])} in our schema, {shown(theirs)} in the chart")
    nothing(found, f"chart-templates/{name}/values.schema.json has other defaults than the chart")


@pytest.mark.parametrize("name", OTHERS)
def test_the_chart_has_every_key_of_our_schema(name: str) -> None:
    true = chart(name)
    own = PASSED_ON.get(name, ())
    unknown = []
    for path, _, siblings in keys(true.schema, true.schema):
        written = ".".join(path)
        if (
            any(at(values, path) is not ABSENT for values in (true.values, *true.examples))
            or reads(true.templates, path)
            or any(written.startswith(f"{place}.") for place in own)
            or any(siblings <= known for known in kubernetes_types())
        ):
            continue
        unknown.append(written)
    nothing(unknown, f"chart-templates/{name}/values.schema.json has keys that the chart neither lists nor reads")


# What the chart makes of our values


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_catalog_lists_exactly_what_the_chart_makes(name: str) -> None:
    component = CATALOG.component(name)
    made: set[tuple[str, Kind]] = set()
    elsewhere: set[str] = set()
    groups: set[str] = set()
    for environment, together in every_environment():
        for obj in together.objects:
            if obj.component != name:
                continue
            namespace = together.namespace(obj)
            made.add(("namespacedKinds" if namespace else "clusterKinds", kind_of(obj)))
            elsewhere |= {namespace} - {"", environment.namespace, *environment.namespaces.values()}
            if obj.kind == "CustomResourceDefinition":
                groups.add(mapping(obj.data, "spec")["group"])
    assert made, f"{name} is on in no example form"
    listed = {("clusterKinds", kind) for kind in component.cluster_kinds}
    listed |= {("namespacedKinds", kind) for kind in component.namespaced_kinds}
    made -= {("namespacedKinds", kind) for kind in COMMON_KINDS}
    found = [f"{place} lacks {kind.group}/{kind.kind}" for place, kind in sorted(made - listed)]
    found += [f"{place} has {kind.group}/{kind.kind}, which is never made" for place, kind in sorted(listed - made)]
    nothing(found, f"chart-templates/{name}/component.yaml does not list the kinds that the chart makes of our values")
    assert elsewhere == {*component.also_in}, f"chart-templates/{name}/component.yaml: alsoIn"
    assert groups == {*component.definitions}, f"chart-templates/{name}/component.yaml: definitions"


@pytest.mark.parametrize("name", COMPONENTS)
@FORM
def test_the_stand_in_is_like_the_chart(form: Path, name: str) -> None:
    for environment, together in environments(form, true=True).values():
        if name not in environment.enabled:
            continue
        _, ours = environments(form, true=False)[environment.name]
        texts = list(told(ours, name)), list(told(together, name))
        difference = difflib.unified_diff(*texts, f"tests/charts/{name}", "the chart", lineterm="", n=1)
        nothing(list(difference), f"the stand-in for {name} is not like the chart in '{environment.name}'")


@FORM
def test_the_report_on_haven_says_of_the_charts_what_it_says_of_the_stand_ins(form: Path) -> None:
    assert statuses(form, true=True) == statuses(form, true=False)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_who_may_talk_to_whom(path: Path) -> None:
    form, environment = path.stem.rsplit(".", 1)
    _, together = environments(FORMS / f"{form}.yaml", true=True)[environment]
    assert "\n".join(table(together)) + "\n" == path.read_text(encoding="utf-8")


def nothing(found: list[str], message: str) -> None:
    """Fail where something was found, with all of it."""
    assert not found, "\n".join([message, *(f"  {one}" for one in found)])


# Reading a chart


class Chart(NamedTuple):
    """What is in a chart: Chart.yaml, the values with those of its subcharts, and the text of all its templates.

    `examples` are the values in other files, for a way in which it can be set up.
    """

    about: Mapping[str, Any]
    values: Mapping[str, Any]
    examples: Sequence[Mapping[str, Any]]
    templates: Mapping[str, str]
    schema: Mapping[str, Any]


ABSENT: Final = object()


def folder() -> Path | None:
    """Return the folder with charts, if there is one."""
    named = os.environ.get("SIGNALEN_CHARTS")
    return Path(named) if named else None


@cache
def chart(name: str, version: str = "") -> Chart:
    """Read the chart of a component, in the version that the catalog has last unless told otherwise."""
    component = CATALOG.component(name)
    version = version or component.releases[0].chart
    sources = Sources(
        Options(variables=os.environ).cache(),
        folder(),
        access=charts.access(os.environ),
        helm=lambda: program.find(None),
    )
    found = charts.obtain(ChartReference(component.repository, component.chart, version), sources)
    with tempfile.TemporaryDirectory() as temporary:
        place = found.path
        if not found.is_folder:
            with tarfile.open(place) as archive:
                archive.extractall(temporary, filter="data")
            place = Path(temporary) / component.chart
        about = load((place / "Chart.yaml").read_text(encoding="utf-8"))
        schema = values_schema(component, version)
        parts = [path.parent for path in place.glob("charts/*/Chart.yaml")]
        values = load((place / "values.yaml").read_text(encoding="utf-8"))
        for part in parts:  # only of those that our schema looks into; what is global comes from the chart around them
            file = part / "values.yaml"
            if part.name in schema["properties"] and file.is_file():
                own = {key: value for key, value in load(file.read_text(encoding="utf-8")).items() if key != "global"}
                values[part.name] = merged(own, values.get(part.name) or {})
        examples = [load(path.read_text(encoding="utf-8")) for path in sorted(place.glob("*-values.yaml"))]
        examples += [load(path.read_text(encoding="utf-8")) for path in sorted(place.glob("values-*.yaml"))]
        files = (path for one in (place, *parts) for path in sorted(one.glob("templates/**/*")) if path.is_file())
        templates = {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in files}
    return Chart(about, values, examples, templates, schema)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values over the default ones, as Helm does for a subchart."""
    result = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            result[key] = merged(below[key], above[key])
    return result


def keys(
    root: Mapping[str, Any], node: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], frozenset[str]]]:
    """Yield every key of a schema at any depth, lists left out: its path, what is said of it, and its siblings."""
    properties = resolved(root, node).get("properties", {})
    for name, child in properties.items():
        yield (*above, name), resolved(root, child), frozenset(properties)
        yield from keys(root, child, (*above, name))


def resolved(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references; what stands beside one counts as well."""
    while "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **beside}
    return node


def at(values: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a place in values."""
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return ABSENT
        values = values[key]
    return values


def reads(templates: Mapping[str, str], path: tuple[str, ...]) -> bool:
    """Tell whether templates read a key that values.yaml need not list.

    They read it below the key above it, or, where a helper is handed the map that it is in, by itself.
    """
    *above, key = (re.escape(one) for one in path)
    named = re.compile(rf"""\b{above[-1] if above else "Values"}"?\)*(?:\.| "){key}\b""")
    handed = re.compile(rf"""(?:(?<!\w)|\$\w+)\.{key}\b|"{key}\"""")
    top = re.compile(rf"\.Values\.{key}\b")
    return any(
        named.search(text)
        or (PurePosixPath(file).name.startswith("_") and handed.search(text))
        or (len(path) == 2 and file.startswith(f"charts/{path[0]}/") and top.search(text))
        for file, text in templates.items()
    )


@cache
def kubernetes_types() -> tuple[frozenset[str], ...]:
    """Return which keys Kubernetes knows in what charts pass on to it."""
    parts = json.loads((kubernetes(None).folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return tuple(
        frozenset(part["properties"])
        for name, part in parts.items()
        if name.rpartition(".")[2] in OF_KUBERNETES and "properties" in part
    )


def same(one: Any, other: Any) -> bool:
    """Compare as YAML does, to which true is not 1."""
    return other is not ABSENT and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def shown(value: Any) -> str:
    return "nothing" if value is ABSENT else json.dumps(value, sort_keys=True)


# Objects


def without_own_manifests(form: Path) -> str:
    """Return the text of a form without the objects that a person adds, which are of no chart."""
    return form.read_text(encoding="utf-8").replace("manifests: true", "manifests: false")


@cache
def made(form: Path, *, true: bool) -> dict[str, tuple[Environment, pipeline.Made]]:
    """Return what the true charts, or the stand-ins, make of each environment of an example form."""
    with tempfile.TemporaryDirectory() as temporary:
        repository = Path(temporary)
        shutil.copytree(REPOSITORY / "assets", repository / "assets")
        (repository / "municipality.yaml").write_text(without_own_manifests(form))
        place = folder() if true else make_charts(repository / "charts", chart_versions(rendered(form)))
        with pipeline.started(repository, CATALOG, Options(charts=place, variables=os.environ)) as started:
            found, work, problems = started
            assert work is not None, problems
            result = {one.name: (one, pipeline.made(found, one, work)) for one in found.config.environments}
    assert [problem.message for _, own in result.values() for problem in own.problems] == []
    return result


@cache
def environments(form: Path, *, true: bool) -> dict[str, tuple[Environment, Cluster]]:
    """Return the same, put together."""
    return {
        name: (one, cluster(own.objects, context_of(one, own.values)))
        for name, (one, own) in made(form, true=true).items()
    }


def statuses(form: Path, *, true: bool) -> dict[str, dict[str, str]]:
    """Return what the report on Haven says of each point, by environment."""
    return {
        name: {outcome.point.id: outcome.status.value for outcome in look(one, own).outcomes}
        for name, (one, own) in made(form, true=true).items()
    }


def every_environment() -> Iterator[tuple[Environment, Cluster]]:
    """Yield each environment of each example form, with what the true charts make."""
    for form in example_forms():
        yield from environments(form, true=True).values()


def kind_of(obj: Object) -> Kind:
    return Kind(group_of(obj.api_version), obj.kind)


def told(together: Cluster, name: str) -> Iterator[str]:
    """Yield what our checks see of the objects that a chart makes, as lines that are easy to compare."""
    used = {kind_of(obj) for obj in together.objects}
    pods = {id(pod.object): pod for pod in together.pods}
    own = [obj for obj in together.objects if obj.component == name and not of_subchart(obj)]
    for obj in sorted(own, key=lambda obj: (obj.kind, together.namespace(obj), obj.name)):
        spec = mapping(obj.data, "spec")
        if obj.kind == "CustomResourceDefinition" and Kind(spec["group"], spec["names"]["kind"]) not in used:
            continue  # a stand-in brings along no kind that nothing is of
        title = f"{obj.api_version} {obj.kind} {together.namespace(obj)}/{obj.name}"
        yield title
        lines = [*_pod(pods[id(obj)])] if id(obj) in pods else [*_reach(together, obj)]
        yield from (f"{title}: {line}" for line in lines)


def of_subchart(obj: Object) -> bool:
    """Tell whether it is of a database, queue or search engine inside the chart of the backend.

    Those are charts of somebody else, old ones that cannot be fetched everywhere.
    """
    return obj.component == "backend" and "/charts/" in obj.source


def _pod(pod: Pod) -> Iterator[str]:
    yield f"labels {shown(pod.labels)}"
    yield f"service account {pod.spec.get('serviceAccountName')}, token {pod.spec.get('automountServiceAccountToken')}"
    for container in sorted(pod.containers(), key=lambda one: one.name):
        ports = [
            f"{port.get('name')} {port['containerPort']}/{port.get('protocol', 'TCP')}"
            for _, port in maps(container.data, "ports")
        ]
        yield f"container {container.name} with ports {sorted(ports)}"


def _reach(together: Cluster, obj: Object) -> Iterator[str]:
    spec = mapping(obj.data, "spec")
    match obj.kind:
        case "Service":
            for _, port in maps(spec, "ports"):
                yield f"port {port.get('name')} {port['port']} to {port.get('targetPort')}"
            yield f"sends to {sorted(pod.object.title for pod in selected(together, obj))}"
        case "PodDisruptionBudget" | "PodMonitor":
            chosen = [pod.object.title for pod in together.pods if fits(mapping(spec, "selector"), pod.labels)]
            yield f"selects {sorted(chosen)}"
        case "ServiceMonitor":
            chosen = [
                one.title
                for one in together.of_kind("", "Service")
                if fits(mapping(spec, "selector"), mapping(one.data, "metadata", "labels"))
            ]
            yield f"selects {sorted(chosen)} at {[port.get('port') for _, port in maps(spec, 'endpoints')]}"
        case "ServiceAccount":
            yield f"token {obj.data.get('automountServiceAccountToken')}"
