"""What follows from the form: every setting that a person did not give, and that has no default."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from signalen_toolkit.catalog.model import Delivery
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.git_hosts import forge_of
from signalen_toolkit.form.images import measure
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.form.schema import defaults_of_items
from signalen_toolkit.schema import addresses

Settings = dict[str, Any]

# Generalised municipality boundaries lie up to a few hundred metres off; a report at the border must pass.
_MARGIN = 0.01  # degrees

# The background of PDOK in Web Mercator, for the PDF of a report; that of the site is in the Dutch grid by default.
_PDF_TILES = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/standaard/EPSG:3857/{zoom}/{x}/{y}.png"
# How the site asks for a token, by provider; where there is none here, it asks for the token itself. Keycloak has a
# library of its own in the site. Dex refuses to give a token alone, and up to 2.42 it gives one beside an id_token.
_RESPONSE_TYPES = {"keycloak": "code", "dex": "id_token"}
# What the scope of the municipality's own API at Entra ID is called where the form does not say.
API_SCOPE = "signalen"
# What a Gateway of the environment's own is called.
OWN_GATEWAY = "signalen"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def municipality_of(section: Mapping[str, Any]) -> Municipality | None:
    """Find the municipality that the form names in the register, by code or else by name and province."""
    if "code" in section:
        return municipalities.by_code(str(section["code"]))
    found = municipalities.named(str(section.get("name", "")), str(section.get("province", "")))
    return found[0] if len(found) == 1 else None


def derive(
    settings: Settings,
    found: Municipality | None,
    name: str,
    *,
    production: bool,
    delivery: Delivery,
    dex: str,
    assets: Mapping[str, bytes],
) -> None:
    """Complete the settings of one environment in place.

    `found` is its municipality in the register, `dex` the host of its own Dex where it has one.
    """
    _names(settings, found)
    _contact(settings)
    _branding(settings, assets)
    if dex:
        _dex(settings, dex)
    _identity(settings["identity"])
    _services(settings)
    _map(settings, found)
    _delivery(settings, name, delivery, production)
    _cluster(settings)
    _secrets(settings, name)


def _names(settings: Settings, found: Municipality | None) -> None:
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


def _contact(settings: Settings) -> None:
    contact, links, texts = settings["contact"], settings["links"], settings["texts"]
    phone, organization = contact.setdefault("phone", ""), settings["municipality"]["organization"]
    address = contact.setdefault("email", "")
    home = links.setdefault("home", f"https://www.{address.rpartition('@')[2]}")
    links.setdefault("help", home)
    links.setdefault("privacy", home)
    site = addresses.split(home).netloc
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
    digits = re.sub(r"^00", "+", digits)
    return f"+31{digits[1:]}" if digits.startswith("0") else digits


def sender(name: str, address: str) -> str:
    """Return `name <address>`, the name between quotes where a mail program would read its comma as the end."""
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _branding(settings: Settings, assets: Mapping[str, bytes]) -> None:
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


def _dex(settings: Settings, host: str) -> None:
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


def _identity(identity: Settings) -> None:
    # The backend compares the issuer to the letter, so that here it stays as it is written.
    issuer = str(identity.setdefault("issuer", "")).rstrip("/")
    provider = identity.setdefault("provider", identity_provider(issuer))
    site = identity.setdefault("clientId", "")
    identity.setdefault("adminClientId", site)
    flow = identity.setdefault("responseType", _RESPONSE_TYPES.get(provider, "token"))
    own_api = f" api://{site}/{API_SCOPE}" if provider == "entra" and flow == "token" and site else ""
    identity.setdefault("scope", f"openid email profile{own_api}")
    for key, address in _endpoints(provider, issuer).items():
        identity.setdefault(key, address)
    identity["trustedAudiences"] = _audiences(identity)
    if provider == "keycloak":
        server, _, realm = issuer.partition("/realms/")
        identity.setdefault("realm", realm)
        identity.setdefault("keycloakServer", server)  # where keycloak-js in the browser looks


def _audiences(identity: Settings) -> list[str]:
    """List for whom a token may be: the site, the administration pages, and what the form adds.

    The tokens that Entra ID gives for an API are for the id of that API, however its scope is written.
    """
    apis = sorted(apis_of(identity["scope"])) if identity["provider"] == "entra" else []
    ids = [api.removeprefix("api://") for api in apis if _GUID.fullmatch(api.removeprefix("api://"))]
    named = (identity["clientId"], identity["adminClientId"], *ids, *identity.get("audiences", ()))
    return [audience for audience in dict.fromkeys(named) if audience]


def apis_of(scope: str) -> set[str]:
    """Return the APIs that scopes are of: `api://3f0c6a7e/signalen` is one of `api://3f0c6a7e`, `email` of none."""
    return {api for one in scope.split() if (api := one.rpartition("/")[0])}


def identity_provider(issuer: str) -> str:
    """Tell the kind of identity provider from its issuer."""
    address = addresses.split(issuer)
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


def _services(settings: Settings) -> None:
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


def _map(settings: Settings, found: Municipality | None) -> None:
    section = settings["map"]
    # A neighbour, or a former municipality that the register does not have.
    others = [(name, municipalities.named(name)) for name in section["municipalities"]]
    neighbours = [known[0] for _, known in others if len(known) == 1]
    if found:
        section.setdefault("center", [found.latitude, found.longitude])
        section.setdefault("bounds", _around([_bounds(one) for one in (found, *neighbours)]))
    names = [found.name if found else settings["municipality"]["name"]]
    names += [known[0].name if len(known) == 1 else name for name, known in others]
    section["pdokFilter"] = municipalities.pdok_filter(names)
    # The backend splits this at commas and searches for each part as a phrase, any of which has to match. So no
    # quotes of ours, and "Nuenen, Gerwen en Nederwetten" does no harm: both parts stand in that name alone.
    section["pdokNames"] = ",".join(names)
    if bounds := section.get("bounds"):
        # Whatever the map shows, the backend takes reports in the neighbours that the form names.
        (south, west), (north, east) = _around([bounds, *map(_bounds, neighbours)])
        box = (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)
        section["boundingBox"] = ",".join(f"{degrees:.5f}" for degrees in box)
    section["pdfTiles"] = pdf_tiles(section)


def _bounds(municipality: Municipality) -> list[list[float]]:
    return [[municipality.south, municipality.west], [municipality.north, municipality.east]]


def _around(boxes: Sequence[list[list[float]]]) -> list[list[float]]:
    """Return the smallest box that holds all boxes."""
    corners = [corner for box in boxes for corner in box]
    latitudes, longitudes = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return [[min(latitudes), min(longitudes)], [max(latitudes), max(longitudes)]]


def pdf_tiles(section: Mapping[str, Any]) -> str:
    """Return where the backend takes the map in the PDF of a report from: the background of the site if it can.

    It fills {zoom}, {x} and {y} of Web Mercator and nothing else, and leaves the picture empty at any fault. Source:
    the backend's own maker of that map, the same in 2.15 to 2.50.
    """
    background, grid = section["background"], section["crs"]
    url = str(background["url"]).replace("{r}", "").replace("{z}", "{zoom}")
    if background["subdomains"]:
        url = url.replace("{s}", str(background["subdomains"][0]))
    if addresses.split(url).hostname == "service.pdok.nl" and "/EPSG:28992/" in url:
        url, grid = url.replace("/EPSG:28992/", "/EPSG:3857/"), "EPSG:3857"  # PDOK has each of its maps in both
    holes = sorted(re.findall(r"\{[^{}]*\}|[{}]", url))
    usable = grid == "EPSG:3857" and not background["tms"] and holes == ["{x}", "{y}", "{zoom}"]
    return url if usable else _PDF_TILES


def _delivery(settings: Settings, name: str, delivery: Delivery, production: bool) -> None:
    sync, repository = settings["sync"], settings["repository"]
    settings["delivery"] = delivery.name
    sync.setdefault("automatic", delivery.always_automatic or not production)
    sync.setdefault("namespace", delivery.namespace)
    settings["cluster"].setdefault("namespace", f"signalen-{name}")
    url = str(repository.setdefault("url", ""))
    # What stands before a path in the folder of the form, for whoever reads the repository from its top.
    repository["prefix"] = f"{path}/" if (path := repository["path"]) else ""
    repository.setdefault("host", forge_of(url))
    # Flux knows no git@host:path, only the address that means the same.
    repository["cloneUrl"] = re.sub(r"^([^/:@]+@[^/:]+):/?", r"ssh://\1/", url)
    if not url.startswith("http"):
        repository.setdefault("secret", "signalen-repository")


def _cluster(settings: Settings) -> None:
    cluster = settings["cluster"]
    if has_gateway(settings):
        _gateway(cluster, cluster["gateway"])
    if not has_ingress(settings):
        # Whatever is said of an ingress controller, for other environments perhaps: this one has none.
        cluster |= {"ingressController": "other", "ingressNamespace": cluster["gateway"]["podsNamespace"]}
    kind = str(cluster["ingressClass"])
    found = next((name for name in ("nginx", "traefik") if name in kind), "other")
    controller = cluster.setdefault("ingressController", found)
    # The namespaces in which their charts are installed by default.
    cluster.setdefault("ingressNamespace", "traefik" if controller == "traefik" else "ingress-nginx")
    cluster.setdefault("securityHeaders", controller == "traefik" or not has_ingress(settings))
    settings["mesh"].setdefault("ingressServiceAccount", cluster["ingressNamespace"])


def _gateway(cluster: Settings, gateway: Settings) -> None:
    if "class" in gateway:
        gateway |= {"name": OWN_GATEWAY, "namespace": cluster["namespace"], "redirectFrom": "http"}
    gateway.setdefault("namespace", cluster["namespace"])
    gateway.setdefault("podsNamespace", cluster.get("ingressNamespace", gateway["namespace"]))


def has_gateway(settings: Mapping[str, Any]) -> bool:
    """Tell whether visitors come in by a Gateway, in the settings of an environment."""
    return bool({"class", "name"} & settings["cluster"]["gateway"].keys())


def has_ingress(settings: Mapping[str, Any]) -> bool:
    """Tell whether visitors come in by an ingress controller, in the settings of an environment."""
    return not has_gateway(settings) or bool(settings["cluster"]["gateway"]["keepIngress"])


def _secrets(settings: Settings, name: str) -> None:
    sops, external = settings["secrets"]["sops"], settings["secrets"]["externalSecrets"]
    sops.setdefault("keySecret", f"{settings['cluster']['namespace']}-sops-age")
    external.setdefault("prefix", f"signalen-{name}")
    external.setdefault("layout", "secret-per-key" if "vaultUrl" in external["azure"] else "secret-per-object")
