"""Forms drawn from the form's own schema: each value is right by itself, and rules may refuse them together."""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st
from signalen_toolkit.base.versions import parse
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.reader import read
from signalen_toolkit.form.municipalities import municipalities
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.schema.formats import FORMATS
from signalen_toolkit.schema.times import is_cron

from tests.conftest import FORMS

# Drawn on their own, or not at all: what would have to be in the repository too.
_OTHERWISE = {"apiVersion", "delivery", "environments", "ignore", "municipality", "overrides", "version"}
_OF_ENVIRONMENTS = {"hosts", "production"}
_WITH_FILES = {
    "branding.logo", "branding.favicon", "branding.iosIcon", "branding.androidIcon", "sync.manifests", "sync.paused",
}  # fmt: skip
SECTIONS = tuple(sorted((form_schema()["properties"].keys() - _OTHERWISE) | _OF_ENVIRONMENTS))
_LABEL = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


def _networks(kind: type[ipaddress.IPv4Network | ipaddress.IPv6Network], bits: int) -> st.SearchStrategy[str]:
    drawn = st.tuples(st.integers(0, 2**bits - 1), st.integers(0, bits))
    return drawn.map(lambda one: str(kind(one, strict=False)))


_NETWORKS = _networks(ipaddress.IPv4Network, 32) | _networks(ipaddress.IPv6Network, 128)
_HOSTS = st.one_of(
    st.sampled_from(["api.gemeente.nl", "a.b.c.d.gemeente.nl", "xn--gemnte-cua.nl"]),
    st.integers(1, 63).map(lambda length: f"{'h' * length}.gemeente.nl"),
    st.integers(1, 60).map(lambda parts: f"{'abc.' * parts}nl"),
)
_SERVERS = st.sampled_from(["db.gemeente.nl", "db", "10.0.0.4", "DB.gemeente.nl"])
_PORTS = st.integers(1, 65535)
_MIRRORS = st.sampled_from(
    [
        "https://harbor.gemeente.nl/chartrepo/x",
        "oci://harbor.gemeente.nl:5000/x",
        "https://h/-a-/.b_~./c",
        "oci://10.0.0.1",
        *(f"https://harbor.gemeente.nl{'/chartrepo' * 20}/{last}" for last in "ab"),
    ]
)
_FORMATS = {
    "cron": st.tuples(
        st.sampled_from(["0", "5,35", "*/7", "10-20"]),
        st.integers(0, 23),
        st.sampled_from(["*", "1,15", "*/2", "31"]),
        st.sampled_from(["*", "2", "1-6/2"]),
        st.sampled_from(["*", "0", "*/2", "1-5"]),
    )
    .map(lambda drawn: " ".join(map(str, drawn)))
    .filter(is_cron),  # not the 31st of February
    "duration": st.tuples(st.integers(1, 99999), st.sampled_from(["s", "m", "h"])).map(lambda one: "{}{}".format(*one)),
    "email": st.sampled_from(["beheer@gemeente.nl", "a.b+c'd@x-1.example.org"]),
    "git-branch": st.sampled_from(["main", "release/2026", "a.b-c_d", "a" * 200]),
    "git-url": st.sampled_from(
        [
            "https://git.gemeente.nl/signalen.git",
            "git@git.gemeente.nl:signalen.git",
            "ssh://git@[2001:db8::1]:22/x",
            "https://[2001:db8::1]:8443/x",
            f"https://git.gemeente.nl/{'groep/' * 30}signalen.git",
        ]
    ),
    "hostname": _SERVERS,
    "label-key": st.one_of(st.from_regex(re.compile("[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?"), fullmatch=True)),
    "link": st.sampled_from(["", "/over?x=y#z", "https://www.gemeente.nl/over"]),
    "map-url": st.sampled_from(["https://{s}.kaart.gemeente.nl/{z}/{x}/{y}.png", "https://geo.gemeente.nl/wfs?a=<b>"]),
    "mirror": st.sampled_from(["harbor.gemeente.nl", "harbor.gemeente.nl:5000/a/b-c"]),
    "phone": st.sampled_from(["14 073", "+31 (0)73 615 51 55", "0800-1234"]),
    "server": st.tuples(_SERVERS, st.none() | _PORTS).map(lambda one: f"{one[0]}:{one[1]}" if one[1] else one[0]),
    "uri": st.sampled_from(
        ["https://id.gemeente.nl/realms/a", "https://s3.example.nl:9000", "https://[2001:db8::1]/x?y=z"]
    ),
    "volume-size": st.tuples(st.integers(1, 3000), st.sampled_from(["", ".5"]), st.sampled_from(["M", "Gi"])).map(
        lambda one: "{}{}{}".format(*one)
    ),
}
_AT = {
    "network.outside": st.lists(_NETWORKS, min_size=1, max_size=3, unique=True),
    "network.dns.networks": st.lists(_NETWORKS, max_size=2, unique=True),
    "charts.repository": _MIRRORS,
    **{f"charts.repositories.{name}": _MIRRORS for name in catalog().components},
    "cluster.kubernetesVersion": st.integers(30, 37).map("1.{}".format),
    **{f"hosts.{name}": _HOSTS for name in catalog().components},
}


