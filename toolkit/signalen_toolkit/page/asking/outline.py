"""The pages: one for each section of the form, for each environment, and for each step of who starts; and the search.

All of it follows from the schema. A section is a page; settings at the top that are no section are together on one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from signalen_toolkit.documents.data import Place
from signalen_toolkit.form.municipalities import fold
from signalen_toolkit.form.schema import form_schema, resolve, settings
from signalen_toolkit.page.asking.kinds import Schema
from signalen_toolkit.page.asking.places import ENVIRONMENTS, environment_of

GENERAL: Final = "general"
_NOT_ASKED: Final = ("apiVersion", ENVIRONMENTS)
_LAST: Final = 1000
_TOP_ONLY: Final = ("municipality", "toolkit", "ignore")


@dataclass(frozen=True, slots=True)
class Part:
    """A page: the settings that are on it. `environment` is the one that it is of; empty for all of them."""

    key: str
    environment: str
    settings: tuple[tuple[Place, Schema], ...]
    about: Schema

    @property
    def address(self) -> str:
        """The path of the page."""
        return f"/environment/{self.environment}/{self.key}" if self.environment else f"/section/{self.key}"

    def holds(self, place: Place) -> bool:
        """Tell whether a place of the form is on this page."""
        return any(place[: len(one)] == one for one, _ in self.settings)


def parts(environment: str = "") -> Iterator[Part]:
    """Yield the pages for all environments together, or those of one environment, in the order of the schema."""
    properties = _properties(environment)
    prefix: Place = (ENVIRONMENTS, environment) if environment else ()
    asked = {
        key: resolve(child)
        for key, child in properties.items()
        if key not in _NOT_ASKED and not (environment and key in _TOP_ONLY)
    }
    loose = {key: one for key, one in asked.items() if "properties" not in one and key not in _TOP_ONLY}
    own = {key: one for key, one in asked.items() if environment and key not in form_schema()["properties"]}
    general = {**own, **loose}
    if environment:
        about = resolve(resolve(form_schema()["properties"][ENVIRONMENTS])["additionalProperties"])
        yield Part(GENERAL, environment, tuple(((*prefix, key), one) for key, one in general.items()), about)
    placed = bool(environment)
    for key, one in asked.items():
        if key in general:
            if not placed:
                placed = True
                yield Part(GENERAL, "", tuple(((other,), schema) for other, schema in general.items()), {})
            continue
        yield Part(key, environment, (((*prefix, key), one),), one)


def part(key: str, environment: str = "") -> Part | None:
    """Return the page of a section; None where there is none."""
    return next((one for one in parts(environment) if one.key == key), None)


def part_of(place: Place) -> Part | None:
    """Return the page that a place of the form is on; None for the form as a whole."""
    environment = environment_of(place)
    found = (one for one in parts(environment) if one.holds(place))
    return next(found, None) or (part(GENERAL, environment) if environment else None)


def _properties(environment: str) -> Mapping[str, Any]:
    if not environment:
        properties: Mapping[str, Any] = form_schema()["properties"]
        return properties
    schema = resolve(resolve(form_schema()["properties"][ENVIRONMENTS])["additionalProperties"])
    found: Mapping[str, Any] = schema["properties"]
    return found


@dataclass(frozen=True, slots=True)
class Hit:
    """A setting that was searched for, and where it stands: titles of the sections around it, from the top."""

    place: Place
    schema: Schema
    around: tuple[Schema, ...]


def search(query: str, most: int = 30) -> list[Hit]:
    """Find settings by words in their name, title, explanation, in Dutch or English; names and titles first."""
    words = fold(query).split()
    if not words:
        return []
    found = []
    for place, schema in settings():
        if (place[0] in _NOT_ASKED and place[:2] != (ENVIRONMENTS, "*")) or place in (
            (ENVIRONMENTS,),
            (ENVIRONMENTS, "*"),
        ):
            continue
        title = fold(" ".join([*map(_spaced, place), *(str(schema.get(key, "")) for key in ("title", "x-title-nl"))]))
        text = fold(" ".join(str(schema.get(key, "")) for key in ("description", "x-description-nl")))
        rank = min((_rank(word, title, text) for word in words), default=0)
        if rank:
            found.append((-rank, len(place), place, schema))
    found.sort(key=lambda one: one[:2])
    return [Hit(place, schema, tuple(_around(place))) for _, _, place, schema in found[:most]]


def _around(place: Place) -> Iterator[Schema]:
    node: Schema = form_schema()
    for part_ in place[:-1]:
        node = resolve(node.get("properties", {}).get(part_, node.get("additionalProperties") or {}))
        yield node


def _rank(word: str, title: str, text: str) -> int:
    if any(one.startswith(word) for one in title.split()):
        return 3
    return 2 if word in title else int(word in text)


def _spaced(part_: object) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(part_))


# --- steps of who starts


@dataclass(frozen=True, slots=True)
class StartStep:
    """A page of who starts: its name, and the settings that are asked on it."""

    name: str
    settings: tuple[tuple[Place, Schema], ...]

    @property
    def address(self) -> str:
        """The path of the page."""
        return f"/start/{self.name}"


STEPS: Final = ("municipality", "contact", "appearance", "sign-in", "platform")


def steps(environment: str) -> list[StartStep]:
    """Return the steps, each with the settings whose `x-step` names it, of the one environment that a start has.

    What is for a component comes after the switch of that component.
    """
    asked: dict[str, dict[Place, Schema]] = {name: {} for name in STEPS}
    for path, schema in settings():
        if name := schema.get("x-step"):
            place: Place = tuple(environment if one == "*" else one for one in path)
            if component := schema.get("x-component") or next(
                (one["x-component"] for one in _around(path) if "x-component" in one), None
            ):
                switch = ("components", component, "enabled")
                asked[name][switch] = next(one for path_, one in settings() if path_ == switch)
            asked[name][place] = schema
    return [StartStep(name, tuple(sorted(found.items(), key=_rank_of_start))) for name, found in asked.items()]


def _rank_of_start(asked: tuple[Place, Schema]) -> tuple[bool, int]:
    """Put components first, from which answers to other questions follow, and then the questions of `signalen new`."""
    place, schema = asked
    with_component = place[0] == "components" or "x-component" in resolve(form_schema()["properties"].get(place[0], {}))
    return not with_component, int(schema.get("x-question", _LAST))
