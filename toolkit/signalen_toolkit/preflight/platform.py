"""What the cluster is and offers: Kubernetes itself, ingress, certificates, volumes and the kinds of objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.data import at, mapping, text
from signalen_toolkit.kubernetes.cluster import group_of
from signalen_toolkit.kubernetes.model import Object
from signalen_toolkit.preflight import definitions
from signalen_toolkit.preflight.observations import Inquiry, Observation, Standing, seen

_DEFAULT: Final = "is-default-class"  # the end of the annotation, for classes of ingress and of storage alike
# Parts of the names of drivers whose volumes several nodes can mount at once, and of those whose volumes cannot.
# Source: the documentation of each driver.
_SHARED: Final = ("nfs", "cephfs", "file.csi.azure", "azure-file", "efs.csi", "filestore", "longhorn", "manila", "smb")
_SINGLE: Final = ("ebs", "disk", "cinder", "rbd", "pd.csi", "local-path", "hostpath", "topolvm", "openebs.io/local")
# Who brings the kinds of a group, for a person.
_BROUGHT_BY: Final[Mapping[str, str]] = {
    "cert-manager.io": "cert-manager",
    "trust.cert-manager.io": "trust-manager",
    "external-secrets.io": "de External Secrets-operator (0.16 of nieuwer)",
    "monitoring.coreos.com": "de Prometheus-operator",
    "gateway.networking.k8s.io": "Gateway API (1.0 of nieuwer; voor een ListenerSet 1.5)",
    "traefik.io": "Traefik",
    "policy.linkerd.io": "Linkerd",
}


def version(inquiry: Inquiry) -> Iterator[Observation]:
    """Compare the version of Kubernetes with what is to run there, and with the one that `verify` takes."""
    point, subject = "kubernetes-version", "versie van Kubernetes"
    told = inquiry.cluster.raw("/version") or {}
    number = ".".join(str(told.get("gitVersion", "")).removeprefix("v").split(".")[:2])
    if not number.replace(".", "").isdigit():
        raise UsageError("the cluster does not tell its version; is it Kubernetes?")
    wanted = str(inquiry.environment.settings["cluster"]["kubernetesVersion"])
    needs: list[tuple[str, Component | Any]] = [(one.kubernetes, one) for one in inquiry.environment.components]
    needs.append((inquiry.environment.delivery.kubernetes, inquiry.environment.delivery))
    short = [f"{one.title} vraagt {oldest}" for oldest, one in needs if oldest and _minor(number) < _minor(oldest)]
    if short:
        message = f"het cluster heeft {number}, en {', '.join(short)} of nieuwer"
        yield Observation(point, Standing.MISSING, subject, message, "werk het cluster bij")
    elif number != wanted:
        message = f"het cluster heeft {number}, en het formulier zegt {wanted}"
        yield Observation(
            point, Standing.ATTENTION, subject, message, f'zet cluster.kubernetesVersion op "{number}", en render'
        )
    else:
        yield Observation(point, Standing.OK, subject, number)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def ingress_class(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for the class of the Ingresses, where there are any."""
    name = str(inquiry.environment.settings["cluster"]["ingressClass"])
    subject = f"ingressklasse {name}"

    def look() -> Observation:
        found = inquiry.cluster.all("ingressclasses.networking.k8s.io")
        names = [text(one, "metadata", "name") for one in found]
        if name in names:
            return Observation("ingress-class", Standing.OK, subject)
        message = f"het cluster heeft {', '.join(names) or 'geen enkele ingressklasse'}"
        todo = (
            "zet een van deze in het formulier bij cluster.ingressClass"
            if names
            else "installeer een ingresscontroller"
        )
        return Observation("ingress-class", Standing.MISSING, subject, message, todo)

    if inquiry.environment.has_ingress:
        yield from seen("ingress-class", subject, look)


