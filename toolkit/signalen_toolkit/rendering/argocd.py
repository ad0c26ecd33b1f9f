"""What the notifications controller of Argo CD is told: where messages go, when, and how they are worded.

Several environments may have one Argo CD, with one ConfigMap and one Secret for it. So every key is the environment's
own: it begins with the environment's namespace. A mistake in one would silence all, hence no text of a person stands
inside the language of a template.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.form.config import Environment
from signalen_toolkit.rendering import notifications
from signalen_toolkit.rendering.notifications import commit_status_of, mail_of

# Once for each revision: Argo CD tries again and again, and a chart has another revision than the repository.
_REVISION: Final = "[app.status.sync.revision, app.status.sync.revisions]"
_FAILED: Final = "app.status.operationState != nil and app.status.operationState.phase in ['Error', 'Failed']"
_DEGRADED: Final = "app.status.health.status == 'Degraded'"
_APPLIED: Final = "app.status.sync.status == 'Synced' and app.status.health.status == 'Healthy'"
_WAITING: Final = f"app.status.sync.status == 'OutOfSync' and not ({_FAILED})"
_MESSAGE: Final = '.app.status.operationState.message | default "" | trunc 1000'
# A text of its own, that no title is.
_TEXT: Final = "@"
# What went wrong, as expressions of Go's templates.
_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "failed": (
        "doorvoeren mislukt",
        f'printf "%s is niet doorgevoerd: %s" .app.metadata.name ({_MESSAGE})',
    ),
    "degraded": (
        "storing",
        'printf "%s werkt niet goed. Kijk in Argo CD wat er aan de hand is." .app.metadata.name',
    ),
}


def subscriptions(environment: Environment) -> str:
    """Return who hears of an Application, as its annotation says it; empty where nobody does.

    One annotation for all: one for each would have the names of trigger and service in a key, which has 63 characters.
    """
    name = environment.namespace
    people = [
        {"service": f"{name}-{target}", "recipients": recipients} for target, recipients in _people(environment).items()
    ]
    found = [{"trigger": [f"{name}-problem"], "destinations": people}] if people else []
    if commit_status_of(environment):
        status = {"service": f"{name}-status", "recipients": [""]}
        found.append({"trigger": [f"{name}-commit"], "destinations": [status]})
    return json.dumps(found) if found else ""


def config(environment: Environment) -> dict[str, str]:
    """Return what an environment adds to the ConfigMap of the notifications controller; nothing where nobody hears."""
    if not subscriptions(environment):
        return {}
    found = (*_services(environment), *_templates(environment), *_triggers(environment))
    return {key: json.dumps(value, ensure_ascii=False) for key, value in found}


def _people(environment: Environment) -> dict[str, list[str]]:
    """Return to whom messages go, by target."""
    wanted = environment.settings["notifications"]
    people = {
        "teams": [""] if wanted["teams"] else [],
        "slack": [""] if "channel" in wanted["slack"] else [],
        "mail": mail_of(environment),
    }
    return {target: recipients for target, recipients in people.items() if recipients}


def _services(environment: Environment) -> Iterator[tuple[str, Any]]:
    name, people = environment.namespace, _people(environment)
    for target in ("teams", "slack"):
        if target in people:
            # An address of a webhook says itself where a message goes.
            header = {"name": "Content-Type", "value": "application/json"}
            yield f"service.webhook.{name}-{target}", {"url": f"${name}-{target}", "headers": [header]}
    if "mail" in people:
        email = environment.settings["email"]
        server = {"host": email["smtp"]["host"], "port": email["smtp"]["port"], "from": email["from"]}
        if email["smtp"]["user"]:
            server |= {"username": email["smtp"]["user"], "password": f"${name}-mail"}
        yield f"service.email.{name}-mail", server
    if found := commit_status_of(environment):
        yield f"service.webhook.{name}-status", notifications.service(*found, f"{name}-status")


def _templates(environment: Environment) -> Iterator[tuple[str, Any]]:
    name, people, settings = environment.namespace, _people(environment), environment.settings
    about = f"Signalen {settings['municipality']['name']}, {environment.name}"
    for problem, (title, text) in _TEXTS.items() if people else ():
        webhooks = {
            "teams": _teams(f"{about}: {title}", text),
            "slack": _slack(f"{about}: {title}", text, settings["notifications"]["slack"].get("channel", "")),
        }
        template: dict[str, Any] = {"message": f"{{{{{text}}}}}"}
        if "mail" in people:
            template["email"] = {"subject": _plain(f"{about}: {title}")}
        if found := {target: body for target, body in webhooks.items() if target in people}:
            template["webhook"] = {
                f"{name}-{target}": {"method": "POST", "body": body} for target, body in found.items()
            }
        yield f"template.{name}-{problem}", template
    if status := commit_status_of(environment):
        waiting = "wordt doorgevoerd" if settings["sync"]["automatic"] else "wacht op een synchronisatie in Argo CD"
        texts = {"pending": waiting, "success": "doorgevoerd", "failure": "niet doorgevoerd, of in storing"}
        for state, text in texts.items():
            webhook = {f"{name}-status": notifications.request(status[0], state, text)}
            yield f"template.{name}-{state}", {"message": text, "webhook": webhook}


def _triggers(environment: Environment) -> Iterator[tuple[str, Any]]:
    name = environment.namespace
    if _people(environment):
        yield (
            f"trigger.{name}-problem",
            [
                {"when": _FAILED, "oncePer": _REVISION, "send": [f"{name}-failed"]},
                {"when": _DEGRADED, "send": [f"{name}-degraded"]},
            ],
        )
    if commit_status_of(environment):
        yield (
            f"trigger.{name}-commit",
            [
                {"when": _WAITING, "oncePer": _REVISION, "send": [f"{name}-pending"]},
                {"when": _FAILED, "oncePer": _REVISION, "send": [f"{name}-failure"]},
                {"when": _DEGRADED, "send": [f"{name}-failure"]},
                # Every commit, also one that changes nothing; and again, when what was wrong is right again.
                {"when": _APPLIED, "oncePer": _REVISION, "send": [f"{name}-success"]},
                {"when": _APPLIED, "send": [f"{name}-success"]},
            ],
        )


def _teams(title: str, text: str) -> str:
    """Return an Adaptive Card, which is what a workflow of Teams posts."""
    blocks = [{"text": title, "weight": "Bolder"}, {"text": _TEXT}]
    body = [{"type": "TextBlock", "wrap": True, **block} for block in blocks]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body}
    kind = "application/vnd.microsoft.card.adaptive"
    return _json({"type": "message", "attachments": [{"contentType": kind, "content": card}]}, text)


def _slack(title: str, text: str, channel: str) -> str:
    return _json({"channel": f"#{channel}", "text": title, "attachments": [{"color": "danger", "text": _TEXT}]}, text)


def _json(body: Mapping[str, Any], text: str) -> str:
    """Return a body as JSON, where the value of an expression takes the place of `_TEXT`."""
    action = f"{{{{{text} | toJson}}}}"
    return _plain(json.dumps(body, ensure_ascii=False)).replace(json.dumps(_TEXT), action)


def _plain(text: str) -> str:
    """Return a text as a template of Go that yields it."""
    return text.replace("{{", "{{`{{`}}")