@cache
def texts(pattern: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Make texts that fit a pattern. `$` is the very end, as JSON Schema has it."""
    if pattern == _LABEL:  # the longest are what comes out last otherwise
        return st.sampled_from(["a", "a-1"]) | st.integers(least or 1, min(most, 63)).map(lambda length: "n" * length)
    found = st.from_regex(re.compile(pattern), fullmatch=True)
    return found.filter(lambda text: least <= len(text) <= most and "\n" not in text and text.isprintable())


def values(node: Mapping[str, Any], path: str) -> st.SearchStrategy[Any]:
    """Make values that a part of the schema accepts."""
    node = resolve(node)
    if path in _AT:
        return _AT[path]
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(node["minimum"], node["maximum"])
        case "number":
            return st.floats(node["minimum"], node["maximum"]).map(lambda number: round(number, 6))
        case "array" if "prefixItems" in node:
            return st.tuples(*(values(item, path) for item in node["prefixItems"])).map(list)
        case "array":
            items = values(node["items"], f"{path}[]")
            return st.lists(items, min_size=node.get("minItems", 0), max_size=3, unique_by=repr)
        case "object" if isinstance(rest := node.get("additionalProperties"), dict):
            names = node["propertyNames"]
            keys = _FORMATS[names["format"]] if "format" in names else texts(names["pattern"], 1, 80)
            return st.dictionaries(keys, values(rest, f"{path}.*"), max_size=2)
        case "object":
            children = {key: values(child, f"{path}.{key}") for key, child in node["properties"].items()}
            children = {key: child for key, child in children.items() if f"{path}.{key}" not in _WITH_FILES}
            required = {key: children.pop(key) for key in node.get("required", ())}
            return st.fixed_dictionaries(required, optional=children)
    most = node.get("maxLength", 60)
    if "format" in node:
        check = re.compile(node.get("pattern", ""))
        return _FORMATS[node["format"]].filter(lambda text: bool(check.search(text)) and len(text) <= most)
    if "pattern" not in node:
        visible = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
        return st.text(visible, min_size=node.get("minLength", 0), max_size=min(most, 40))
    return texts(node["pattern"], node.get("minLength", 0), most)


@cache
def _values_of(section: str) -> st.SearchStrategy[Any]:
    properties = _of_environments() if section in _OF_ENVIRONMENTS else form_schema()["properties"]
    return values(properties[section], section)


@cache
def _good(name: str) -> dict[str, Any]:
    data: dict[str, Any] = read(FORMS / "good" / f"{name}.yaml").data
    return data


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a form with everything on or with little, and other values in some sections.

    They stand at the top or in the environment.
    """
    form = copy.deepcopy(_good(draw(st.sampled_from(["everything-on", "setting-unused"]))))
    (environment,) = form["environments"].values()
    if draw(st.booleans()):
        form["environments"] = {draw(st.sampled_from(["a", "e" * 30, "test-1"])): environment}
    form["delivery"] = draw(st.sampled_from(["flux", "argocd"]))
    form["municipality"] = {"code": draw(st.sampled_from([one.code for one in municipalities()]))}
    environment["version"] = draw(st.sampled_from(_releases()))
    for section in draw(st.sets(st.sampled_from(SECTIONS), max_size=4)):
        inside = section in _OF_ENVIRONMENTS or (section in _of_environments() and draw(st.booleans()))
        owner = environment if inside else form
        drawn = draw(_values_of(section))
        own = owner.get(section)
        # A part of what was right stays, so that not every form is refused for what it lacks.
        owner[section] = merge(own, drawn) if isinstance(own, dict) and isinstance(drawn, dict) else drawn
    return form


@cache
def _releases() -> list[str]:
    charts = catalog()
    return [one for one in charts.releases if parse(one) >= parse(charts.oldest_release)]


@cache
def _of_environments() -> Mapping[str, Any]:
    """Return the sections that an environment can have."""
    environments = resolve(form_schema()["properties"]["environments"])
    properties: dict[str, Any] = resolve(environments["additionalProperties"])["properties"]
    return properties


assert _FORMATS.keys() | {"date"} == FORMATS.keys()
