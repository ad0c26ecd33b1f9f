"""The backend's own code, with exactly the environment that the true chart makes of our values.

    SIGNALEN_CHARTS=DIR SIGNALEN_SOURCES=DIR pytest -m upstream -n auto --dist loadgroup tests/upstream/test_backend.py

`SIGNALEN_SOURCES` has a clone of the backend, with its tags, in `backend/` (https://github.com/Amsterdam/signals).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pytest
from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog.environment import KnownVariable, reads, variables
from signalen_toolkit.form.config import Environment

from tests.support import backend_code, kubelet
from tests.support.installed import CATALOG, RELEASES, Container, Installed, installed
from tests.support.sources import code

pytestmark = pytest.mark.upstream

BACKEND: Final = CATALOG.component("backend")
LISTED: Final = variables(BACKEND)
APPS: Final = sorted({BACKEND.app_version(release) for release in RELEASES}, key=parse)
EXECUTOR: Final = Path(backend_code.__file__).with_name("django_settings.py")
ABSENT: Final = "not there"

# Read by other programs in the same image, or by a library.
OF_OTHERS: Final = {"FLOWER_BASIC_AUTH", "FLOWER_MAX_TASKS"}
# Read by the settings, from the version on, into a setting that no code asks for: where it would be asked for.
UNUSED: Final = {"USER_ID_FIELDS": ("2.43.0", "USER_ID_FIELDS")}
# Needed by nothing, and harmless: a key that the chart asks of the Secret in other versions, and a name that the chart
# writes beside USER_ID_FIELDS.
KEPT: Final = {"FLOWER_BASIC_AUTH", "USER_ID_FIELD"}
# Written as a number from some version on, and as a text before; Django takes both.
TEXTS: Final = {"EMAIL_PORT", "DATABASES.default.PORT"}


# What the code reads


@pytest.mark.parametrize("app", APPS)
def test_the_code_reads_what_environment_csv_lists(app: str) -> None:
    found = backend_code.variables(source(app))
    read = {*found} - {name for name, (since, _) in UNUSED.items() if parse(app) >= parse(since)}
    listed = {one.name for one in LISTED.values() if one.in_version(app)} - OF_OTHERS
    assert sorted(read - listed) == [], f"read by {app}, and not listed"
    assert sorted(listed - read) == [], f"listed, and not read by {app}"


@pytest.mark.parametrize(
    "variable", [one for one in LISTED.values() if one.name not in OF_OTHERS], ids=lambda one: one.name
)
def test_the_code_has_the_default_that_environment_csv_tells(variable: KnownVariable) -> None:
    last = next(app for app in reversed(APPS) if variable.in_version(app))
    assert backend_code.variables(source(last))[variable.name] == variable.default


@pytest.mark.parametrize("name", UNUSED)
def test_what_the_settings_read_for_nothing_is_asked_for_nowhere(name: str) -> None:
    since, key = UNUSED[name]
    for app in (one for one in APPS if parse(one) >= parse(since)):
        files = (
            path for path in source(app).rglob("*.py") if not path.match("settings*") and "tests" not in path.parts
        )
        assert [path for path in files if key in path.read_text(encoding="utf-8")] == []


# What reaches the code


def test_every_setting_of_the_form_is_what_django_ends_up_with(release: str) -> None:
    wrong = set()
    for one, container, settings in executed(release):
        for name, wanted in promised(one.environment, release).items():
            have = at(settings, name)
            have = str(have) if name in TEXTS else have
            if have != wanted:
                wrong.add(f"{one.name}, {container.title}: {name} is {have!r}, not {wanted!r}")
    assert sorted(wrong) == []


def test_the_backend_starts(release: str) -> None:
    assert {settings["error"] for _, _, settings in executed(release) if "error" in settings} == set()


def test_every_variable_that_is_set_is_read(release: str) -> None:
    """What the chart sets by itself is its own affair, and so is Amsterdam's that we keep away for safety."""
    found = set()
    for one, container in containers(release):
        for name, value in container.variables.items():
            if known(release, name) or name in container.used | KEPT:
                continue
            by_itself = one.by_default.get(name)
            if value != by_itself and "amsterdam" not in (by_itself or ""):
                found.add(f"{one.name}: {name}={value}")
    assert sorted(found) == [], f"backend {BACKEND.app_version(release)} reads none of these"


