"""The cluster: volumes, namespaces, the ingress and delivery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from signalen_toolkit.base.versions import parse
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_LONGEST: Final = 63  # characters of the name of a namespace


@rule("media-replicas", "a second pod cannot mount a volume that one pod has, and waits for ever")
def media_replicas(form: Form) -> Iterator[Problem]:
    """Reports several backends that share photographs on a volume for one pod at a time.

    Whether a claim that exists already can be shared is not known here: then it is a warning.
    """
    for environment in form.config.environments:
        replicas, storage = environment.settings["replicas"].get("backend", 1), environment.settings["storage"]
        if replicas > 1 and storage["provider"] == "volume" and not _shared_class(environment):
            exists = bool(storage["media"].get("existingClaim"))
            message = f"{replicas} backends cannot share the volume for photographs"
            if exists:
                message = f"{replicas} backends share the claim '{storage['media']['existingClaim']}'"
            yield form.problem(
                "media-replicas",
                message,
                environment,
                "replicas",
                "backend",
                hint="check that it is ReadWriteMany, and name its class in 'cluster.storageClasses.readWriteMany'"
                if exists
                else "name a class in 'cluster.storageClasses.readWriteMany', or use object storage",
                severity=Severity.WARNING if exists else Severity.ERROR,
            )


@rule("classification-replicas", "a second pod cannot mount a volume that one pod has, and waits for ever")
def classification_replicas(form: Form) -> Iterator[Problem]:
    """Reports several pods of classification that share their models on a volume for one pod at a time.

    Whether a claim that exists already can be shared is not known here: then it is a warning.
    """
    for environment in form.config.environments:
        replicas = environment.settings["replicas"].get("classification", 1)
        if "classification" not in environment.enabled or replicas < 2 or _shared_class(environment):
            continue
        claim = environment.settings["classification"].get("existingClaim")
        yield form.problem(
            "classification-replicas",
            f"{replicas} pods of classification share the claim '{claim}'"
            if claim
            else f"{replicas} pods of classification cannot share the volume with the models",
            environment,
            "replicas",
            "classification",
            hint="check that it is ReadWriteMany, and name its class in 'cluster.storageClasses.readWriteMany'"
            if claim
            else "name a class in 'cluster.storageClasses.readWriteMany', or keep it at 1",
            severity=Severity.WARNING if claim else Severity.ERROR,
        )


@rule("exports-volume", "exports are written by one pod and read by another")
def exports_volume(form: Form) -> Iterator[Problem]:
    """Reports exports on a new volume while no class of volumes is named that pods can share."""
    for environment in form.config.environments:
        exports = environment.settings["storage"]["exports"]
        if exports["enabled"] and not exports.get("existingClaim") and not _shared_class(environment):
            yield form.problem(
                "exports-volume",
                "exports need a volume that pods can share, and no class of such volumes is named",
                environment,
                "storage",
                "exports",
                "enabled",
                hint="name it in 'cluster.storageClasses.readWriteMany', or a claim in 'storage.exports.existingClaim'",
            )


@rule("csv-export", "the page offers a download that nothing has written")
def csv_export(form: Form) -> Iterator[Problem]:
    """Reports the page for exports while no exports are kept on a volume, where the page looks for them.

    Source: the backend's own answer to that page, which looks into a folder, also where it writes exports to Azure.
    """
    for environment in form.config.environments:
        storage = environment.settings["storage"]
        in_azure = storage["provider"] == "azure"
        if environment.settings["features"]["csvExport"] and (in_azure or not storage["exports"]["enabled"]):
            yield form.problem(
                "csv-export",
                "'csvExport' shows a page for exports, and those in Azure storage cannot be found there"
                if in_azure
                else "'csvExport' shows a page for exports, and 'storage.exports' is off",
                environment,
                "features",
                "csvExport",
                hint="remove it, and fetch the exports from the storage account"
                if in_azure
                else "write 'storage.exports.enabled: true', or remove it",
            )


@rule("flux-manual", "Flux has no manual mode; who counts on one is surprised")
def flux_manual(form: Form) -> Iterator[Problem]:
    """Warns of sync.automatic false with Flux, which always applies changes by itself."""
    for environment in form.config.environments:
        if environment.delivery.always_automatic and not environment.settings["sync"]["automatic"]:
            others = [one.name for one in form.charts.deliveries.values() if not one.always_automatic]
            yield form.problem(
                "flux-manual",
                f"{environment.delivery.title} applies every change by itself: 'sync.automatic' has no effect",
                environment,
                "sync",
                "automatic",
                hint=f"remove it, or use {' or '.join(others)}",
                severity=Severity.WARNING,
            )


@rule("image-tag-missing", "an image called latest is another one tomorrow, and nobody has approved it")
def image_tag_missing(form: Form) -> Iterator[Problem]:
    """Reports an override that puts back the image `latest`, and a chart that installs it where no tag is named."""
    for environment in form.config.environments:
        for component in environment.components:
            too_old = parse(environment.version) < parse(form.charts.oldest_release)
            if too_old or component.app_version(environment.version) != "latest":
                continue
            place = ("overrides", component.name, "image", "tag")
            given = form.given(environment, *place)
            tag = at(environment.settings, *place) if given else component.image_tag
            if tag in (None, "", "latest"):
                yield form.problem(
                    "image-tag-missing",
                    f"{component.name} would run whatever image is the latest that day",
                    environment,
                    *(place if given else ("components", component.name, "enabled")),
                    hint=f"remove it: {component.name} then gets {component.image_tag}"
                    if given and component.image_tag
                    else f"write the tag of a tested image in 'overrides.{component.name}.image.tag'",
                )


@rule("namespace-taken", "two environments in one namespace of one cluster overwrite each other")
def namespace_taken(form: Form) -> Iterator[Problem]:
    """Warns of a namespace that an earlier environment has too: that is right in another cluster only.

    An environment has its own namespace, and those beside it that some components have.
    """
    owners: dict[str, tuple[str, str]] = {}
    for environment in form.config.environments:
        for namespace in _namespaces(environment):
            owner, main = owners.setdefault(namespace, (environment.name, environment.namespace))
            if owner == environment.name:
                continue
            yield form.problem(
                "namespace-taken",
                f"'{namespace}' is also {'the' if namespace == main else 'a'} namespace of '{owner}'",
                environment,
                "cluster",
                "namespace",
                hint="give each environment a namespace of its own, unless they are in different clusters",
                severity=Severity.WARNING,
            )
            break  # the others follow from the first


@rule("namespace-of-others", "the rules of Signalen's namespaces, and their removal, would be for what runs there too")
def namespace_of_others(form: Form) -> Iterator[Problem]:
    """Reports a namespace of the ingress controller, a Gateway, cert-manager, Flux, Argo CD, Linkerd or Kubernetes.

    Namespaces get Pod Security and network policies that shut in what else is in them.
    """
    for environment in form.config.environments:
        others = _others(environment)
        for namespace in _namespaces(environment):
            owner = "Kubernetes" if namespace.startswith("kube-") or namespace == "default" else others.get(namespace)
            if owner:
                made = "" if namespace == environment.namespace else f", and '{environment.namespace}' makes that"
                yield form.problem(
                    "namespace-of-others",
                    f"'{namespace}' is the namespace of {owner}{made}",
                    environment,
                    "cluster",
                    "namespace",
                    hint="give Signalen a namespace of its own, or leave it out",
                )
                break


@rule("namespace-length", "Kubernetes takes no name of more than 63 characters")
def namespace_length(form: Form) -> Iterator[Problem]:
    """Reports a namespace that is too long for what is called after it.

    That is the namespace beside it, in which some components are installed, labels that Flux puts on every Secret that
    it decrypts and on objects of its own kinds, and the Secret with the age key.
    """
    for environment in form.config.environments:
        names = dict.fromkeys(_namespaces(environment), "a namespace")
        for name, what in _called_after(form, environment):
            names.setdefault(name, what)
        name, what = max(names.items(), key=lambda one: len(one[0]))
        if len(name) > _LONGEST:
            most = _LONGEST - len(name) + len(environment.namespace)
            yield form.problem(
                "namespace-length",
                f"this makes '{name}' {what} too, of {len(name)} characters",
                environment,
                "cluster",
                "namespace",
                hint=f"choose a name of at most {most} characters",
            )


@rule("pod-security", "a pod without limits can take over the node that it runs on")
def pod_security(form: Form) -> Iterator[Problem]:
    """Warns of a production environment whose namespace lets in privileged pods: nothing of Signalen needs that."""
    for environment in form.config.environments:
        if environment.production and environment.settings["cluster"]["podSecurity"] == "privileged":
            yield form.problem(
                "pod-security",
                f"'{environment.name}' is a production environment, and lets in pods with all privileges",
                environment,
                "cluster",
                "podSecurity",
                hint="remove it, and give a namespace of its own to what needs privileges",
                severity=Severity.WARNING,
            )


@rule("security-headers", "a visitor is protected by what is sent alone")
def security_headers(form: Form) -> Iterator[Problem]:
    """Warns of headers that protect visitors, with an ingress controller that cannot be told to send them."""
    for environment in form.config.environments:
        cluster = environment.settings["cluster"]
        if cluster["securityHeaders"] and cluster["ingressController"] == "other" and environment.has_ingress:
            yield form.problem(
                "security-headers",
                "nothing sends these headers: the ingress controller is not one that is known",
                environment,
                "cluster",
                "securityHeaders",
                hint="name it in 'cluster.ingressController', or have its administrator send them and remove this",
                severity=Severity.WARNING,
            )


def _called_after(form: Form, environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield what else is called after the namespace and may have no more characters, and what that is."""
    delivery, secrets = environment.delivery, environment.settings["secrets"]
    labels = []
    if secrets["provider"] == "sops":
        labels.append(delivery.secrets_label)
        if delivery.decryption == "key" and not form.given(environment, "secrets", "sops", "keySecret"):
            yield secrets["sops"]["keySecret"], "a Secret"
    if any(one.definitions for one in environment.components):
        labels.append(delivery.custom_label)
    for label in filter(None, labels):
        yield label.replace("{namespace}", environment.namespace), "a label"


