"""`signalen resize`: larger volumes, which Kubernetes does not give by a change of the form alone.

The tree comes first, then the StatefulSet goes, without its pod: whoever makes it anew takes the larger size from the
tree. In the other order a tool that sets right what is missing would make it with the old size again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, UsageError
from signalen_toolkit.form import rendered
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import followed_branch
from signalen_toolkit.form.rendered import Rendered
from signalen_toolkit.form.volumes import Volume, volumes
from signalen_toolkit.git import revisions
from signalen_toolkit.kubernetes.quantity import amount
from signalen_toolkit.repository import change as revision
from signalen_toolkit.steps.standing import PUSH, StepTaken, todo

_RULE = "volume-resized"
Growth = list[tuple[Volume, str, str]]  # each volume, its size before and after


def resize(directory: Path, environment: str | None = None, *, charts: Catalog | None = None) -> StepTaken:
    """Render the larger volumes that the form asks for, and say what to do in the cluster.

    Repeated, it says the same again, as long as the last commit or the main branch has the smaller ones. Raises
    ProblemsError where the form has errors, a smaller volume among them; UsageError where nothing grows.
    """
    charts = charts or catalog()
    with alone(directory):
        form = revision.read(directory, charts)
        known = [form.environment(environment)] if environment else list(form.config.environments)
        before = _before(directory, known)
        grown = {one.name: (one, growth) for one in known if (growth := _growth(one, before.get(one.name)))}
        _require_no_shrinking(form.problems)
        if not grown:
            raise UsageError(
                "no volume is larger in the form than it was rendered: write the size in municipality.yaml"
                " (database.size, queue.size, search.size, storage.media.size, backup.database.size), then run this"
            )
        made = revision.revise(directory, form, charts, lambda text: text, lambda one: _is_named(one, [*grown]))
        changes = revision.put(made)
    lines = [line for one, growth in grown.values() for line in _said(one, growth)]
    summary = [revision.tree_summary(changes)] if changes else []
    left = tuple(one for one in made.after.problems if one.rule != _RULE)
    return StepTaken("\n".join([*summary, *lines]), left)


def _before(directory: Path, environments: list[Environment]) -> Mapping[str, Rendered]:
    """Return the facts of the disk, or else of the newest commit, that have smaller volumes than the form."""
    candidates = [rendered.on_disk(directory)]
    try:
        revisions.require(directory)
        commits = [revisions.revision(directory, "HEAD"), revisions.base(directory, followed_branch(directory))]
        candidates += [rendered.in_tree(revisions.files(directory, one.commit, CLUSTERS)) for one in commits]
    except UsageError:
        pass  # no Git, or no main branch: the disk says enough
    for facts in candidates:
        if any(_growth(one, facts.get(one.name)) for one in environments):
            return facts
    return {}


def _growth(environment: Environment, before: Rendered | None) -> Growth:
    if before is None or before.namespace != environment.namespace:
        return []
    found = []
    for volume, size in volumes(environment).items():
        was = before.sizes.get(".".join(volume.place), size)
        old, new = amount(was), amount(size)
        if old is not None and new is not None and new > old:
            found.append((volume, was, size))
    return found


def _require_no_shrinking(problems: tuple[Problem, ...]) -> None:
    smaller = [one for one in problems if one.rule == _RULE and "smaller" in one.message]
    if smaller:
        raise ProblemsError(smaller)


def _is_named(problem: Problem, names: list[str]) -> bool:
    return problem.rule == _RULE and any(f"'{name}'" in problem.message for name in names)


def _said(environment: Environment, growth: Growth) -> Iterator[str]:
    namespace = environment.namespace
    yield f"{environment.name}: " + ", ".join(f"{volume.holds} {was} → {size}" for volume, was, size in growth)
    classes = [
        f"in the cluster of {environment.name}, see that the storage class of each lets volumes grow:",
        *(f"$ kubectl get persistentvolumeclaim {volume.claim} --namespace {namespace}" for volume, _, _ in growth),
        "$ kubectl get storageclasses --output custom-columns=NAME:.metadata.name,GROWS:.allowVolumeExpansion",
    ]
    within = [(volume, size) for volume, _, size in growth if volume.stateful_set]
    yield from todo([classes, *_by_hand(environment, within)] if within else [classes, PUSH])


def _by_hand(environment: Environment, within: list[tuple[Volume, str]]) -> list[str | list[str]]:
    namespace = environment.namespace
    patch = '{{"spec":{{"resources":{{"requests":{{"storage":"{}"}}}}}}}}'
    title, automatic = environment.delivery.title, environment.settings["sync"]["automatic"]
    then = f"wait for {title}, a minute or two" if automatic else f"synchronise the backend in {title}"
    return [
        [
            "enlarge the claims that a StatefulSet made; it goes on running:",
            *(
                f"$ kubectl patch persistentvolumeclaim {volume.claim} --namespace {namespace} --type merge --patch"
                f" '{patch.format(size)}'"
                for volume, size in within
            ),
        ],
        PUSH,
        [
            "when the cluster has taken it, and says that a StatefulSet may not change, remove that and not its pod:",
            *(
                f"$ kubectl delete statefulset {volume.stateful_set} --namespace {namespace} --cascade=orphan"
                for volume, _ in within
            ),
        ],
        f"{then}: the StatefulSet is made anew, around the pod that still runs",
    ]
