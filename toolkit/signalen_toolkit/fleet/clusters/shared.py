"""What a cluster has once for all of its tenants (Linkerd, Prometheus, Loki, Grafana), rendered as an environment.

`shared` in `clusters.yaml` is an environment of a form, with the same sections; what a form has beside that, and what
is Signalen itself, is filled in here and off. So the same charts, templates and rules serve, and its tree is followed
as every tree is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base.layout import HEADER, SHARED_HEADER
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.diagnostics.places import Place
from signalen_toolkit.diagnostics.problems import Problem, has_errors
from signalen_toolkit.documents.data import at, mapping
from signalen_toolkit.documents.layers import layered
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document, parse
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.fleet.clusters.placement import Placement, SharedCluster
from signalen_toolkit.fleet.clusters.tenants import Tenant
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.model import Form
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster-shared": "what all tenants of a cluster share has to be whole, and where the tenants expect it",
    }
)
_SIGNALEN: Final = ("backend", "frontend", "classification", "mapserver", "dex")


@dataclass(frozen=True, slots=True)
class Shared:
    """What a cluster has once: the environment that it is, with its form, its files by path, and what is wrong."""

    environment: Environment | None
    files: Mapping[str, str]
    problems: Sequence[Problem]
    form: Form | None = None

    @property
    def namespace(self) -> dict[str, str] | None:
        """Its own namespace, after which its tool calls what it is followed by; None where there is nothing."""
        if self.environment is None:
            return None
        level = str(self.environment.settings["cluster"]["podSecurity"])
        return {"name": self.environment.namespace, "podSecurity": level}

    @property
    def proxy(self) -> Mapping[str, Any]:
        """What the proxy of Linkerd asks for beside each pod of a tenant that joins; nothing without Linkerd."""
        if self.environment is None or "linkerd-control-plane" not in self.environment.enabled:
            return {}
        return mapping(self.environment.settings, "resources", "linkerd-proxy")


def shared(
    placement: Placement, home: SharedCluster, tenants: Sequence[Tenant], prefix: str, charts: Catalog, folder: Path
) -> Shared:
    """Render what a cluster has once. `folder` is that of the fleet; with errors there are no files."""
    section = mapping(placement.document.data, "clusters", home.name, "shared")
    if not section:
        return Shared(None, {}, [])
    form = layered([_own(placement.document, home), _beside(placement, home, section, prefix)])
    completed, found = check(form, charts, folder)
    own = ("environments", _name(home))
    given = [one for one in found if len(one.place) > len(own) and _is_given(placement.document, home, own, one.place)]
    (environment,) = completed.environments
    problems = [*given, *_wrong(placement, home, environment, tenants)]
    if has_errors(problems):
        return Shared(environment, {}, problems)
    environment = _with(environment, tenants)
    config = Config((environment,), completed.assets)
    files = {path: text.replace(HEADER, SHARED_HEADER, 1) for path, text in render(config, charts).items()}
    return Shared(environment, files, problems, Form(form, config, charts))


def folder_of(home: SharedCluster) -> str:
    """Return the folder of what a cluster has once, below `clusters/`."""
    return _name(home)


def _name(home: SharedCluster) -> str:
    return f"{home.name}-shared"


def _own(document: Document, home: SharedCluster) -> Document:
    """Return a form with nothing but the environment that stands in `clusters.yaml`, at its own lines."""
    above = document.node(("clusters", home.name))
    node = document.node(("clusters", home.name, "shared"))
    if above is None or node is None:
        return document
    key = above.keys["shared"]
    environments = Node(
        node.start, node.end, "block", {_name(home): node.data}, {_name(home): node}, {_name(home): key}
    )
    data = {"environments": environments.data}
    root = Node(node.start, node.end, "block", data, {"environments": environments}, {"environments": key})
    return Document(document.file, document.text, data, (), root)


def _beside(placement: Placement, home: SharedCluster, section: Mapping[str, Any], prefix: str) -> Document:
    """Return what a form has beside that environment."""
    signs_in = at(section, "components", "grafana", "enabled") is True
    secret = {"secret": placement.secret} if placement.secret else {}
    data: dict[str, Any] = {
        "apiVersion": "signalen.org/v1",
        "municipality": {"name": home.name},
        "contact": {"phone": "14 000", "email": "nobody@example.nl"},
        "repository": {
            "url": placement.url,
            "branch": placement.branch,
            "path": prefix.removesuffix("/"),
            **secret,
        },
        "delivery": home.delivery,
        "sync": {"namespace": home.namespace},
        "secrets": {"provider": "existing"},
        **({} if signs_in else {"identity": {"issuer": "https://nobody.example.nl", "clientId": "nobody"}}),
        "components": {name: {"enabled": False} for name in _SIGNALEN},
        "environments": {
            _name(home): {
                "domain": f"{home.name}.invalid",
                "production": True,
                "cluster": {"namespace": "signalen-shared"},
            }
        },
    }
    return parse(inline(data), "what a cluster has once")


def _is_given(document: Document, home: SharedCluster, own: Place, place: Place) -> bool:
    """Tell whether a place of the form is one that `clusters.yaml` gives: all else is about Signalen, which is off."""
    inside = place[: len(own)] == own
    return inside and document.node(("clusters", home.name, "shared", *place[len(own) :])) is not None


def _wrong(
    placement: Placement, home: SharedCluster, environment: Environment, tenants: Sequence[Tenant]
) -> Iterator[Problem]:
    """Report what is missing, and tenants that look for what is shared elsewhere."""
    place = ("clusters", home.name, "shared")

    def problem(message: str, hint: str, *below: str) -> Problem:
        return placement.document.problem("cluster-shared", message, (*place, *below), at="key", hint=hint)

    for name in sorted({*_SIGNALEN} & environment.enabled):
        yield problem(f"'{name}' is Signalen itself, which each tenant has", "leave it out", "components", name)
    if "grafana" in environment.enabled and not environment.settings["identity"].get("issuer"):
        yield problem("Grafana has no 'identity': nobody can sign in", "give 'identity.issuer' and 'identity.clientId'")
    for one in tenants:
        whose = f"{one.environment} of '{one.municipality}'"
        for component, title, there, said in _LOOKED_FOR:
            here = environment.namespaces[component] if component in environment.enabled else ""
            expected = there(one)
            if here and expected != here:
                wrong = f"expects the shared {title} in '{expected}'" if expected else f"expects no shared {title}"
                yield problem(f"{whose} {wrong}, and it is in '{here}'", f"{_SET}: {{{said.format(here)}}}")


# What tenants look for in a namespace: the component, what it is called, where they do, and how a form says it.
_LOOKED_FOR: Final = (
    ("prometheus", "Prometheus", attrgetter("monitoring"), "metrics: true, namespace: {}"),
    ("linkerd-control-plane", "Linkerd", attrgetter("mesh"), "mesh: true, meshNamespace: {}"),
)
_SET: Final = "set 'cluster.stacks' in its form"


def _with(environment: Environment, tenants: Sequence[Tenant]) -> Environment:
    """Return the environment with the namespaces that it looks after, which no form can say."""
    watched = {
        "namespaces": [name for one in tenants for name in one.own],
        "ports": [
            {"namespace": name, "port": port}
            for one in tenants
            for name, ports in one.measured.items()
            for port in ports
        ],
        "meshed": [one.namespace for one in tenants if one.mesh],
        "opaque": sorted({port for one in tenants if one.mesh for port in one.opaque}),
    }
    return replace(environment, settings={**environment.settings, "tenants": watched})