def test_no_default_of_the_code_is_left_that_is_not_for_us(release: str) -> None:
    unfit = {one.name: one.unfit for one in LISTED.values() if one.unfit and known(release, one.name)}
    found = set()
    for one, container in containers(release):
        for name in unfit.keys() - container.variables.keys():
            found.add(f"{one.name}, {container.title}: {name} is {unfit[name]}")
    assert sorted(found) == []


def test_nothing_of_amsterdam_is_left_in_the_settings(release: str) -> None:
    found = set()
    for one, _, settings in executed(release):
        if one.environment.settings["municipality"].get("code") == "GM0363":
            continue
        for name, value in settings.items():
            if "amsterdam" in json.dumps(value).lower() and name not in OF_THE_CODE:
                found.add(f"{one.name}: {name} = {value!r}")
    assert sorted(found) == []


# Settings that name Amsterdam in every installation, and cannot be set otherwise.
OF_THE_CODE: Final = {"TIME_ZONE", "CELERY_TIMEZONE", "DEFAULT_ALLOWED_HOSTS", "SWAGGER_SETTINGS", "BASE_DIR"}


def promised(environment: Environment, release: str) -> dict[str, Any]:
    """Tell what Django has to end up with, by the name of the setting, dots between the levels."""
    return {
        **_municipality(environment, release),
        **_services(environment),
        **_mail(environment, release),
        **_storage(environment, release),
        **_sign_in(environment, release),
        **_features(environment),
    }


def _municipality(environment: Environment, release: str) -> dict[str, Any]:
    form, hosts = environment.settings, environment.hosts
    map_, site = form["map"], f"https://{hosts['frontend']}"
    found = {
        "ORGANIZATION_NAME": form["municipality"]["organization"],
        "FRONTEND_URL": site,
        "CORS_ALLOWED_ORIGINS": [site],
        "CORS_ALLOW_ALL_ORIGINS": False,
        "ALLOWED_HOSTS": [hosts["backend"], BACKEND.release_name, kubelet.POD_IP, f"[{kubelet.POD_IP}]"],
        "SECRET_KEY": "the-SECRET_KEY",
        "DEBUG": False,
        "BOUNDING_BOX": [float(side) for side in map_["boundingBox"].split(",")],
        "DEFAULT_PDOK_MUNICIPALITIES": map_["pdokNames"].split(","),
        "DEFAULT_MAP_TILE_SERVER": map_["pdfTiles"],
        "DEFAULT_SIGNAL_AREA_TYPE": map_["areaType"],
        "API_PDF_LOGO_STATIC_FILE": f"{site}/municipality/{form['branding']['logo'].removeprefix('assets/')}",
    }
    if reads(BACKEND, release, "SIGNAL_API_CONTEXT_GEOGRAPHY_RADIUS"):
        found["SIGNAL_API_CONTEXT_GEOGRAPHY_RADIUS"] = map_["nearRadius"]
    if reads(BACKEND, release, "SITE_DOMAIN"):
        found["SITE_DOMAIN"] = hosts["backend"]
    return found


