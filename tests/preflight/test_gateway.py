"""The Gateway of a cluster beside the routes of a form, with answers as a real API server gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.first_day.steps import steps
from signalen_toolkit.form.config import Config
from signalen_toolkit.kubernetes import kubectl
from signalen_toolkit.kubernetes.kubectl import Kubectl
from signalen_toolkit.preflight.observations import Standing
from signalen_toolkit.preflight.preflight import Comparison

from tests.preflight.test_preflight import Answers, answers, changed, compared, config_of, metadata, point, without
from tests.support import fake_kubectl
from tests.support.rendered import write_assets

FORM = """
apiVersion: signalen.org/v1
municipality: {code: GM0344}
contact: {phone: 14 030, email: meldingen@utrecht.nl}
repository: {url: "https://git.example.nl/utrecht/signalen.git"}
identity: {issuer: "https://id.utrecht.nl/realms/signalen", clientId: signalen}
environments: {acceptance: {domain: utrecht.signalen.dev}}
cluster: {gateway: {%s}}
"""
NAMED = "name: public, namespace: gateways, podsNamespace: proxies"
GATEWAYS = "gateways.gateway.networking.k8s.io"
ALL = {"namespaces": {"from": "All"}}
HTTPS = {
    "name": "https",
    "port": 443,
    "protocol": "HTTPS",
    "tls": {"certificateRefs": [{"name": "x"}]},
    "allowedRoutes": ALL,
}
HTTP = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": ALL}


def met(*conditions: str, status: str = "True", message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": one, "status": status, "message": message} for one in conditions]}


def gateway(*listeners: dict[str, Any], name: str = "public", namespace: str = "gateways", **spec: Any) -> Answers:
    """Return a Gateway with these listeners, all of them in order."""
    ready = met("Accepted", "ResolvedRefs", "Programmed")
    status = {
        **met("Accepted", "Programmed"),
        "addresses": [{"type": "IPAddress", "value": "192.0.2.7"}],
        "listeners": [{"name": one["name"], **ready} for one in listeners],
    }
    about = {**metadata(name, namespace), "spec": {"listeners": [*listeners], **spec}, "status": status}
    return {"resource": GATEWAYS, "object": about}


def knowing(config: Config, *more: Answers) -> Answers:
    known = answers(config)
    return {**known, "objects": [*known["objects"], *more]}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Kubectl]:
    programs = fake_kubectl.install(tmp_path / "bin")
    variables = {"PATH": f"{programs}:/usr/bin:/bin", "CLUSTER": str(tmp_path / "x"), "CALLS": str(tmp_path / "calls")}
    yield Kubectl(kubectl.find(variables), variables)


def with_gateway(tmp_path: Path, settings: str) -> Config:
    folder = write_assets(tmp_path / "repository")
    (folder / "municipality.yaml").write_text(FORM % settings, encoding="utf-8")
    return config_of(folder)


def standing(found: Comparison, id_: str) -> tuple[Standing, str]:
    one = point(found, id_)
    return one.standing, one.message


def test_a_gateway_that_has_everything(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, f"{NAMED}, redirectFrom: http")
    labels = {"gateway.networking.k8s.io/gateway-name": "public"}
    pods = {"resource": "pods", "object": metadata("proxy", "proxies", labels=labels)}
    known = without(knowing(config, gateway(HTTPS, HTTP), pods), "ingressclasses.networking.k8s.io")
    found = compared(cluster, config, without(known, "clusterissuers.cert-manager.io"))
    assert [one for one in found.all if one.standing is not Standing.OK] == []
    assert {one.id for one in found.all} >= {
        "gateway",
        "gateway-listener/https",
        "gateway-listener/http",
        "gateway-pods",
    }
    assert not {"ingress-class", "certificate-issuer"} & {one.id for one in found.all}
    (first, *_) = steps(config.environments[0], config, catalog())
    assert found.mark(first) == "✓"


def test_no_gateway_and_no_gateway_api(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, NAMED)
    known = knowing(config, gateway(HTTPS, name="other", namespace="elsewhere"))
    del known["raw"]["/apis/gateway.networking.k8s.io/v1"]
    found = compared(cluster, config, known)
    assert standing(found, "gateway") == (Standing.MISSING, "het cluster heeft elsewhere/other")
    kinds = point(found, "kinds/gateway.networking.k8s.io/v1")
    assert kinds.standing is Standing.MISSING
    assert "Gateway API" in kinds.todo
    nothing = compared(cluster, config, answers(config))
    assert standing(nothing, "gateway") == (Standing.MISSING, "het cluster heeft geen enkele Gateway")


@pytest.mark.parametrize(
    ("listener", "message"),
    [
        ({**HTTPS, "name": "web"}, "de Gateway heeft web"),
        ({**HTTPS, "protocol": "HTTP"}, "is voor HTTP, en bezoekers komen met HTTPS"),
        (
            {**HTTPS, "hostname": "*.utrecht.signalen.dev"},
            "is voor *.utrecht.signalen.dev, en niet voor utrecht.signalen.dev",
        ),
        (
            {key: value for key, value in HTTPS.items() if key != "allowedRoutes"},
            "laat geen routes toe uit signalen-acceptance (allowedRoutes)",
        ),
        (
            {**HTTPS, "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}}},
            "laat geen routes toe uit signalen-acceptance (allowedRoutes)",
        ),
    ],
)
def test_a_listener_that_takes_no_routes_of_ours(
    cluster: Kubectl, tmp_path: Path, listener: dict[str, Any], message: str
) -> None:
    config = with_gateway(tmp_path, NAMED)
    found = compared(cluster, config, knowing(config, gateway(listener)))
    assert standing(found, "gateway-listener/https") == (Standing.MISSING, message)
    assert point(found, "gateway-listener/https").todo


@pytest.mark.parametrize(
    "labels", [{"kubernetes.io/metadata.name": "signalen-acceptance"}, {"app.kubernetes.io/part-of": "signalen"}]
)
def test_a_listener_lets_in_by_labels_of_the_namespace(
    cluster: Kubectl, tmp_path: Path, labels: dict[str, str]
) -> None:
    config = with_gateway(tmp_path, NAMED)
    rule = {"namespaces": {"from": "Selector", "selector": {"matchLabels": labels}}}
    found = compared(cluster, config, knowing(config, gateway({**HTTPS, "allowedRoutes": rule})))
    assert standing(found, "gateway-listener/https")[0] is Standing.OK


def test_what_a_controller_says_is_passed_on(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, NAMED)
    known = knowing(config, gateway(HTTPS))
    waiting = met("Accepted", "Programmed", status="Unknown", message="Waiting for controller")
    known = changed(known, GATEWAYS, "public", {"status": waiting})
    found = compared(cluster, config, known)
    said = "is niet Accepted en niet Programmed: Waiting for controller"
    assert standing(found, "gateway") == (Standing.ATTENTION, said)
    assert standing(found, "gateway-listener/https")[0] is Standing.ATTENTION


def test_listeners_of_our_own_have_to_be_allowed(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, f"{NAMED}, listenerSet: true")
    shut = compared(cluster, config, knowing(config, gateway(HTTP)))
    message = "laat geen listeners toe uit signalen-acceptance (spec.allowedListeners)"
    assert standing(shut, "gateway-listeners") == (Standing.MISSING, message)
    open_ = compared(cluster, config, knowing(config, gateway(HTTP, allowedListeners=ALL)))
    assert standing(open_, "gateway-listeners")[0] is Standing.OK
    assert point(open_, "certificate-issuer").standing is Standing.OK


def test_pods_that_run_in_another_namespace_would_be_shut_out(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, NAMED)
    labels = {"gateway.envoyproxy.io/owning-gateway-name": "public"}
    pods = {"resource": "pods", "object": metadata("envoy", "envoy-gateway-system", labels=labels)}
    found = compared(cluster, config, knowing(config, gateway(HTTPS), pods))
    message = "draaien in envoy-gateway-system, en proxies wordt toegelaten"
    assert standing(found, "gateway-pods") == (Standing.MISSING, message)


def test_names_lead_to_the_gateway(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, NAMED)
    known = knowing(config, gateway(HTTPS))
    right = compared(cluster, config, known)
    assert standing(right, "dns/utrecht.signalen.dev") == (Standing.OK, "192.0.2.7")
    wrong = compared(cluster, config, known, ("192.0.2.99",))
    message = "wijst naar 192.0.2.99, en bezoekers komen binnen op 192.0.2.7"
    assert standing(wrong, "dns/utrecht.signalen.dev") == (Standing.ATTENTION, message)
    none = compared(cluster, config, known, ())
    assert "naar 192.0.2.7" in point(none, "dns/utrecht.signalen.dev").todo


def test_a_class_of_which_the_environment_gets_a_gateway(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, "class: envoy, podsNamespace: proxies")
    classes = "gatewayclasses.gateway.networking.k8s.io"
    there = {"resource": classes, "object": {**metadata("envoy"), "status": met("Accepted")}}
    found = compared(cluster, config, knowing(config, there))
    assert standing(found, "gateway-class")[0] is Standing.OK
    assert standing(found, "gateway")[0] is Standing.OK  # it comes with the first synchronisation
    assert point(found, "certificate-issuer").standing is Standing.OK
    other = {"resource": classes, "object": metadata("cilium")}
    assert standing(compared(cluster, config, knowing(config, other)), "gateway-class") == (
        Standing.MISSING,
        "het cluster heeft cilium",
    )


def test_who_may_not_see_a_gateway_is_told(cluster: Kubectl, tmp_path: Path) -> None:
    config = with_gateway(tmp_path, NAMED)
    known = {**knowing(config, gateway(HTTPS)), "forbidden": [GATEWAYS]}
    found = compared(cluster, config, known)
    assert any(one.standing is Standing.UNKNOWN and GATEWAYS in one.todo for one in found.all)
    assert standing(found, "dns/utrecht.signalen.dev")[0] is Standing.OK


def test_the_first_day_says_what_the_gateway_has_to_have(tmp_path: Path) -> None:
    def told(settings: str) -> tuple[str, str]:
        config = with_gateway(tmp_path, settings)
        (first, names, *_) = steps(config.environments[0], config, catalog())
        return "\n".join(first.facts), names.text + " ".join(names.commands)

    facts, names = told(f"{NAMED}, listeners: {{backend: api}}, redirectFrom: http")
    assert "ingresscontroller" not in facts + names
    assert "de Gateway public in de namespace gateways" in facts
    assert "de listener api voor HTTPS, met een certificaat voor api.utrecht.signalen.dev" in facts
    assert "de listener http voor HTTP" in facts
    assert "cert-manager" not in facts
    assert "kubectl get gateway public --namespace gateways" in names
    assert "spec.allowedListeners" in told(f"{NAMED}, listenerSet: true")[0]
    facts, names = told("class: envoy, podsNamespace: proxies")
    assert "de GatewayClass envoy" in facts
    assert "cert-manager, met de ClusterIssuer letsencrypt-prod" in facts
    assert "doe dit na het aansluiten" in names
    facts, _ = told(f"{NAMED}, keepIngress: true")
    assert "een ingresscontroller met de klasse nginx" in facts
