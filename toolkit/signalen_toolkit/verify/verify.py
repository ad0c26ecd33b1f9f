"""`signalen verify`: every release through Helm with its chart, every object against what Kubernetes accepts.

What is verified is what would be rendered from the form now; whether `clusters/` on disk is that, is for
`signalen render --check`. Nothing here reaches a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import Problem, has_errors, ordered
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.helm.charts import lock
from signalen_toolkit.helm.options import Options
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.validation import ignore
from signalen_toolkit.verify.context import context_of
from signalen_toolkit.verify.pipeline import Work, made, started


def reasons() -> dict[str, str]:
    """Return why each kind of problem that only `verify` finds is one, by rule id."""
    from signalen_toolkit.verify import checks, own_objects

    return {
        lock.RULE: "a version that is published again with other content is not what was reviewed",
        lock.NOT_LOCKED: "whoever is first to fetch a chart would decide which one is meant",
        "helm-template": "what Helm cannot render is not installed",
        "helm-values": "a value that the chart itself refuses is not installed",
        **own_objects.REASONS,
        **checks.REASONS,
    }


def verify(
    repository: Path,
    charts: Catalog,
    options: Options,
    *,
    schemas: Path | None = None,
    locked: bool = False,
    report: Callable[[str], object] = lambda _: None,
) -> list[Problem]:
    """Return what is wrong with the form in a repository and with all that is made of it.

    `schemas` is a folder with schemas of custom resources beside our own. With `locked`, each chart has to be in
    charts.lock, which stays as it is; else that is written where nothing is wrong.
    Raises UsageError where Helm or a chart is missing, ProblemsError for a charts.lock that cannot be read.
    """
    with started(repository, charts, options, report, locked=locked) as (form, work, problems):
        if work is None:
            return problems
        from signalen_toolkit.verify import checks

        used: set[ignore.Entry] = set()
        for environment in form.config.environments:
            problems += _environment(form, environment, work, schemas, used)
        if not has_errors(problems):  # else not everything was looked at
            problems += ignore.unused(form.document, checks.REASONS, used)
        if not locked and not has_errors(problems):
            lock.write_lock(repository, lock.updated(work.locked, work.renderer.charts.values()), work.locked)
        return ordered(problems)


def _environment(
    form: Form, environment: Environment, work: Work, schemas: Path | None, used: set[ignore.Entry]
) -> Iterator[Problem]:
    """Yield what is found in one environment and not ignored; `used` gets the entries that silenced something."""
    found = made(form, environment, work)
    yield from found.problems
    if not has_errors(found.problems):  # else half of the references would seem to lead nowhere
        from signalen_toolkit.verify.checks import check_objects

        entries = ignore.entries(form.document)
        for finding in check_objects(found.objects, context_of(environment, found.values, schemas)):
            problem = _found(form, environment, finding)
            silenced = [one for one in entries if one.is_about(finding.rule, problem.path, finding.object.title)]
            used.update(silenced)
            if not silenced:
                yield problem


def _found(form: Form, environment: Environment, finding: Finding) -> Problem:
    """Make a problem of a finding: at the component's overrides where there are any, else at the environment."""
    place = f", {finding.path}" if finding.path else ""
    message = f"{_title(finding.object)} in '{environment.name}'{place}: {finding.message}"
    component = finding.object.component
    path = ("overrides", component)
    if component and form.given(environment, *path):
        at = form.place(environment, *path)
    else:
        at = ("environments", environment.name)
    return form.document.problem(finding.rule, message, at, at="key", severity=finding.severity, hint=finding.hint)


def _title(one: Object) -> str:
    return f"{one.title} ({one.source})" if one.source else one.title
