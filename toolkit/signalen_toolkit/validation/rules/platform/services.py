"""Services: the mail server, the database, the storage, logs and Sigmax, and whether they are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import is_local

Path = tuple[str, ...]

# What a choice needs: the setting that is the choice, the choice, the setting that it needs, and what that is.
_STORAGE: Final = (
    (("storage", "provider"), "azure", ("storage", "azure", "account"), "the name of the storage account"),
    (("storage", "provider"), "s3", ("storage", "s3", "bucket"), "the name of the bucket"),
)
_LOGS: Final = (
    (("logs", "provider"), "azure", ("logs", "azure", "account"), "the name of the storage account"),
    (("logs", "provider"), "s3", ("logs", "s3", "bucket"), "the name of the bucket"),
)
_MAIL: Final = (
    (("email", "provider"), "smtp", ("email", "smtp", "host"), "the name of the mail server"),
    (("email", "provider"), "office365", ("email", "office365", "tenantId"), "the id of the tenant"),
    (("email", "provider"), "office365", ("email", "office365", "clientId"), "the id of the application"),
    (("email", "provider"), "office365", ("email", "office365", "mailbox"), "the address of the mailbox"),
)
_MANAGED: Final = (
    (("database", "provider"), "managed", ("database", "host"), "the name of the database server"),
    (("search", "provider"), "managed", ("search", "host"), "the name of the Elasticsearch server"),
    (("queue", "provider"), "managed", ("queue", "host"), "the name of the RabbitMQ server"),
)
# Sections of which the schema asks the needed key, once they are there.
_ASKED: Final = (("storage", "azure"), ("storage", "s3"), ("email", "office365"))
# Who runs a service in the cluster: what the operator is called, and what it calls the Service, of which the rest is a
# person's to choose.
_OPERATORS: Final = {
    "database": ("CloudNativePG", r"[a-z0-9-]+-rw", "signalen-rw"),
    "queue": ("the operator of RabbitMQ", r"[a-z0-9-]+", "signalen-rabbitmq"),
    "search": ("the operator of Elastic", r"[a-z0-9-]+-es-http", "signalen-es-http:9200"),
}
_POSTGRESQL: Final = 5432
_SIGMAX: Final = ((("sigmax", "enabled"), True, ("sigmax", "server"), "the address of the server of Sigmax"),)


@rule("storage-incomplete", "photographs that residents send would be lost")
def storage_incomplete(form: Form) -> Iterator[Problem]:
    """Reports object storage without its account or bucket."""
    yield from _incomplete(form, "storage-incomplete", _STORAGE)


@rule("logs-incomplete", "Loki does not start without the place where it keeps logs")
def logs_incomplete(form: Form) -> Iterator[Problem]:
    """Reports object storage for logs without its account or bucket, or S3 that nobody could find."""
    running = [environment for environment in form.config.environments if "loki" in environment.enabled]
    yield from _incomplete(form, "logs-incomplete", _LOGS, running)
    for environment in running:
        logs = environment.settings["logs"]
        if logs["provider"] == "s3" and "bucket" in logs["s3"] and not logs["s3"].keys() & {"endpoint", "region"}:
            yield form.problem(
                "logs-incomplete",
                "neither the address of the S3 service is given, nor the region that it is in at Amazon",
                environment,
                "logs",
                "s3",
                "bucket",
                hint="give 'logs.s3.endpoint' or 'logs.s3.region'",
            )


@rule("mail-incomplete", "no mail would be sent")
def mail_incomplete(form: Form) -> Iterator[Problem]:
    """Reports a way to send mail without the server, or without the mailbox."""
    yield from _incomplete(form, "mail-incomplete", _MAIL)


@rule("host-missing", "a service outside the cluster is found by its name alone")
def host_missing(form: Form) -> Iterator[Problem]:
    """Reports a database, search engine or queue that is managed elsewhere, without its host."""
    yield from _incomplete(form, "host-missing", _MANAGED)


@rule("operator-host", "what an operator makes has a name of the operator's own, and is found by no other")
def operator_host(form: Form) -> Iterator[Problem]:
    """Reports a service that an operator runs in the environment's own namespace, under a host that is not its name."""
    for environment in form.config.environments:
        for section, (operator, pattern, example) in _OPERATORS.items():
            settings = environment.settings[section]
            own = rf"{pattern}(\.{re.escape(environment.namespace)}\.svc(\.[a-z0-9.-]+)?)?(:[0-9]+)?"
            if "operatorNamespace" in settings and not re.fullmatch(own, str(settings.get("host", ""))):
                yield form.problem(
                    "operator-host",
                    f"'{section}.host' is not the service that {operator} makes in '{environment.namespace}'",
                    environment,
                    section,
                    "host" if form.given(environment, section, "host") else "operatorNamespace",
                    hint=f"write one such as {example}, or leave out 'operatorNamespace'",
                )


@rule("host-inside", "a name without a domain is one within the namespace, and nobody else has it")
def host_inside(form: Form) -> Iterator[Problem]:
    """Warns of a managed service under a name of the environment's own namespace, in which nothing makes it.

    An operator makes one, a person may in `manifests/`, and who came from elsewhere may have one beside the repository.
    """
    for environment in form.config.environments:
        own = rf"[a-z0-9-]+(\.{re.escape(environment.namespace)}\.svc(\.[a-z0-9.-]+)?)?"
        for section in _OPERATORS:
            settings = environment.settings[section]
            host = str(settings.get("host", "")).partition(":")[0]
            made = "operatorNamespace" in settings or environment.settings["sync"]["manifests"]
            managed = settings["provider"] == "managed" and not made
            if managed and re.fullmatch(own, host.lower()) and not is_local(host.lower()):  # that has a rule of its own
                yield form.problem(
                    "host-inside",
                    f"'{host}' is a name within '{environment.namespace}', where nothing makes it",
                    environment,
                    section,
                    "host",
                    hint="write the whole name of the server, or where its operator is in"
                    f" '{section}.operatorNamespace'",
                    severity=Severity.WARNING,
                )


