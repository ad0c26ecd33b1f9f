"""What watches over Signalen: monitors, rules, dashboards, and the pages that they lead to."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard
from signalen_toolkit.base import paths
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.kubernetes.schemas.own import schema_of

from tests.support.queries import durations, logql_errors, logql_parser, measurements
from tests.support.rendered import at, minimal_form, object_problems, quick, tree_of, values_in

ROOT = Path(__file__).parents[2]
BOARDS = paths.folder("chart-templates") / "backend" / "dashboards"
STACKS = {"metrics": True, "logs": True, "dashboards": True, "labels": {"release": "shared"}}
OURS = ("alloy", "grafana", "linkerd-control-plane", "linkerd-crds", "loki", "prometheus")

# Everything that the rules depend on: who sees the requests, and which services are in the cluster.
SETUPS: dict[str, dict[str, Any]] = {
    "nginx": {"cluster": {"ingressController": "nginx", "stacks": STACKS}},
    "traefik": {"cluster": {"ingressController": "traefik", "stacks": STACKS}},
    "other": {"cluster": {"ingressController": "other", "stacks": STACKS}},
    "own": {"components": {name: {"enabled": True} for name in OURS}},
    "managed": {
        "cluster": {"stacks": STACKS},
        "database": {"host": "postgres.example.nl"},
        "queue": {"host": "rabbitmq.example.nl"},
        "search": {"host": "elasticsearch.example.nl"},
    },
}

Object = Mapping[str, Any]


@cache
def rendered(setup: str) -> dict[str, str]:
    return tree_of_form(SETUPS[setup])


def tree_of_form(settings: Object) -> dict[str, str]:
    municipality = by_code("GM0344")
    assert municipality
    form = minimal_form(municipality)
    form["environments"].pop("production")
    return tree_of(merge(form, settings))


def objects(tree: Mapping[str, str], *kinds: str) -> list[Object]:
    return [
        one
        for path, text in tree.items()
        if "/manifests/" in path or "/custom/" in path
        for one in quick(text)
        if one and one["kind"] in kinds
    ]


def rules(setup: str) -> list[Object]:
    (rule,) = objects(rendered(setup), "PrometheusRule")
    return [one for group in rule["spec"]["groups"] for one in group["rules"]]


def alerts() -> list[Object]:
    return [one for setup in SETUPS for one in rules(setup) if "alert" in one]


# Objects


@pytest.mark.parametrize("setup", SETUPS)
def test_every_object_fits_its_kind(setup: str) -> None:
    found = objects(rendered(setup), "PrometheusRule", "PodMonitor", "ServiceMonitor")
    assert {one["kind"] for one in found} >= {"PrometheusRule", "PodMonitor"}
    for one in found:
        assert schema_of(one)
        assert object_problems(one) == []


def test_without_measurements_nothing_is_rendered_for_them() -> None:
    tree = tree_of_form({})
    assert objects(tree, "PrometheusRule", "PodMonitor", "ServiceMonitor") == []
    assert not [path for path in tree if "dashboards" in path]
    values = values_in(tree, "acceptance")["signalen-backend"]
    assert values["flower"]["enabled"] is False
    assert not any("metrics" in values[name] for name in ("postgresql", "rabbitmq"))


def test_a_shared_prometheus_finds_what_is_for_it() -> None:
    for one in objects(rendered("nginx"), "PrometheusRule", "PodMonitor", "ServiceMonitor"):
        assert one["metadata"]["labels"] == {"release": "shared", "app.kubernetes.io/part-of": "signalen"}
        assert one["metadata"]["namespace"] == "signalen-acceptance"


def test_what_belongs_to_the_cluster_is_measured_by_whoever_measures_the_cluster() -> None:
    shared, own = (
        {one["metadata"]["name"] for one in objects(rendered(setup), "PodMonitor")} for setup in ("nginx", "own")
    )
    assert own - shared == {"signalen-ingress", "signalen-cert-manager"}


@pytest.mark.parametrize(
    ("setup", "overrides", "monitor", "alert"),
    [
        ("managed", {}, "signalen-backend-rabbitmq", "SignalenQueueGrowing"),
        ("managed", {}, "signalen-backend-postgresql", "SignalenDatabaseConnections"),
        ("nginx", {"flower": {"enabled": False}}, "signalen-backend-flower", "SignalenTasksFailing"),
        ("nginx", {"rabbitmq": {"metrics": {"enabled": False}}}, "signalen-backend-rabbitmq", "SignalenQueueGrowing"),
    ],
)
def test_nothing_waits_for_what_is_not_measured(setup: str, overrides: Object, monitor: str, alert: str) -> None:
    tree = tree_of_form({**SETUPS[setup], "overrides": {"backend": overrides}})
    assert monitor in names(rendered("nginx"), "ServiceMonitor", "PodMonitor")
    assert monitor not in names(tree, "ServiceMonitor", "PodMonitor")
    assert f"alert: {alert}\n" in rendered("nginx")["clusters/acceptance/manifests/rules.yaml"]
    assert f"alert: {alert}\n" not in tree["clusters/acceptance/manifests/rules.yaml"]


def names(tree: Mapping[str, str], *kinds: str) -> set[str]:
    return {one["metadata"]["name"] for one in objects(tree, *kinds)}


# Rules


@pytest.mark.parametrize("setup", SETUPS)
def test_every_rule_parses(setup: str) -> None:
    assert all(measurements(rule["expr"]) for rule in rules(setup))


@pytest.mark.parametrize("setup", SETUPS)
def test_no_two_rules_are_the_same_to_prometheus(setup: str) -> None:
    keys = Counter((rule.get("alert", rule.get("record")), *sorted(rule["labels"].items())) for rule in rules(setup))
    assert keys.most_common(1)[0][1] == 1


@pytest.mark.parametrize("setup", SETUPS)
def test_a_rule_is_about_its_own_environment_alone(setup: str) -> None:
    """Every measurement is asked for by namespace; Traefik has the namespace in the name of a service."""
    for rule in rules(setup):
        selectors = re.findall(r"[a-z_:0-9]+\{([^}]*)\}", rule["expr"])
        assert len(selectors) >= len(measurements(rule["expr"]))
        for selector in selectors:
            assert re.match(
                r"(exported_)?(namespace=~?'signalen-acceptance[a-z|-]*'|service=~'signalen-acceptance-)", selector
            )


def test_what_prometheus_fills_in_comes_out_unchanged() -> None:
    texts = {text for alert in alerts() for text in alert["annotations"].values()}
    filled = {found for text in texts for found in re.findall(r"\{\{.*?\}\}", text)}
    assert filled
    for one in filled:
        assert re.fullmatch(r"\{\{ (\$labels\.[a-z_]+|\$value \| humanize(Percentage|Duration)?) \}\}", one)
    for text in texts:
        assert not re.search(r"[{}$]", re.sub(r"\{\{.*?\}\}", "", text))


# Runbooks


def runbooks() -> str:
    return (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    sections = re.findall(r"^## (Signalen\w+)$", runbooks(), re.MULTILINE)
    assert sorted(sections) == sorted({alert["alert"] for alert in alerts()})


def test_an_alert_leads_to_its_runbook() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for alert in alerts():
        # As the host of the repository makes an address of a heading.
        address = f"{project['urls']['Repository']}/blob/main/docs/runbooks.md#{alert['alert'].lower()}"
        assert alert["annotations"]["runbook_url"] == address


def test_every_runbook_answers_the_same_questions() -> None:
    _, *sections = re.split(r"^## ", runbooks(), flags=re.MULTILINE)
    for section in sections:
        assert re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE) == [
            "What it means.",
            "What people notice.",
            "Look.",
            "Do.",
        ], section.partition("\n")[0]


# Measurements


def documented() -> list[str]:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z0-9_:]+)` \|", text, re.MULTILINE)


def test_what_is_measured_is_what_is_documented() -> None:
    used = {name for setup in SETUPS for rule in rules(setup) for name in measurements(rule["expr"])}
    used |= {name for board in boards().values() for text in promql(board) for name in measurements(text)}
    assert documented() == sorted(used)


def test_what_rules_make_is_used_and_made_for_every_setup_that_has_requests() -> None:
    used = {name for name in documented() if ":" in name}
    for setup in SETUPS:
        made = {rule["record"] for rule in rules(setup) if "record" in rule}
        assert made == (set() if setup == "other" else used)


# Dashboards


@cache
def boards() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(BOARDS.glob("*.json"))}


def panels(board: Object) -> list[Object]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: Object, kind: str) -> Iterator[str]:
    for panel in panels(board):
        yield from (one["expr"] for one in panel["targets"] if one["datasource"]["type"] == kind)


def promql(board: Object) -> Iterator[str]:
    yield from queries(board, "prometheus")
    for variable in board["templating"]["list"]:
        if variable["type"] == "query" and variable["datasource"]["type"] == "prometheus":
            wanted = re.fullmatch(r"label_values\((.+), [a-z]+\)", variable["query"]["query"])
            assert wanted, variable
            yield wanted[1]


def logql(board: Object) -> Iterator[str]:
    yield from queries(board, "loki")
    for variable in board["templating"]["list"]:
        if variable["type"] == "query" and variable["datasource"]["type"] == "loki" and variable["query"]["stream"]:
            yield variable["query"]["stream"]


def test_there_is_a_dashboard_of_each_subject() -> None:
    subjects = ("database", "latency", "logs", "requests", "work")
    assert list(boards()) == [f"signalen-{subject}.json" for subject in subjects]


@pytest.mark.parametrize("name", boards())
def test_grafana_reads_every_field_of_a_dashboard(name: str) -> None:
    assert list(lost(boards()[name], through_grafana(boards()[name]))) == []


def through_grafana(board: Object) -> Any:
    """Return a dashboard as Grafana's own model of it has it: a field that it does not know is gone."""
    register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(dict(board)), cls=JSONEncoder))


