"""The form, completed: a Config holds for each environment every setting, given, default or derived.

Three layers, the later first: the schema's defaults, the top of the form, the environment. What is then still
open is derived, here and nowhere else. Nothing is checked: rules do that, and they read a Config too, so a
value that is missing or was thrown out as wrong is an empty text here, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.model import Catalog, Component, Secret
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.git_hosts import forge_of
from signalen_toolkit.form.images import measure
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.form.schema import defaults, defaults_of_items

Settings = dict[str, Any]

# Generalised municipality boundaries lie up to a few hundred metres off; a report at the border must pass.
_MARGIN = 0.01  # degrees


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment: what it is called, where it is, and all its settings.

    `settings` has every section of the form; `hosts` the host name of each component that has one; `namespaces` the
    namespace of each component of the catalog; `delivery_secrets` what Flux or Argo CD itself may read.
    """

    name: str
    domain: str
    production: bool
    version: str
    settings: Settings
    hosts: Mapping[str, str]
    namespaces: Mapping[str, str]
    components: tuple[Component, ...]
    delivery_secrets: tuple[Secret, ...]

    @property
    def namespace(self) -> str:
        """The environment's own namespace, in which Signalen itself is installed."""
        return str(self.settings["cluster"]["namespace"])

    @property
    def enabled(self) -> frozenset[str]:
        """The names of the components that are installed."""
        return frozenset(component.name for component in self.components)


@dataclass(frozen=True, slots=True)
class Config:
    """A form, completed. `assets` holds the bytes of the files the form names, by their path in the repository."""

    environments: tuple[Environment, ...]
    assets: Mapping[str, bytes] = field(default_factory=dict)


