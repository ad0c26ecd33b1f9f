"""Each point of `signalen haven`: objects that meet it, and objects that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.haven.haven import GROUPS, IDS
from signalen_toolkit.haven.points import Point, Scene, Seen
from signalen_toolkit.kubernetes.cluster import cluster
from signalen_toolkit.kubernetes.model import Object

from tests.kubernetes.test_objects_anything import VALUES, places, put
from tests.support.cluster_objects import CONTEXT, good

NAMESPACE = CONTEXT.namespace
POINTS = {point.id: point for points in GROUPS.values() for point in points}
SETTINGS: dict[str, Any] = {
    "cluster": {
        "storageClasses": {"readWriteOnce": "disk", "readWriteMany": "files"},
        "stacks": {"metrics": False, "logs": False},
    },
    "database": {"provider": "cluster"},
    "storage": {"provider": "volume"},
}

POD = """
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec:
  serviceAccountName: account
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
  containers:
    - name: web
      image: "web:1.2"
      env: [{name: DATABASE_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: TOKEN, value: ""}]
      resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {memory: 1Mi}}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone}]
      containers:
        - {name: web, ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: 80}}, readinessProbe: {exec: {}}}
        - {name: worker, livenessProbe: {exec: {}}}
"""
BUDGET = """
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
"""
SCALER = """
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: NUMBER, maxReplicas: 5}
"""
APART = "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{podAffinityTerm: TERM}]}}"
ACCOUNT = """
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account}
automountServiceAccountToken: false
"""
ROLE = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods, pods/log], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
subjects: [{kind: ServiceAccount, name: account}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
"""
PLAIN = """
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {config.yaml: x, password: hunter2}
"""
CLOSED = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
POLICY = CLOSED.replace("{podSelector: {},", "{podSelector: {matchLabels: {app: web}},")
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: ClusterIP}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {cert-manager.io/cluster-issuer: letsencrypt}
spec:
  ingressClassName: nginx
  tls: [{hosts: [bergen.nl], secretName: web-tls}]
  rules: [{host: bergen.nl}]
"""
ISSUER = "cert-manager.io/cluster-issuer: letsencrypt"
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: public, namespace: gateways, sectionName: https}]
  hostnames: [bergen.nl]
  rules:
    - filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set: [{name: Strict-Transport-Security, value: max-age=1}]
            add: [{name: X-Content-Type-Options, value: nosniff}]
      backendRefs: [{name: web, port: 80}]
"""
REDIRECT = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: redirect}
spec:
  parentRefs: [{name: public, namespace: gateways, sectionName: http}]
  hostnames: [bergen.nl]
  rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]