def _namespaces(environment: Environment) -> Iterator[str]:
    """Yield the namespaces that have the environment's name in theirs, its own first."""
    yield environment.namespace
    beside = {one.namespace.suffix: one.name for one in environment.components if one.namespace}
    for suffix, component in sorted(beside.items()):
        if suffix:
            yield environment.namespaces[component]


def _others(environment: Environment) -> dict[str, str]:
    """Return whose each namespace is in which something else runs."""
    cluster, settings = environment.settings["cluster"], environment.settings
    own = {one.namespace.name: one.title for one in environment.components if one.namespace and one.namespace.name}
    stacks = cluster["stacks"]
    return {
        **({stacks["namespace"]: "the shared Prometheus"} if stacks["metrics"] else {}),
        cluster["certManagerNamespace"]: "cert-manager",
        **entrances(environment),
        settings["sync"]["namespace"]: environment.delivery.title,
        **own,
    }


def entrances(environment: Environment) -> dict[str, str]:
    """Return whose each namespace is from which visitors come in. A Gateway may be in the environment's own."""
    found = {str(environment.settings["cluster"]["ingressNamespace"]): "the ingress controller"}
    if environment.has_gateway:
        gateway = environment.settings["cluster"]["gateway"]
        known = {} if not environment.has_ingress else found
        found = {str(gateway[key]): "the Gateway" for key in ("namespace", "podsNamespace")} | known
        found.pop(environment.namespace, None)
    return found


def _shared_class(environment: Environment) -> str:
    return str(environment.settings["cluster"]["storageClasses"]["readWriteMany"])
