"""Passwords that everybody knows, since a chart or the application was published with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from signalen_toolkit.catalog.published_passwords import PUBLISHED
from signalen_toolkit.documents.data import mapping, maps, place, text
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.model import Finding
from signalen_toolkit.kubernetes.secret_data import is_secret, secret_value

REASONS: Final[Mapping[str, str]] = {
    "default-password": "it stands in a public repository: whoever looks it up gets in",
}

_RULE: Final = "default-password"
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


def _is_published(value: str | None) -> bool:
    return value is not None and value.strip().lower() in PUBLISHED


def _message(name: str) -> str:
    return f"'{name}' holds a password with which the chart was published"
