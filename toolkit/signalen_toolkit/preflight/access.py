"""The Secrets that have to exist, by the names of their keys, and what whoever asks may do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from signalen_toolkit.catalog.model import Decryption
from signalen_toolkit.form.needed_secrets import NeededSecret
from signalen_toolkit.kubernetes.kubectl import NotPermittedError
from signalen_toolkit.preflight.observations import Inquiry, Observation, Standing, seen, unseen
from signalen_toolkit.rendering.render import needed_secrets

_SELF: Final = "dat is gewoon zolang het cluster nog niet is aangesloten"


def secrets(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for each Secret that a pod or the tool reads, and for its keys."""
    for secret in needed_secrets(inquiry.environment, inquiry.config, inquiry.charts):
        if secret.keys:
            yield from _looked_up(inquiry, secret)


def _looked_up(inquiry: Inquiry, secret: NeededSecret) -> Iterator[Observation]:
    point, subject = f"secret/{secret.namespace}/{secret.name}", f"Secret {secret.name} in {secret.namespace}"
    yield from seen(point, subject, partial(_secret, inquiry, secret, point, subject))


def _secret(inquiry: Inquiry, secret: NeededSecret, point: str, subject: str) -> Observation:
    found = inquiry.cluster.keys(secret.name, secret.namespace)
    if found is None:
        return Observation(point, _unless_brought(inquiry, secret), subject, "is er niet", _bring(inquiry, secret))
    absent = [one.key.name for one in secret.keys if one.key.name not in found]
    hollow = [one.key.name for one in secret.keys if found.get(one.key.name) is False and not one.empty]
    said = [f"{', '.join(absent)} ontbreekt"] if absent else []
    said += [f"{', '.join(hollow)} is leeg"] if hollow else []
    if said:
        return Observation(point, Standing.MISSING, subject, "; ".join(said), _bring(inquiry, secret))
    return Observation(point, Standing.OK, subject)


def _unless_brought(inquiry: Inquiry, secret: NeededSecret) -> Standing:
    """A Secret that something in the cluster makes is no fault of anybody's before that has begun."""
    settings, tool = inquiry.environment.settings, inquiry.environment.delivery
    provider = settings["secrets"]["provider"]
    decrypted = tool.decryption is Decryption.KEY or (
        tool.decryption is Decryption.PLUGIN and "plugin" in settings["secrets"]["sops"]
    )
    brought = provider == "external-secrets" or (provider == "sops" and decrypted)
    connected = bool(inquiry.cluster.get("namespaces", inquiry.environment.namespace))
    return Standing.ATTENTION if brought and not connected and not secret.by_hand else Standing.MISSING


def _bring(inquiry: Inquiry, secret: NeededSecret) -> str:
    name, provider = inquiry.environment.name, inquiry.environment.settings["secrets"]["provider"]
    if secret.guide:
        return f"maak haar zelf, zoals in {secret.guide} van de Signalen Toolkit staat"
    if secret.by_hand:
        return f"zet de sleutels er zelf in: kubectl edit secret {secret.name} --namespace {secret.namespace}"
    if provider == "sops":
        return f"signalen secrets init {name}, commit en push; {_SELF}"
    if provider == "external-secrets":
        return f"zet de waarden in de kluis, zie clusters/{name}/manifests/external-secrets.yaml; {_SELF}"
    return f"kubectl create secret generic {secret.name} --namespace {secret.namespace} --from-env-file=geheimen.env"


def keys_of_tool(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for what bootstrap/cluster.sh gives the tool: the key to the repository, and the one that decrypts."""
    settings, tool = inquiry.environment.settings, inquiry.environment.delivery
    wanted = [(str(settings["repository"].get("secret", "")), "de toegang tot de repository")]
    if settings["secrets"]["provider"] == "sops" and tool.decryption is Decryption.KEY:
        wanted.append((str(settings["secrets"]["sops"]["keySecret"]), "de age-sleutel"))
    for name, what in wanted:
        if name:
            point, subject = f"secret/{inquiry.tool_namespace}/{name}", f"Secret {name}: {what}"
            yield from seen(point, subject, partial(_key, inquiry, name, point, subject))


def _key(inquiry: Inquiry, name: str, point: str, subject: str) -> Observation:
    if inquiry.cluster.keys(name, inquiry.tool_namespace):
        return Observation(point, Standing.OK, subject)
    todo = f"bootstrap/cluster.sh {inquiry.environment.name} --apply brengt het aan"
    return Observation(point, Standing.MISSING, subject, f"is er niet in {inquiry.tool_namespace}", todo)


def rights(inquiry: Inquiry) -> Iterator[Observation]:
    """Ask what whoever asks may do of what connecting a cluster takes; nothing of it is done."""
    tool, namespace = inquiry.environment.delivery, inquiry.tool_namespace
    known = tool.in_cluster
    wanted = [("create", "namespaces", ""), ("create", "secrets", namespace), ("get", "secrets", namespace)]
    for one in inquiry.objects:
        if known and one.kind in known.follows and one.namespace == namespace:
            group = one.api_version.rpartition("/")[0]
            wanted.append(("create", f"{one.kind.lower()}s.{group}".replace("ys.", "ies."), namespace))
    if _tool_is_missing(inquiry):
        wanted += [("create", "customresourcedefinitions.apiextensions.k8s.io", ""), ("create", "clusterroles", "")]
    for verb, resource, place in dict.fromkeys(wanted):
        point = f"rights/{verb}/{resource}"
        subject = f"uw recht: {verb} {resource}{place and f' in {place}'}"
        try:
            may = inquiry.cluster.may(verb, resource, place)
        except NotPermittedError as error:
            yield unseen(point, subject, error)
            continue
        if may:
            yield Observation(point, Standing.OK, subject)
        else:
            standing, said = (Standing.ATTENTION, "hebt u niet") if may is False else (Standing.UNKNOWN, "onbekend")
            todo = "nodig om het cluster aan te sluiten: laat dat iemand doen die het mag"
            yield Observation(point, standing, subject, said, todo)


def _tool_is_missing(inquiry: Inquiry) -> bool:
    known = inquiry.environment.delivery.in_cluster
    kinds = known.follows if known else ()
    versions = {one.api_version for one in inquiry.objects if one.kind in kinds}
    return any(inquiry.cluster.raw(f"/apis/{version}") is None for version in versions)
