"""What finds pods by their labels, and finds none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.documents.data import Map, mapping, maps, place, text, texts
from signalen_toolkit.kubernetes.cluster import Cluster, Pod
from signalen_toolkit.kubernetes.model import Finding, Object

REASONS: Final[Mapping[str, str]] = {
    "selector-without-pods": "what selects no pods does nothing: no traffic, no protection, no measurements",
}

_RULE: Final = "selector-without-pods"
# What selects among the pods of its namespace: the place of the selector, and how bad it is if it finds none.
_PODS: Final[Mapping[tuple[str, str], tuple[str, Severity]]] = {
    ("policy", "PodDisruptionBudget"): ("selector", Severity.WARNING),
    ("networking.k8s.io", "NetworkPolicy"): ("podSelector", Severity.WARNING),
    ("monitoring.coreos.com", "PodMonitor"): ("selector", Severity.WARNING),
    ("monitoring.coreos.com", "ServiceMonitor"): ("selector", Severity.WARNING),
}

# Labels of pods that another program makes, with the value where others have such a label, too: cert-manager while it
# asks for a certificate; what runs a Gateway; the operators of CloudNativePG, Elastic and RabbitMQ.
_PASSING: Final[Mapping[str, str]] = {
    "acme.cert-manager.io/http01-solver": "",
    "gateway.networking.k8s.io/gateway-name": "",
    "cnpg.io/cluster": "",
    "elasticsearch.k8s.elastic.co/cluster-name": "",
    "app.kubernetes.io/part-of": "rabbitmq",
}


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report Services, workloads, disruption budgets, network policies and monitors that select nothing.

    Only in the namespaces of the environment: what runs in another one is not all known here.
    """
    for obj in cluster.of_kind("", "Service"):
        selector = mapping(obj.data, "spec", "selector")
        if selector and cluster.context.owns(cluster.namespace(obj)) and not selected(cluster, obj):
            hint = f"no pod of this environment has the labels {_shown(selector)}"
            yield Finding(_RULE, "the Service sends its traffic to no pod", obj, "spec.selector", hint)
    for pod in cluster.pods:
        if pod.runs_always:
            yield from _own(pod)
    for (group, kind), (field, severity) in _PODS.items():
        for obj in cluster.of_kind(group, kind):
            selector = mapping(obj.data, "spec", field)
            places = _looks_in(obj, cluster)
            if is_empty(selector) or is_passing(selector) or not all(cluster.context.owns(name) for name in places):
                continue
            what = "Service" if kind == "ServiceMonitor" else "pod"
            if not any(fits(selector, labels) for labels in _candidates(cluster, kind, places)):
                message = f"the {kind} selects no {what}"
                hint = f"no {what} of this environment has such labels"
                yield Finding(_RULE, message, obj, place("spec", field), hint, severity)


def selected(cluster: Cluster, service: Object) -> list[Pod]:
    """Return the pods to which a Service sends its traffic."""
    selector, namespace = mapping(service.data, "spec", "selector"), cluster.namespace(service)
    return [pod for pod in cluster.pods if selector and pod.namespace == namespace and _has(pod.labels, selector)]


def fits(selector: Map, labels: Map) -> bool:
    """Tell whether labels fit a selector with matchLabels and matchExpressions."""
    expressions = (expression for _, expression in maps(selector, "matchExpressions"))
    return _has(labels, mapping(selector, "matchLabels")) and all(_holds(one, labels) for one in expressions)


def is_empty(selector: Map) -> bool:
    """Tell whether a selector asks for nothing, and so takes all."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def is_passing(selector: Map) -> bool:
    """Tell whether a selector is for pods that come and go, or are an operator's, made by no object of our own."""
    wanted = mapping(selector, "matchLabels")
    return any(key in wanted and value in ("", wanted[key]) for key, value in _PASSING.items())


def _holds(expression: Map, labels: Map) -> bool:
    key, values = text(expression, "key"), texts(expression, "values")
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return True  # the schema, or the cluster, refuses it


def _own(pod: Pod) -> Iterator[Finding]:
    selector = mapping(pod.object.data, "spec", "selector")
    if not is_empty(selector) and not fits(selector, pod.labels):
        message = f"the {pod.object.kind} does not select the pods that it makes itself"
        hint = "the labels in its selector and in its template must be the same"
        yield Finding(_RULE, message, pod.object, "spec.selector", hint)


def _candidates(cluster: Cluster, kind: str, places: Sequence[str]) -> Iterator[Map]:
    if kind == "ServiceMonitor":
        for service in cluster.of_kind("", "Service"):
            if cluster.namespace(service) in places:
                yield mapping(service.data, "metadata", "labels")
    else:
        yield from (pod.labels for pod in cluster.pods if pod.namespace in places)


def _looks_in(obj: Object, cluster: Cluster) -> list[str]:
    """Return the namespaces in which an object selects; one without a name is any."""
    elsewhere = mapping(obj.data, "spec", "namespaceSelector")
    if elsewhere.get("any"):
        return [""]
    return texts(elsewhere, "matchNames") or [cluster.namespace(obj)]


def _has(labels: Map, wanted: Map) -> bool:
    return all(key in labels and labels[key] == value for key, value in wanted.items())


def _shown(selector: Mapping[Any, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in selector.items())
