"""Which municipalities of a fleet a command is about: by name, group, ring, province or release, or a share of all."""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.base.versions import is_version, parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError, did_you_mean
from signalen_toolkit.documents import machine, reader
from signalen_toolkit.documents.data import mapping, merge, text
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.form.fleet import layers_below
from signalen_toolkit.form.municipalities import Municipality, by_code, fold, municipalities, named

_RELEASE: Final = re.compile(r"(<=|>=|==|!=|<|>|=)?\s*(\d+(?:\.\d+){0,2})")
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_SHARD: Final = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person asked for; of what is empty, all. `release` is as `<4.22`, `shard` as `3/16`."""

    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    rings: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    release: str = ""
    shard: str = ""


def selected(fleet: Fleet, wanted: Selection) -> list[Member]:
    """Return the municipalities that are asked for, in the order of `fleet.yaml`.

    Each of them has one of the names, one of the groups, one of the rings and so on. A release counts that any of its
    environments has. Raises UsageError for what there is not.
    """
    for name in wanted.names:
        fleet.member(name)
    _require("group", wanted.groups, {group for one in fleet.members for group in one.groups})
    _require("ring", wanted.rings, {one.name for one in fleet.rings})
    known = {fold(one.province): one.province for one in municipalities()}
    _require("province", tuple(map(fold, wanted.provinces)), {*known})
    fits, share = _release(wanted.release), _share(wanted.shard)
    provinces = {*map(fold, wanted.provinces)}
    return [
        one
        for one in fleet.members
        if (not wanted.names or one.name in wanted.names)
        and (not wanted.groups or {*wanted.groups} & {*one.groups})
        and (not wanted.rings or one.ring in wanted.rings)
        and share(one.name)
        and (not provinces or ((place := municipality(fleet, one)) is not None and fold(place.province) in provinces))
        and (fits is None or any(map(fits, releases(fleet, one).values())))
    ]


def municipality(fleet: Fleet, member: Member) -> Municipality | None:
    """Return who a municipality is by the register; None where its form does not tell."""
    section = mapping(_data(fleet, member), "municipality")
    if found := by_code(text(section, "code")):
        return found
    matching = named(text(section, "name"))
    return matching[0] if len(matching) == 1 else None


def releases(fleet: Fleet, member: Member) -> dict[str, str]:
    """Return the release of each environment of a form, with the layers below it; without one that is no release."""
    data = _data(fleet, member)
    found = {
        str(name): text(one, "version") or text(data, "version") or catalog().releases[0]
        for name, one in mapping(data, "environments").items()
    }
    return {name: version for name, version in found.items() if is_version(version)}


def repository_settings(fleet: Fleet, member: Member) -> Mapping[str, Any]:
    """Return what a form says of its repository, with the layers below it; nothing where it cannot be read."""
    return mapping(_data(fleet, member), "repository")


def _data(fleet: Fleet, member: Member) -> Mapping[str, Any]:
    """Read a form fast and without its positions: what is wrong with it, whoever works on it will say."""
    try:
        folder = fleet.folder(member)
        raw = beneath.read(folder, beneath.real(folder, FORM_FILE), reader.LARGEST)
        data: Mapping[str, Any] = machine.load((raw or b"").decode("utf-8-sig"))
        below = [] if member.repository else layers_below(fleet.root, member.groups)
    except (OSError, UsageError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    laid: dict[str, Any] = {}
    for layer in reversed(below):
        laid = merge(laid, layer.data or {})
    return merge(laid, data)


def _release(written: str) -> Callable[[str], bool] | None:
    if not written:
        return None
    found = _RELEASE.fullmatch(written.strip())
    if found is None:
        raise UsageError(f"'{written}' is no release to compare with, such as '<4.22' or 4.23.0")
    length = found[2].count(".") + 1
    bound = tuple(map(int, found[2].split(".")))
    compare = _COMPARED[found[1] or "="]
    return lambda version: compare(parse(version)[:length], bound)


def _share(written: str) -> Callable[[str], bool]:
    """Return who is in one of so many shares: by name alone, so that no share has to know of the others."""
    if not written:
        return lambda _: True
    found = _SHARD.fullmatch(written)
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError(f"'{written}' is no share, such as 3/16: the third of sixteen")
    share, count = int(found[1]) - 1, int(found[2])
    return lambda name: int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % count == share


def _require(kind: str, given: tuple[str, ...], known: set[str]) -> None:
    for one in given:
        if one not in known:
            hint = did_you_mean(one, known) or f"there are {', '.join(sorted(known)) or 'none'}"
            raise UsageError(f"the fleet has no {kind} '{one}'; {hint}")
