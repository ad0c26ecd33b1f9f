"""The schema of the form: the written part, completed from the catalog.

`schemas/municipality.schema.json` says all that does not depend on which charts there are. Where a section has
one key for each component, host or workload it carries `x-each`, which is unfolded here: so adding a chart
does not touch the schema. A setting that is one of the deliveries has `x-each` too, and
what is the default namespace of each is told here, as are the kinds of Git servers. Keywords of our own:

- `x-title-nl`, `x-description-nl`: the Dutch title and description
- `x-component`: the one component that a section or setting is for
- `x-sizes`: what else is the default in a municipality of another size
- `x-gone`: keys that a section had once, and what to do with a form that has one
- `x-derived`: in words, what the value follows from where it is left out
- `x-required`: keys that every environment must have, there or at the top of the form, unless they follow from others
- `x-question`: the place of a setting in the questions of `signalen new`
- `x-step`: the page of `signalen form` on which who starts is asked a setting
- `x-when`: by the keys beside a setting, the values with which it is asked on a page
- `x-pattern-message`, `x-shape`: what a pattern or an array means, in words
- `x-values`: raw Helm values, checked against the chart instead
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.catalog.model import Catalog
from signalen_toolkit.form.git_hosts import git_hosts
from signalen_toolkit.schema import lookup

if TYPE_CHECKING:
    from signalen_toolkit.schema.validate import Compiled

Schema = dict[str, Any]


@cache
def form_schema() -> Schema:
    """Return the form's schema for the built-in catalog; callers must not change it."""
    text = (PACKAGE / "schemas" / "municipality.schema.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    for section in schema["$defs"].values():
        if each := section.pop("x-each", None):
            section |= _unfolded(each, catalog())
    sync = schema["$defs"]["sync"]["properties"]["namespace"]
    sync["x-derived"] = " or ".join(dict.fromkeys(one.namespace for one in catalog().deliveries.values()))
    schema["$defs"]["repository"]["properties"]["host"]["enum"] = [*git_hosts()]
    return schema


def _unfolded(each: Mapping[str, Any], charts: Catalog) -> Schema:
    if each["of"] == "delivery":
        names = [*charts.deliveries]
        return {"enum": names, "default": names[0], "examples": names[:1]}
    return {"properties": dict(_unfold(each, charts))}


@cache
def compiled_form_schema() -> Compiled:
    """Return the form's schema, ready to check with."""
    from signalen_toolkit.schema.validate import compiled  # which rendering does not wait for

    return compiled(form_schema())


def _unfold(each: Mapping[str, Any], charts: Catalog) -> Iterator[tuple[str, Schema]]:
    # What everybody has comes first, for a person who reads the form.
    for component in sorted(charts.components.values(), key=lambda one: not one.enabled):
        about = {"x-title-nl": component.title_nl, "x-description-nl": component.description_nl}
        described = {"title": component.title, "description": component.description, **about}
        match each["of"]:
            case "component":
                default = {"default": component.enabled} if "properties" in each["schema"] else {}
                item = {**described, **each["schema"]}
                if not default:
                    item["x-component"] = component.name
                else:
                    enabled = {**each["schema"]["properties"]["enabled"], **default}
                    item["properties"] = {"enabled": enabled}
                yield component.name, item
            case "host" if component.host is not None:
                yield component.name, {**described, "x-component": component.name, **each["schema"]}
            case "replicas" | "resources" as of:
                for workload in component.workloads:
                    if of == "resources" or workload.scales:
                        extra = {"default": workload.resources, "x-sizes": workload.larger} if of == "resources" else {}
                        english = _of(workload.title, component.title)
                        dutch = _of(workload.title_nl, component.title_nl)
                        yield (
                            workload.name,
                            {
                                "title": workload.title,
                                "description": english,
                                "x-title-nl": workload.title_nl,
                                "x-description-nl": dutch,
                                "x-component": component.name,
                                **each["schema"],
                                **extra,
                            },
                        )


def _of(part: str, whole: str) -> str:
    """Describe a part of a component by both names, where these differ."""
    return f"{part}." if part == whole else f"{part} ({whole})."


def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow the references of one node of the form's schema; keywords beside a reference count too."""
    return lookup.resolve(form_schema(), node)


def settings(
    node: Mapping[str, Any] | None = None, path: tuple[str, ...] = (), *, items: bool = False
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the path and schema of every setting and section, in the order of the form, parents first.

    The settings of an environment stand under `environments.*`, only those of its own. With `items`, those of the items
    of a list come too, under `[]`.
    """
    node = resolve(form_schema() if node is None else node)
    for key, child in node.get("properties", {}).items():
        place = (*path, key)
        if path == ("environments", "*") and key in form_schema()["properties"]:
            continue
        yield place, resolve(child)
        yield from settings(child, place, items=items)
    if isinstance(rest := node.get("additionalProperties"), dict):
        yield from settings(rest, (*path, "*"), items=items)
    if items and isinstance(item := node.get("items"), dict):
        yield from settings(item, (*path, "[]"), items=items)


@cache
def defaults() -> dict[str, Any]:
    """Return the defaults of all settings as one form; callers must not change it."""
    return _defaults(form_schema())


@cache
def defaults_of_items(section: str, key: str) -> dict[str, Any]:
    """Return the defaults of an item of a list of the form; callers must not change it."""
    return _defaults(resolve(form_schema()["$defs"][section]["properties"][key]["items"]))


def _defaults(node: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, child in node.get("properties", {}).items():
        target = resolve(child)
        if "default" in target:
            found[key] = target["default"]
        elif target.get("type") == "object":
            found[key] = _defaults(target)
    return found