def _services(environment: Environment) -> dict[str, Any]:
    form = environment.settings
    database, queue, search, sigmax = (form[name] for name in ("database", "queue", "search", "sigmax"))
    own = BACKEND.release_name
    broker = queue["host"] if queue["provider"] == "managed" else f"{own}-rabbitmq"
    scheme = "amqps" if queue["provider"] == "managed" and queue["tls"] else "amqp"
    ml = (
        f"https://{environment.hosts['classification']}/signals_mltool"
        if "classification" in environment.enabled
        else ""
    )
    return {
        "DATABASES.default.HOST": database["host"] if database["provider"] == "managed" else f"{own}-postgresql",
        "DATABASES.default.PORT": str(database["port"]),
        "DATABASES.default.NAME": database["name"],
        "DATABASES.default.USER": database["user"],
        "DATABASES.default.PASSWORD": "the-DATABASE_PASSWORD",
        "CELERY_BROKER_URL": f"{scheme}://{queue['user']}:the-RABBITMQ_PASSWORD@{broker}/{queue['virtualHost']}",
        "SEARCH.CONNECTION.HOST": _search_host(search),
        "SEARCH.CONNECTION.INDEX": search["index"],
        "ML_TOOL_ENDPOINT": ml,
        "SIGMAX_SERVER": sigmax["server"] if sigmax["enabled"] else None,
        "SIGMAX_AUTH_TOKEN": "the-SIGMAX_AUTH_TOKEN" if sigmax["enabled"] else None,
    }


def _search_host(search: Mapping[str, Any]) -> str:
    if search["provider"] != "managed":
        return "elasticsearch-master:9200"
    if "user" in search:
        return f"http{'s' * search['tls']}://{search['user']}:the-ELASTICSEARCH_PASSWORD@{search['host']}"
    return f"{'https://' * search['tls']}{search['host']}"


def _mail(environment: Environment, release: str) -> dict[str, Any]:
    email = environment.settings["email"]
    smtp, by = email["smtp"], email["provider"]
    backends = {
        "smtp": "django.core.mail.backends.smtp",
        "office365": "django_o365mail",
        "none": "django.core.mail.backends.dummy",
    }
    found = {
        "DEFAULT_FROM_EMAIL": email["from"],
        "EMAIL_BACKEND": "djcelery_email.backends.CeleryEmailBackend",
        "CELERY_EMAIL_BACKEND": f"{backends[by]}.EmailBackend",
    }
    if by == "smtp":
        found |= {
            "EMAIL_HOST": smtp["host"],
            "EMAIL_PORT": str(smtp["port"]),
            "EMAIL_HOST_USER": smtp["user"],
            "EMAIL_HOST_PASSWORD": "the-EMAIL_HOST_PASSWORD" if smtp["user"] else "",
            "EMAIL_USE_TLS": smtp["security"] == "starttls",
            "EMAIL_USE_SSL": ABSENT if smtp["security"] == "starttls" else smtp["security"] == "tls",
        }
    if by == "office365":
        own = email["office365"]
        found |= {
            "O365_MAIL_CLIENT_ID": own["clientId"],
            "O365_MAIL_CLIENT_SECRET": "the-O365_MAIL_CLIENT_SECRET",
            "O365_MAIL_TENANT_ID": own["tenantId"],
            "O365_MAIL_MAILBOX_KWARGS.resource": own["mailbox"],
        }
        if reads(BACKEND, release, "O365_MAIL_SAVE_TO_SENT"):
            found["O365_MAIL_SAVE_TO_SENT"] = own["saveToSent"]
    return found


def _storage(environment: Environment, release: str) -> dict[str, Any]:
    storage = environment.settings["storage"]
    if storage["provider"] == "azure":
        own = storage["azure"]
        found = {
            "DEFAULT_FILE_STORAGE": "storages.backends.azure_storage.AzureStorage",
            "AZURE_ACCOUNT_NAME": own["account"],
            "AZURE_ACCOUNT_KEY": "the-AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_CONTAINER": own["container"],
        }
        if reads(BACKEND, release, "AZURE_STORAGE_CUSTOM_DOMAIN"):
            found["AZURE_CUSTOM_DOMAIN"] = own.get("customDomain")
        return found
    if storage["provider"] == "s3":
        own = storage["s3"]
        return {
            "DEFAULT_FILE_STORAGE": "storages.backends.s3.S3Storage",
            "AWS_ACCESS_KEY_ID": "the-S3_STORAGE_ACCESS_KEY",
            "AWS_SECRET_ACCESS_KEY": "the-S3_STORAGE_SECRET_KEY",
            "AWS_STORAGE_BUCKET_NAME": own["bucket"],
            "AWS_S3_ENDPOINT_URL": own.get("endpoint"),
            "AWS_S3_REGION_NAME": own.get("region"),
        }
    return {"DEFAULT_FILE_STORAGE": ABSENT, "MEDIA_ROOT": "media"}


