"""Sign-in: whether employees, and nobody else, can get in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from signalen_toolkit.catalog.environment import reads
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.derive import API_SCOPE, apis_of
from signalen_toolkit.form.model import Form
from signalen_toolkit.schema.addresses import split
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
# The flows by which the site gets an access token.
_FLOWS: Final = MappingProxyType(
    {"dex": ("id_token",), "entra": ("token",), "keycloak": ("code", "token"), "other": ("token",)}
)
_NO_TOKEN: Final = MappingProxyType(
    {
        "code": "the site signs in with the flow 'code' at Keycloak only, and not at {provider}",
        "id_token": "the site waits for an access token, which {provider} does not give beside an id_token",
        "token": "the site cannot sign in at {provider} with the flow 'token'",
    }
)
_PROVIDERS: Final = MappingProxyType(
    {"dex": "Dex", "entra": "Microsoft Entra ID", "keycloak": "Keycloak", "other": "this provider"}
)
_GRAPH: Final = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})
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
    """Reports a flow by which the site gets no access token from this kind of provider, and Keycloak without its realm.

    The site waits for an access token in its address: `code` is Keycloak's own library, `id_token` brings none but at a
    Dex of 2.42 or older, and a Dex gives no `token` alone.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        provider, flow = identity["provider"], identity["responseType"]
        if not identity["issuer"] or (provider != "dex" and _is_own(environment)):
            continue
        if flow not in _FLOWS[provider]:
            message = _NO_TOKEN[flow].format(provider=_PROVIDERS[provider])
            hint = f"leave it out, or write {' or '.join(_FLOWS[provider])}"
            if flow == "code" and identity.get("realm"):
                hint += "; where this is a Keycloak, write keycloak as its 'provider'"
            yield form.problem("response-type", message, environment, "identity", "responseType", hint=hint)
        elif flow == "code" and not identity.get("realm"):
            message = "the realm of Keycloak is not known: this issuer does not end in /realms/ and its name"
            hint = "write the issuer as https://id.example.nl/realms/signalen, or give 'identity.realm'"
            yield form.problem("response-type", message, environment, "identity", "issuer", hint=hint)


@rule("issuer-spelling", "the backend compares the issuer of a token to the letter, and refuses every other")
def issuer_spelling(form: Form) -> Iterator[Problem]:
    """Reports an issuer that no token has.

    At Keycloak and Dex that is one with a `/` at its end; at Microsoft Entra ID one that does not end in `/v2.0`, is of
    `sts.windows.net` (tokens of version 1), or names the tenant otherwise than by its id in lower case.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        issuer, provider = str(identity["issuer"]), identity["provider"]
        if not issuer or _is_own(environment):
            continue
        if fault := _entra_fault(issuer) if provider == "entra" else _slash_fault(issuer, provider):
            message, hint = fault
            yield form.problem("issuer-spelling", message, environment, "identity", "issuer", hint=hint)


@rule("sign-in-scope", "a token for something else, or without an address, is refused by the backend")
def sign_in_scope(form: Form) -> Iterator[Problem]:
    """Reports scopes for which Microsoft Entra ID gives a token of Microsoft Graph, and those without e-mail at Dex.

    The site sends the token to the backend, so that it has to be for the municipality's own: a scope of an API that is
    registered for it, and of one API only.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        provider, scope, site = identity["provider"], str(identity["scope"]), identity["clientId"]
        apis, message = apis_of(scope), ""
        if provider == "entra" and identity["responseType"] == "token" and site and not _is_own(environment):
            hint = f"leave it out, or write openid email profile api://{site}/{API_SCOPE}"
            if len(apis) > 1:
                message = f"these are scopes of {len(apis)} APIs, and Microsoft Entra ID gives a token for one"
            elif apis <= _GRAPH:
                message = "with these scopes the token is for Microsoft Graph, and the backend refuses it"
        elif provider == "dex" and "email" not in scope.split():
            message = "without the scope email the tokens of Dex have no address, by which the backend finds a user"
            hint = "leave it out, or write openid email profile"
        if message:
            yield form.problem("sign-in-scope", message, environment, "identity", "scope", hint=hint)


@rule("sign-in-audience", "the backend refuses a token that is for an application that it does not know")
def sign_in_audience(form: Form) -> Iterator[Problem]:
    """Reports an API at Microsoft Entra ID, named in the scope by an address, whose id the form does not give."""
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        if identity["provider"] != "entra" or identity["responseType"] != "token" or identity.get("audiences"):
            continue
        for api in sorted(apis_of(str(identity["scope"])) - _GRAPH):
            if api.removeprefix("api://") not in identity["trustedAudiences"]:
                yield form.problem(
                    "sign-in-audience",
                    f"a token for '{api}' has the id of that application as its audience, which is not known",
                    environment,
                    "identity",
                    "scope",
                    hint="give the id (application id, client id) of the API in 'identity.audiences'",
                )


@rule("entra-admin-pages", "who may see which report is arranged in the administration pages")
def entra_admin_pages(form: Form) -> Iterator[Problem]:
    """Warns of an environment that signs in at Microsoft Entra ID itself: its administration pages let nobody in.

    They ask for the scopes `openid email` and nothing else, for which Entra ID gives a token of Microsoft Graph; and a
    backend that asks whom a token is for refuses that.
    """
    for environment in form.config.environments:
        identity = environment.settings["identity"]
        backend = form.charts.components.get("backend")
        if backend is None or identity["provider"] != "entra" or not identity["issuer"] or _is_own(environment):
            continue
        if reads(backend, environment.version, "OIDC_TRUSTED_AUDIENCES"):
            yield form.problem(
                "entra-admin-pages",
                "nobody gets into the administration pages of the backend by Microsoft Entra ID itself",
                environment,
                "identity",
                "issuer",
                hint="put Dex between them: leave 'identity' out, switch dex on in 'components', and give it Entra ID"
                " in 'dex.connectors'",
                severity=Severity.WARNING,
            )


def _is_own(environment: Environment) -> bool:
    """Tell whether the issuer is the environment's own Dex, or almost: there is a rule for that."""
    own = environment.hosts.get("dex", "") if "dex" in environment.enabled else ""
    return bool(own) and host_of(str(environment.settings["identity"]["issuer"])) == own


def _entra_fault(issuer: str) -> tuple[str, str] | None:
    """Say what is wrong with an issuer of Microsoft Entra ID, and what to write."""
    host, tenant = host_of(issuer), split(issuer).path.strip("/").partition("/")[0]
    host = "login.microsoftonline.com" if host == "sts.windows.net" else host
    meant = f"{split(issuer).scheme}://{host}/{tenant.lower()}/v2.0"
    if "." in tenant:
        hint = f"write {meant.replace(f'/{tenant.lower()}/', '/<id of the tenant>/')}"
        return "a token has the id of the tenant in its issuer, not its name", hint
    if issuer == meant:
        return None
    if host_of(issuer) == "sts.windows.net":
        message = "this is the issuer of tokens of version 1, whose audience and address Signalen does not know"
        return message, f"write {meant}, and let the application get tokens of version 2 (docs/sign-in.md)"
    return f"the tokens of Microsoft Entra ID have {meant} as their issuer", f"write {meant}"


def _slash_fault(issuer: str, provider: str) -> tuple[str, str] | None:
    if provider == "other" or not issuer.endswith("/"):
        return None
    return f"the issuer of {_PROVIDERS[provider]} has no '/' at its end", f"write {issuer.rstrip('/')}"


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
