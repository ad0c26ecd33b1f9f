"""A form on its way: rendered, through Helm, to the objects of each environment. `verify` and `haven` look at these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.places import Place, dotted
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, has_errors, ordered
from signalen_toolkit.documents.machine import shared
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.config import Environment, build
from signalen_toolkit.form.fleet import read_form
from signalen_toolkit.form.model import Form, read_assets
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.errors import HelmError
from signalen_toolkit.helm.model import ChartReference, HelmRelease
from signalen_toolkit.helm.options import Options
from signalen_toolkit.helm.rendered_tree import manifests, releases
from signalen_toolkit.helm.renderer import Renderer, renderer
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.kubernetes_versions import versions_of
from signalen_toolkit.verify import own_objects


@dataclass(frozen=True, slots=True)
class Work:
    """What was rendered of a form, and its releases, which are being rendered by Helm.

    `own` are the objects that the repository itself has for each environment, and what is wrong with their files.
    """

    tree: Mapping[str, str]
    releases: Sequence[HelmRelease]
    renderer: Renderer
    locked: Mapping[ChartReference, str]
    own: Mapping[str, tuple[Sequence[Object], Sequence[Problem]]]


@dataclass(frozen=True, slots=True)
class Made:
    """The objects of one environment, the Helm values of its components, and what Helm could not render."""

    objects: Sequence[Object]
    values: Mapping[str, Mapping[str, Any]]
    problems: Sequence[Problem]


@contextmanager
def started(
    repository: Path,
    charts: Catalog,
    options: Options,
    report: Callable[[str], object] = lambda _: None,
    *,
    locked: bool = False,
) -> Iterator[tuple[Form, Work | None, list[Problem]]]:
    """Start Helm on all releases of the form in a repository; there is no work where the problems have errors.

    With `locked`, a chart that is not in charts.lock is a problem.
    Whoever leaves the `with` statement, for whatever reason, stops every Helm that still runs.
    Raises UsageError where Helm or a chart is missing, ProblemsError for a charts.lock that cannot be read.
    """
    source = read_form(repository)
    with ExitStack() as stack:
        begun = _begin(source, repository, charts, options, report, stack, only_locked=locked)
        # Imported here, as are the checks on objects: it takes as long as Helm does, and Helm runs meanwhile.
        from signalen_toolkit.validation.check import check

        config, problems = check(source, charts, repository)
        form = Form(source, config, charts)
        if has_errors(problems):
            yield form, None, problems
            return
        work = begun()
        try:
            work.renderer.start(work.releases)
        except ProblemsError as error:
            yield form, None, ordered([*problems, *error.problems])
            return
        yield form, work, problems


def made(form: Form, environment: Environment, work: Work) -> Made:
    """Wait for the objects of one environment: those of the rendered tree, and those that Helm makes."""
    objects = [*manifests(work.tree, environment.name), *work.own[environment.name][0]]
    values: dict[str, Mapping[str, Any]] = {}
    problems = [*work.own[environment.name][1]]
    for release in work.releases:
        if release.environment != environment.name:
            continue
        component = next(one.name for one in environment.components if one.release_name == release.name)
        values[component] = shared(release.values)
        try:
            # Meanwhile Helm works on the next environment.
            objects += [replace(one, component=component) for one in work.renderer.objects(release)]
        except HelmError as error:
            problems += _refused(form, environment, release, component, error)
    return Made(objects, values, problems)


def _begin(
    source: Document,
    repository: Path,
    charts: Catalog,
    options: Options,
    report: Callable[[str], object],
    stack: ExitStack,
    *,
    only_locked: bool,
) -> Callable[[], Work]:
    """Start Helm on a form that may still turn out to be wrong, with the charts that are at hand.

    Returns what gives the work, or raises what went wrong: that counts only once the form is known to be right, for
    of a wrong form it says nothing that `check` does not say better. Leaving the stack stops Helm.
    """
    try:
        data = source.data or {}
        config = build(data, charts, read_assets(repository, data))
        form = Form(source, config, charts)
        own = {one.name: own_objects.read(repository, form, one) for one in config.environments}
        tree = render(config, charts)
        locked = lock.read_lock(repository)
        versions, default = versions_of(config)
        locks = lock.Locks(locked, only=only_locked)
        helm = stack.enter_context(renderer(options, versions, default_version=default, locks=locks, report=report))
        work = Work(tree, releases(tree, charts.release_formats), helm, locked, own)
        helm.begin(work.releases)
    except Exception as error:  # noqa: BLE001  # raised again below, where the form is right
        problem = error

        def fail() -> Work:
            raise problem

        return fail
    return lambda: work


def _refused(
    form: Form, environment: Environment, release: HelmRelease, component: str, error: HelmError
) -> Iterator[Problem]:
    """Tell why Helm made nothing of a release, at the setting that it is about."""
    where = f"{release.chart.name} {release.chart.version} in '{environment.name}'"
    if error.refusals:
        for refusal in error.refusals:
            message = f"the chart {where} refuses '{refusal.path}': {refusal.reason}"
            yield _at_value(form, environment, component, "helm-values", message, refusal.place)
        return
    line = f":{error.line}" if error.line else ""
    template = f" ({error.template}{line})" if error.template else ""
    message = f"Helm cannot render the chart {where}: {error.message}{template}"
    yield _at_value(form, environment, component, "helm-template", message, error.place)


def _at_value(form: Form, environment: Environment, component: str, rule: str, message: str, inside: Place) -> Problem:
    """Make a problem of a Helm value: at the override that sets it, else at the environment."""
    path: Place = ("overrides", component, *inside)
    while len(path) > 2 and not form.given(environment, *path):
        path = path[:-1]
    own = len(path) > 2 or (not inside and form.given(environment, *path))
    if own:
        hint = f"change '{dotted(path)}'"
        return form.problem(rule, message, environment, *path, at="key", hint=hint)
    place = ("environments", environment.name)
    return form.document.problem(rule, message, place, at="key")
