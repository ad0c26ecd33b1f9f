"""The configuration that the frontend mounts: a wrong key keeps it from starting, one that lacks is Amsterdam's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import config_schema
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.data import mapping, place
from signalen_toolkit.kubernetes.cluster import Cluster
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.kubernetes.schemas.messages import mistakes
from signalen_toolkit.schema.validator import Validator

REASONS: Final[Mapping[str, str]] = {
    "frontend-config": "the frontend stops at a key that its version does not have, and fills in upstream's for one"
    " that lacks",
}

_RULE: Final = "frontend-config"
FILE: Final = "app.json"


def check(cluster: Cluster) -> Iterator[Finding]:
    """Report configurations that the version of the application does not read."""
    for obj, text in configurations(cluster):
        try:
            data = json.loads(text)
        except ValueError as reason:
            message = f"'{FILE}' is not JSON: {str(reason)[:1].lower()}{str(reason)[1:]}"
            yield Finding(_RULE, message, obj, place("data", FILE), "it comes from the chart's value 'config'")
            continue
        version = cluster.context.app_versions.get(obj.component, "")
        try:
            validator = _validator(obj.component, version)
        except UsageError:  # a version of which the catalog knows nothing; the form was told so
            continue
        for error in validator.iter_errors(data):
            for mistake in mistakes(error):
                message = f"{obj.component} {version} does not start: {mistake.message}"
                if error.validator == "required":  # the image fills it in
                    message = f"{mistake.message}, so that {obj.component} takes what upstream has there"
                yield Finding(_RULE, message, obj, place("data", FILE, *mistake.path), mistake.hint)


def configurations(cluster: Cluster) -> Iterator[tuple[Object, str]]:
    """Yield the ConfigMaps with the configuration of an application that has one, and its text."""
    for obj in cluster.of_kind("", "ConfigMap"):
        component = catalog().components.get(obj.component)
        value = mapping(obj.data, "data").get(FILE)
        if component and component.application_config and isinstance(value, str):
            yield obj, value


@cache
def _validator(component: str, version: str) -> Validator:
    return Validator(config_schema(version, component))