@rule("operator-port", "the service of CloudNativePG has this one port")
def operator_port(form: Form) -> Iterator[Problem]:
    """Reports a database that CloudNativePG runs in the environment's own namespace, on another port than 5432."""
    for environment in form.config.environments:
        database = environment.settings["database"]
        if "operatorNamespace" in database and database["port"] != _POSTGRESQL:
            message = f"the service of CloudNativePG is on port {_POSTGRESQL}, and not on {database['port']}"
            yield form.problem("operator-port", message, environment, "database", "port", hint="leave it out")


@rule("sigmax-server", "reports for Sigmax would be sent nowhere")
def sigmax_server(form: Form) -> Iterator[Problem]:
    """Reports Sigmax that is switched on without the address of its server."""
    yield from _incomplete(form, "sigmax-server", _SIGMAX)


@rule("virtual-host", "a queue in the cluster is started with its default virtual host alone")
def virtual_host(form: Form) -> Iterator[Problem]:
    """Reports a virtual host of a queue in the cluster: nothing makes it there, and the backend cannot connect."""
    for environment in form.config.environments:
        queue = environment.settings["queue"]
        if queue["provider"] == "cluster" and queue["virtualHost"]:
            yield form.problem(
                "virtual-host",
                f"a queue in the cluster has no virtual host '{queue['virtualHost']}'",
                environment,
                "queue",
                "virtualHost",
                hint="leave it out, or name the host of a managed queue in 'queue.host'",
            )


@rule("tls-in-cluster", "a service in the cluster is started without certificates and without users")
def tls_in_cluster(form: Form) -> Iterator[Problem]:
    """Reports TLS of a queue or search engine in the cluster, and a user of that search engine: it knows neither."""
    for environment in form.config.environments:
        for section, key in (("queue", "tls"), ("search", "tls"), ("search", "user")):
            service = environment.settings[section]
            if service["provider"] == "cluster" and service.get(key):
                yield form.problem(
                    "tls-in-cluster",
                    f"'{section}.{key}' is for a managed server, and this one is in the cluster",
                    environment,
                    section,
                    key,
                    hint=f"leave it out, or name the managed server in '{section}.host'",
                )


@rule("mail-sender", "mail in the name of somebody else is refused, unless the mailbox may send it")
def mail_sender(form: Form) -> Iterator[Problem]:
    """Warns of a sender that is not the mailbox of Office 365 from which the backend sends."""
    for environment in form.config.environments:
        email = environment.settings["email"]
        mailbox, sender = str(email["office365"].get("mailbox", "")), parseaddr(str(email["from"]))[1]
        if email["provider"] == "office365" and mailbox and sender.lower() != mailbox.lower():
            given = form.given(environment, "email", "from")
            yield form.problem(
                "mail-sender",
                f"mail is sent by the mailbox {mailbox} in the name of {sender}",
                environment,
                "email",
                *(("from",) if given else ("office365", "mailbox")),
                hint=f"write {mailbox} in 'email.from', or let the mailbox send as {sender} in Exchange",
                severity=Severity.WARNING,
            )


@rule("mail-missing", "residents get no answer to their report, and employees no password")
def mail_missing(form: Form) -> Iterator[Problem]:
    """Warns of a production environment that sends no mail."""
    for environment in form.config.environments:
        if environment.production and environment.settings["email"]["provider"] == "none":
            given = form.given(environment, "email", "provider")
            yield form.document.problem(
                "mail-missing",
                f"'{environment.name}' is a production environment, and sends no e-mail",
                form.place(environment, "email", "provider") if given else ("environments", environment.name),
                at="value" if given else "key",
                hint="fill in 'email.smtp' or 'email.office365'",
                severity=Severity.WARNING,
            )


@rule("mail-unencrypted", "mail to residents holds what they reported, with name and address")
def mail_unencrypted(form: Form) -> Iterator[Problem]:
    """Warns of a production environment that talks to its mail server without encryption."""
    for environment in form.config.environments:
        email = environment.settings["email"]
        if environment.production and email["provider"] == "smtp" and email["smtp"]["security"] == "none":
            yield form.problem(
                "mail-unencrypted",
                f"'{environment.name}' is a production environment, and sends e-mail without encryption",
                environment,
                "email",
                "smtp",
                "security",
                hint="write starttls or tls",
                severity=Severity.WARNING,
            )


def _incomplete(
    form: Form,
    id_: str,
    needs: tuple[tuple[Path, object, Path, str], ...],
    environments: Sequence[Environment] | None = None,
) -> Iterator[Problem]:
    for environment in form.config.environments if environments is None else environments:
        for switch, choice, needed, what in needs:
            if at(environment.settings, *switch) != choice or at(environment.settings, *needed):
                continue
            written = "true" if choice is True else str(choice)
            parent = needed[:-1]
            if form.given(environment, *needed) or (parent in _ASKED and form.given(environment, *parent)):
                continue  # the schema has reported it
            message = f"'{'.'.join(switch)}' is {written}, and '{'.'.join(needed)}' is missing"
            place = switch if form.given(environment, *switch) else parent
            yield form.problem(id_, message, environment, *place, hint=f"give {what}, or change '{switch[0]}'")