def build(form: Mapping[str, Any], charts: Catalog, assets: Mapping[str, bytes] | None = None) -> Config:
    """Complete a form (plain data). Values must have the types of the schema; any of them may be missing."""
    images = assets or {}
    top = {key: value for key, value in form.items() if key != "environments"}
    environments = form.get("environments", {})
    return Config(
        tuple(_environment(name, top, own or {}, charts, images) for name, own in environments.items()),
        images,
    )


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Settings:
    """Lay one map over another: maps are merged, anything else is replaced. Neither map is shared or changed."""
    merged = {key: merge(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in over.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def municipality_of(section: Mapping[str, Any]) -> Municipality | None:
    """Find the municipality that the form names in the register, by code or else by name and province."""
    if "code" in section:
        return municipalities.by_code(str(section["code"]))
    found = municipalities.named(str(section.get("name", "")), str(section.get("province", "")))
    return found[0] if len(found) == 1 else None


def asset_paths(form: Mapping[str, Any]) -> list[str]:
    """List the files in the repository that a form refers to, in any environment."""
    images = ("logo", "favicon", "iosIcon", "androidIcon")
    sections = [form, *(own or {} for own in form.get("environments", {}).values())]
    merged = [merge(defaults()["branding"], section.get("branding", {})) for section in sections]
    return list(dict.fromkeys(str(branding[image]) for branding in merged for image in images))


def _environment(
    name: str, top: Settings, own: Mapping[str, Any], charts: Catalog, assets: Mapping[str, bytes]
) -> Environment:
    given = merge(top, own)
    found = municipality_of(given.get("municipality", {}))
    profile = str(given.get("profile", found.size if found else "small"))
    settings = merge(merge(defaults(), {"profile": profile, "resources": _sized(charts, profile)}), given)
    domain = str(settings.get("domain", ""))
    production = bool(settings.get("production", name.startswith("prod")))
    version = _version(str(settings.get("version", "")), charts)
    components = tuple(
        component
        for component in charts.components.values()
        if settings["components"].get(component.name, {}).get("enabled", component.enabled)
    )
    hosts = {
        component.name: settings.get("hosts", {}).get(component.name, _host(component.host, domain))
        for component in charts.components.values()
        if component.host is not None
    }
    _derive_names(settings, found)
    _derive_contact(settings)
    _derive_branding(settings, assets)
    if any(component.name == "dex" for component in components):
        _derive_dex(settings, hosts["dex"])
    _derive_identity(settings["identity"])
    _derive_services(settings)
    _derive_map(settings, found)
    _derive_delivery(settings, name, production)
    _derive_cluster(settings)
    _derive_secrets(settings, name)
    own_namespace = str(settings["cluster"]["namespace"])
    namespaces = {
        component.name: component.namespace.called(own_namespace) if component.namespace else own_namespace
        for component in charts.components.values()
    }
    secrets = tuple(secret.of(own_namespace) for secret in charts.delivery_secrets.get(settings["delivery"], ()))
    return Environment(name, domain, production, version, settings, hosts, namespaces, components, secrets)


def _sized(charts: Catalog, profile: str) -> Settings:
    """Return what the workloads of a municipality of this size need beside what those of a small one do."""
    return {
        workload.name: merge({}, workload.larger[profile])
        for component in charts.components.values()
        for workload in component.workloads
        if profile in workload.larger
    }


def _version(given: str, charts: Catalog) -> str:
    """Return the release that is meant; one that does not exist, which is a problem already, is read as the newest."""
    newest = charts.releases[0]
    newer = is_version(given) and parse(given) > parse(newest)
    return given if given in charts.releases or newer else newest


def _host(label: str, domain: str) -> str:
    return f"{label}.{domain}" if label else domain


def _derive_names(settings: Settings, found: Municipality | None) -> None:
    section = dict(settings.get("municipality", {}))
    if found:
        section.setdefault("code", found.code)
        section.setdefault("province", found.province)
    section["name"] = _plain_name(section, found)
    section.setdefault("organization", f"Gemeente {section['name']}")
    settings["municipality"] = section


def _plain_name(section: Mapping[str, Any], found: Municipality | None) -> str:
    given = str(section.get("name", ""))
    if found and (not given or municipalities.fold(given) == municipalities.fold(found.name)):
        return found.plain_name  # without the (NH.) that tells namesakes apart
    return given


def _derive_contact(settings: Settings) -> None:
    contact, links, texts = settings["contact"], settings["links"], settings["texts"]
    phone, organization = contact.setdefault("phone", ""), settings["municipality"]["organization"]
    address = contact.setdefault("email", "")
    home = links.setdefault("home", f"https://www.{address.rpartition('@')[2]}")
    links.setdefault("help", home)
    links.setdefault("privacy", home)
    site = urlsplit(home).netloc
    contact.setdefault("openingHours", f"Onze openingstijden vindt u op [{site}]({home}).")
    contact.setdefault("urgentText", f"Kan uw melding niet wachten? Bel dan {phone}. Is er direct gevaar? Bel dan 112.")
    texts.setdefault("help", f"Lukt het niet om een melding te doen? Bel dan [{phone}](tel:{dialled(phone)}).")
    texts.setdefault("mapDescription", f"Weet u het adres niet? Bel dan {phone} om de melding telefonisch te doen.")
    texts.setdefault(
        "consentToContactSharing",
        f"Ja, {organization} mag mijn contactgegevens delen met een andere organisatie"
        " als die mijn melding moet oplossen.",
    )
    settings["email"].setdefault("from", sender(organization, address))


def dialled(phone: str) -> str:
    """Return a telephone number as it is dialled: `+31736155155`, `14073`."""
    digits = re.sub(r"[^0-9+]", "", phone.replace("(0)", ""))
    return f"+31{digits[1:]}" if digits.startswith("0") else digits


def sender(name: str, address: str) -> str:
    """Return `name <address>`, the name between quotes where a mail program would read its comma as the end."""
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _derive_branding(settings: Settings, assets: Mapping[str, bytes]) -> None:
    branding, names = settings["branding"], settings["municipality"]
    branding.setdefault("title", f"Meldingen {names['name']}".strip())
    branding.setdefault("logoDescription", f"Logo {names['organization']} - Home")
    colors, size = branding["colors"], branding["logoSize"]
    colors.setdefault("primaryDark", darker(colors["primary"]))
    colors.setdefault("secondaryDark", darker(colors["secondary"]))
    colors.setdefault("toolbar", colors["primary"])
    measured = measure(assets.get(branding["logo"], b""))
    for height, width in (("height", "width"), ("smallHeight", "smallWidth")):
        if measured:
            # Not wider than the header has room for, whatever the shape of the logo.
            size.setdefault(width, min(400, max(1, round(size[height] * measured[0] / measured[1]))))


def darker(color: str) -> str:
    """Return a colour (`#rgb` or `#rrggbb`) at four fifths of its brightness."""
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return "#" + "".join(f"{int(digits[at : at + 2], 16) * 4 // 5:02x}" for at in (0, 2, 4))


def _derive_dex(settings: Settings, host: str) -> None:
    """Let Signalen sign in at the environment's own Dex, unless the form names another issuer."""
    identity = settings["identity"]
    if "issuer" not in identity:
        identity["issuer"] = f"https://{host}"
        identity.setdefault("provider", "dex")
        identity.setdefault("clientId", "signalen")
        identity.setdefault("adminClientId", "signalen-admin")
    # A list of the form: its items are completed here, for the defaults of a schema reach no further than a list.
    items = defaults_of_items("dex", "connectors")
    settings["dex"]["connectors"] = [merge(items, connector) for connector in settings["dex"]["connectors"]]


def _derive_identity(identity: Settings) -> None:
    issuer = str(identity.setdefault("issuer", "")).rstrip("/")
    provider = identity.setdefault("provider", identity_provider(issuer))
    identity.setdefault("adminClientId", identity.setdefault("clientId", ""))
    identity.setdefault("responseType", "code" if provider == "keycloak" else "id_token")
    for key, address in _endpoints(provider, issuer).items():
        identity.setdefault(key, address)
    if provider == "keycloak":
        server, _, realm = issuer.partition("/realms/")
        identity.setdefault("realm", realm)
        identity.setdefault("keycloakServer", server)  # where keycloak-js in the browser looks


def identity_provider(issuer: str) -> str:
    """Tell the kind of identity provider from its issuer."""
    address = urlsplit(issuer)
    if address.hostname in ("login.microsoftonline.com", "sts.windows.net"):
        return "entra"
    if "/realms/" in address.path:
        return "keycloak"
    if (address.hostname or "").startswith("dex.") or address.path.rstrip("/").endswith("/dex"):
        return "dex"
    return "other"


def _endpoints(provider: str, issuer: str) -> dict[str, str]:
    """Source: the discovery documents of Microsoft Entra ID, Keycloak and Dex."""
    match provider:
        case "entra":
            tenant = issuer.removesuffix("/v2.0")
            return {
                "authorizationEndpoint": f"{tenant}/oauth2/v2.0/authorize",
                "tokenEndpoint": f"{tenant}/oauth2/v2.0/token",
                "userEndpoint": "https://graph.microsoft.com/oidc/userinfo",
                "jwksEndpoint": f"{tenant}/discovery/v2.0/keys",
            }
        case "keycloak":
            base = f"{issuer}/protocol/openid-connect"
            return {
                "authorizationEndpoint": f"{base}/auth",
                "tokenEndpoint": f"{base}/token",
                "userEndpoint": f"{base}/userinfo",
                "jwksEndpoint": f"{base}/certs",
            }
        case "dex":
            return {
                "authorizationEndpoint": f"{issuer}/auth",
                "tokenEndpoint": f"{issuer}/token",
                "userEndpoint": f"{issuer}/userinfo",
                "jwksEndpoint": f"{issuer}/keys",
            }
    return dict.fromkeys(("authorizationEndpoint", "tokenEndpoint", "userEndpoint", "jwksEndpoint"), "")


def _derive_services(settings: Settings) -> None:
    email, database, storage = settings["email"], settings["database"], settings["storage"]
    if "provider" not in email:
        email["provider"] = (
            "smtp" if "host" in email["smtp"] else "office365" if "tenantId" in email["office365"] else "none"
        )
    email["smtp"].setdefault("port", {"starttls": 587, "tls": 465, "none": 25}[email["smtp"]["security"]])
    for service in (database, settings["search"], settings["queue"]):
        service.setdefault("provider", "managed" if "host" in service else "cluster")
    database.setdefault("user", "signalen" if database["provider"] == "managed" else "postgres")
    for place in (storage, settings["logs"]):
        place.setdefault(
            "provider", "azure" if "account" in place["azure"] else "s3" if "bucket" in place["s3"] else "volume"
        )
    backup = settings["backup"]
    backup["database"].setdefault("enabled", database["provider"] == "cluster")
    backup["media"].setdefault("enabled", storage["provider"] == "volume")


def _derive_map(settings: Settings, found: Municipality | None) -> None:
    section = settings["map"]
    if found:
        section.setdefault("center", [found.latitude, found.longitude])
        section.setdefault("bounds", [[found.south, found.west], [found.north, found.east]])
    names = [found.name if found else settings["municipality"]["name"]]
    for name in section["municipalities"]:  # a neighbour, or a former municipality that the register does not have
        neighbours = municipalities.named(name)
        names.append(neighbours[0].name if len(neighbours) == 1 else name)
    section["pdokFilter"] = municipalities.pdok_filter(names)
    # The backend splits this at commas and searches for each part as a phrase, any of which has to match. So no
    # quotes of ours, and "Nuenen, Gerwen en Nederwetten" does no harm: both parts stand in that name alone.
    section["pdokNames"] = ",".join(names)
    if bounds := section.get("bounds"):
        (south, west), (north, east) = bounds
        box = (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)
        section["boundingBox"] = ",".join(f"{degrees:.5f}" for degrees in box)


def _derive_delivery(settings: Settings, name: str, production: bool) -> None:
    sync, repository = settings["sync"], settings["repository"]
    flux = settings["delivery"] == "flux"
    sync.setdefault("automatic", flux or not production)
    sync.setdefault("namespace", "flux-system" if flux else "argocd")
    settings["cluster"].setdefault("namespace", f"signalen-{name}")
    url = str(repository.setdefault("url", ""))
    repository.setdefault("host", forge_of(url))
    # Flux knows no git@host:path, only the address that means the same.
    repository["cloneUrl"] = re.sub(r"^([^/:@]+@[^/:]+):", r"ssh://\1/", url)
    if not url.startswith("http"):
        repository.setdefault("secret", "signalen-repository")


def _derive_cluster(settings: Settings) -> None:
    cluster = settings["cluster"]
    kind = str(cluster["ingressClass"])
    found = next((name for name in ("nginx", "traefik") if name in kind), "other")
    controller = cluster.setdefault("ingressController", found)
    # The namespaces in which their charts are installed by default.
    cluster.setdefault("ingressNamespace", "traefik" if controller == "traefik" else "ingress-nginx")
    cluster.setdefault("securityHeaders", controller == "traefik")
    settings["mesh"].setdefault("ingressServiceAccount", cluster["ingressNamespace"])


def _derive_secrets(settings: Settings, name: str) -> None:
    sops, external = settings["secrets"]["sops"], settings["secrets"]["externalSecrets"]
    sops.setdefault("keySecret", f"{settings['cluster']['namespace']}-sops-age")
    external.setdefault("prefix", f"signalen-{name}")
    external.setdefault("layout", "secret-per-key" if "vaultUrl" in external["azure"] else "secret-per-object")
