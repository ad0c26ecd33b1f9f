"""Which applications have to be registered at the identity provider of an environment.

The one place for it: the steps of the first day and the README of a repository say it alike. What else has to be set
there, per kind of provider, is in docs/sign-in.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from signalen_toolkit.form.config import Environment


@dataclass(frozen=True, slots=True)
class Registration:
    """An application: what a person calls it, its client id, and the address to which people are sent back."""

    title: str
    client_id: str
    redirect: str

    @property
    def text(self) -> str:
        """All of it on one line."""
        return f"{self.title}{f' ({self.client_id})' if self.client_id else ''}: {self.redirect}"


def is_own_dex(environment: Environment) -> bool:
    """Tell whether the environment's own Dex stands between Signalen and who knows the people."""
    return "dex" in environment.enabled and environment.settings["identity"]["issuer"] == _address(environment, "dex")


def registrations(environment: Environment) -> list[Registration]:
    """Return the applications. With a Dex of its own that is one for each provider behind it; LDAP asks for none."""
    identity, settings = environment.settings["identity"], environment.settings
    if is_own_dex(environment):  # which knows the site, the administration pages and Grafana by itself
        back = f"{_address(environment, 'dex')}/callback"
        return [
            Registration(str(one["name"]), str(one.get("clientId", "")), back)
            for one in settings["dex"]["connectors"]
            if one.get("type") != "ldap"
        ]
    site, admin = _address(environment, "frontend"), f"{_address(environment, 'backend')}/signals/oidc/callback/"
    found = [
        Registration("de site", str(identity["clientId"]), f"{site}/manage/incidents"),
        Registration("de beheerpagina's", str(identity["adminClientId"]), admin),
    ]
    if "grafana" in environment.enabled:
        back = f"{_address(environment, 'grafana')}/login/generic_oauth"
        found.append(Registration("Grafana", str(settings["grafana"]["clientId"]), back))
    return found


def _address(environment: Environment, component: str) -> str:
    return f"https://{environment.hosts[component]}"
