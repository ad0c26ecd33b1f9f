"""The objects of a small environment, all of them right, and what the tests of the checks do with them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.schemas import config_schema
from signalen_toolkit.documents.machine import load_all
from signalen_toolkit.kubernetes.context import Context
from signalen_toolkit.kubernetes.model import Finding, Object
from signalen_toolkit.verify.checks import check_objects

FRONTEND = "2.27.6"
CONTEXT = Context(
    namespace="signalen-acceptance",
    hosts={"backend": "api.bergen.nl", "frontend": "bergen.nl"},
    kubernetes_version="1.34",
    secrets={
        "signalen-backend-secrets": frozenset({"SECRET_KEY", "DATABASE_PASSWORD", "RABBITMQ_PASSWORD"}),
        "signalen-backend-rabbitmq-secrets": frozenset({"rabbitmq-password", "rabbitmq-erlang-cookie"}),
    },
    same_as={"signalen-backend-rabbitmq-secrets/rabbitmq-password": "signalen-backend-secrets/RABBITMQ_PASSWORD"},
    claims=frozenset({"photographs"}),
    app_versions={"backend": "2.50.10", "frontend": FRONTEND},
)
FOLDER = Path(__file__).parents[1] / "environment"


@cache
def _read() -> tuple[Object, ...]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        component = "" if path.stem == "delivery" else path.stem
        found += [Object("acceptance", component, path.name, data) for data in load_all(path.read_text("utf-8"))]
    return tuple(found)


def good() -> list[Object]:
    """Return the objects, fresh: a test may change them."""
    objects = [replace(obj, data=copy.deepcopy(obj.data)) for obj in _read()]
    named(objects, "ConfigMap", "signalen-frontend").data["data"]["app.json"] = app_json()
    return objects


@cache
def app_json() -> str:
    """Return a complete configuration of the frontend, as the schema of its version asks for it."""
    import json

    from signalen_toolkit.form import config
    from signalen_toolkit.rendering.render import render

    form = {"municipality": {"code": "GM0344"}, "environments": {"acceptance": {"domain": "bergen.nl"}}}
    tree = render(config.build(form, catalog(), {}), catalog())
    found = yaml.safe_load(tree["clusters/acceptance/values/signalen-frontend.yaml"])["config"]
    assert set(config_schema(FRONTEND)["required"]) <= set(found)
    return json.dumps(found)


def named(objects: Sequence[Object], kind: str, name: str) -> Any:
    """Return the object of that name."""
    return next(obj for obj in objects if (obj.kind, obj.name) == (kind, name))


def changed(title: str, path: str, value: Any) -> list[Object]:
    """Return the objects, one of them (`Deployment signalen-backend`) with another value at a path.

    `...` takes away what is there.
    """
    objects = good()
    kind, _, name = title.partition(" ")
    place: Any = named(objects, kind, name).data
    *above, last = [int(part) if part.isdigit() else part.replace("~", ".") for part in path.split(".")]
    for part in above:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return [replace(obj) for obj in objects]  # for what they are called may be what changed


def add(text: str, component: str = "backend") -> list[Object]:
    """Return the objects with more of them, of this YAML."""
    return [*good(), *(Object("acceptance", component, "more.yaml", data) for data in load_all(text))]


def findings(objects: Sequence[Object], **context: Any) -> list[Finding]:
    """Run all checks."""
    return check_objects(objects, replace(CONTEXT, **context))


def rules(objects: Sequence[Object], **context: Any) -> set[str]:
    """Return the ids of what is wrong."""
    return {finding.rule for finding in findings(objects, **context)}


def messages(objects: Sequence[Object], **context: Any) -> list[tuple[str, str, str]]:
    """Return what is wrong: rule, place and message."""
    return [(finding.rule, finding.path, finding.message) for finding in findings(objects, **context)]


def one(data: Mapping[str, Any], component: str = "backend") -> list[Object]:
    """Return a list of one object."""
    return [Object("acceptance", component, "one.yaml", data)]
