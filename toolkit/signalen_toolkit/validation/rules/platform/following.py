"""How the cluster follows the repository."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.form.place import unfit
from signalen_toolkit.validation.rules import rule


@rule(
    "repository-path", "whoever reads the repository from its top, such as Flux and Argo CD, would find nothing there"
)
def repository_path(form: Form) -> Iterator[Problem]:
    """Reports a form that does not lie where it says, in the Git repository around it."""
    lies = form.lies
    if lies is None:
        return
    where = f"lies in the folder {lies} of its repository" if lies else "lies at the top of its repository"
    for environment in form.config.environments:
        if (said := str(environment.settings["repository"]["path"])) != lies:
            yield form.problem(
                "repository-path",
                f"'repository.path' is {said}, and this form {where}" if said else f"this form {where}",
                environment,
                "repository",
                "path",
                hint=_mend(lies),
            )


def _mend(lies: str) -> str:
    if not lies:
        return "remove it, and run `signalen render`"
    if wanted := unfit(lies):
        return f"rename its folders: write {wanted}"
    return f"write 'path: {lies}' in 'repository', and run `signalen render` and `signalen update`"


@rule("sync-paused", "in an environment that is paused no change arrives, a new version with its repairs neither")
def sync_paused(form: Form) -> Iterator[Problem]:
    """Warns of an environment that is paused: the cluster follows the repository, and changes nothing of Signalen."""
    for environment in form.config.environments:
        if environment.settings["sync"]["paused"]:
            yield form.problem(
                "sync-paused",
                f"'{environment.name}' is paused: the cluster changes nothing of it, whatever the form says",
                environment,
                "sync",
                "paused",
                hint="remove it once whoever paused it is done (a handover or a farewell), and run `signalen render`",
                severity=Severity.WARNING,
            )
