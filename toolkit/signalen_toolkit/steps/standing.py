"""How far an environment is on a way of several steps: its form, its tree on disk, and the tree of the last commit.

A step is done once it is committed, so that whoever goes on from another machine finds the same. What a cluster has is
not asked: each step says how to see it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.catalog.model import Catalog, Delivery
from signalen_toolkit.diagnostics.problems import Problem, UsageError
from signalen_toolkit.form import rendered
from signalen_toolkit.form.rendered import SHAPE, Rendered
from signalen_toolkit.git import revisions
from signalen_toolkit.helm.rendered_tree import manifests
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.repository import change as revision
from signalen_toolkit.repository.change import Place, Side

# What a person is to type has it, so it is no option, and nothing to a shell.
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
PUSH = "commit all of it and have it merged: the cluster takes it from the branch that it follows"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """What a step did, and what a person has to do now; `problems` are the warnings that are left."""

    text: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """An environment: in the form, as it is rendered on disk, and in the last commit (none where it is not there)."""

    name: str
    form: Side
    disk: Rendered | None
    head: Rendered | None
    committed: Mapping[str, str]
    charts: Catalog

    @property
    def is_outdated(self) -> bool:
        """Tell whether a tree is of an older toolkit, whose objects cannot be paused."""
        return any(one is not None and one.shape < SHAPE for one in (self.disk, self.head))

    @property
    def is_paused(self) -> bool:
        """Tell whether the environment is paused in all three."""
        return self.form_is_paused and all(one is not None and one.paused for one in (self.disk, self.head))

    @property
    def form_is_paused(self) -> bool:
        """Tell whether the form says so."""
        return any(one.name == self.name and one.settings["sync"]["paused"] for one in self.form.config.environments)

    def tool(self, facts: Rendered) -> Delivery:
        """Return the delivery of a tree."""
        return self.charts.delivery(facts.delivery)


def standing(directory: Path, environment: str, charts: Catalog) -> Progress:
    """Read how far an environment is. Raises UsageError where there is no Git, or nobody knows the environment."""
    revisions.require(directory)
    head = revisions.revision(directory, "HEAD")
    files = revisions.files(directory, head.commit, CLUSTERS)
    form = revision.read(directory, charts)
    disk, committed = rendered.on_disk(directory).get(environment), rendered.in_tree(files).get(environment)
    if disk is None and committed is None:
        form.environment(environment)  # says which there are
    tree = {path: data.decode(errors="replace") for path, data in files.items()}
    return Progress(environment, form, disk, committed, tree, charts)


def taken(directory: Path, now: Progress, change: Callable[[str], str], said: Iterable[str]) -> StepTaken:
    """Make an edit and render, and say what is done and to do."""
    made = revision.revise(directory, now.form, now.charts, change)
    lines = list(said)
    changes = revision.put(made)
    done = ["changed municipality.yaml"] if made.diff else []
    done += [revision.tree_summary(changes)] if made.diff or changes else []
    left = (one for one in made.after.problems if one.rule != "sync-paused")  # which the step itself tells
    return StepTaken("\n".join([lines[0], *done, *lines[1:]]), tuple(left))


def renewal(now: Progress, command: str) -> Iterator[str]:
    """Say what comes before the first step where a tree is of an older toolkit."""
    yield f"Before the first step: {now.name} was rendered by an older toolkit, whose objects cannot be paused."
    yield from todo(
        [
            PUSH,
            [
                "when the cluster has taken it, bring the objects up to date that are applied by hand:",
                f"$ bootstrap/cluster.sh {now.name} --apply",
            ],
            f"take the first step: {command}",
        ]
    )


def paused(now: Progress) -> dict[Place, bool]:
    """Return the change of the form that pauses an environment."""
    return {("environments", now.name, "sync", "paused"): True}


def unpaused(now: Progress) -> tuple[list[Place], dict[Place, bool]]:
    """Return what to remove from the form, and what to set in it, so that an environment is no longer paused."""
    own: Place = ("environments", now.name, "sync", "paused")
    if now.form.document.node(("sync", "paused")) is not None:
        return [], {own: False}
    return [own], {}


def pause_shows(now: Progress, facts: Rendered) -> list[str]:
    """Say how to see in the cluster that an environment is paused."""
    lines = []
    for command, shows in now.tool(facts).handover.paused:
        lines += [f"$ {_filled(command, facts)}", f"it has to show {_filled(shows, facts)}"]
    return lines


def letting_go(now: Progress, facts: Rendered) -> list[str]:
    """Return the commands that take an environment out of the hands of its tool: by name, what the last commit has."""
    tool = now.tool(facts)
    first = f"{CLUSTERS}/{now.name}/{tool.bootstrap}/"
    try:
        objects = sorted(manifests(now.committed, now.name), key=lambda one: not one.source.startswith(first))
    except ValueError as error:
        raise UsageError(f"the last commit: {error}; run `signalen render`, and commit") from error
    return [
        f"$ kubectl delete {kind} {shlex.join(names)} --namespace {shlex.quote(namespace)} --ignore-not-found"
        for kind in tool.handover.objects
        for namespace, names in _by_namespace(objects, kind).items()
    ]


def leavings(delivery: Delivery, facts: Rendered, namespaces: Sequence[str]) -> list[str]:
    """Return the commands that tidy up after a tool that an environment has left."""
    return [
        f"$ {_filled(command.replace('{namespace}', shlex.quote(namespace)), facts)}"
        for command in delivery.handover.leaves
        for namespace in namespaces
    ]


def todo(steps: Sequence[str | Sequence[str]]) -> Iterator[str]:
    """Yield numbered things for a person to do; of several lines the first one is numbered."""
    yield ""
    yield "To do, in this order:"
    for number, step in enumerate(steps, 1):
        lines = [step] if isinstance(step, str) else list(step)
        yield f"  {number}. {lines[0]}"
        yield from (f"     {line}" for line in lines[1:])


def require_rendered(now: Progress) -> Rendered:
    """Return the facts of the tree on disk. Raises UsageError where the environment was never rendered."""
    if now.disk is None:
        raise UsageError(
            f"'{now.name}' was never rendered, so nothing of it runs: change the form, and run `signalen render`"
        )
    return now.disk


def _by_namespace(objects: Sequence[Object], kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in objects:
        if f"{_plural(one.kind)}.{group_of(one.api_version)}" == kind and one.name:
            if not (_NAME.fullmatch(one.name) and _NAME.fullmatch(one.namespace or "x")):
                raise UsageError(
                    f"{one.source} of the last commit has an object with a name that Kubernetes does not take"
                )
            found.setdefault(one.namespace, []).append(one.name)
    return found


def _plural(kind: str) -> str:
    """Return what Kubernetes calls the objects of a kind: `gitrepositories`."""
    word = kind.lower()
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _filled(text: str, facts: Rendered) -> str:
    places = {"{namespace}": facts.namespace, "{toolNamespace}": facts.tool_namespace}
    for name, value in places.items():
        text = text.replace(name, value)
    return text
