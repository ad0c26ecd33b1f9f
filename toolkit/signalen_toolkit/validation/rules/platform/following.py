"""How the cluster follows the repository."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule


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