"""
LISTENERS = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: web, annotations: {cert-manager.io/cluster-issuer: letsencrypt}}
spec: {listeners: [{name: web}]}
"""
CERTIFICATE = """
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
spec: {secretName: web-tls}
"""
HEADERS = f"""
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: headers, namespace: {NAMESPACE}}}
data: {{X-Content-Type-Options: nosniff}}
"""
TRAEFIK = INGRESS.replace("nginx", "traefik")
MIDDLEWARE = f"""
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {{name: headers, namespace: {NAMESPACE}}}
spec: {{headers: {{stsSeconds: 3600, customResponseHeaders: {{X-Content-Type-Options: nosniff}}}}}}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteMany], storageClassName: files}
"""
SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]}
"""
BACKUP = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, labels: {signalen.org/backup: KIND}}
spec: {schedule: "0 1 * * *"}
"""
PROMETHEUS = """
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: prometheus, namespace: monitoring}
"""
MONITOR = """
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {}}
"""
DEFINITION = """
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.nl}
spec: {group: example.nl, names: {kind: Thing}}
"""
THING = """
apiVersion: example.nl/v1
kind: Thing
metadata: {name: thing}
"""
NAMED = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {NAMESPACE}, labels: {{pod-security.kubernetes.io/enforce: baseline}}}}
"""


def annotated(ingress: str, *annotations: str) -> str:
    return ingress.replace(ISSUER, ", ".join((ISSUER, *annotations)))


CUSTOM_HEADERS = f"nginx.ingress.kubernetes.io/custom-headers: {NAMESPACE}/headers"
MIDDLEWARES = f"traefik.ingress.kubernetes.io/router.middlewares: {NAMESPACE}-headers@kubernetescrd"
SNIPPET = 'nginx.ingress.kubernetes.io/configuration-snippet: "more_set_headers \\"X-Content-Type-Options: nosniff\\";"'

SHARED = "en die staat niet in 'cluster.storageClasses.readWriteMany'"

# By point: objects that meet it.
MET: list[tuple[str, str]] = [
    ("pod-security-baseline", POD),
    ("pod-security-restricted", POD),
    ("pod-security-enforced", NAMED + "---" + POD),
    ("resources", POD),
    ("image-version", POD),
    ("probes", DEPLOYMENT),
    ("replicas", DEPLOYMENT),
    ("replicas", DEPLOYMENT.replace("replicas: 2", "replicas: 1") + SCALER.replace("NUMBER", "2")),
    ("disruption-budget", DEPLOYMENT + BUDGET),
    ("disruption-budget", DEPLOYMENT + BUDGET.replace("maxUnavailable: 1", "maxUnavailable: 10%")),
    ("disruption-budget", DEPLOYMENT + BUDGET.replace("maxUnavailable: 1", "minAvailable: 50%")),
    ("spread", DEPLOYMENT),
    (
        "spread",
        DEPLOYMENT.replace(
            "topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone}]",
            APART.replace("TERM", "{topologyKey: kubernetes.io/hostname}"),
        ),
    ),
    ("service-account-token", POD + ACCOUNT),
    ("service-account-token", POD + ROLE),
    ("service-account-token", POD.replace("spec:", "spec:\n  automountServiceAccountToken: false", 1)),
    ("rbac-wildcard", ROLE),
    ("rbac-cluster-admin", ROLE),
    ("no-plain-secrets", SERVICE),
    ("no-plain-secrets", PLAIN + "sops: {mac: x}"),
    ("no-secret-values", POD),
    ("no-secret-values", POD.replace('value: ""', 'value: "yes"')),
    ("network-default-deny", POD + CLOSED),
    (
        "network-default-deny",
        POD
        + CLOSED.replace(", policyTypes: [Ingress, Egress]", "")
        + CLOSED.replace("closed", "out").replace("[Ingress, Egress]", "[Egress]"),
    ),
    ("network-policy-selects", DEPLOYMENT + POLICY),
    ("network-policy-selects", POD + POLICY.replace("app: web", "acme.cert-manager.io/http01-solver: 'true'")),
    ("no-host-network", POD),
    ("service-exposure", SERVICE),
    ("ingress-tls", INGRESS),
    ("ingress-tls", INGRESS.replace(ISSUER, "") + CERTIFICATE),
    ("ingress-tls", ROUTE),
    ("ingress-tls", ROUTE + LISTENERS),
    ("https-redirect", ROUTE + REDIRECT),
    ("security-headers", ROUTE),
    ("portable-kinds", ROUTE),
    ("https-redirect", INGRESS),
    ("https-redirect", annotated(TRAEFIK, "traefik.ingress.kubernetes.io/router.entrypoints: websecure")),
    (
        "https-redirect",
        annotated(TRAEFIK, MIDDLEWARES) + MIDDLEWARE.replace("spec: {", "spec: {redirectScheme: {scheme: https}, "),
    ),
    ("security-headers", annotated(INGRESS, CUSTOM_HEADERS) + HEADERS),
    ("security-headers", annotated(INGRESS, SNIPPET)),
    ("security-headers", annotated(TRAEFIK, MIDDLEWARES) + MIDDLEWARE),
    ("volumes-dynamic", POD),
    ("volume-classes", CLAIM),
    ("volume-classes", SET),
    ("volume-classes", CLAIM.replace("Many", "Once")),
    ("backup-database", BACKUP.replace("KIND", "database")),
    ("backup-media", BACKUP.replace("KIND", "media")),
    ("metrics", MONITOR + PROMETHEUS),
    ("logs", POD + ROLE),
    ("logs", POD.replace("volumes: [", "volumes: [{name: logs, hostPath: {path: /var/log/pods}}, ")),
    ("api-versions", INGRESS),
    ("portable-kinds", INGRESS + "---" + MONITOR),
    ("portable-kinds", THING + DEFINITION),
]

# By point: objects that do not meet it, and what is then said of which object.
NOT_MET: list[tuple[str, str, str, str]] = [
    ("pod-security-baseline", POD.replace("spec:", "spec:\n  hostPID: true", 1), "Pod pod", "hostPID"),
    ("pod-security-restricted", POD.replace("spec:", "spec:\n  hostPID: true", 1), "Pod pod", "hostPID"),
    (
        "pod-security-restricted",
        POD.replace("runAsNonRoot: true, ", "").replace("[ALL]", "[]"),
        "Pod pod",
        "runAsNonRoot (web), capabilities.drop (web)",
    ),
    (
        "pod-security-enforced",
        POD,
        f"Namespace {NAMESPACE}",
        "staat niet tussen de objecten, dus het niveau is niet te zien",
    ),
    (
        "pod-security-enforced",
        NAMED.replace("baseline", "privileged"),
        f"Namespace {NAMESPACE}",
        "dwingt privileged af, en dat verbiedt niets",
    ),
    (
        "resources",
        POD.replace("limits: {memory: 1Mi}", "limits: {}"),
        "Pod pod",
        "niet alle requests en limits in container: web",
    ),
    ("image-version", POD.replace("web:1.2", "web:latest"), "Pod pod", "geen vaste versie in container: web"),
    (
        "probes",
        DEPLOYMENT.replace("livenessProbe", "x").replace("readinessProbe", "y"),
        "Deployment web",
        "zonder livenessProbe (web), readinessProbe (web), livenessProbe (worker)",
    ),
    ("replicas", DEPLOYMENT.replace("replicas: 2", "replicas: 1"), "Deployment web", "draait in één pod"),
    ("replicas", DEPLOYMENT + SCALER.replace("minReplicas: NUMBER, ", ""), "Deployment web", "draait in één pod"),
    ("disruption-budget", DEPLOYMENT, "Deployment web", "heeft geen PodDisruptionBudget"),
    *(
        (
            "disruption-budget",
            DEPLOYMENT + BUDGET.replace("maxUnavailable: 1", never),
            "PodDisruptionBudget web",
            "staat van Deployment web geen enkele pod af, dus een node is niet leeg te maken",
        )
        for never in ("maxUnavailable: 0", "maxUnavailable: 0%", "minAvailable: 2", "minAvailable: 51%")
    ),
    (
        "disruption-budget",
        DEPLOYMENT.replace("replicas: 2", "replicas: 1") + BUDGET.replace("maxUnavailable: 1", "minAvailable: 1"),
        "PodDisruptionBudget web",
        "staat van Deployment web geen enkele pod af, dus een node is niet leeg te maken",
    ),
    *(
        (
            "spread",
            DEPLOYMENT.replace("topology.kubernetes.io/zone", key),
            "Deployment web",
            "geen topologySpreadConstraints of podAntiAffinity over nodes of zones",
        )
        for key in ("kubernetes.io/arch", "''")
    ),
    *(
        (
            "service-account-token",
            objects,
            "Pod pod",
            "krijgt het token van ServiceAccount 'account', dat geen enkele rol heeft",
        )
        for objects in (
            POD,
            POD + ACCOUNT.replace("false", "true"),
            POD + ROLE.replace("name: account", "name: other"),
            POD + ROLE.replace("name: account", "name: account, namespace: elsewhere"),
        )
    ),
    ("rbac-wildcard", ROLE.replace("[get]", "['*']"), "Role reader", "heeft * in verbs"),
    ("rbac-wildcard", ROLE.replace("[pods, pods/log]", "['*']"), "Role reader", "heeft * in resources"),
    (
        "rbac-cluster-admin",
        ROLE.replace("kind: Role, name: reader", "kind: ClusterRole, name: cluster-admin"),
        "RoleBinding reader",
        "geeft cluster-admin weg",
    ),
    ("no-plain-secrets", PLAIN, "Secret secret", "staat leesbaar in de repository"),
    (
        "no-secret-values",
        POD.replace('value: ""', "value: hunter2"),
        "Pod pod",
        "container web heeft TOKEN als gewone waarde",
    ),
    (
        "no-secret-values",
        PLAIN.replace("Secret\n", "ConfigMap\n").replace("stringData", "data"),
        "ConfigMap secret",
        "krijgt van Helm een waarde voor password",
    ),
    (
        "network-default-deny",
        POD,
        f"Namespace {NAMESPACE}",
        "laat al het inkomend en uitgaand verkeer toe",
    ),
    (
        "network-default-deny",
        POD + CLOSED.replace("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress, Egress], egress: [{}]"),
        f"Namespace {NAMESPACE}",
        "laat al het uitgaand verkeer toe",
    ),
    (
        "network-default-deny",
        POD + POLICY,
        f"Namespace {NAMESPACE}",
        "laat al het inkomend en uitgaand verkeer toe",
    ),
    ("network-policy-selects", POD + POLICY, "NetworkPolicy closed", "geldt voor geen enkele pod in haar namespace"),
    (
        "network-policy-selects",
        DEPLOYMENT + POLICY.replace("name: closed", "name: closed, namespace: elsewhere"),
        "NetworkPolicy closed",
        "geldt voor geen enkele pod in haar namespace",
    ),
    (
        "no-host-network",
        POD.replace("spec:", "spec:\n  hostNetwork: true", 1),
        "Pod pod",
        "gebruikt het netwerk van de node",
    ),
    (
        "no-host-network",
        POD.replace("name: web", "name: web\n      ports: [{containerPort: 80, hostPort: 80}]"),
        "Pod pod",
        "gebruikt een poort van de node",
    ),
    ("service-exposure", SERVICE.replace("ClusterIP", "NodePort"), "Service web", "is een NodePort"),
    ("service-exposure", SERVICE.replace("ClusterIP", "LoadBalancer"), "Service web", "is een LoadBalancer"),
    ("ingress-tls", INGRESS.replace("tls:", "x:"), "Ingress web", "heeft geen spec.tls"),
    (
        "ingress-tls",
        INGRESS.replace("[bergen.nl]", "[api.bergen.nl]"),
        "Ingress web",
        "niet elke host staat in spec.tls",
    ),
    (
        "ingress-tls",
        INGRESS.replace(ISSUER, ""),
        "Ingress web",
        "heeft een certificaat dat cert-manager niet maakt",
    ),
    ("ingress-tls", ROUTE.replace(", sectionName: https", ""), "HTTPRoute web", "hangt ook aan listeners zonder HTTPS"),
    (
        "ingress-tls",
        ROUTE + LISTENERS.replace(ISSUER, ""),
        "ListenerSet web",
        "heeft een certificaat dat cert-manager niet maakt",
    ),
    (
        "security-headers",
        ROUTE.replace("Strict-Transport-Security", "X-Frame-Options"),
        "HTTPRoute web",
        "geen filter laat de Gateway HSTS sturen",
    ),
    (
        "https-redirect",
        annotated(INGRESS, 'nginx.ingress.kubernetes.io/ssl-redirect: "false"'),
        "Ingress web",
        "stuurt HTTP niet door naar HTTPS",
    ),
    ("https-redirect", annotated(TRAEFIK, MIDDLEWARES) + MIDDLEWARE, "Ingress web", "stuurt HTTP niet door naar HTTPS"),
    (
        "security-headers",
        annotated(INGRESS, CUSTOM_HEADERS),
        "Ingress web",
        "geen object laat de ingress X-Content-Type-Options sturen",
    ),
    (
        "security-headers",
        TRAEFIK + MIDDLEWARE,
        "Ingress web",
        "geen object laat de ingress HSTS en X-Content-Type-Options sturen",
    ),
    (
        "volumes-dynamic",
        POD.replace("persistentVolumeClaim: {claimName: data}", "hostPath: {path: /data}"),
        "Pod pod",
        "volume data (hostPath)",
    ),
    ("volumes-dynamic", CLAIM.replace("VolumeClaim", "Volume"), "PersistentVolume data", "is een vast volume"),
    *(
        ("volume-classes", objects, title, message)
        for objects, title, message in (
            (
                CLAIM.replace("files", "disk"),
                "PersistentVolumeClaim data",
                f"vraagt ReadWriteMany van klasse disk, {SHARED}",
            ),
            (
                CLAIM.replace(", storageClassName: files", ""),
                "PersistentVolumeClaim data",
                f"vraagt ReadWriteMany van de standaardklasse, {SHARED}",
            ),
            (
                CLAIM.replace("files", '""'),
                "PersistentVolumeClaim data",
                "vraagt een vast volume (storageClassName is leeg)",
            ),
            (
                SET.replace("[ReadWriteOnce]", "[ReadOnlyMany]"),
                "StatefulSet store",
                "vraagt ReadOnlyMany, en dat hoeft een Haven-cluster niet te hebben",
            ),
            (
                SET.replace("[ReadWriteOnce]", "[ReadWriteOnce], storageClassName: gold"),
                "StatefulSet store",
                "vraagt ReadWriteOnce van klasse gold, en die staat niet in 'cluster.storageClasses.readWriteOnce'",
            ),
        )
    ),
    (
        "backup-database",
        BACKUP.replace("KIND", "media"),
        "",
        "de database staat in het cluster, en geen CronJob maakt er kopieën van",
    ),
    (
        "backup-media",
        BACKUP.replace("KIND", "database"),
        "",
        "de foto's staan op een volume, en geen CronJob maakt er kopieën van",
    ),
    (
        "backup-media",
        BACKUP.replace("KIND", "media").replace("spec: {", "spec: {suspend: true, "),
        "CronJob backup",
        "staat stil",
    ),
    (
        "metrics",
        MONITOR.replace("name: web", "name: web, namespace: elsewhere") + PROMETHEUS,
        "",
        "geen ServiceMonitor of PodMonitor kijkt in de namespace van Signalen",
    ),
    ("logs", POD + ROLE.replace(", pods/log", ""), "", "niets verzamelt de logs van de containers"),
    (
        "api-versions",
        INGRESS.replace("networking.k8s.io/v1", "networking.k8s.io/v1beta1"),
        "Ingress web",
        "Kubernetes 1.34 kent networking.k8s.io/v1beta1 niet",
    ),
    (
        "api-versions",
        INGRESS.replace("networking.k8s.io/v1", "networking.k8s.io/v9"),
        "Ingress web",
        "Kubernetes 1.34 kent networking.k8s.io/v9 niet",
    ),
    ("portable-kinds", THING, "Thing thing", "is van example.nl, en dat heeft niet elk cluster"),
]


def scene(text: str, component: str = "backend", **more: Any) -> Scene:
    """Return an environment with these objects, and with more settings."""
    objects = [Object("acceptance", component, "x.yaml", data) for data in load_all(text)]
    return Scene(cluster(objects, CONTEXT), merge(SETTINGS, more))


def seen(point: str, text: str, **more: Any) -> Seen:
    # A Secret of the rendered tree itself is the one that nothing made.
    component = "" if point == "no-plain-secrets" else "backend"
    return POINTS[point].look(scene(text, component, **more))


def nothing(found: Seen) -> bool:
    return (found.count, list(found.gaps), found.note) == (0, [], "")


def test_every_point_has_a_test_where_it_is_met_and_one_where_it_is_not() -> None:
    assert {point for point, _ in MET} == set(IDS)
    assert {point for point, _, _, _ in NOT_MET} == set(IDS)
    assert len(IDS) == len(set(IDS))


@pytest.mark.parametrize(("point", "objects"), MET)
def test_met(point: str, objects: str) -> None:
    found = seen(point, objects)
    assert found.count > 0
    assert list(found.gaps) == []


@pytest.mark.parametrize(("point", "objects", "title", "message"), NOT_MET)
def test_not_met(point: str, objects: str, title: str, message: str) -> None:
    assert [(gap.title, gap.message) for gap in seen(point, objects).gaps] == [(title, message)]


@pytest.mark.parametrize(
    "point",
    [*(name for name in IDS if name not in ("backup-database", "backup-media", "logs", "metrics"))],
)
def test_nothing_to_look_at(point: str) -> None:
    assert nothing(seen(point, ""))


@pytest.mark.parametrize(
    ("point", "more", "note"),
    [
        ("backup-database", {"database": {"provider": "managed"}}, "de database draait buiten het cluster"),
        ("backup-media", {"storage": {"provider": "azure"}}, "de foto's staan in objectopslag"),
        ("metrics", {}, "er is geen Prometheus"),
    ],
)
def test_what_is_done_elsewhere(point: str, more: dict[str, Any], note: str) -> None:
    found = seen(point, POD, **more)
    assert (found.count, list(found.gaps)) == (0, [])
    assert found.note.startswith(note)


def test_what_the_cluster_has_already() -> None:
    shared = {"cluster": {"stacks": {"metrics": True, "logs": True}}}
    assert seen("logs", POD, **shared).count == 1
    assert seen("metrics", MONITOR, **shared) == Seen(1, [], "de Prometheus van het cluster")
    assert [gap.title for gap in seen("metrics", POD, **shared).gaps] == [""]


def test_an_ingress_controller_whose_annotations_are_not_known() -> None:
    for point in ("https-redirect", "security-headers"):
        found = seen(point, INGRESS.replace("nginx", "haproxy"))
        assert (found.count, list(found.gaps)) == (0, [])
        assert found.note == "van 1 Ingress-objecten is het niet te zien: een andere ingress controller"
        assert seen(point, INGRESS.replace("nginx", "intern"), cluster={"ingressController": "nginx"}).count == 1


def test_a_workload_that_is_switched_off_counts_for_nothing() -> None:
    assert nothing(seen("replicas", DEPLOYMENT.replace("replicas: 2", "replicas: 0")))


def test_a_gap_says_where_it_is() -> None:
    (gap,) = seen("resources", POD.replace("limits: {memory: 1Mi}", "limits: {}")).gaps
    assert (gap.api_version, gap.kind, gap.namespace, gap.name) == ("v1", "Pod", NAMESPACE, "pod")
    assert (gap.component, gap.source, gap.paths) == ("backend", "x.yaml", ("spec.containers[0].resources",))


def test_a_secret_that_helm_makes_is_a_value_too() -> None:
    (gap,) = seen(
        "no-secret-values", PLAIN.replace("stringData: {", "data: {ca.crt: eA==, ").replace("hunter2", "aHVudA==")
    ).gaps
    assert gap.message == "krijgt van Helm een waarde voor password"
    assert gap.paths == ("data.password",)
    assert "aHVudA" not in repr(gap)


@pytest.mark.parametrize("point", POINTS.values(), ids=lambda point: point.id)
def test_no_text_is_in_english(point: Point) -> None:
    for word in ("the", "and", "with", "every"):
        assert f" {word} " not in f" {point.title} {point.todo} "


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_objects_may_hold_anything(data: st.DataObject) -> None:
    objects = good()
    index = data.draw(st.integers(0, len(objects) - 1))
    obj = objects[index]
    path = data.draw(st.sampled_from(places(obj.data)[1:]))
    objects[index] = Object(obj.environment, obj.component, obj.source, put(obj.data, path, data.draw(VALUES)))
    for point in POINTS.values():
        found = point.look(Scene(cluster(objects, CONTEXT), SETTINGS))
        assert all(gap.message for gap in found.gaps)
