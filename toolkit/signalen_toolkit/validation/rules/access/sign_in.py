"""Sign-in: whether employees, and nobody else, can get in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import host_of, is_local
from signalen_toolkit.validation.rules.access.dex import connectors

_ENDPOINTS: Final = ("authorizationEndpoint", "tokenEndpoint", "userEndpoint", "jwksEndpoint")
# Hosts that exist on a developer's machine or in documentation, and the domain of the host's own test environments.
_DEVELOPMENT = re.compile(
    r"localhost|127(\.[0-9]+){3}|::1|(.+\.)?(local|localhost|test|example|invalid)|(.+\.)?example\.[a-z]+"
    r"|(.+\.)?signalen\.dev"
)
_TENANTS: Final = "common|organizations|consumers"
_SHARED = re.compile(rf"https://login\.microsoftonline\.com/({_TENANTS})(/|$)", re.IGNORECASE)


@rule("development-sign-in", "whoever runs a development sign-in decides who is an employee in production")
def development_sign_in(form: Form) -> Iterator[Problem]:
    """Reports a production environment that signs in at localhost, an example address or a test environment.

    That is the address of the sign-in itself, or that of a connector of Dex.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        for place, connector in connectors(form, environment) if environment.production else ():
            addresses = {"issuer": str(connector.get("issuer", "")), "host": f"tcp://{connector.get('host', '')}"}
            for key, address in addresses.items():
                # One that is the machine itself is wrong everywhere: there is a rule for that.
                if _DEVELOPMENT.fullmatch(host := host_of(address)) and not is_local(host):
                    yield _development(form, environment, host, (*place, key))
        for key in ("issuer", *_ENDPOINTS):
            host = host_of(str(identity.get(key, "")))
            if environment.production and form.given(environment, "identity", key) and _DEVELOPMENT.fullmatch(host):
                yield _development(form, environment, host, form.place(environment, "identity", key))


@rule("shared-tenant", "anybody with an account at any organisation could sign in")
def shared_tenant(form: Form) -> Iterator[Problem]:
    """Reports an issuer of Microsoft Entra ID, or a connector of Dex, that is of all tenants together."""
    hint = "write the id of the municipality's tenant in its place"
    for environment in form.config.environments:
        for place, connector in connectors(form, environment):
            tenant = str(connector.get("tenant", ""))
            if tenant.lower() in _TENANTS.split("|"):
                yield form.document.problem("shared-tenant", _every(tenant), (*place, "tenant"), hint=hint)
        if found := _SHARED.match(str(environment.settings["identity"]["issuer"])):
            yield form.problem("shared-tenant", _every(found[1]), environment, "identity", "issuer", hint=hint)


@rule("grafana-client", "an application that is not registered cannot sign anybody in")
def grafana_client(form: Form) -> Iterator[Problem]:
    """Reports a Grafana that signs in at Microsoft Entra ID without an id, which only Entra can give it."""
    for environment in form.config.environments:
        asked = "grafana" in environment.enabled and environment.settings["identity"]["provider"] == "entra"
        if asked and not form.given(environment, "grafana", "clientId"):
            yield form.problem(
                "grafana-client",
                "Grafana has no id at Entra ID: nobody can sign in to it",
                environment,
                "components",
                "grafana",
                "enabled",
                hint="register an application for it, and give its id in 'grafana.clientId'",
            )


@rule("local-admin", "a password of the application itself has no second factor, and stays when somebody leaves")
def local_admin(form: Form) -> Iterator[Problem]:
    """Warns of a production environment in which administrators sign in with a password of the backend."""
    for environment in form.config.environments:
        if environment.production and environment.settings["identity"]["localAdmin"]:
            yield form.problem(
                "local-admin",
                f"'{environment.name}' is a production environment, and lets administrators in with a password",
                environment,
                "identity",
                "localAdmin",
                hint="remove it when an administrator can sign in with the municipality's own sign-in",
                severity=Severity.WARNING,
            )


@rule("identity-endpoints", "the addresses of an unknown kind of provider cannot be derived from its issuer")
def identity_endpoints(form: Form) -> Iterator[Problem]:
    """Reports a provider that is no Entra, Keycloak or Dex, and of which not all four addresses are given."""
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        missing = [key for key in _ENDPOINTS if not identity.get(key)]
        if identity["issuer"] and identity["provider"] == "other" and missing:
            yield form.problem(
                "identity-endpoints",
                f"this provider is not one whose addresses are known: 'identity' lacks {', '.join(missing)}",
                environment,
                "identity",
                "provider" if form.given(environment, "identity", "provider") else "issuer",
                hint="they stand in the issuer's /.well-known/openid-configuration",
            )


@rule("response-type", "with a flow that the provider does not have nobody can sign in")
def response_type(form: Form) -> Iterator[Problem]:
    """Reports the flow `code` without Keycloak, whose own library the site uses for it, or without Keycloak's realm.

    And with Dex everything but `id_token`: it gives no token alone.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        is_dex = identity["provider"] == "dex"
        if not identity["issuer"] or identity["responseType"] == "id_token":
            continue
        if not is_dex and (identity["responseType"] != "code" or identity.get("realm")):
            continue
        place = "responseType"
        if is_dex:
            message = f"the site cannot sign in at Dex with the flow '{identity['responseType']}'"
            hint = "leave it out, or write id_token"
        elif identity["provider"] == "keycloak":
            message = "the realm of Keycloak is not known: this issuer does not end in /realms/ and its name"
            hint = "write the issuer as https://id.example.nl/realms/signalen, or give 'identity.realm'"
            place = "issuer"
        else:
            message = "the site signs in with the flow 'code' at Keycloak only, and needs 'identity.realm' for it"
            hint = "write id_token, or give the realm of Keycloak"
        yield form.problem("response-type", message, environment, "identity", place, hint=hint)


def is_for_development(host: str) -> bool:
    """Tell whether a host is a developer's machine, an example, or a test environment."""
    return _DEVELOPMENT.fullmatch(host) is not None


def shared_tenant_of(issuer: str) -> str:
    """Return the name under which an issuer of Entra ID is all tenants together; nothing where it is one."""
    found = _SHARED.match(issuer)
    return found[1] if found else ""


def _development(form: Form, environment: Environment, host: str, place: Place) -> Problem:
    message = f"'{host}' is for development, and '{environment.name}' is a production environment"
    hint = f"give '{environment.name}' the address of the municipality's own sign-in"
    return form.document.problem("development-sign-in", message, place, hint=hint)


def _every(tenant: str) -> str:
    return f"'{tenant}' is every tenant of Microsoft Entra ID, not that of the municipality"