def certificates(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for the ClusterIssuer of cert-manager, and whether it is ready, unless a Gateway has the certificates."""
    name = str(inquiry.environment.settings["cluster"]["certificateIssuer"])
    subject = f"ClusterIssuer {name}"

    def look() -> Observation:
        point = "certificate-issuer"
        if inquiry.cluster.raw("/apis/cert-manager.io/v1") is None:
            return Observation(point, Standing.MISSING, subject, "cert-manager ontbreekt", "installeer cert-manager")
        found = inquiry.cluster.get("clusterissuers.cert-manager.io", name)
        if found is None:
            others = [text(one, "metadata", "name") for one in inquiry.cluster.all("clusterissuers.cert-manager.io")]
            message = f"het cluster heeft {', '.join(others) or 'er geen'}"
            todo = "maak haar, of zet een andere in het formulier bij cluster.certificateIssuer"
            return Observation(point, Standing.MISSING, subject, message, todo)
        conditions = at(found, "status", "conditions") or []
        if not any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
            said = next((str(one.get("message", "")) for one in conditions if one.get("type") == "Ready"), "")
            todo = f"kubectl describe clusterissuer {name}"
            return Observation(point, Standing.ATTENTION, subject, f"is niet gereed{said and f': {said}'}", todo)
        return Observation(point, Standing.OK, subject)

    if name and inquiry.environment.has_certificates:
        yield from seen("certificate-issuer", subject, look)


def storage(inquiry: Inquiry) -> Iterator[Observation]:
    """Look for the storage classes of the volumes that the environment asks for, and whether they fit."""
    asked = inquiry.environment.settings["cluster"]["storageClasses"]
    for mode, key in (("ReadWriteOnce", "readWriteOnce"), ("ReadWriteMany", "readWriteMany")):
        if any(mode in written for written in inquiry.tree.values()):
            name = str(asked[key] or "")
            subject = f"opslagklasse {name or '(standaard)'}, {mode}"
            yield from seen(f"storage-class/{mode}", subject, partial(_storage_class, inquiry, name, mode, subject))


def _storage_class(inquiry: Inquiry, name: str, mode: str, subject: str) -> Observation:
    point = f"storage-class/{mode}"
    key = f"cluster.storageClasses.{mode[0].lower()}{mode[1:]}"
    found = inquiry.cluster.all("storageclasses.storage.k8s.io")
    names = ", ".join(text(one, "metadata", "name") for one in found) or "er geen"
    fits = (one for one in found if text(one, "metadata", "name") == name or (not name and _is_default(one)))
    chosen = next(fits, None)
    if chosen is None:
        message = f"het cluster heeft {names}{'' if name else ', en geen ervan is de standaard'}"
        return Observation(point, Standing.MISSING, subject, message, f"zet er een in het formulier bij {key}")
    driver = text(chosen, "provisioner")
    if mode == "ReadWriteMany" and not any(part in driver.lower() for part in _SHARED):
        single = any(part in driver.lower() for part in _SINGLE)
        message = f"{driver} kan {'dat niet' if single else 'dat misschien niet'}: een volume op meer nodes tegelijk"
        todo = f"zet in het formulier bij {key} een klasse die het kan, of kies storage.s3 of storage.azure"
        return Observation(point, Standing.MISSING if single else Standing.ATTENTION, subject, message, todo)
    return Observation(point, Standing.OK, subject, driver)


def _is_default(one: Mapping[str, Any]) -> bool:
    marks = mapping(one, "metadata", "annotations")
    return any(name.endswith(_DEFAULT) and value == "true" for name, value in marks.items())


def kinds(inquiry: Inquiry) -> Iterator[Observation]:
    """Compare the custom objects that are applied with what the cluster knows of their kinds.

    Not those of a kind that a chart of the environment brings along: they come later.
    """
    ours = {group for component in inquiry.environment.components for group in component.definitions}
    found: dict[str, list[Object]] = {}
    for one in inquiry.objects:
        group = group_of(one.api_version)
        if definitions.is_custom(group) and group not in ours:
            found.setdefault(one.api_version, []).append(one)
    for api_version, objects in sorted(found.items()):
        subject = f"{api_version}: {', '.join(sorted({one.kind for one in objects}))}"
        yield from seen(f"kinds/{api_version}", subject, partial(_kinds, inquiry, api_version, objects, subject))


def _kinds(inquiry: Inquiry, api_version: str, objects: list[Object], subject: str) -> Observation:
    point, group = f"kinds/{api_version}", group_of(api_version)
    known = inquiry.cluster.raw(f"/apis/{api_version}")
    names = {one.get("kind") for one in (known or {}).get("resources") or []}
    missing = sorted({one.kind for one in objects} - names)
    if missing:
        message = f"het cluster kent {', '.join(missing)} niet in {api_version}"
        delivery = inquiry.environment.delivery
        if definitions.is_of_tool(group, inquiry):
            todo = f"bootstrap/cluster.sh installeert {delivery.title}; draait er al een ouder, werk dat dan bij"
            standing = Standing.ATTENTION if known is None else Standing.MISSING
            return Observation(point, standing, subject, message, todo)
        todo = f"installeer {_BROUGHT_BY.get(group, f'wat {group} meebrengt')}, of een nieuwere versie ervan"
        return Observation(point, Standing.MISSING, subject, message, todo)
    strange = definitions.unknown(inquiry.cluster.raw(f"/openapi/v3/apis/{api_version}") or {}, objects)
    if strange:
        todo = f"werk {_BROUGHT_BY.get(group) or inquiry.environment.delivery.title} in het cluster bij"
        return Observation(point, Standing.MISSING, subject, f"het cluster kent niet: {'; '.join(strange)}", todo)
    return Observation(point, Standing.OK, subject)
