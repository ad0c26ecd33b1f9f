"""`signalen remove`: leave is taken of an environment, in the order in which nothing is lost that somebody may want.

What leaves the form keeps running, and nobody looks after it. So it is paused first, then its tool lets go, and what
holds data goes last and by hand. The toolkit itself removes what is in the repository.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from signalen_toolkit.base import beneath
from signalen_toolkit.base.files import alone
from signalen_toolkit.base.layout import FORM_FILE, SECRETS, SOPS_CONFIG
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents import edit, reader
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.rendered import Rendered
from signalen_toolkit.git import revisions
from signalen_toolkit.git.worktree import require_clean
from signalen_toolkit.repository import change as revision
from signalen_toolkit.steps import standing
from signalen_toolkit.steps.standing import PUSH, Progress, StepTaken, taken, todo
from signalen_toolkit.validation.check import check

_COPIES = ("database", "media")


def remove(directory: Path, environment: str, *, charts: Catalog | None = None) -> StepTaken:
    """Take the next step of the farewell of an environment; repeated before that is committed, it says the same again.

    Raises ProblemsError where the form has errors or cannot be changed safely, UsageError for wrong use; then nothing
    is written.
    """
    charts = charts or catalog()
    with alone(directory):
        now = standing.standing(directory, environment, charts)
        about = _environment(directory, now)
        if now.disk is not None and not now.disk.paused and not _is_in(now.form, environment):
            raise UsageError(
                f"'{environment}' is out of the form already, and was not paused: put it back (`git diff` shows what it"
                " was), and run this again"
            )
        command = f"signalen remove {environment}"
        if now.disk is not None and now.is_outdated:
            return taken(directory, now, lambda text: text, standing.renewal(now, command))
        if now.disk is not None and not now.is_paused:
            pause = standing.paused(now)
            said = [*_pausing(now, now.disk, about, command)]
            return taken(directory, now, lambda text: edit.set_values(text, pause), said)
        if now.head is None:
            raise UsageError(f"'{environment}' is in no commit, so nothing of it runs: take it out of {FORM_FILE}")
        said = [*_leaving(now, now.head, about)]
        if not _is_in(now.form, environment):
            return StepTaken("\n".join(said))
        return _removed(directory, now, said)


def _removed(directory: Path, now: Progress, said: list[str]) -> StepTaken:
    """Take the environment out of the repository: Git has what goes."""
    if len(now.form.config.environments) == 1:
        said[0] += " It is the only one: nothing is changed here, for the repository goes as a whole."
        return StepTaken("\n".join(said))
    require_clean(directory)
    secrets = f"{SECRETS}/{now.name}"
    beneath.look(directory, secrets)  # raises for a link on the way, before anything goes
    done = taken(directory, now, lambda text: edit.remove(text, [("environments", now.name)]), said)
    beneath.remove_all(directory, secrets)
    return done


def _environment(directory: Path, now: Progress) -> Environment:
    """Return the environment as the form has it, or as that of the last commit had it."""
    if _is_in(now.form, now.name):
        return now.form.environment(now.name)
    head = revisions.revision(directory, "HEAD")
    before = reader.parse(revisions.file(directory, head.commit, FORM_FILE) or b"", FORM_FILE)
    for one in check(before, now.charts, directory)[0].environments:
        if one.name == now.name:
            return one
    raise UsageError(
        f"'{now.name}' is in clusters/, and neither in the form nor in that of the last commit: put it back first, with"
        " the settings that it had"
    )


def _is_in(form: revision.Side, name: str) -> bool:
    return any(one.name == name for one in form.config.environments)


def _pausing(now: Progress, facts: Rendered, about: Environment, command: str) -> Iterator[str]:
    yield f"Step 1 of 2, pause: {now.name} keeps running, and nothing of it is changed or removed any more."
    yield from todo(
        [
            _copying(facts, about),
            PUSH,
            ["wait until the environment is paused in the cluster:", *standing.pause_shows(now, facts)],
            f"take the last step: {command}",
        ]
    )


def _copying(facts: Rendered, about: Environment) -> list[str]:
    """Say how what has to be kept is copied; what is managed elsewhere is for whoever manages it."""
    lines = ["copy what has to be kept to another place; docs/backup.md of the Signalen Toolkit tells how:"]
    for copy in _COPIES:
        if about.settings["backup"][copy]["enabled"]:
            job = f"--from=cronjob/signalen-backup-{copy} last-copy-{copy}"
            lines.append(f"$ kubectl create job {job} --namespace {facts.namespace}")
    if len(lines) == 1:
        lines.append("its database and photographs are not copied by Signalen: ask whoever manages them")
    return lines


def _leaving(now: Progress, facts: Rendered, about: Environment) -> Iterator[str]:
    yield f"Step 2 of 2, leave: {now.name} goes out of the repository."
    yield from todo(
        [
            ["see once more that it is paused; if it is not, go no further:", *standing.pause_shows(now, facts)],
            [
                f"let go: {about.delivery.title} forgets the environment, and all of it keeps running",
                *standing.letting_go(now, facts),
            ],
            PUSH.partition(":")[0],
            _addresses(about),
            _namespaces(about, facts),
            _secrets(about, facts),
        ]
    )


def _addresses(about: Environment) -> list[str]:
    hosts = [about.hosts[one.name] for one in about.components if one.name in about.hosts]
    return [
        "remove the DNS records, and at the identity provider the redirect URIs, of:",
        *dict.fromkeys(hosts),
    ]


def _secrets(about: Environment, facts: Rendered) -> list[str]:
    settings = about.settings
    lines = ["remove the secrets, once nobody has to read a copy with them any more:"]
    match settings["secrets"]["provider"]:
        case "external-secrets":
            lines.append(f"in the vault, all whose name begins with {settings['secrets']['externalSecrets']['prefix']}")
        case "sops":
            lines.append(f"the rule of secrets/{about.name}/ in {SOPS_CONFIG}, and the age key of this environment")
            if about.delivery.decryption == "key":
                name = shlex.quote(str(settings["secrets"]["sops"]["keySecret"]))
                lines.append(_delete("secret", name, facts.tool_namespace))
    if name := settings["repository"].get("secret"):
        lines += ["the key to the repository, if no other environment in this cluster uses it:"]
        lines += [_delete("secret", shlex.quote(str(name)), facts.tool_namespace)]
    return lines


def _namespaces(about: Environment, facts: Rendered) -> list[str]:
    """Say how what holds data goes: it is the one thing here that nobody can take back."""
    names = dict.fromkeys([facts.namespace, *(about.namespaces[one.name] for one in about.components)])
    fixed = {one.namespace.name for one in about.components if one.namespace and one.namespace.name}
    lines = ["look at what holds data, and only then remove it; nobody brings it back:"]
    for name in names:
        if name not in fixed:
            lines.append(f"$ kubectl get persistentvolumeclaims --namespace {name}")
            lines.append(f"$ kubectl delete namespace {name}")
    lines.append("a volume with the reclaim policy Retain is still there afterwards: kubectl get persistentvolumes")
    if fixed:
        lines.append(f"{', '.join(sorted(fixed))} may serve others in this cluster: ask before they go")
    return lines


def _delete(kind: str, name: str, namespace: str) -> str:
    return f"$ kubectl delete {kind} {name} --namespace {namespace} --ignore-not-found"