def lost(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from lost(value, theirs.get(key), f"{place}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{place}.{number}")
    elif ours != theirs:
        yield place


@pytest.mark.parametrize(
    "place",
    [
        "",
        "panels.0",
        "panels.0.options",
        "panels.0.options.reduceOptions",
        "panels.0.fieldConfig.defaults",
        "panels.0.gridPos",
        "panels.0.targets.0",
        "panels.4.fieldConfig.defaults.custom",
        "templating.list.1",
    ],
)
def test_grafana_drops_a_field_that_it_does_not_know(place: str) -> None:
    board = json.loads(json.dumps(boards()["signalen-requests.json"]))
    (at(board, place) if place else board)["misspelt"] = True
    assert [one.strip(".") for one in lost(board, through_grafana(board))] == [f"{place}.misspelt".strip(".")]


@pytest.mark.parametrize("name", boards())
def test_every_query_of_measurements_parses(name: str) -> None:
    assert all(measurements(text) for text in promql(boards()[name]))


@pytest.mark.parametrize(
    "text", ["sum(", "rate(a[5m]", 'a{b="c"', "sum by a (b)", "a{b=c}", "a and", "rate(a)", "[$__x]"]
)
def test_what_is_not_promql_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        measurements(text)


@pytest.fixture(scope="session")
def parser(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache
    return logql_parser(Path(pytestconfig.cache.mkdir("logql")))


def test_every_query_of_logs_parses(parser: Path) -> None:
    texts = [text for board in boards().values() for text in logql(board)]
    assert texts
    found = dict(zip(texts, logql_errors(parser, texts), strict=True))
    assert {text: errors for text, errors in found.items() if errors} == {}


def test_what_is_not_logql_is_refused(parser: Path) -> None:
    texts = ["sum(", "up", "{a=b}", '{a="b"} |~', 'rate({a="b"}[5m]', 'sum by a (rate({a="b"}[5m]))', '{a="b"', ""]
    assert all(logql_errors(parser, texts))


@pytest.mark.parametrize("name", boards())
def test_a_dashboard_is_whole(name: str) -> None:
    board = boards()[name]
    assert board["uid"] == name.removesuffix(".json")
    assert re.fullmatch(r"Signalen: .+", board["title"])
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    known = {unit for unit in vars(units).values() if isinstance(unit, str)}
    for panel in panels(board):
        assert panel["type"] in {"bargauge", "logs", "stat", "timeseries"}
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert [target["refId"] for target in panel["targets"]] == list("ABC"[: len(panel["targets"])])
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert source in (
                {"type": "prometheus", "uid": "${datasource}"},
                {"type": "loki", "uid": "${logs}"},
            )
        if panel["type"] != "logs":
            assert panel["fieldConfig"]["defaults"]["unit"] in known


@pytest.mark.parametrize("name", boards())
def test_no_panel_lies_over_another(name: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in boards()[name]["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["h"] > 0 for _, place in places)
    assert [(one, other) for (one, a), (other, b) in combinations(places, 2) if overlap(a, b)] == []


def overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(
        one[side] < other[side] + other[size] and other[side] < one[side] + one[size]
        for side, size in (("x", "w"), ("y", "h"))
    )


@pytest.mark.parametrize("name", boards())
def test_every_variable_is_there_and_is_used(name: str) -> None:
    board = boards()[name]
    variables = board["templating"]["list"]
    elsewhere = json.dumps([board["panels"], variables])
    used = set(re.findall(r"\$\{?([a-z]\w*)", durations(elsewhere)))
    assert used == {variable["name"] for variable in variables}
    assert {variable["query"] for variable in variables if variable["type"] == "datasource"} <= {"prometheus", "loki"}


@pytest.mark.parametrize(
    ("metrics", "logs", "expected"),
    [
        (True, True, ["database", "latency", "logs", "requests", "work"]),
        (True, False, ["database", "latency", "requests", "work"]),
        (False, True, ["logs"]),
        (False, False, []),
    ],
)
def test_a_dashboard_comes_with_what_it_shows(metrics: bool, logs: bool, expected: list[str]) -> None:
    tree = tree_of_form({"cluster": {"stacks": {"dashboards": True, "metrics": metrics, "logs": logs}}})
    found = [one for one in objects(tree, "ConfigMap") if one["metadata"]["name"] == "signalen-dashboards"]
    data = {name: text for one in found for name, text in one["data"].items()}
    assert data == {f"signalen-{name}.json": (BOARDS / f"signalen-{name}.json").read_text("utf-8") for name in expected}
    for one in found:
        assert object_problems(one) == []
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["namespace"] == "signalen-acceptance"


def test_dashboards_are_where_the_environments_own_grafana_looks() -> None:
    (found,) = [
        one for one in objects(rendered("own"), "ConfigMap") if one["metadata"]["name"] == "signalen-dashboards"
    ]
    assert found["metadata"]["namespace"] == "signalen-acceptance-monitoring"
