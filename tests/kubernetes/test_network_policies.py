"""NetworkPolicies are evaluated as Kubernetes does, and what they or a project of Argo CD shut out is told."""

from __future__ import annotations

import pytest
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.kubernetes.checks.network_policies import End, connects, elsewhere, end_of
from signalen_toolkit.kubernetes.cluster import Cluster, cluster
from signalen_toolkit.kubernetes.model import Object

from tests.support.cluster_objects import CONTEXT, add, findings, good, one

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: here, labels: {team: water}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: here, labels: {app: web, tier: front}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: data, namespace: here, labels: {app: data}}
spec: {containers: [{name: data, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: there, labels: {app: web}}
spec: {containers: [{name: other, ports: [{name: http, containerPort: 9000}]}]}
"""
DENY = "{podSelector: {}, policyTypes: [Ingress, Egress]}"


def made(*policies: str) -> Cluster:
    """Put the pods together with policies, each the `spec` of one in the namespace `here`."""
    text = PODS + "".join(
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{number}, namespace: here}}\n"
        f"spec: {policy}\n"
        for number, policy in enumerate(policies)
    )
    return cluster([Object("acceptance", "x", "x.yaml", data) for data in load_all(text)], CONTEXT)


def reaches(source: str, target: str, port: int, *policies: str, protocol: str = "TCP") -> bool:
    """Tell whether one of the pods reaches another; a name with a slash is a pod elsewhere, or an address."""
    together = made(*policies)

    def end(name: str) -> End:
        if "." in name:
            return End(address=name)
        if name.startswith("/"):
            return elsewhere(name[1:])
        return next(end_of(together, pod) for pod in together.pods if pod.object.name == name)

    return connects(together, end(source), end(target), port, protocol)


def test_without_policies_all_is_open() -> None:
    assert reaches("web", "data", 5432)
    assert reaches("/anywhere", "web", 1)
    assert reaches("web", "10.0.0.1", 443)


def test_a_policy_for_all_shuts_both_ways() -> None:
    for source, target in (("web", "data"), ("other", "web"), ("web", "other"), ("web", "10.0.0.1")):
        assert not reaches(source, target, 8080, DENY)
    assert reaches("/there", "other", 9000, DENY)  # which is another namespace


def test_a_policy_counts_for_the_direction_that_it_names() -> None:
    # Without policyTypes: ingress always, egress where there are rules for it.
    assert not reaches("other", "web", 8080, "{podSelector: {}}")
    assert reaches("web", "other", 9000, "{podSelector: {}}")
    assert not reaches("web", "other", 9000, "{podSelector: {}, egress: []}")
    assert reaches("other", "web", 8080, "{podSelector: {}, policyTypes: [Egress], egress: []}")


PORT = "ports: [{port: 5432}]"
INTO_DATA = "podSelector: {matchLabels: {app: data}}, policyTypes: [Ingress]"
OPEN = "{podSelector: {}, policyTypes: [Egress], egress: [{}]}"


@pytest.mark.parametrize(
    ("rule", "source", "port", "allowed"),
    [
        ("{from: [{podSelector: {matchLabels: {tier: front}}}], " + PORT + "}", "web", 5432, True),
        ("{from: [{podSelector: {matchLabels: {tier: front}}}], " + PORT + "}", "web", 5433, False),
        ("{from: [{podSelector: {matchLabels: {app: web}}}]}", "other", 5432, False),  # of another namespace
        ("{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}", "other", 5432, True),
        ("{from: [{namespaceSelector: {matchLabels: {team: water}}}]}", "web", 5432, True),
        ("{from: [{namespaceSelector: {matchLabels: {team: fire}}}]}", "web", 5432, False),
        ("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: there}}}]}", "other", 5432, True),
        ("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nginx}}}]}", "/nginx", 5432, True),
        ("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}", "10.1.2.3", 5432, True),
        ("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}", "10.1.2.3", 5432, False),
        ("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}", "web", 5432, False),
        ("{from: []}", "other", 5432, True),
        ("{ports: [{port: sql}]}", "other", 5432, True),
        ("{ports: [{port: http}]}", "other", 5432, False),
        ("{ports: [{port: 5000, endPort: 6000}]}", "other", 5432, True),
        ("{ports: [{protocol: UDP, port: 5432}]}", "other", 5432, False),
        ("{ports: [{}]}", "other", 5432, True),
        ("{from: [{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}]}", "web", 5432, True),
    ],
)
def test_rules(rule: str, source: str, port: int, allowed: bool) -> None:
    assert reaches(source, "data", port, f"{{{INTO_DATA}, ingress: [{rule}]}}", OPEN) is allowed


def test_policies_add_up() -> None:
    to_sql = f"{{{INTO_DATA}, ingress: [{{ports: [{{port: 5432}}]}}]}}"
    out = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}"
    assert not reaches("web", "data", 5432, DENY, to_sql)
    assert not reaches("web", "data", 5432, DENY, out)
    assert reaches("web", "data", 5432, DENY, to_sql, out)


# What a policy shuts out that an Ingress needs

TO_FRONTEND = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: frontend, namespace: signalen-acceptance}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: frontend}}
  policyTypes: [Ingress]
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}], ports: [PORT]}]
"""


@pytest.mark.parametrize(
    ("port", "namespace", "blocked"),
    [
        ("{port: 8080}", "ingress-nginx", False),
        ("{port: http}", "ingress-nginx", False),
        ("{port: 80}", "ingress-nginx", True),  # the port of the Service, not of the pod
        ("{port: 8080}", "traefik", True),
        ("{port: 8080}", "", False),  # not known
    ],
)
def test_an_ingress_that_its_controller_cannot_serve(port: str, namespace: str, blocked: bool) -> None:
    found = findings(add(TO_FRONTEND.replace("PORT", port), ""), ingress_namespace=namespace)
    assert [one.rule for one in found] == (["network-blocked"] if blocked else [])
    for finding in found:
        assert finding.object.title == "Ingress signalen-frontend"
        assert finding.hint.startswith("name the namespace of the ingress controller")


# What a project of Argo CD permits


def project(kinds: str, cluster_kinds: str = "[]", namespace: str = "signalen-acceptance") -> list[Object]:
    text = f"""
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {{name: signalen, namespace: argocd}}
spec:
  destinations: [{{server: "https://kubernetes.default.svc", namespace: {namespace}}}]
  clusterResourceWhitelist: {cluster_kinds}
  namespaceResourceWhitelist: {kinds}
"""
    return [Object("acceptance", "", "projects.yaml", data) for data in load_all(text)]


CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}, "rules": []}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([*one(CONFIG), *project('[{group: "", kind: ConfigMap}]')], []),
        ([*one(CONFIG), *project("[{group: apps, kind: ConfigMap}]")], ["ConfigMap x"]),
        ([*one(CONFIG), *project('[{group: "", kind: ConfigMap}]', namespace="elsewhere")], ["ConfigMap x"]),
        ([*one(ROLE), *project("[{group: rbac.authorization.k8s.io, kind: ClusterRole}]")], ["ClusterRole x"]),
        ([*one(ROLE), *project("[]", "[{group: rbac.authorization.k8s.io, kind: ClusterRole}]")], []),
        (one(ROLE), []),  # no project, no Argo CD
    ],
)
def test_a_kind_that_no_project_permits(objects: list[Object], told: list[str]) -> None:
    found = [finding for finding in findings(objects) if finding.rule == "not-permitted"]
    assert [finding.object.title for finding in found] == told


def test_the_good_environment_is_open() -> None:
    assert findings(good(), ingress_namespace="ingress-nginx") == []
