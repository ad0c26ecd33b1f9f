"""Dex: the environment's own sign-in, what it signs in at, and who signs in at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base.versions import between, is_version
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule
from signalen_toolkit.validation.rules.access.addresses import host_of

_NAME: Final = "dex"
# What a connector of each type cannot do without, and what it takes besides; each is a word of its description.
_NEEDED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "microsoft": {"tenant": "the id of the municipality's tenant", "clientId": "the id of the application"},
        "oidc": {"issuer": "the issuer of the provider", "clientId": "the id of the application"},
        "ldap": {
            "host": "the name and port of the directory",
            "bindDN": "the account that reads it",
            "userBaseDN": "where its users are",
        },
    }
)
_OPTIONAL: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "microsoft": frozenset({"groups"}),
        "oidc": frozenset(),
        "ldap": frozenset(
            {"emailAttribute", "groupBaseDN", "nameAttribute", "security", "userFilter", "username"},
        ),
    }
)
# Who signs in at Dex, by the place of the id.
_CLIENTS: Final = MappingProxyType(
    {
        ("identity", "clientId"): "the site",
        ("identity", "adminClientId"): "the admin pages",
        ("grafana", "clientId"): "Grafana",
    }
)
# The first and last version of Dex that gives an access token beside an id_token (its server/handlers.go).
_GIVING: Final = ("2.17.0", "2.42.99")
_COMMON: Final = frozenset({"name", "type"})


@rule("dex-sign-in", "Dex does not start without anything to sign in at")
def dex_sign_in(form: Form) -> Iterator[Problem]:
    """Reports a Dex with neither connectors nor, outside production, a test user."""
    for environment in _environments(form):
        settings = environment.settings["dex"]
        tried = settings["testUser"]["enabled"] and not environment.production
        if settings["connectors"] or tried or _is_refused(form, _place(form, environment)):
            continue
        given = form.given(environment, "dex", "connectors")
        yield form.problem(
            "dex-sign-in",
            "Dex has no connectors: nobody can sign in",
            environment,
            *(("dex", "connectors") if given else ("components", _NAME, "enabled")),
            hint="give the municipality's sign-in in 'dex.connectors'",
        )


@rule("dex-connector", "a connector that lacks something keeps Dex from starting, or lets nobody in")
def dex_connector(form: Form) -> Iterator[Problem]:
    """Reports a connector that lacks what its type needs, or is the second of a type; warns of keys of another type.

    The secret of a connector has its type as name, so that there can be one of each.
    """
    for environment in _environments(form):
        seen: set[str] = set()
        for place, connector in connectors(form, environment):
            kind = str(connector.get("type", ""))
            if kind not in _NEEDED:
                continue  # the schema has reported it
            if kind in seen:
                message = f"there is a connector of the type '{kind}' already"
                hint = "keep one of each type: their Secrets are named by it"
                yield form.document.problem("dex-connector", message, (*place, "type"), hint=hint)
            seen.add(kind)
            yield from _keys(form, place, kind)


@rule("dex-test-user", "whoever learns the one password of a test user is an employee")
def dex_test_user(form: Form) -> Iterator[Problem]:
    """Reports a test user of Dex in a production environment."""
    for environment in _environments(form):
        if environment.production and environment.settings["dex"]["testUser"]["enabled"]:
            yield form.problem(
                "dex-test-user",
                f"'{environment.name}' is a production environment, and has a test user",
                environment,
                "dex",
                "testUser",
                "enabled",
                hint="remove it, or set it in the environments for trying out alone",
            )


@rule("dex-issuer", "tokens count only from the very issuer that Signalen was told of")
def dex_issuer(form: Form) -> Iterator[Problem]:
    """Reports an issuer or a provider that is almost that of the environment's Dex, and warns of another sign-in.

    Where 'identity.issuer' is left out, it is the environment's own Dex.
    """
    for environment in _environments(form):
        identity, host = environment.settings["identity"], environment.hosts.get(_NAME, "")
        issuer, own = str(identity["issuer"]), f"https://{host}"
        if issuer == own and identity["provider"] == "dex":
            continue
        wrong, severity, hint = "issuer", Severity.ERROR, f"leave it out, or write {own}"
        if issuer == own:
            wrong, message = "provider", f"the issuer is this environment's Dex, and not '{identity['provider']}'"
            hint = "leave it out, or write dex"
        elif host and host_of(issuer) == host.lower():
            message = "this is almost the issuer of this environment's Dex"
        else:
            message = "Signalen signs in here, and nobody signs in at this environment's Dex"
            severity = Severity.WARNING
            hint = "leave it out, or switch dex off"
        if form.given(environment, "identity", wrong):
            yield form.problem("dex-issuer", message, environment, "identity", wrong, hint=hint, severity=severity)


@rule("dex-clients", "two applications with one id are one to Dex, and the secret of one becomes that of the other")
def dex_clients(form: Form) -> Iterator[Problem]:
    """Reports two applications that sign in at the environment's Dex under one id: site, admin pages, Grafana."""
    for environment in _environments(form):
        identity = environment.settings["identity"]
        if identity["issuer"] != f"https://{environment.hosts.get(_NAME, '')}":
            continue  # nobody signs in at it, and there is a rule for that
        owners: dict[str, tuple[str, tuple[str, str]]] = {}
        for place, owner in _CLIENTS.items():
            id_ = str(at(environment.settings, *place) or "")
            first, earlier = owners.setdefault(id_, (owner, place))
            if id_ and first != owner and not (owner == "Grafana" and "grafana" not in environment.enabled):
                yield form.problem(
                    "dex-clients",
                    f"'{id_}' is the id of {first} at Dex, and of {owner}",
                    environment,
                    *(place if form.given(environment, *place) else earlier),
                    hint="give each an id of its own, or leave them out",
                )