def _sign_in(environment: Environment, release: str) -> dict[str, Any]:
    identity = environment.settings["identity"]
    found = {
        "OIDC_RP_CLIENT_ID": identity["adminClientId"],
        "OIDC_RP_CLIENT_SECRET": "the-OIDC_RP_CLIENT_SECRET",
        "OIDC_OP_AUTHORIZATION_ENDPOINT": identity["authorizationEndpoint"],
        "OIDC_OP_TOKEN_ENDPOINT": identity["tokenEndpoint"],
        "OIDC_OP_USER_ENDPOINT": identity["userEndpoint"],
        "OIDC_OP_JWKS_ENDPOINT": identity["jwksEndpoint"],
    }
    if reads(BACKEND, release, "OIDC_TRUSTED_AUDIENCES"):
        found |= {
            "OIDC_OP_ISSUER": identity["issuer"],
            "OIDC_TRUSTED_AUDIENCES": identity["trustedAudiences"],
            "OIDC_VERIFY_AUDIENCE": True,
        }
    else:
        found |= {
            "SIGNALS_AUTH.JWKS_URL": identity["jwksEndpoint"],
            "SIGNALS_AUTH.USER_ID_FIELDS": identity["userIdFields"],
        }
    return {**found, "SIGNALS_AUTH.ALWAYS_OK": False}


def _features(environment: Environment) -> dict[str, Any]:
    on = environment.settings["features"]
    return {
        "FEATURE_FLAGS.API_DETERMINE_STADSDEEL_ENABLED": False,
        "FEATURE_FLAGS.API_TRANSFORM_SOURCE_BASED_ON_REPORTER": False,
        "FEATURE_FLAGS.MY_SIGNALS_ENABLED": on["myIncidents"],
        "FEATURE_FLAGS.SYSTEM_MAIL_FEEDBACK_RECEIVED_ENABLED": on["feedbackReceivedMail"],
        "FEATURE_FLAGS.REPORTER_MAIL_HANDLED_NEGATIVE_CONTACT_ENABLED": on["negativeContactMail"],
        "ENABLE_PUBLIC_GEO_SIGNAL_ENDPOINT": on["publicMap"],
        "ALLOW_INVALID_ADDRESS_AS_UNVERIFIED": on["unverifiedAddress"],
    }


# Executing the settings


def source(app: str) -> Path:
    """Return the code of the backend in a version."""
    return code("backend", app, "app") / "app"


def containers(release: str) -> Iterator[tuple[Installed, Container]]:
    """Yield every container that runs the backend, in any form."""
    source(BACKEND.app_version(release))  # first: without the sources nothing is worth rendering
    for one in installed(release):
        assert one.backend, one.name
        for container in one.backend:
            yield one, container


def known(release: str, name: str) -> bool:
    return name in LISTED and reads(BACKEND, release, name)


@lru_cache(maxsize=1)
def executed(release: str) -> Sequence[tuple[Installed, Container, Mapping[str, Any]]]:
    """Return what the settings of the backend become in each container; every environment is executed once."""
    every = [*containers(release)]
    texts = list(dict.fromkeys(json.dumps(container.variables, sort_keys=True) for _, container in every))
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(EXECUTOR), str(source(BACKEND.app_version(release)))],
        input=f"[{','.join(texts)}]",
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    settings = dict(zip(texts, json.loads(ran.stdout), strict=True))
    return [(one, container, settings[json.dumps(container.variables, sort_keys=True)]) for one, container in every]


def at(settings: Mapping[str, Any], name: str) -> Any:
    """Return a setting, or a part of one."""
    value: Any = settings
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return ABSENT
        value = value[part]
    return Path(value).name if name == "MEDIA_ROOT" else value
