"""Notifications: whether the messages about updates and alarms can be sent."""

from __future__ import annotations

from collections.abc import Iterator

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.git_hosts import git_hosts, is_told, web_address
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import host_of


@rule("notification-mail", "a message that nothing sends reaches nobody")
def notification_mail(form: Form) -> Iterator[Problem]:
    """Warns of messages by e-mail without a mail server, or with Flux, which sends no mail, and without Prometheus.

    Argo CD sends mail itself; where Flux is, Alertmanager does it, which comes with Prometheus.
    """
    for environment in form.config.environments:
        provider, tool = environment.settings["email"]["provider"], environment.delivery
        if not environment.settings["notifications"]["email"]["to"]:
            continue
        if provider != "smtp":
            message = f"messages are sent through a mail server, and 'email.provider' is {provider}"
            hint = "give a mail server in 'email.smtp', or use teams or slack"
        elif tool.mailed_by and tool.mailed_by not in environment.enabled:
            message = f"{tool.title} sends no mail, and {tool.mailed_by}, which does, is off"
            hint = f"switch {tool.mailed_by} on, or use teams or slack"
        else:
            continue
        place = ("notifications", "email", "to")
        yield form.problem("notification-mail", message, environment, *place, hint=hint, severity=Severity.WARNING)


@rule("commit-status-host", "a status is reported in another way to each kind of Git server")
def commit_status_host(form: Form) -> Iterator[Problem]:
    """Reports the commit status at a Git server of an unknown kind: by its address, or because it has none known here.

    Bitbucket is such a kind.
    """
    for environment in form.config.environments:
        repository = environment.settings["repository"]
        url = str(repository["url"])
        if not environment.settings["notifications"]["commitStatus"] or not url:
            continue
        server = host_of(_address(url))
        if not web_address(str(repository["cloneUrl"])):
            message = f"how '{server}' shows a status at a commit of this repository is not known here"
            hint = "remove it; the other kinds of messages do not need the Git server"
        elif not form.given(environment, "repository", "host") and not is_told(url):
            message = f"the address of the repository does not tell what kind of Git server '{server}' is"
            *kinds, last = git_hosts()
            hint = f"name it in 'repository.host': {', '.join(kinds)} or {last}"
        else:
            continue
        place = ("notifications", "commitStatus")
        yield form.problem("commit-status-host", message, environment, *place, hint=hint)


def _address(url: str) -> str:
    """Return git@host:path as an address with a scheme."""
    return url if "://" in url else f"ssh://{url.replace(':', '/', 1)}"
