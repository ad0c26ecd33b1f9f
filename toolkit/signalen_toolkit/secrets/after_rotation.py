"""What a person does in the cluster after secrets have changed, as commands in the order in which they work.

Pods read a Secret when they start, and no tool starts them for it: a checksum of what is encrypted would change with
every encryption, and what is decrypted is nobody's to write down. So the pods are started anew by a command, or by
Reloader where the cluster has that.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from signalen_toolkit.catalog.model import Decryption, ServiceChange
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.needed_secrets import NeededKey, NeededSecret


def kept_by_services(needs: Iterable[NeededSecret]) -> list[NeededKey]:
    """Return the random keys that a service in the cluster keeps, and that therefore have to change there too."""
    return [key for secret in needs for key in secret.keys if key.random and key.key.change]


def orders(environment: Environment, needs: Sequence[NeededSecret], changed: Iterable[str]) -> list[str]:
    """Return what to do once `changed` (`<secret>/<key>`) have new values: lines, with commands indented."""
    paths = {*changed}
    if not paths:
        return []
    places = {key.path: secret.namespace for secret in needs for key in secret.keys}
    services = [
        (key, key.key.change) for key in kept_by_services(needs) if key.path in paths and key.key.change is not None
    ]
    return list(_orders(environment, paths, services, places, _readers(needs, paths)))


def _readers(needs: Sequence[NeededSecret], paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return the services that read a Secret of their own of which a key changed, with its namespace.

    Theirs is the one that has the password of a service under a key of its own.
    """
    changes = {key.path: key.key.change for secret in needs for key in secret.keys}
    touched = {path.partition("/")[0] for path in paths}
    own = (
        (secret.namespace, change.workload)
        for secret in needs
        if secret.name in touched
        for key in secret.keys
        if (change := changes.get(key.key.same_as)) is not None
    )
    return list(dict.fromkeys(own))


def _orders(
    environment: Environment,
    paths: Iterable[str],
    services: Sequence[tuple[NeededKey, ServiceChange]],
    places: dict[str, str],
    readers: Sequence[tuple[str, str]],
) -> Iterator[str]:
    yield "1. commit and push secrets/, and wait until the cluster has the new Secrets:"
    yield from _arrive(environment)
    number = 2
    for key, change in services:
        yield f"{number}. give {change.workload} the new password, at once: until then nobody can start to use it"
        yield f"     {_changed(key, change, places[key.path])}"
        number += 1
    yield f"{number}. start anew what reads them (not needed where Reloader does that):"
    for namespace in sorted(
        {places[path] for path in paths} - {environment.settings["sync"]["namespace"]}
    ):  # the tool reads its own anew
        # Beside Signalen itself nothing keeps a password of its own, so that all of it can start anew at once.
        kinds = "deployment" if namespace == environment.namespace else "deployment,statefulset"
        yield f"     kubectl rollout restart --namespace {namespace} {kinds}"
    last = [(places[key.path], change.workload) for key, change in services]
    for namespace, workload in dict.fromkeys([*readers, *last]):
        yield f"     kubectl rollout restart --namespace {namespace} {workload}"


def _arrive(environment: Environment) -> Iterator[str]:
    tool, namespace = environment.delivery, environment.settings["sync"]["namespace"]
    if tool.decryption is Decryption.KEY:
        yield f"     kubectl get kustomizations --namespace {namespace} --watch"
    elif tool.decryption is Decryption.PLUGIN and "plugin" in environment.settings["secrets"]["sops"]:
        yield f"     {tool.watch.replace('{toolNamespace}', namespace).replace('{namespace}', environment.namespace)}"
    else:
        folder = f"secrets/{environment.name}"
        yield f'     for file in {folder}/*.yaml; do sops decrypt "$file" | kubectl apply --filename=-; done'


def _changed(key: NeededKey, change: ServiceChange, namespace: str) -> str:
    """Write the command that changes a password in a service: the new one goes through pipes, and nowhere else."""
    template = shlex.quote(f'{{{{index .data "{key.key.name}" | base64decode}}}}')
    return (
        f"kubectl get secret {key.secret} --namespace {namespace} --output=go-template={template}"
        f" | kubectl exec --stdin --namespace {namespace} {change.workload} -- sh -c {shlex.quote(change.script)}"
    )
