"""A Gateway in the place of an ingress controller: the same hosts, paths, Services, headers and certificates."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import maps, text
from signalen_toolkit.documents.machine import load, load_all
from signalen_toolkit.form import config
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.entrances import backends, hosts, kind_of
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.ingress import SECURITY_HEADERS
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file
from signalen_toolkit.verify import pipeline
from signalen_toolkit.verify.verify import verify

from tests.conftest import FORMS
from tests.support.rendered import write_assets

NAMED = {"name": "public", "namespace": "gateways", "podsNamespace": "proxies"}
OWN = {"class": "envoy", "podsNamespace": "proxies"}
ROUTES = "clusters/acceptance/manifests/routes.yaml"
GATEWAY = "clusters/acceptance/manifests/gateway.yaml"
Data = dict[str, Any]


def tree(gateway: Mapping[str, Any], cluster: Mapping[str, Any] | None = None, **form: Any) -> dict[str, str]:
    """Render an environment with every component that has a host."""
    about = {
        "municipality": {"code": "GM0796"},
        "environments": {"acceptance": {"domain": "bergen.nl"}},
        "components": {name: {"enabled": True} for name in ("dex", "grafana", "mapserver")},
        "cluster": {"gateway": gateway, **(cluster or {})},
        **form,
    }
    return render(config.build(copy.deepcopy(about), catalog()), catalog())


def objects(text_: str) -> dict[str, Data]:
    return {f"{one['kind']} {one['metadata']['name']}": one for one in load_all(text_)}


def answering(some: list[Object]) -> dict[str, set[tuple[str, str, str, Any]]]:
    """Return what answers on each host: path, how it is compared, Service and its port."""
    found: dict[str, set[tuple[str, str, str, Any]]] = {}
    for obj in some:
        if kind_of(obj) == "ingress":
            for _, rule in maps(obj.data, "spec", "rules"):
                for _, path in maps(rule, "http", "paths"):
                    service = path["backend"]["service"]
                    found.setdefault(rule["host"], set()).add(
                        (path["path"], path["pathType"], service["name"], service["port"]["number"])
                    )
        else:
            for _, host in hosts(obj):
                for _, rule in maps(obj.data, "spec", "rules"):
                    for match in rule["matches"]:
                        kind = match["path"]["type"].removeprefix("Path")
                        (to,) = rule["backendRefs"]
                        found.setdefault(host, set()).add((match["path"]["value"], kind, to["name"], to["port"]))
    return found


OVERRIDES = """
  backend: {{service: {{port: 8080}}, ingress: {{hosts: [{more}, {plain}]}}}}
  dex: {{service: {{ports: {{http: {{port: 8443}}}}}}}}
