"""Passwords that everybody knows, since a chart or the application was published with them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.fields import mapping, maps, place, text
from signalen_toolkit.kubernetes.model import Finding

REASONS: Final[Mapping[str, str]] = {
    "default-password": "it stands in a public repository: whoever looks it up gets in",
}

_RULE: Final = "default-password"
# From the values of the charts (backend, and the subcharts that it brings), the code of the backend, and the images.
PUBLISHED: Final = frozenset(
    {
        "change-to-something-secret",
        "changeme",
        "guest",
        "guest:guest",
        "insecure",
        "password",
        "postgres",
        "signalen",
        "signalen:signalen",
        "signals",
    }
)
_SECRET = re.compile(r"(?:^|[-_.])(?:pass|passwd|password|secret|token|auth|cookie|secret[-_]?key)$", re.IGNORECASE)
_HINT: Final = "have the chart take it from a Secret that is made by hand: 'signalen secrets' says which"


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report Secrets and environment variables that hold a password with which something was published."""
    for obj in cluster.of_kind("", "Secret"):
        for field in ("stringData", "data"):
            for key in mapping(obj.data, field):
                if is_secret(str(key)) and _is_published(secret_value(obj.data, key)):
                    yield Finding(_RULE, _message(key), obj, place(field, str(key)), _HINT)
    for pod in cluster.pods:
        for container in pod.containers():
            for path, one in maps(container.data, "env"):
                name = text(one, "name")
                if is_secret(name) and _is_published(text(one, "value")):
                    yield Finding(_RULE, _message(name), pod.object, place(*container.path, *path, "value"), _HINT)


def is_secret(name: str) -> bool:
    """Tell whether what goes by this name (`DATABASE_PASSWORD`) is nobody's business."""
    return _SECRET.search(name) is not None


def secret_value(secret: Mapping[str, Any], key: str) -> str | None:
    """Return what a Secret holds under a key; None where it is not there, or is no text."""
    plain = mapping(secret, "stringData").get(key)
    if plain is not None:
        return str(plain)
    try:
        return base64.b64decode(str(mapping(secret, "data")[key]), validate=True).decode()
    except (KeyError, ValueError):  # among which what base64 and UTF-8 refuse
        return None


def _is_published(value: str | None) -> bool:
    return value is not None and value.strip().lower() in PUBLISHED


def _message(name: str) -> str:
    return f"'{name}' holds a password with which the chart was published"
