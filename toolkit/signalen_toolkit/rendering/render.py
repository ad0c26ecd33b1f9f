"""Config → the rendered tree, as texts by path. Pure: nothing is read but the templates, nothing is written.

Templates are Jinja over YAML, and escape by themselves: whatever an expression yields is written as one YAML
value (documents/scalars), the way an HTML template escapes. An expression therefore always stands alone as a value,
 never inside quotes or beside other text.

Per environment, under `clusters/<environment>/`:

- `values/<release>.yaml` from `chart-templates/<component>/values.yaml.j2`, with those of `images.yaml.j2` on top where
  the environment has a registry of its own, and the form's overrides on top of all
- `manifests/…` from `chart-templates/<component>/manifests/`: what a component needs beside its release; `custom/…`
  where it is of a kind that a chart of the environment itself brings along
- `manifests/…` from `chart-templates/environment/` too: what an environment needs, whatever is installed
- what `chart-templates/mesh/` says of its namespaces and its network, as a component says it
- `manifests/…` from `chart-templates/secrets/<provider>/` too: what brings the Secrets, if the cluster does
- everything in `chart-templates/delivery/<delivery>/`, a file with `{component}` in its name once a component

A manifest that renders to nothing is left out: so a condition around all of a file makes it optional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base.layout import CLUSTERS
from signalen_toolkit.catalog.model import Catalog, Component
from signalen_toolkit.documents import machine
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.needed_secrets import NeededSecret, needed_in
from signalen_toolkit.rendering.context import about, context_of
from signalen_toolkit.rendering.engine import is_empty, templates, written
from signalen_toolkit.rendering.external_secrets import references
from signalen_toolkit.rendering.flows import flows, pods_of
from signalen_toolkit.rendering.namespaces import needs_definition, permissions, places, surroundings
from signalen_toolkit.rendering.overrides import overlaid
from signalen_toolkit.rendering.routes import routes

_MESH: Final = "mesh"  # the folder of what a service mesh adds to an environment


class _Parsed(Mapping[str, Mapping[str, Any]]):
    """The values of components as data, each where somebody asks for them: not all are asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return machine.shared(self._texts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def render(config: Config, charts: Catalog) -> dict[str, str]:
    """Return the rendered tree of all environments: text by path, relative to the repository, sorted."""
    tree = {
        f"{CLUSTERS}/{environment.name}/{path}": text
        for environment in config.environments
        for path, text in _environment(environment, config.assets, charts)
    }
    return dict(sorted(tree.items()))


def values(environment: Environment, component: Component, config: Config, charts: Catalog) -> str:
    """Return the Helm values of one component as text."""
    return _values(component, context_of(environment, config.assets, charts), charts.folder)


def needed_secrets(environment: Environment, config: Config, charts: Catalog) -> list[NeededSecret]:
    """Return the Secrets that an environment needs, for the values that are rendered for it."""
    context = context_of(environment, config.assets, charts)
    data = {one.name: machine.shared(_values(one, context, charts.folder)) for one in environment.components}
    return needed_in(environment, data)


def _environment(environment: Environment, assets: Mapping[str, bytes], charts: Catalog) -> Iterator[tuple[str, str]]:
    context = context_of(environment, assets, charts)
    values = {component.name: _values(component, context, charts.folder) for component in environment.components}
    context["componentValues"] = _Parsed(values)
    metadata = _for_each("namespace.yaml.j2", environment, context, charts.folder).values()
    context["places"] = places(environment, metadata)
    services = _for_each("route.yaml.j2", environment, context, charts.folder) if environment.has_gateway else {}
    context["routes"] = routes(environment, context["componentValues"], services)
    context["flows"] = _flows(environment, context, charts.folder)
    context["neededSecrets"] = _needed_secrets(environment, context["componentValues"])
    manifests = dict(_manifests(environment, context, charts.folder))
    context["manifests"] = [path for path in manifests if path.startswith("manifests/")]
    context["customManifests"] = [path.partition("/")[2] for path in manifests if path.startswith("custom/")]
    context["permissions"] = partial(permissions, environment, manifests)
    for component in environment.components:
        yield f"values/{component.release_name}.yaml", values[component.name]
    yield from manifests.items()
    yield from _delivery(environment, context, charts.folder)


def _manifests(environment: Environment, context: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the manifests that are no empty ones.

    Those with a kind that a chart of this environment brings along stand under `custom/`: a cluster cannot take them
    before that chart is installed.
    """
    sources = [(component.name, f"{component.name}/manifests") for component in environment.components]
    sources += [("", "environment"), ("", f"secrets/{environment.settings['secrets']['provider']}")]
    components = {component.name: component for component in environment.components}
    for name, place in sources:
        known = about(components[name], context) if name else context
        for template in templates(folder / place):
            text = written(folder, f"{place}/{template}.j2", known)
            if not is_empty(text):
                yield f"{'custom' if needs_definition(environment, text) else 'manifests'}/{template}", text


def _delivery(environment: Environment, context: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of the delivery that are no empty ones, and last those that list what is `rendered`."""
    delivery = f"delivery/{environment.delivery.name}"
    rendered: list[str] = []
    for path in sorted(templates(folder / delivery), key=lambda path: Path(path).name == "kustomization.yaml"):
        source = f"{delivery}/{path}.j2"
        if "{component}" in path:
            for component in environment.components:
                yield path.replace("{component}", component.name), written(folder, source, about(component, context))
        elif not is_empty(text := written(folder, source, {**context, "rendered": rendered})):
            rendered.append(path)
            yield path, text


def _flows(environment: Environment, context: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Return who talks to whom, from the network.yaml of each component that has one."""
    pods = [
        one
        for name, data in _for_each("network.yaml.j2", environment, context, folder).items()
        for one in pods_of(name, environment.namespaces.get(name, environment.namespace), data)
    ]
    return flows(pods, surroundings(environment))


def _for_each(
    template: str, environment: Environment, context: Mapping[str, Any], folder: Path
) -> dict[str, Mapping[str, Any]]:
    """Return what a template says as data, by the component that has it; what a mesh adds is said as one says it."""
    mesh = f"{_MESH}/{template}"
    beside = {_MESH: machine.shared(written(folder, mesh, context))} if _is_there(folder, mesh) else {}
    own = {
        component.name: machine.shared(written(folder, f"{component.name}/{template}", about(component, context)))
        for component in environment.components
        if _is_there(folder, f"{component.name}/{template}")
    }
    return own | beside


def _needed_secrets(environment: Environment, values: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the Secrets that an environment with these values (by component) needs, for a template."""
    if environment.settings["secrets"]["provider"] != "external-secrets":
        return []  # nothing that is rendered names them
    settings = environment.settings["secrets"]["externalSecrets"]
    is_ours = "vaultUrl" in settings["azure"] or "server" in settings["vault"]

    def store(namespace: str) -> str:
        # In the namespace of the delivery's tool, the store of another environment stands beside this one.
        is_shared = is_ours and namespace == environment.settings["sync"]["namespace"]
        return f"{environment.namespace}-{settings['store']}" if is_shared else str(settings["store"])

    needed = references(needed_in(environment, values), settings)
    return [{**one, "store": store(one["namespace"])} for one in needed]


def _values(component: Component, context: Mapping[str, Any], folder: Path) -> str:
    known = about(component, context)
    text = written(folder, f"{component.name}/values.yaml.j2", known)
    mirror, template = context["images"], f"{component.name}/images.yaml.j2"
    if (mirror["registry"] or mirror["pullSecrets"]) and _is_there(folder, template):
        text = overlaid(text, machine.load(written(folder, template, known)) or {})
    return overlaid(text, context["overrides"].get(component.name, {}))


@cache  # as templates themselves are kept, once they are read
def _is_there(folder: Path, template: str) -> bool:
    return (folder / template).is_file()
