"""`signalen handover`: an environment goes to another tool, or to another namespace of its tool, and keeps running.

A tool removes what it no longer has to make. So the old one may never hear that the environment is no longer its own
while it may still remove: it is paused first, a person lets go of it while it is, and only then the other one takes
over. Whatever is forgotten on the way, the environment runs on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalen_toolkit.base.files import alone
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog, Delivery
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.documents import edit, reader
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.rendered import Rendered
from signalen_toolkit.repository.change import Place, Side
from signalen_toolkit.steps import standing
from signalen_toolkit.steps.standing import PUSH, Progress, StepTaken, taken, todo


@dataclass(frozen=True, slots=True)
class _Target:
    """Where an environment is to go, and how that is asked for."""

    delivery: Delivery
    namespace: str
    command: str

    def has(self, facts: Rendered | None) -> bool:
        return facts is not None and (facts.delivery, facts.tool_namespace) == (self.delivery.name, self.namespace)

    def is_in(self, environment: Environment) -> bool:
        there = (environment.delivery.name, environment.settings["sync"]["namespace"])
        return there == (self.delivery.name, self.namespace)


def handover(
    directory: Path,
    environment: str,
    *,
    delivery: str | None = None,
    sync_namespace: str | None = None,
    charts: Catalog | None = None,
) -> StepTaken:
    """Take the next step of handing over an environment; repeated before that is committed, it says the same again.

    Raises ProblemsError where the form has errors or cannot be changed safely, UsageError for wrong use; then nothing
    is written.
    """
    charts = charts or catalog()
    if not delivery and not sync_namespace:
        raise UsageError("say where the environment is to go: --delivery or --sync-namespace")
    with alone(directory):
        now = standing.standing(directory, environment, charts)
        facts = standing.require_rendered(now)
        target = _target(now, facts, delivery, sync_namespace)
        return _next(directory, now, facts, target)


def _target(now: Progress, facts: Rendered, delivery: str | None, namespace: str | None) -> _Target:
    known = now.charts.deliveries
    if delivery and delivery not in known:
        hint = did_you_mean(delivery, [*known]) or f"known are {', '.join(known)}"
        raise UsageError(f"there is no delivery '{delivery}'; {hint}")
    tool = known[delivery] if delivery else now.tool(facts)
    options = (f" --delivery {delivery}" if delivery else "") + (f" --sync-namespace {namespace}" if namespace else "")
    same = tool.name == facts.delivery
    goes = namespace or (facts.tool_namespace if same else tool.namespace)
    return _Target(tool, goes, f"signalen handover {now.name}{options}")


def _next(directory: Path, now: Progress, facts: Rendered, target: _Target) -> StepTaken:
    if target.has(facts) and not facts.paused:
        return _arrived(now, facts, target)
    if now.is_outdated:
        return taken(directory, now, lambda text: text, standing.renewal(now, target.command))
    if target.has(facts) and target.has(now.head):
        return taken(directory, now, lambda text: _switched(text, now, target), _called_off(now))
    if not now.is_paused:
        pause = standing.paused(now)
        return taken(directory, now, lambda text: edit.set_values(text, pause), _pausing(now, facts, target))
    return taken(directory, now, lambda text: _switched(text, now, target), _switching(now, target))


def _pausing(now: Progress, facts: Rendered, target: _Target) -> Iterator[str]:
    title = now.tool(facts).title
    yield f"Step 1 of 3, pause: {title} still follows the repository, and neither changes nor removes {now.name}."
    yield from todo(
        [
            *_there(facts, target),
            PUSH,
            ["wait until the environment is paused in the cluster:", *standing.pause_shows(now, facts)],
            f"take the next step: {target.command}",
        ]
    )


def _there(facts: Rendered, target: _Target) -> Iterator[list[str]]:
    """Say how to see that a tool has moved itself: another one is installed by bootstrap/cluster.sh where it is not."""
    tool = target.delivery
    if tool.name == facts.delivery and tool.in_cluster:
        label = f"app.kubernetes.io/part-of={tool.in_cluster.part_of}"
        yield [
            f"see that {tool.title} itself runs in namespace {target.namespace}; if nothing shows, go no further:",
            f"$ kubectl get deployments --namespace {target.namespace} --selector {label}",
        ]


def _switching(now: Progress, target: _Target) -> Iterator[str]:
    old = now.head
    if old is None:
        raise UsageError(f"'{now.name}' is in no commit yet: commit it first")
    title = now.tool(old).title
    yield f"Step 2 of 3, take over: {now.name} leaves {title} and goes to {_place(target)}."
    yield from todo(
        [
            ["see once more that it is paused; if it is not, go no further:", *standing.pause_shows(now, old)],
            [f"let go: {title} forgets the environment, and all that runs stays", *standing.letting_go(now, old)],
            PUSH,
            [
                f"connect {target.delivery.title}, which takes over what is there:",
                f"$ bootstrap/cluster.sh {now.name} --apply",
                "if it refuses, all still runs: revert this commit, and hand over to where the environment was",
            ],
            f"when all is in order, see what is left to tidy up: {target.command}",
        ]
    )


def _arrived(now: Progress, facts: Rendered, target: _Target) -> StepTaken:
    """Say what is left where the tree is that of the target."""
    if now.head is not None and now.head.paused:
        again = _called_off(now) if target.has(now.head) else _switching(now, target)
        return StepTaken("\n".join(again))
    if not target.has(now.head):
        raise UsageError(
            f"clusters/{now.name} has left {now.tool(now.head).title if now.head else 'nothing'} without a pause: take"
            f" back what is not committed (municipality.yaml and clusters/), and run {target.command}"
        )
    environment = now.form.environment(now.name)
    namespaces = sorted({now.disk.namespace if now.disk else "", *_namespaces(environment)} - {""})
    others = [one for one in now.charts.deliveries.values() if one.name != target.delivery.name]
    lines = [f"Step 3 of 3, tidy up: {now.name} is with {_place(target)}."]
    steps: list[str | list[str]] = [["see that all runs:", f"$ {_watch(environment)}"]]
    steps += [
        [f"remove what {other.title} left, if the environment came from there:", *commands]
        for other in others
        if (commands := standing.leavings(other, facts, namespaces))
    ]
    steps.append(
        "remove from the namespace of the old tool what it alone read, if no other environment uses it: the Secret with"
        " its key to the repository, and the one with the age key"
    )
    return StepTaken("\n".join([*lines, *todo(steps)]))


def _called_off(now: Progress) -> list[str]:
    again = [
        "where its tool has let go of it already, connect it once more:",
        f"$ bootstrap/cluster.sh {now.name} --apply",
    ]
    return [f"Called off: {now.name} stays where it is, and is no longer paused.", *todo([PUSH, again])]


def _switched(text: str, now: Progress, target: _Target) -> str:
    """Return the form with the environment where it is to be, and not paused."""
    gone, values = standing.unpaused(now)
    removed, given = _namespace(now.form, now.name, target)
    changes: dict[Place, Any] = {**values, **given}
    if now.form.environment(now.name).delivery.name != target.delivery.name:
        changes[_delivery_place(now.form, now.name)] = target.delivery.name
    text = edit.remove(edit.set_values(text, changes), [*gone, *removed])
    section: Place = ("environments", now.name, "sync")
    return edit.remove(text, [section]) if _is_empty(text, section) else text


def _delivery_place(form: Side, name: str) -> Place:
    own: Place = ("environments", name, "delivery")
    alone_in_form = len(form.config.environments) == 1 and "delivery" in form.document.data
    return ("delivery",) if alone_in_form and form.document.node(own) is None else own


def _namespace(form: Side, name: str, target: _Target) -> tuple[list[Place], dict[Place, str]]:
    """Return what to remove and to set so that the tool is looked for where it runs."""
    own: Place = ("environments", name, "sync", "namespace")
    at_top = form.document.node(("sync", "namespace")) is not None
    if target.namespace == target.delivery.namespace and not at_top:
        return [own], {}
    return [], {own: target.namespace}


def _is_empty(text: str, place: Place) -> bool:
    node = reader.parse(text, "").node(place)
    return node is not None and node.data == {}


def _namespaces(environment: Environment) -> Iterator[str]:
    return (environment.namespaces[component.name] for component in environment.components)


def _watch(environment: Environment) -> str:
    command = environment.delivery.watch.replace("{namespace}", environment.namespace)
    return command.replace("{toolNamespace}", str(environment.settings["sync"]["namespace"]))


def _place(target: _Target) -> str:
    return f"{target.delivery.title} in namespace {target.namespace}"
