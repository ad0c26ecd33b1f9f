"""Helm values → the settings of the form that they come from: templates, read backwards.

`chart-templates/<component>/import.yaml` has the shape of the chart's values, and where a value comes from a setting
it has the ways to read that setting back, the best first. A way is the setting itself, a text around it
(`https://{hosts.backend}`), or a map:

- `setting` or `text`: as above
- `as`: `list` (separated by commas), `phone` (a telephone number in any notation), `corners` (two corners of a map,
  whichever they are), `municipality`, `neighbours` or `unknown` (names, as the address service or the backend has
  them: the first, the others, the first where the register does not have it), or a text in which `{}` is what was read
  and `{…}` what stands elsewhere in the values
- `values`: what a value stands for in the form
- `when`: other places in the values, and what must stand there
- `weak`: this repeats the setting, and is too often something else to read it from here
- `old`: this is not how it is written today; what is rendered for the setting comes in its place

The switches of features are in `component.yaml` already, and are read from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.catalog.schemas import values_schema
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.municipalities import Municipality
from signalen_toolkit.form.schema import compiled_form_schema, form_schema, resolve
from signalen_toolkit.schema.validate import wrong_values

_SLOT = re.compile(r"\{([^{}]*)\}")
_PDOK_TERM = re.compile(r'(?<!\S)(-?)(?:"([^"]*)"|([^\s"()]+))')
_LONGEST_NAMES = 20_000  # characters
_OF_NAMES = ("municipality", "neighbours", "unknown")
# Settings that only an environment has.
_OF_ENVIRONMENT = ("domain", "hosts", "version")


@dataclass(frozen=True, slots=True)
class Found:
    """A setting, its value, and the place in the values that it was read from.

    `is_old` says that what is rendered for the setting stands elsewhere, or reads otherwise, than what it was read
    from; `note` what a person has to know of that. What does not fit is what the form refuses, of a setting that has to
    have a value.
    """

    setting: tuple[str, ...]
    value: Any
    component: str
    place: Place
    is_old: bool = False
    note: str = ""
    fits: bool = True
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """What a way makes of a value."""

    setting: tuple[str, ...]
    value: Any
    is_old: bool = False
    note: str = ""
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of a component, with what its chart takes where they say nothing."""

    component: Component
    data: Mapping[str, Any]
    version: str
    own: Municipality | None = None

    def at(self, place: Place) -> Any:
        found = at(self.data, *place)
        return self.default(place) if found is None else found

    def default(self, place: Place) -> Any:
        return chart_default(self.component, self.version, place)


def settings_in(
    component: Component, values: Mapping[str, Any], version: str, own: Municipality | None = None
) -> Iterator[Found]:
    """Yield every setting that the values of a component tell, as often as they tell it, in the order of trust.

    What the form would refuse there is left out, but for a setting that has to have a value. `environments.*` is the
    name of the environment. `own` is the municipality where that is known otherwise.
    """
    source = _Values(component, values, version, own)
    for place, ways in _ways(component.folder):
        value = at(values, *place)
        if value is not None and value != "":
            for way in ways:
                for read in _read(way, value, source):
                    yield from _fitting(read, component.name, place)
    for feature, path in component.features.items():
        place = tuple(path.split("."))
        if (state := at(values, *place)) is not None:
            yield from _fitting(_Read(("features", feature), state), component.name, place)


def in_environment(setting: tuple[str, ...], environment: str) -> tuple[str, ...]:
    """Return where a setting stands in a form with one environment."""
    return ("environments", environment, *setting) if setting[0] in _OF_ENVIRONMENT else setting


def chart_default(component: Component, version: str, place: Place) -> Any:
    """Return what a chart takes at a place where nothing is given; None where that is not known."""
    node: Any = values_schema(component, component.chart_version(version))
    for depth, part in enumerate(place):
        if isinstance(above := node.get("default"), Mapping) and part in above:
            return at(above, *place[depth:])
        node = node.get("properties", {}).get(part, {})
    return node.get("default")


@cache
def _ways(folder: Path) -> tuple[tuple[Place, tuple[Any, ...]], ...]:
    from ruamel.yaml import YAML

    path = folder / "import.yaml"
    return tuple(_walk(YAML(typ="safe").load(path), ())) if path.is_file() else ()


def _walk(node: Any, place: Place) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    if isinstance(node, Mapping) and "setting" not in node:
        for key, child in node.items():
            yield from _walk(child, (*place, key))
    else:
        yield place, tuple(node) if isinstance(node, list) else (node,)


def _read(way: Any, value: Any, source: _Values) -> Iterator[_Read]:
    about = way if isinstance(way, Mapping) else {"text" if "{" in way else "setting": way}
    for place, wanted in about.get("when", {}).items():
        if source.at(tuple(place.split("."))) != wanted:
            return
    name, found = about.get("setting", ""), value
    if text := about.get("text"):
        before, _, rest = text.partition("{")
        name, _, after = rest.partition("}")
        read = str(value) if isinstance(value, str | int) else ""
        if not (read.startswith(before) and read.endswith(after) and len(read) > len(before) + len(after)):
            return
        found = read[len(before) : len(read) - len(after)]
    if "values" in about:
        key = _boolean(found)
        if not isinstance(key, str | int) or key not in about["values"]:
            return
        found = about["values"][key]
    is_old, note = bool(about.get("old")), ""
    if shape := about.get("as"):
        if shape in _OF_NAMES:
            found, is_old, note = _of_names(shape, found, source.own)
        else:
            found = _shaped(shape, found, source)
    if found is not None:
        yield _Read(tuple(name.split(".")), found, is_old, note, bool(about.get("weak")))


