"""Each check on objects: one environment in which all is right, and the same with one mistake."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.verify.checks import REASONS
from signalen_toolkit.verify.context import AMSTERDAM

from tests.support.cluster_objects import add, app_json, changed, findings, good, messages, rules

BACKEND = "Deployment signalen-backend"
POD = "spec.template.spec"
API = f"{POD}.containers.0"
QUEUE = "StatefulSet signalen-backend-rabbitmq"
FRONTEND = "ConfigMap signalen-frontend"
RULES = {"matchLabels": {"app.kubernetes.io/name": "bakend"}}


def config(**changes: Any) -> str:
    """Return the frontend's configuration with other values in its first level."""
    return json.dumps({**json.loads(app_json()), **changes})


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ROUTE = "HTTPRoute signalen-frontend"
TO = "spec.rules.0.backendRefs.0"

# What is changed in which object, and the one rule that then speaks.
MISTAKES: list[tuple[str, str, str, Any]] = [
    ("object-schema", BACKEND, "spec.replicas", "1"),
    ("object-schema", BACKEND, f"{API}.imagePullPolicyy", "Always"),
    ("object-schema", BACKEND, f"{API}.env.0", {"value": "without a name"}),
    ("object-schema", "Service signalen-backend", "spec.ports.0.port", True),
    ("object-schema", "HelmRelease signalen-backend", "spec.intervall", "10m"),
    ("object-schema", "Role signalen-backend-rabbitmq-endpoint-reader", "kind", ""),
    ("object-schema", "HorizontalPodAutoscaler signalen-backend", "apiVersion", "autoscaling/v3"),
    ("removed-api", "PodDisruptionBudget signalen-backend", "apiVersion", "policy/v1beta1"),
    ("object-name", "ServiceAccount signalen-backend-rabbitmq", "metadata.name", "Rabbit_MQ"),
    ("object-value", BACKEND, "metadata.labels", {"team": "a b"}),
    ("object-value", BACKEND, "metadata.labels", {"team": "a" * 64}),
    ("object-value", BACKEND, "metadata.annotations", {"a b/c": "1"}),
    ("object-value", BACKEND, "metadata.annotations", {"c": "1" * 2**18}),
    ("object-value", BACKEND, f"{POD}.nodeSelector", {"a..b/c": "1"}),
    ("object-value", BACKEND, f"{POD}.serviceAccountName", "a..b"),
    ("object-value", BACKEND, f"{POD}.volumes.0.name", "a.b"),
    ("object-value", BACKEND, f"{API}.name", "a_b"),
    ("object-value", BACKEND, f"{API}.env.0", {"name": "API_MAX_UPLOAD_SIZE", "value": "2.097152e+07"}),
    ("object-value", BACKEND, f"{API}.env.0", {"name": "A=B", "value": "1"}),
    ("object-value", BACKEND, f"{API}.ports.0.name", "a-name-that-is-too-long"),
    ("object-value", BACKEND, f"{API}.ports.0.containerPort", 99999),
    ("object-value", BACKEND, f"{API}.resources", {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
    ("object-value", BACKEND, f"{API}.resources", {"requests": {"memory": "10gb"}, "limits": {"memory": "1Gi"}}),
    ("object-value", "Service signalen-backend", "spec.selector", {"app": "a b"}),
    ("object-value", "Service signalen-backend", "spec.ports.0.port", 0),
    ("object-value", "Ingress signalen-backend", "spec.rules.0.host", "a..b"),
    ("object-value", "Ingress signalen-backend", "spec.tls.0.hosts.0", "*.*.bergen.nl"),
    ("object-value", "ConfigMap signalen-backend", "data.a b", "1"),
    ("object-value", "ConfigMap signalen-backend", "data.LARGE", "1" * 2**20),
    (
        "object-value",
        "NetworkPolicy signalen-backend-rabbitmq",
        "spec.egress",
        [{"to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}],
    ),
    (
        "object-value",
        "NetworkPolicy signalen-backend-rabbitmq",
        "spec.egress",
        [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]}],
    ),
    ("object-value", "NetworkPolicy signalen-backend-rabbitmq", "spec.egress", [{"ports": [{"port": 70000}]}]),
    ("object-value", "HelmRelease signalen-backend", "spec.interval", "99999999999999999999h"),
    ("missing-reference", "Ingress signalen-backend", "spec.rules.0.http.paths.0.backend.service.name", "backend"),
    ("missing-reference", "Ingress signalen-backend", "spec.rules.0.http.paths.0.backend.service.port.number", 8000),
    ("missing-reference", "Ingress signalen-frontend", "spec.rules.0.http.paths.0.backend.service.port.name", "web"),
    ("missing-reference", "Ingress signalen-frontend", "metadata.annotations", {}),
    ("missing-reference", "Service signalen-backend", "spec.ports.0.targetPort", "htpp"),
    ("missing-reference", QUEUE, "spec.serviceName", "rabbitmq"),
    ("missing-reference", QUEUE, f"{POD}.serviceAccountName", "rabbit"),
    ("missing-reference", QUEUE, f"{POD}.volumes.0.secret.items.0.key", "rabbit.conf"),
    ("missing-reference", QUEUE, f"{API}.env.1.valueFrom.secretKeyRef.key", "password"),
    ("missing-reference", QUEUE, f"{API}.volumeMounts.1.name", "dat"),
    ("missing-reference", BACKEND, f"{API}.envFrom.0.configMapRef.name", "settings"),
    ("missing-reference", BACKEND, f"{API}.envFrom.1.secretRef.name", "backend-secrets"),
    ("missing-reference", BACKEND, f"{API}.readinessProbe.httpGet.port", "web"),
    ("missing-reference", BACKEND, f"{POD}.volumes.0.persistentVolumeClaim.claimName", "media"),
    ("missing-reference", BACKEND, f"{POD}.volumes.1.persistentVolumeClaim.claimName", "pictures"),
    ("missing-reference", "Deployment signalen-frontend", f"{API}.volumeMounts.0.subPath", "config.json"),
    ("missing-reference", "HorizontalPodAutoscaler signalen-backend", "spec.scaleTargetRef.name", "backend"),
    ("missing-reference", "RoleBinding signalen-backend-rabbitmq-endpoint-reader", "roleRef.name", "reader"),
    ("missing-reference", "RoleBinding signalen-backend-rabbitmq-endpoint-reader", "subjects.0.name", "rabbit"),
    ("missing-reference", "HelmRelease signalen-backend", "spec.chart.spec.sourceRef.name", "signals"),
    ("missing-reference", "HelmRelease signalen-backend", "spec.valuesFrom.0.name", "values"),
    ("missing-reference", "HelmRelease signalen-backend", "spec.dependsOn", [{"name": "signalen-frontend"}]),
    ("missing-reference", "Kustomization signalen-acceptance", "spec.sourceRef.name", "signalen"),
    ("missing-reference", "ConfigMap signalen-backend", "data.RABBITMQ_HOST", "rabbitmq"),
    ("missing-reference", "ConfigMap signalen-backend", "data.ELASTICSEARCH_HOST", "elasticsearch-master:9201"),
    ("selector-without-pods", "PodDisruptionBudget signalen-backend", "spec.selector", RULES),
    ("selector-without-pods", "NetworkPolicy signalen-backend-rabbitmq", "spec.podSelector", RULES),
    ("selector-without-pods", "Service elasticsearch-master", "spec.selector", {"app": "elastic"}),
    ("selector-without-pods", BACKEND, "spec.selector.matchLabels.component", "api"),
    ("unexpected-host", "Ingress signalen-frontend", "spec.rules", [{"http": {"paths": []}}]),
    ("host-without-tls", "Ingress signalen-backend", "spec.tls", []),
    ("object-schema", ROUTE, "spec.hostnames", []),
    ("object-schema", ROUTE, "spec.rules.0.matches.0.path.value", "signals"),
    ("object-schema", ROUTE, "spec.rules.0.filters.0.responseHeaderModifier", ...),
    ("object-schema", ROUTE, "spec.rules.0.timeouts", {"request": "1 minute"}),
    ("object-schema", "ListenerSet signalen", "spec.listeners.0.tls", ...),
    ("missing-reference", ROUTE, f"{TO}.name", "frontend"),
    ("missing-reference", ROUTE, f"{TO}.port", 8080),
    ("missing-reference", ROUTE, "spec.parentRefs.0.name", "signals"),
    ("missing-reference", ROUTE, "spec.parentRefs.0.sectionName", "fronted"),
    ("missing-reference", "ListenerSet signalen", "metadata.annotations", {}),
    ("unexpected-host", ROUTE, "spec.hostnames.0", "bergen.example"),
    ("host-without-tls", ROUTE, "spec.parentRefs.0", {"name": "public", "namespace": "gateways"}),
    ("image-without-version", BACKEND, f"{API}.image", "signalen/backend"),
    ("image-without-version", BACKEND, f"{API}.image", "registry:5000/signalen/backend:latest"),
    ("container-without-resources", BACKEND, f"{API}.resources", {"limits": {"memory": "1Gi"}}),
    ("pod-security", BACKEND, f"{POD}.hostNetwork", True),
    ("default-password", "Secret signalen-backend-rabbitmq-config", "data.SECRET_KEY", encoded("insecure")),
    ("default-password", QUEUE, f"{API}.env.0", {"name": "RABBITMQ_DEFAULT_PASS", "value": "guest"}),
    ("frontend-config", FRONTEND, "data.app~json", config(maps={})),
    ("frontend-config", FRONTEND, "data.app~json", "{'single': 'quotes'}"),
    ("amsterdam-default", FRONTEND, "data.app~json", config(apiBaseUrl="https://api.data.amsterdam.nl")),
    ("amsterdam-default", "ConfigMap signalen-backend", "data.ORGANIZATION_NAME", "Gemeente Amsterdam"),
    ("amsterdam-default", "ConfigMap signalen-backend", "data.DEFAULT_PDOK_MUNICIPALITIES", ...),
    ("amsterdam-default", BACKEND, f"{API}.env.0.value", "True"),
    ("open-backend", BACKEND, f"{API}.env.1.value", "true"),
    ("open-backend", BACKEND, f"{API}.env.3.value", "*"),
    ("service-mismatch", "ConfigMap signalen-backend", "data.RABBITMQ_USER", "signals"),
]


def test_all_is_right() -> None:
    assert messages(good()) == []


@pytest.mark.parametrize(("rule", "title", "path", "value"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_seen(rule: str, title: str, path: str, value: Any) -> None:
    found = findings(changed(title, path, value))
    assert rule in {finding.rule for finding in found}
    for finding in found:
        assert well_said(finding), finding


# What no single change of a value shows, with a test of its own here or in test_objects_kinds.py.
ELSEWHERE = {
    "deprecated-api",
    "duplicate-object",
    "host-without-ingress",
    "image-elsewhere",  # in an environment with a registry of its own
    "network-blocked",
    "not-permitted",
    "pull-secret-missing",
    "unknown-kind",
}


def test_every_rule_has_a_mistake() -> None:
    assert {rule for rule, *_ in MISTAKES} | ELSEWHERE == set(REASONS)


def test_an_environment_with_a_registry_of_its_own_takes_no_image_from_another() -> None:
    found = messages_of(findings(good(), registry="harbor.example.nl/mirror"), "image-elsewhere")
    assert "the image 'signalen/backend:2.50.10' is not from harbor.example.nl/mirror" in found
    mirrored = changed(BACKEND, f"{API}.image", "harbor.example.nl/mirror/signalen/backend:2.50.10")
    left = messages_of(findings(mirrored, registry="harbor.example.nl/mirror"), "image-elsewhere")
    assert len(left) < len(found)


def test_every_pod_signs_in_at_the_registry() -> None:
    found = messages_of(findings(good(), pull_secrets=frozenset({"harbor"})), "pull-secret-missing")
    assert "the pod does not use the pull secret 'harbor'" in found
    signed_in = changed(BACKEND, f"{POD}.imagePullSecrets", [{"name": "harbor"}])
    left = messages_of(findings(signed_in, pull_secrets=frozenset({"harbor"})), "pull-secret-missing")
    assert len(left) == len(found) - 1


def messages_of(found: list[Finding], rule: str) -> list[str]:
    return [finding.message for finding in found if finding.rule == rule]


def well_said(finding: Finding) -> bool:
    texts = [text for text in (finding.message, finding.hint) if text]
    return all(text == text.strip() and not text.endswith(".") and "None" not in text for text in texts) and (
        not finding.message[0].isupper() or finding.message.startswith((finding.object.kind, "Kubernetes"))
    )


# What kustomize, cert-manager and other operators make


MADE = {
    "Certificate": """
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: {name: made}
        spec: {secretName: made, dnsNames: [a.nl], issuerRef: {name: x}}""",
    "ExternalSecret": """
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: made}""",
    "SealedSecret": """
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {name: made}
        spec: {encryptedData: {key: x}}""",
    "Kustomization": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: signalen-acceptance
        secretGenerator: [{name: made, envs: [made.env]}]""",
}
USES = """
apiVersion: v1
kind: Pod
metadata: {name: uses}
spec:
  containers:
    - name: uses
      image: "uses:1"
      resources: {requests: {cpu: 1, memory: 1Mi}, limits: {memory: 1Mi}}
      env: [{name: A, valueFrom: {secretKeyRef: {name: made, key: key}}}]
"""


@pytest.mark.parametrize("kind", MADE)
def test_a_secret_that_an_operator_makes_is_there(kind: str) -> None:
    assert "missing-reference" in rules(add(USES))
    assert "missing-reference" not in rules(add(f"{USES}\n---\n{MADE[kind]}"))


def test_a_secret_of_which_nothing_is_known_is_a_warning() -> None:
    (found,) = findings(add(USES))
    assert found.severity is Severity.WARNING
    assert found.path == "spec.containers[0].env[0].valueFrom.secretKeyRef.name"


def test_what_is_optional_may_be_missing() -> None:
    optional = USES.replace("key: key", "key: key, optional: true")
    assert rules(add(optional)) == set()


# Passwords


@pytest.mark.parametrize("value", ["Zm9v", "", 5, None, "%%%", ["x"]])
def test_a_secret_of_ones_own_is_none_of_those_that_were_published(value: Any) -> None:
    objects = changed("Secret signalen-backend-rabbitmq-config", "data.password", value)
    assert "default-password" not in rules(objects)


def test_a_user_may_be_called_as_the_password_was() -> None:
    objects = changed("Secret signalen-backend-rabbitmq-config", "data.username", encoded("signalen"))
    assert messages(objects) == []


def test_the_queue_has_the_password_of_the_backend() -> None:
    found = findings(good(), same_as={})
    assert [one.rule for one in found] == ["service-mismatch"]
    assert found[0].message == (
        "'RABBITMQ_PASSWORD' comes from the Secret 'signalen-backend-secrets/RABBITMQ_PASSWORD', and"
        " 'RABBITMQ_PASSWORD' of StatefulSet signalen-backend-rabbitmq from the Secret"
        " 'signalen-backend-rabbitmq-secrets/rabbitmq-password'"
    )


def test_a_password_is_not_printed() -> None:
    variable = {"name": "RABBITMQ_PASSWORD", "value": "hunter22"}
    found = findings(changed(QUEUE, f"{API}.env.1", variable))
    assert [one.rule for one in found] == ["service-mismatch"]
    assert "hunter22" not in repr([(one.message, one.hint) for one in found])


# The backend and its services


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        ("signalen-backend-rabbitmq", True),
        ("signalen-backend-rabbitmq.signalen-acceptance.svc", True),
        ("signalen-backend-rabbitmq.signalen-acceptance.svc.cluster.local", True),
        ("rabbitmq.signalen-acceptance.svc.cluster.local", False),
        ("rabbitmq.queues.svc.cluster.local", True),
        ("rabbitmq.bergen.nl", True),
        ("10.0.0.5", True),
    ],
)
def test_a_host_inside_the_cluster_is_a_service(host: str, is_right: bool) -> None:
    objects = changed("ConfigMap signalen-backend", "data.RABBITMQ_HOST", host)
    assert rules(objects) == (set() if is_right else {"missing-reference"})


def test_a_service_that_an_operator_makes_is_there() -> None:
    objects = changed("ConfigMap signalen-backend", "data.RABBITMQ_HOST", "proefstad-mq")
    assert "missing-reference" in {one[0] for one in messages(objects)}
    assert "missing-reference" not in {one[0] for one in messages(objects, services=frozenset({"proefstad-mq"}))}


def test_amsterdam_may_be_amsterdam() -> None:
    objects = changed("ConfigMap signalen-backend", "data.ORGANIZATION_NAME", "Gemeente Amsterdam")
    assert messages(objects, traits=frozenset({AMSTERDAM})) == []


@pytest.mark.parametrize(
    "text", ["Gemeente Amsterdam-Zuid", "Ga naar www.ouder-amstel.nl", "https://metadata.amsterdam.nl.example.nl"]
)
def test_a_text_may_speak_of_amsterdam(text: str) -> None:
    assert messages(changed("ConfigMap signalen-backend", "data.ORGANIZATION_NAME", text)) == []


@pytest.mark.parametrize("path", ["logo", "map"])
def test_what_the_frontend_lacks_it_takes_from_amsterdam(path: str) -> None:
    data = {key: value for key, value in json.loads(app_json()).items() if key != path}
    found = findings(changed(FRONTEND, "data.app~json", json.dumps(data)))
    assert {one.rule for one in found} == {"frontend-config", "amsterdam-default"}


def test_a_wrong_key_of_the_frontend_is_named() -> None:
    (found,) = findings(changed(FRONTEND, "data.app~json", config(oidc2={})))
    assert (found.path, found.message) == (
        'data["app.json"].oidc2',
        "frontend 2.27.6 does not start: 'oidc2' is not a field of what stands here",
    )


# Hosts


def test_a_host_that_the_form_does_not_have() -> None:
    objects = changed("Ingress signalen-backend", "spec.rules.0.host", "api.signals.local")
    found = findings(objects)
    assert sorted(one.rule for one in found) == [
        "host-without-ingress",
        "host-without-tls",
        "host-without-tls",
        "unexpected-host",
    ]


def test_a_certificate_may_be_for_all_names_of_a_domain() -> None:
    assert messages(changed("Ingress signalen-backend", "spec.tls.0.hosts", ["*.bergen.nl"])) == []


def test_a_component_that_is_not_installed_needs_no_host() -> None:
    assert messages(good(), hosts={"backend": "api.bergen.nl", "frontend": "bergen.nl", "mapserver": "m.nl"}) == []


# Names


def test_an_object_that_two_releases_make() -> None:
    (found,) = findings(add("{apiVersion: v1, kind: ServiceAccount, metadata: {name: signalen-backend-rabbitmq}}"))
    assert found.rule == "duplicate-object"
    assert "'backend.yaml' of backend and by 'more.yaml' of backend" in found.message


def test_the_same_name_in_another_namespace_is_another_object() -> None:
    text = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: signalen-backend-rabbitmq, namespace: other}}"
    assert messages(add(text)) == []


@pytest.mark.parametrize(
    ("kind", "name", "is_right"),
    [
        ("ConfigMap", "a.b-c", True),
        ("ConfigMap", "a" * 253, True),
        ("ConfigMap", "a" * 254, False),
        ("ConfigMap", "a_b", False),
        ("ConfigMap", "", False),
        ("Service", "a.b", False),
        ("Service", "a" * 64, False),
    ],
)
def test_names_are_as_kubernetes_wants_them(kind: str, name: str, is_right: bool) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})
    assert ("object-name" not in rules(add(text))) is is_right


def test_a_role_may_have_a_colon_in_its_name() -> None:
    assert messages(add("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: 'a:b'}}")) == []


# Monitors select Services or pods


@pytest.mark.parametrize(
    ("kind", "labels", "is_right"),
    [
        ("ServiceMonitor", {"app.kubernetes.io/name": "backend"}, True),
        ("ServiceMonitor", {"app.kubernetes.io/name": "rabbitmq"}, False),
        ("PodMonitor", {"app.kubernetes.io/name": "rabbitmq"}, True),
        ("PodMonitor", {"app.kubernetes.io/name": "loki"}, False),
    ],
)
def test_a_monitor_selects_something(kind: str, labels: dict[str, str], is_right: bool) -> None:
    spec = {"selector": {"matchLabels": labels}}
    data = {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    assert ("selector-without-pods" not in rules(add(json.dumps(data)))) is is_right


@pytest.mark.parametrize(
    ("label", "is_right"), [("acme.cert-manager.io/http01-solver", True), ("acme.cert-manager.io/solver", False)]
)
def test_a_policy_may_be_for_pods_that_come_and_go(label: str, is_right: bool) -> None:
    spec = {"podSelector": {"matchLabels": {label: "true"}}, "policyTypes": ["Ingress"]}
    data = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "x"}, "spec": spec}
    assert ("selector-without-pods" not in rules(add(json.dumps(data)))) is is_right
