"""A form as text for a person: what was answered as settings, all the rest as commented-out examples.

Everything but the answers comes from the schema, so a setting that is added there shows up in the next form. What
stands behind a commented-out setting is the value that holds without it, or else the schema's example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from signalen_toolkit.base.layout import SCHEMA_FILE
from signalen_toolkit.documents.data import at
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form.config import Config, Environment
from signalen_toolkit.form.schema import form_schema, resolve

_HEADER: Final = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
#
# Het Signalen-formulier: alles wat eigen is aan Signalen van deze gemeente staat in dit ene bestand.
#
# - Regels met ## zijn uitleg.
# - Een regel met één # is een instelling die niet is ingevuld. Er staat wat nu vanzelf geldt, of een voorbeeld.
#   Haal de # en de spatie erachter weg om de instelling in te vullen, ook bij het deel waar zij in staat.
# - Wat alleen geldt voor een component die uit staat, is weggelaten. Uw editor kent die instellingen wel, en ze staan
#   alle in docs/form.md van de Signalen Toolkit.
# - Elk deel mag ook in een omgeving staan (onder environments), als het daar anders moet.
#
# Controleer een wijziging met `signalen check`, en maak daarna clusters/ opnieuw met `signalen render`.
"""
_EXAMPLE: Final = "  # voorbeeld"


def form_text(form: Mapping[str, Any], config: Config) -> str:
    """Write a form that the schema accepts; `config` is what it was completed to.

    The text, read again, gives the same data.
    """
    parts = [_HEADER]
    first = config.environments[0] if config.environments else None
    enabled = frozenset(name for environment in config.environments for name in environment.enabled)
    for key, child in form_schema()["properties"].items():
        node = _without_off(resolve(child), form.get(key), enabled)
        if key == "environments":
            lines = [_about(node), *_environments(form.get(key, {}), config)]
        else:
            lines = [*_setting(key, node, form, first.settings if first else {})]
        parts.append("".join(f"{line}\n" for line in lines))
    return "\n".join(parts)


def _environments(given: Mapping[str, Any], config: Config) -> Iterator[str]:
    yield "environments:"
    node = resolve(resolve(form_schema()["properties"]["environments"])["additionalProperties"])
    completed = {environment.name: environment for environment in config.environments}
    for name, form in given.items():
        yield f"  {inline(name)}:"
        yield from _indented(_environment(node, form, completed.get(name)), "    ")
    if not any(name.startswith("prod") for name in given):
        version = config.environments[0].version if config.environments else ""
        yield "  ## Zo komt er later een omgeving bij: de plek die inwoners gebruiken."
        yield "  # production:"
        yield f"  #   domain: {inline(resolve(node['properties']['domain'])['examples'][-1])}{_EXAMPLE}"
        yield f"  #   version: {inline(version)}"
        yield from _namespace_like(given)


def _namespace_like(given: Mapping[str, Any]) -> Iterator[str]:
    """Write the namespace of an environment that comes later as that of the first one, where that has its name."""
    name, first = next(iter(given.items()), ("", {}))
    namespace = str(at(first, "cluster", "namespace") or "")
    if name and namespace.endswith(f"-{name}"):
        yield "  #   cluster:"
        yield f"  #     namespace: {inline(namespace.removesuffix(name) + 'production')}"


def _environment(node: Mapping[str, Any], given: Mapping[str, Any], completed: Environment | None) -> Iterator[str]:
    """Write one environment; of what can stand at the top as well, only what was given here."""
    now = {"production": completed.production, "hosts": completed.hosts} if completed else {}
    enabled = completed.enabled if completed else frozenset()
    for key, child in node["properties"].items():
        if key in form_schema()["properties"]:
            if key in given:
                yield from _block(key, given[key])
        else:
            yield from _setting(key, _without_off(resolve(child), given.get(key), enabled), given, now)


def _without_off(node: Mapping[str, Any], given: Any, enabled: frozenset[str]) -> Mapping[str, Any]:
    """Leave out of a section what is for components that are off, unless it was given."""
    own = given if isinstance(given, Mapping) else {}
    if own and node.get("x-component"):
        return node
    children = {} if _is_off(node, enabled) else node.get("properties", {})
    shown = {key: child for key, child in children.items() if key in own or not _is_off(resolve(child), enabled)}
    return {**node, "properties": shown} if "properties" in node else node


def _is_off(node: Mapping[str, Any], enabled: frozenset[str]) -> bool:
    return "x-component" in node and node["x-component"] not in enabled


def _setting(key: str, node: Mapping[str, Any], given: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Write one setting or section, with what is not given in it as comments."""
    effective = now.get(key)
    yield _about(node)
    if key not in given:
        yield from _commented(_example(key, node, effective))
    elif _is_section(node) and given[key]:
        yield f"{inline(key)}:"
        below = effective if isinstance(effective, Mapping) else {}
        for name, child in node["properties"].items():
            yield from _indented(_setting(name, resolve(child), given[key], below), "  ")
    else:
        yield from _block(key, given[key])


def _example(key: str, node: Mapping[str, Any], effective: Any) -> Iterator[str]:
    """Write a setting that was not given, to be commented out."""
    if _is_section(node) and not node["properties"]:
        yield f"{inline(key)}: {{}}"
    elif _is_section(node):
        yield f"{inline(key)}:"
        below = effective if isinstance(effective, Mapping) else {}
        for name, child in node["properties"].items():
            target = resolve(child)
            yield f"  {_about(target)}"
            yield from _indented(_example(name, target, below.get(name)), "  ")
    elif effective not in (None, "", [], {}):
        yield f"{inline(key)}: {inline(effective)}"
    else:
        yield f"{inline(key)}: {inline(node['examples'][0])}{_EXAMPLE}"


def _is_section(node: Mapping[str, Any]) -> bool:
    """Tell a map of settings of its own from one that is best shown as a whole, as the CPU of a workload."""
    return "properties" in node and "default" not in node and "examples" not in node


def _block(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{inline(key)}:"
        for name, child in value.items():
            yield from _indented(_block(name, child), "  ")
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) and item for item in value):
        yield f"{inline(key)}:"
        for item in value:
            lines = [line for name, child in item.items() for line in _block(name, child)]
            yield f"  - {lines[0]}"
            yield from _indented(lines[1:], "    ")
    else:
        yield f"{inline(key)}: {inline(value)}"


def _about(node: Mapping[str, Any]) -> str:
    choice = f" Keuze uit: {', '.join(node['enum'])}." if "enum" in node else ""
    return f"## {node['x-title-nl']}: {node['x-description-nl']}{choice}"


def _commented(lines: Iterator[str]) -> Iterator[str]:
    return (f"# {line}" for line in lines)


def _indented(lines: Iterable[str], indent: str) -> Iterator[str]:
    return (indent + line for line in lines)