"""


def test_a_route_answers_just_as_the_ingress_of_the_chart(tmp_path: Path, charts: Path) -> None:
    """While both are there, they are compared, with what overrides make of them."""
    form = write_assets(tmp_path) / "municipality.yaml"
    paths = "[{path: /signals, pathType: Prefix}, {path: /status, pathType: Exact}]"
    more = f"{{host: api-meldingen.proefstad.nl, paths: {paths}}}"
    plain = "{host: www.meldingen.proefstad.nl, paths: [{path: /signals, pathType: Prefix}]}"
    written = (FORMS / "everything.yaml").read_text(encoding="utf-8").replace("manifests: true", "manifests: false")
    overrides = OVERRIDES.format(more=more, plain=plain)
    written = written[: written.index("overrides:")] + "overrides:" + overrides
    form.write_text(written, encoding="utf-8")
    with pipeline.started(tmp_path, catalog(), Options(charts=charts)) as (read, work, _):
        assert work
        (environment,) = read.config.environments
        made = pipeline.made(read, environment, work).objects
    ways = {kind: [one for one in made if kind_of(one) == kind and [*backends(one)]] for kind in ("ingress", "route")}
    assert answering(ways["route"]) == answering(ways["ingress"])
    assert set(environment.hosts.values()) == set(answering(ways["route"]))
    assert answering(ways["route"])["api-meldingen.proefstad.nl"] == {
        ("/signals", "Prefix", "signalen-backend", 8080),
        ("/status", "Exact", "signalen-backend", 8080),
    }


@pytest.mark.parametrize("gateway", [NAMED, OWN, {**NAMED, "listenerSet": True}])
def test_the_ingresses_are_off_unless_they_are_kept(gateway: Data) -> None:
    for kept in (False, True):
        made = tree({**gateway, "keepIngress": kept}, {"ingressClass": "nginx"})
        values = [load(one) for path, one in made.items() if "/values/" in path]
        found = [one["ingress"] for one in values if "ingress" in one and one["ingress"].get("hosts")]
        assert len(found) == 6
        assert {one["enabled"] for one in found} == {kept}
        assert all(("annotations" in one) is kept for one in found)
        # ingress-nginx refuses headers that whoever runs it did not allow: not without being asked for.
        assert not any("custom-headers" in str(one) for one in found)
        routes = objects(made[ROUTES])
        assert len([one for one in routes.values() if "backendRefs" in one["spec"]["rules"][0]]) == 6


def test_headers_and_the_time_that_an_answer_may_take() -> None:
    (rule,) = objects(tree({**NAMED, "requestTimeout": "2m"})[ROUTES])["HTTPRoute signalen-backend"]["spec"]["rules"]
    (headers,) = rule["filters"]
    sent = {one["name"]: one["value"] for one in headers["responseHeaderModifier"]["set"]}
    assert sent == {"Strict-Transport-Security": "max-age=31536000", **SECURITY_HEADERS}
    assert rule["timeouts"] == {"request": "2m"}
    (rule,) = objects(tree(NAMED, {"securityHeaders": False})[ROUTES])["HTTPRoute signalen-backend"]["spec"]["rules"]
    assert not {"filters", "timeouts"} & rule.keys()


def test_who_comes_without_https_is_sent_on() -> None:
    assert "HTTPRoute signalen-redirect" not in objects(tree(NAMED)[ROUTES])
    for gateway, name in (({**NAMED, "redirectFrom": "plain"}, "plain"), (OWN, "http")):
        spec = objects(tree(gateway)[ROUTES])["HTTPRoute signalen-redirect"]["spec"]
        assert [parent["sectionName"] for parent in spec["parentRefs"]] == [name]
        assert len(spec["hostnames"]) == 6
        (filter_,) = spec["rules"][0]["filters"]
        assert filter_["requestRedirect"] == {"scheme": "https", "statusCode": 301}


def test_a_gateway_of_the_cluster_has_the_listeners() -> None:
    made = tree({**NAMED, "listener": "web", "listeners": {"backend": "api"}})
    assert GATEWAY not in made
    parents = {title: one["spec"]["parentRefs"] for title, one in objects(made[ROUTES]).items()}
    to = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "gateways"}
    assert parents["HTTPRoute signalen-backend"] == [{**to, "sectionName": "api"}]
    assert parents["HTTPRoute grafana"] == [{**to, "sectionName": "web"}]


@pytest.mark.parametrize(("gateway", "kind"), [(OWN, "Gateway"), ({**NAMED, "listenerSet": True}, "ListenerSet")])
def test_listeners_of_our_own_have_certificates_for_the_hosts(gateway: Data, kind: str) -> None:
    hosts_ = [
        {"host": "bergen.nl", "paths": [{"path": "/", "pathType": "Prefix"}]},
        {"host": "www.bergen.nl", "paths": [{"path": "/", "pathType": "Prefix"}]},
    ]
    tls = [{"secretName": "site", "hosts": ["bergen.nl"]}]
    made = tree(gateway, overrides={"frontend": {"ingress": {"hosts": hosts_, "tls": tls}}})
    sets = list(load_all(made[GATEWAY]))
    assert {one["kind"] for one in sets} == {kind}
    assert all("cert-manager.io/cluster-issuer" in one["metadata"]["annotations"] for one in sets)
    listeners = [
        (one["name"], one["hostname"], one["tls"]["certificateRefs"][0]["name"])
        for obj in sets
        for one in obj["spec"]["listeners"]
        if one["protocol"] == "HTTPS"
    ]
    assert ("frontend", "bergen.nl", "site") in listeners
    assert ("frontend-2", "www.bergen.nl", "signalen-frontend-tls") in listeners
    assert ("backend", "api.bergen.nl", "signalen-backend-tls") in listeners
    route = objects(made[ROUTES])["HTTPRoute signalen-frontend"]["spec"]
    assert [(one["kind"], one["sectionName"]) for one in route["parentRefs"]] == [
        (kind, "frontend"),
        (kind, "frontend-2"),
    ]
    # Grafana has a namespace of its own; a ListenerSet stands with the routes, a Gateway lets them in.
    assert (kind == "ListenerSet") is (len(sets) == 2)
    assert text(objects(made[ROUTES])["HTTPRoute grafana"], "metadata", "namespace") == "signalen-acceptance-monitoring"


def test_policies_let_in_the_namespace_of_the_pods() -> None:
    def sources(made: Mapping[str, str]) -> set[str]:
        policies = objects(made["clusters/acceptance/manifests/network-policies.yaml"])
        rules = policies["NetworkPolicy allow-frontend"]["spec"]["ingress"]
        return {
            one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for rule in rules
            for one in rule["from"]
        }

    assert sources(tree(NAMED)) == {"proxies"}
    assert sources(tree({"name": "x", "namespace": "y"}, {"ingressNamespace": "elsewhere"})) == {"elsewhere"}
    both = {**NAMED, "keepIngress": True}
    assert sources(tree(both, {"ingressNamespace": "controller"})) == {"proxies", "controller"}
    assert sources(tree(both, {"ingressNamespace": "proxies"})) == {"proxies"}


def test_pods_of_a_gateway_in_the_namespace_itself_are_reached_from_outside() -> None:
    policies = "clusters/acceptance/manifests/network-policies.yaml"
    assert "NetworkPolicy allow-gateway" not in objects(tree(OWN)[policies])
    here = objects(tree({**OWN, "podsNamespace": "signalen-acceptance"})[policies])["NetworkPolicy allow-gateway"][
        "spec"
    ]
    assert here["podSelector"] == {"matchLabels": {"gateway.networking.k8s.io/gateway-name": "signalen"}}
    assert (here["ingress"], here["egress"]) == ([{}], [{}])


@pytest.mark.parametrize(
    ("gateway", "asked"), [(NAMED, False), (OWN, True), ({**NAMED, "listenerSet": True}, True), ({}, True)]
)
def test_certificates_are_asked_for_where_their_secrets_are(gateway: Data, asked: bool) -> None:
    policies = objects(tree(gateway)["clusters/acceptance/manifests/network-policies.yaml"])
    assert ("NetworkPolicy allow-certificates" in policies) is asked


def test_every_component_with_a_host_says_where_it_answers() -> None:
    for component in catalog().components.values():
        assert (component.host is not None) is (catalog().folder / component.name / "route.yaml.j2").is_file()


def test_a_gateway_and_what_it_needs_pass_the_checks(tmp_path: Path, charts: Path) -> None:
    """Of a person's own routes, too, which may have all that Gateway API knows."""
    form = write_assets(tmp_path) / "municipality.yaml"
    written = (FORMS / "gateway.yaml").read_text(encoding="utf-8") + "sync: {manifests: true}\n"
    form.write_text(written, encoding="utf-8")
    own = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: old-address, namespace: NAMESPACE}
spec:
  parentRefs: [{name: public, namespace: gateways, port: 443}]
  hostnames: [HOST]
  rules:
    - matches: [{path: {type: Exact, value: /oud}, headers: [{name: x-test, value: "1"}], method: GET}]
      filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /incident}}}]
    - matches: [{path: {type: RegularExpression, value: "/n[0-9]+"}}]
      filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]
      backendRefs: [{name: signalen-frontend, port: 80, weight: 1}]
"""
    for name, domain in (("acceptance", "oirschot.signalen.dev"), ("production", "meldingen.oirschot.nl")):
        folder = tmp_path / "manifests" / name
        folder.mkdir(parents=True)
        (folder / "route.yaml").write_text(own.replace("NAMESPACE", f"signalen-{name}").replace("HOST", domain))
    known = check_file(form, catalog())[1]
    assert [one for one in verify(tmp_path, catalog(), Options(charts=charts)) if one not in known] == []
