"""Sign-in: whether employees, and nobody else, can get in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from toolkit.form import Form
from toolkit.problems import Problem, Severity
from toolkit.rules import rule
from toolkit.rules.addresses import host_of

_ENDPOINTS: Final = ("authorizationEndpoint", "tokenEndpoint", "userEndpoint", "jwksEndpoint")
# Hosts that exist on a developer's machine or in documentation, and the domain of the host's own test environments.
_DEVELOPMENT = re.compile(
    r"localhost|127(\.[0-9]+){3}|::1|(.+\.)?(local|localhost|test|example|invalid)|(.+\.)?example\.[a-z]+"
    r"|(.+\.)?signalen\.dev"
)
_SHARED = re.compile(r"https://login\.microsoftonline\.com/(common|organizations|consumers)(/|$)", re.IGNORECASE)


@rule("development-sign-in", "whoever runs a development sign-in decides who is an employee in production")
def development_sign_in(form: Form) -> Iterator[Problem]:
    """Reports a production environment that signs in at localhost, an example address or a test environment."""
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        for key in ("issuer", *_ENDPOINTS):
            host = host_of(str(identity.get(key, "")))
            if environment.production and form.given(environment, "identity", key) and _DEVELOPMENT.fullmatch(host):
                yield form.problem(
                    "development-sign-in",
                    f"'{host}' is for development, and '{environment.name}' is a production environment",
                    environment,
                    "identity",
                    key,
                    hint=f"give '{environment.name}' the address of the municipality's own sign-in",
                )


@rule("shared-tenant", "anybody with an account at any organisation could sign in")
def shared_tenant(form: Form) -> Iterator[Problem]:
    """Reports an issuer of Microsoft Entra ID that is that of all tenants together."""
    for environment in form.config.environments:
        if found := _SHARED.match(str(environment.settings["identity"]["issuer"])):
            message = f"'{found[1]}' is every tenant of Microsoft Entra ID, not that of the municipality"
            hint = "write the id of the municipality's tenant in its place"
            yield form.problem("shared-tenant", message, environment, "identity", "issuer", hint=hint)


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
    """Reports the flow `code` without the realm of Keycloak: the site uses Keycloak's own library for that flow."""
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        if identity["responseType"] != "code" or not identity["issuer"] or identity.get("realm"):
            continue
        if identity["provider"] == "keycloak":
            message = "the realm of Keycloak is not known: this issuer does not end in /realms/ and its name"
            hint = "write the issuer as https://id.example.nl/realms/signalen, or give 'identity.realm'"
            place = "issuer"
        else:
            message = "the site signs in with the flow 'code' at Keycloak only, and needs 'identity.realm' for it"
            hint = "write id_token, or give the realm of Keycloak"
            place = "responseType"
        yield form.problem("response-type", message, environment, "identity", place, hint=hint)