@rule("dex-image", "the site waits for an access token, which other versions of Dex do not give it")
def dex_image(form: Form) -> Iterator[Problem]:
    """Reports an image of Dex in 'overrides' that is older than 2.17 or newer than 2.42, or whose version is not told.

    The site asks for an `id_token` and waits for the access token beside it. Dex gave one from 2.17 to 2.42; from 2.43
    on it follows the standard, which has none there. It never gave a token alone.
    """
    for environment in _environments(form):
        tag = str(at(environment.settings, "overrides", _NAME, "image", "tag") or "")
        version = tag.partition("-")[0]  # without the kind of image: v2.42.0-alpine
        if not tag or (is_version(version) and between(version, *_GIVING)):
            continue
        yield form.problem(
            "dex-image",
            f"with Dex {version} nobody can sign in: the site gets no access token from it"
            if is_version(version)
            else f"'{tag}' does not say which version of Dex it is, and not every one works",
            environment,
            *("overrides", _NAME, "image", "tag"),
            hint=f"remove it, or write a version from {_GIVING[0]} to 2.42",
        )


def connectors(form: Form, environment: Environment) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield the connectors of an environment with a Dex: the place where each is written, and what it is completed to.

    A list that the schema refuses is not the one that is in use, and the one at the top may be.
    """
    if _NAME in environment.enabled:
        base = _place(form, environment)
        for index, connector in enumerate(environment.settings["dex"]["connectors"]):
            written = at(form.document.data, *base, index)
            if isinstance(written, Mapping) and all(connector.get(key) == value for key, value in written.items()):
                yield (*base, index), connector


def _environments(form: Form) -> Iterator[Environment]:
    return (environment for environment in form.config.environments if _NAME in environment.enabled)


def _place(form: Form, environment: Environment) -> Place:
    return form.place(environment, "dex", "connectors")


def _is_refused(form: Form, place: Place) -> bool:
    """Tell whether a list that is left out of the settings stands in the file: the schema has reported it."""
    found = [form.document.node(place[:end]) for end in range(1, len(place) + 1)]
    return found[-1].data != [] if found[-1] else any(node and not isinstance(node.data, dict) for node in found)


def _keys(form: Form, place: Place, kind: str) -> Iterator[Problem]:
    """Look at the keys that a connector has in the file."""
    written = at(form.document.data, *place)
    for key, what in _NEEDED[kind].items():
        if key not in written:
            message = f"a connector of the type '{kind}' needs '{key}'"
            yield form.document.problem("dex-connector", message, (*place, "type"), hint=f"give {what}")
    for key in written:
        if key not in _COMMON and key not in _NEEDED[kind] and key not in _OPTIONAL[kind]:
            message = f"'{key}' does nothing in a connector of the type '{kind}'"
            yield form.document.problem(
                "dex-connector", message, (*place, key), at="key", hint="remove it", severity=Severity.WARNING
            )