def _shaped(shape: str, value: Any, source: _Values) -> Any:
    if shape == "corners":
        return _corners(value)
    if not isinstance(value, str):
        return None
    if shape == "list":
        return [part for part in (part.strip() for part in value.split(",")) if part]
    if shape == "phone":
        return _phone(value)
    elsewhere = {slot: source.at(tuple(slot.split("."))) for slot in _SLOT.findall(shape) if slot}
    if not all(isinstance(text, str) and text for text in elsewhere.values()):
        return None
    return _SLOT.sub(lambda slot: value if not slot[1] else elsewhere[slot[1]], shape)


def _corners(value: Any) -> Any:
    """Return the south-western and the north-eastern corner of two, as the site's map makes them of any."""
    pairs = isinstance(value, list) and all(isinstance(one, list) and len(one) == 2 for one in value)
    if not pairs or not all(isinstance(one, int | float) for pair in value for one in pair):
        return None
    latitudes, longitudes = zip(*value, strict=True) if value else ((), ())
    return [[pick(latitudes), pick(longitudes)] for pick in (min, max)] if value else None


def _phone(text: str) -> str:
    """Return a telephone number as the form has it: digits with spaces and dashes, and no 0 behind +31."""
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", text).replace("(0)", " ")
    plain = " ".join(re.sub(r"[()/.\s]", " ", plain).split())
    return re.sub(r"^00 ?31", "+31", plain)


def _of_names(shape: str, value: Any, own: Municipality | None) -> tuple[Any, bool, str]:
    """Read names of municipalities: return what they stand for, whether that is written otherwise, and a note.

    The first is the municipality itself, unless it is known to be another of them.
    """
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    text = ",".join(value) if is_list else value
    names = _municipalities(text) if isinstance(text, str) else []
    if not names:
        return None, False, ""
    first: Municipality | str = own if own is not None and own in names else names[0]
    former = municipalities.merged(first) if isinstance(first, str) else None
    main, note = first if isinstance(first, Municipality) else None, ""
    if former and len(former.successors) == 1:
        main, note = former.successors[0], former.what
    if shape == "municipality":
        return main.code if main else None, is_list or bool(note), note
    if shape == "unknown":
        return None if main else first, False, ""
    others = [one for one in names if one not in (first, main)]
    return [one if isinstance(one, str) else one.name for one in others] or None, is_list or bool(note), ""


def _municipalities(text: str) -> list[Municipality | str]:
    """Return what a list of names stands for: commas between names, or the terms of the address service.

    What is longer than one of all municipalities is none.
    """
    if len(text) > _LONGEST_NAMES:
        return []
    whole = municipalities.named(text)
    if len(whole) == 1:
        return [whole[0]]
    names = [name.strip() for name in text.split(",")] if "," in text else []
    names = names or [quoted or bare for minus, quoted, bare in _PDOK_TERM.findall(text) if not minus]
    found: list[Municipality | str] = []
    for name in filter(None, names):
        known = municipalities.named(name)
        found.append(known[0] if len(known) == 1 else name.title() if name.islower() else name)
    return found


def _fitting(read: _Read, component: str, place: Place) -> Iterator[Found]:
    """Yield a setting where the form takes its value; of a section each setting by itself."""
    setting, value = read.setting, read.value
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _fitting(replace(read, setting=(*setting, str(key)), value=child), component, place)
        return
    if setting == ("environments", "*"):
        name = str(value).lower()
        form: Any = {"environments": {name: {"domain": "example.nl"}}}
        if isinstance(value, str) and not wrong_values(form, compiled_form_schema()) and _is_environment(name):
            yield Found(setting, name, component, place)
        return
    node = _node(in_environment(setting, "x"))
    if node is None:
        return
    value = _typed(value, node.get("type"))
    form = value
    for key in reversed(in_environment(setting, "x")):
        form = {key: form}
    fits = not wrong_values(form, compiled_form_schema())
    if fits or ("x-question" in node and not read.is_old and isinstance(value, str)):
        yield Found(setting, value, component, place, read.is_old, read.note, fits, read.is_weak)


def _is_environment(name: str) -> bool:
    return re.fullmatch(form_schema()["properties"]["environments"]["propertyNames"]["pattern"], name) is not None


def _node(setting: tuple[str, ...]) -> Mapping[str, Any] | None:
    node = resolve(form_schema())
    for part in setting:
        child = node.get("properties", {}).get(part, node.get("additionalProperties"))
        if not isinstance(child, dict):
            return None
        node = resolve(child)
    return node


def _typed(value: Any, kind: Any) -> Any:
    """Return a value as the form has it: `"5432"` is a number there, and `"true"` a switch."""
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    if kind == "boolean":
        return _boolean(value)
    if kind == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _boolean(value: Any) -> Any:
    """Return true and false for the texts that an environment variable has for them."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
