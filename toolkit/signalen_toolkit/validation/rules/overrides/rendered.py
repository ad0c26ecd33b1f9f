"""What overrides make of settings: raw values have the last word, so that what holds for a setting holds for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at, leaves, mapping, maps
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import host_of, is_local
from signalen_toolkit.validation.rules.access.hosts import host_fault
from signalen_toolkit.validation.rules.access.sign_in import is_for_development, shared_tenant_of
from signalen_toolkit.validation.rules.overrides.overrides import once, overrides

# Who can change what comes from these decides who gets in, or reads what residents write.
_GRAVE: Final = (
    ("config", "apiBaseUrl"),
    ("config", "oidc"),
    ("settings", "frontendUrl"),
    ("settings", "jwksUrl"),
    ("env", "CORS_ALLOWED_ORIGINS"),
    ("env", "FRONTEND_URL"),
    ("env", "OIDC_"),
    ("env", "SIGNALS_API_BASE"),
)
_SIGN_IN: Final = (("config", "oidc"), ("settings", "jwksUrl"), ("env", "OIDC_"))
_CLASS: Final = "kubernetes.io/ingress.class"


@rule("override-address", "an address in an override is used as one in a setting: open to all, or nowhere at all")
def override_address(form: Form) -> Iterator[Problem]:
    """Reports http:// and localhost in overrides of the site's configuration and of the backend's settings.

    Warns of http:// where nobody signs in and nothing is sent. A name within the cluster may do without HTTPS.
    """
    yield from once(_of_addresses(form))


def _of_addresses(form: Form) -> Iterator[Problem]:
    for environment, place, inner, text in _addresses(form):
        host = host_of(text)
        grave = any(_is_below(inner, one) for one in _GRAVE)
        if is_local(host):
            message = f"'{host}' is this very machine, wherever it is read"
            hint = "remove it: the toolkit sets the address that follows from the form"
            yield form.document.problem("override-address", message, place, hint=hint)
        elif environment.production and is_for_development(host) and any(_is_below(inner, one) for one in _SIGN_IN):
            message = f"'{host}' is for development, and '{environment.name}' is a production environment"
            yield form.document.problem("override-address", message, place, hint="remove it, and see to 'identity'")
        elif text.lower().startswith("http://") and not _is_inside(host):
            yield form.document.problem(
                "override-address",
                f"'{inner[-1]}' begins with http://",
                place,
                hint=f"write https://{text[7:]}",
                severity=Severity.ERROR if grave else Severity.WARNING,
            )


@rule("override-host", "a host in an override is what the ingress answers to")
def override_host(form: Form) -> Iterator[Problem]:
    """Reports a host of an ingress, in overrides, that is a name within a network only, such as `localhost`."""
    yield from once(_of_hosts(form))


def _of_hosts(form: Form) -> Iterator[Problem]:
    for _, _, place in overrides(form):
        ingress = at(form.document.data, *place, "ingress")
        found: list[Place] = [(*path, "host") for path, _ in maps(ingress, "hosts")]
        found += [(*path, "hosts", index) for path, one in maps(ingress, "tls") for index in _indices(one.get("hosts"))]
        for inner in found:
            host = at(ingress, *inner)
            # What is no name at all is refused by the schema of the chart.
            if isinstance(host, str) and "." not in host and (fault := host_fault(host)):
                yield form.document.problem("override-host", fault[0], (*place, "ingress", *inner), hint=fault[1])


@rule("override-issuer", "the backend refuses every token that another than its issuer made")
def override_issuer(form: Form) -> Iterator[Problem]:
    """Reports an issuer in overrides that is not that of the form, or is every tenant of Entra ID together."""
    yield from once(_of_issuers(form))


def _of_issuers(form: Form) -> Iterator[Problem]:
    for environment, place, inner, text in _addresses(form):
        if inner[:2] != ("env", "OIDC_OP_ISSUER"):
            continue
        issuer = environment.settings["identity"]["issuer"]
        if tenant := shared_tenant_of(text):
            message = f"'{tenant}' is every tenant of Microsoft Entra ID, not that of the municipality"
            yield form.document.problem("override-issuer", message, place, hint="remove it: 'identity.issuer' says it")
        elif issuer and text != issuer:
            message = f"the site signs in at {issuer}, and the backend would take the tokens of another"
            hint = "remove it, and write in 'identity.issuer' the one that is right"
            yield form.document.problem("override-issuer", message, place, hint=hint)


@rule("ingress-class-twice", "Kubernetes refuses an Ingress that has its class in an annotation and a field")
def ingress_class_twice(form: Form) -> Iterator[Problem]:
    """Reports the old annotation for the class of an ingress, which the form gives as `cluster.ingressClass`."""
    yield from once(_of_classes(form))


def _of_classes(form: Form) -> Iterator[Problem]:
    for _, component, place in overrides(form):
        own: Place = (*place, "ingress", "annotations", _CLASS)
        value = at(form.document.data, *own)
        class_name = mapping(form.document.data, *place, "ingress").get("className", "form")
        if isinstance(value, str) and component.host is not None and class_name:
            message = f"the ingress of {component.name} has its class already, and cannot have '{_CLASS}' beside it"
            hint = f"write cluster.ingressClass: {value.replace('/', '-')}"
            yield form.document.problem("ingress-class-twice", message, own, hint=hint)


def _addresses(form: Form) -> Iterator[tuple[Environment, Place, tuple[str, ...], str]]:
    """Yield every address in overrides that the site or the backend uses: where it stands, and its place in the values.

    What stands at the top comes once for each environment.
    """
    for environment, component, place in overrides(form):
        values = at(form.document.data, *place)
        for part in _parts(component):
            for inner, text in leaves(mapping(values, part), (part,)):
                if "://" in text:
                    yield environment, (*place, *inner), tuple(map(str, inner)), text
        # Environment variables as Kubernetes writes them: a list of names and values.
        for path, item in maps(values, "envVars") if "env" in _parts(component) else ():
            if isinstance(item.get("value"), str) and "://" in item["value"]:
                yield environment, (*place, *path, "value"), ("env", str(item.get("name"))), item["value"]


def _parts(component: Component) -> tuple[str, ...]:
    """Return where a chart of Signalen's own has addresses; other charts are told by their own rules."""
    if component.application_config is not None:
        return (component.application_config.values,)
    return ("settings", "env") if component.name == "backend" else ()


def _is_below(place: tuple[str, ...], above: tuple[str, str]) -> bool:
    name = above[1]
    return place[:1] == above[:1] and (place[1:2] == (name,) or (name.endswith("_") and place[1].startswith(name)))


def _is_inside(host: str) -> bool:
    """Tell whether a name is one within a cluster."""
    return "." not in host or host.endswith((".svc", ".cluster.local"))


def _indices(value: Any) -> range:
    return range(len(value)) if isinstance(value, list) else range(0)
