"""Monitoring: what is measured and logged, where that is kept, and whether anybody sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

# Stacks that a cluster may have already: our component for the same, and what happens with both.
_STACKS: Final = (
    ("metrics", "prometheus", "two operators of Prometheus undo each other's work", Severity.ERROR),
    ("logs", "loki", "all logs would be kept twice", Severity.WARNING),
    ("dashboards", "grafana", "there would be two places to look", Severity.WARNING),
    ("mesh", "linkerd-control-plane", "a cluster has one Linkerd, and a pod one proxy", Severity.ERROR),
)


@rule("stack-twice", "what the cluster has already is in the way of another one, or makes it superfluous")
def stack_twice(form: Form) -> Iterator[Problem]:
    """Reports Prometheus or Linkerd where the cluster has one, and warns of Loki or Grafana where it has those."""
    for environment in form.config.environments:
        stacks = environment.settings["cluster"]["stacks"]
        for stack, component, why, severity in _STACKS:
            if stacks[stack] and component in environment.enabled:
                yield _problem(
                    form,
                    "stack-twice",
                    f"the cluster has this already, by 'cluster.stacks.{stack}': {why}",
                    environment,
                    component,
                    f"switch {component} off, or remove 'cluster.stacks.{stack}'",
                    severity,
                )


@rule("logs-volume", "a volume is for one pod, and parts that scale have to share what they keep")
def logs_volume(form: Form) -> Iterator[Problem]:
    """Reports a Loki of parts that each scale, with its logs on a volume."""
    for environment in form.config.environments:
        logs = environment.settings["logs"]
        if "loki" in environment.enabled and logs["mode"] == "scalable" and logs["provider"] == "volume":
            given = form.given(environment, "logs", "provider")
            yield form.problem(
                "logs-volume",
                "'logs.mode' is scalable, and the logs are on a volume",
                environment,
                "logs",
                "provider" if given else "mode",
                hint="fill in 'logs.s3' or 'logs.azure', or write single",
            )


@rule("logs-uncollected", "a store of logs that nobody fills stays empty")
def logs_uncollected(form: Form) -> Iterator[Problem]:
    """Warns of Loki without Alloy, which brings the logs to it."""
    for environment in form.config.environments:
        if "loki" in environment.enabled and "alloy" not in environment.enabled:
            message, hint = "nothing brings logs to Loki: alloy is off", "switch alloy on, or loki off"
            yield _problem(form, "logs-uncollected", message, environment, "loki", hint)


@rule("logs-unread", "logs that nobody can search take room, and are missing when something has happened")
def logs_unread(form: Form) -> Iterator[Problem]:
    """Warns of Loki without a Grafana in which its logs can be searched."""
    for environment in form.config.environments:
        if "loki" in environment.enabled and not _has_dashboards(environment):
            message, hint = "nothing shows the logs that Loki keeps: grafana is off", "switch grafana on, or loki off"
            yield _problem(form, "logs-unread", message, environment, "loki", hint)


@rule("nothing-to-show", "a Grafana without measurements and logs shows empty dashboards")
def nothing_to_show(form: Form) -> Iterator[Problem]:
    """Warns of Grafana without Prometheus and without Loki.

    Measurements of a Prometheus that the cluster has are shown by the Grafana that the cluster has.
    """
    for environment in form.config.environments:
        if "grafana" in environment.enabled and not environment.enabled & {"prometheus", "loki"}:
            message = "Grafana has nothing to show: prometheus and loki are off"
            hint = "switch one of them on, or grafana off"
            yield _problem(form, "nothing-to-show", message, environment, "grafana", hint)


@rule("alarm-unheard", "an alarm that nobody hears is none")
def alarm_unheard(form: Form) -> Iterator[Problem]:
    """Warns of Prometheus that tells nobody of an alarm, in production or where no Grafana shows it either."""
    for environment in form.config.environments:
        if "prometheus" not in environment.enabled or _is_told(environment):
            continue
        if environment.production or not _has_dashboards(environment):
            message = "nobody is told when an alarm of Prometheus goes off"
            hint = "fill in 'notifications': teams, slack or email"
            yield _problem(form, "alarm-unheard", message, environment, "prometheus", hint)


def _has_dashboards(environment: Environment) -> bool:
    return "grafana" in environment.enabled or environment.settings["cluster"]["stacks"]["dashboards"] is True


def _is_told(environment: Environment) -> bool:
    told = environment.settings["notifications"]
    return bool(told["teams"] or told["slack"].get("channel") or told["email"]["to"])


def _problem(
    form: Form,
    id_: str,
    message: str,
    environment: Environment,
    component: str,
    hint: str,
    severity: Severity = Severity.WARNING,
) -> Problem:
    """Make a problem of a component that is on."""
    place = ("components", component, "enabled")
    return form.problem(id_, message, environment, *place, hint=hint, severity=severity)
