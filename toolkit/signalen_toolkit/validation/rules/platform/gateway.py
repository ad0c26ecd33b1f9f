"""A Gateway by which visitors come in, and what contradicts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at, mapping
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.overrides.overrides import once, overrides

# What is said of a Gateway that somebody else runs.
_OF_ANOTHER: Final = ("name", "namespace", "listener", "listeners", "listenerSet", "redirectFrom")
# What is said of an ingress controller, and what an Ingress alone has in the values of a chart.
_OF_CONTROLLER: Final = ("ingressClass", "ingressController")
_OF_INGRESS: Final = ("annotations", "className", "ingressClassName")


@rule("gateway", "requests come in by one way, and network policies let them in from one place")
def gateway(form: Form) -> Iterator[Problem]:
    """Reports a Gateway that is both an own and another one, or neither, and one of which nobody says where it runs."""
    for environment in form.config.environments:
        place = ("cluster", "gateway")
        if not form.given(environment, *place):
            continue
        if "class" in environment.settings["cluster"]["gateway"]:
            for key in _OF_ANOTHER:
                if form.given(environment, *place, key):
                    yield form.problem(
                        "gateway",
                        f"'{environment.name}' has a Gateway of its own, of this class, and '{key}' is of another one",
                        environment,
                        *place,
                        key,
                        hint="leave out 'class' for a Gateway that is there, or what is of another for one of its own",
                    )
        elif not environment.has_gateway:
            yield form.problem(
                "gateway",
                f"nothing says which Gateway '{environment.name}' uses",
                environment,
                *place,
                hint="give 'class' for a Gateway of its own, or the 'name' of one that is there",
            )
        yield from _of_pods(form, environment)


def _of_pods(form: Form, environment: Environment) -> Iterator[Problem]:
    """Report a Gateway of which nobody says where its pods are; that of the controller may say it, if there is none."""
    given = form.given(environment, "cluster", "gateway", "podsNamespace") or (
        not environment.has_ingress and form.given(environment, "cluster", "ingressNamespace")
    )
    if environment.has_gateway and environment.settings["network"]["policies"] and not given:
        yield form.problem(
            "gateway",
            f"nothing says where the pods of the Gateway of '{environment.name}' run, so no request gets in",
            environment,
            "cluster",
            "gateway",
            hint="give 'cluster.gateway.podsNamespace': that of the Gateway, or of the program behind its class",
        )


@rule("gateway-listener", "a route that is at the wrong listener answers nobody, or without HTTPS")
def gateway_listener(form: Form) -> Iterator[Problem]:
    """Reports listeners of the Gateway where the environment brings its own, and one that is sent on to itself."""
    for environment in form.config.environments:
        gateway = environment.settings["cluster"]["gateway"]
        if "class" in gateway:
            continue
        if gateway["listenerSet"]:
            for key in ("listener", "listeners"):
                if form.given(environment, "cluster", "gateway", key):
                    yield form.problem(
                        "gateway-listener",
                        f"'{key}' names a listener of the Gateway, and with 'listenerSet' the environment has its own",
                        environment,
                        "cluster",
                        "gateway",
                        key,
                        hint="remove one of the two",
                    )
        elif gateway.get("redirectFrom") in (gateway["listener"], *gateway["listeners"].values()):
            yield form.problem(
                "gateway-listener",
                f"'{gateway['redirectFrom']}' is the listener for HTTPS: it would be sent on to itself, for ever",
                environment,
                "cluster",
                "gateway",
                "redirectFrom",
                hint="name the listener for plain HTTP",
            )


@rule("gateway-and-ingress", "one of the two answers, and whoever set the other believes that it does")
def gateway_and_ingress(form: Form) -> Iterator[Problem]:
    """Reports an Ingress, or its controller, beside a Gateway, and warns of settings of an Ingress that is not there.

    While DNS goes over from one to the other, `cluster.gateway.keepIngress` has both.
    """
    yield from once(_of_controllers(form))
    yield from once(_of_overrides(form))


def _of_controllers(form: Form) -> Iterator[Problem]:
    without = [environment for environment in form.config.environments if not environment.has_ingress]
    for environment in without:
        for key in _OF_CONTROLLER:
            place: Place = ("environments", environment.name, "cluster", key)
            if form.document.node(place) is None:
                place = ("cluster", key)
                if len(without) < len(form.config.environments):
                    continue  # it is there for the others
            if form.document.node(place) is not None:
                yield form.document.problem(
                    "gateway-and-ingress",
                    f"'{key}' has no effect: visitors of '{environment.name}' come in by a Gateway",
                    place,
                    hint="remove it, or write 'cluster.gateway.keepIngress: true' while both are there",
                )


def _of_overrides(form: Form) -> Iterator[Problem]:
    for environment, component, place in overrides(form):
        if environment.has_ingress or component.host is None:
            continue
        ingress = mapping(form.document.data, *place, "ingress")
        if at(ingress, "enabled") is True:
            yield form.document.problem(
                "gateway-and-ingress",
                f"the Ingress of {component.name} would answer beside its route, in '{environment.name}'",
                (*place, "ingress", "enabled"),
                hint="remove it, or write 'cluster.gateway.keepIngress: true' while both are there",
            )
        is_for_others = place[0] == "overrides" and any(one.has_ingress for one in form.config.environments)
        for key in _OF_INGRESS:
            if ingress.get(key) and not is_for_others:
                yield _without_effect(form, environment, (*place, "ingress", key))


def _without_effect(form: Form, environment: Environment, place: Place) -> Problem:
    return form.document.problem(
        "gateway-and-ingress",
        f"'{place[-1]}' is for an Ingress, and '{environment.name}' has a route instead",
        place,
        hint="remove it; what a Gateway does in its stead is in docs/gateway.md",
        severity=Severity.WARNING,
    )
