"""Whatever a person writes comes out as it went in, on every machine: no text can change what a file says."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signalen_toolkit.base import paths
from signalen_toolkit.documents.data import merge
from signalen_toolkit.form import schema as formschema
from signalen_toolkit.form.municipalities import by_code

from tests.conftest import FORMS
from tests.documents.test_scalars import DATA, TEXT, read_both
from tests.support.rendered import at, minimal_form, through_json, tree_of, values_in, write_assets

# The templates


def templates() -> list[Path]:
    root = paths.folder("chart-templates")
    return sorted([*root.rglob("*.j2"), *root.rglob("*.jinja")])


def named(path: Path) -> str:
    return path.relative_to(paths.folder("chart-templates")).as_posix()


EXPRESSION = r"\{\{ (?:(?!\}\}).)+ \}\}"
# A value, after the dash of a list or the key of a map, or such a key. No quotes around it, and nothing beside it. What
# stands below its key brings its own space.
ALONE = re.compile(
    rf" *(?:- )*(?:(?:[A-Za-z0-9_./-]+|{EXPRESSION}): )?{EXPRESSION}| *{EXPRESSION}:(?: [a-z0-9]+)?"
    r"| *[A-Za-z]+:\{\{ below\((?:(?!\}\}).)+, \d+\) \}\}"
)


@pytest.mark.parametrize("path", templates(), ids=named)
def test_an_expression_stands_alone(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        # In the tag of a block braces are a map: `{% for x in {"a": {}} %}`.
        if ("{{" in line or "}}" in line) and not line.startswith("{%"):
            assert ALONE.fullmatch(line), f"line {number}: {line}"


@pytest.mark.parametrize("path", templates(), ids=named)
def test_nothing_gets_around_the_escaping(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # A block that is captured (set, call, filter, macro) would be escaped twice, or not at all. A name for the value of
    # an expression is none.
    tags = {match[1] for match in re.finditer(r"\{%[-+]? *(\w+)\b(?! [\w.]+ = )", text)}
    # What is taken from another file is what that file gave a name, or text of it without an expression.
    # What is indented was written before, each value on a line of its own.
    assert text.count("{% filter ") == text.count("{% filter indent(")
    assert tags <= {
        "with",
        "endwith",
        "filter",
        "endfilter",
        "for",
        "endfor",
        "if",
        "elif",
        "else",
        "endif",
        "from",
        "include",
    }
    assert not re.search(r"\| *(safe|e|escape|forceescape)\b|Markup|autoescape", text)
    assert "\t" not in text
    assert text.endswith("\n")
    assert not re.search(r" +$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        'name: "{{ x }}"',
        "name: a{{ x }}",
        "name: {{ x }} # {{ y }}",
        "- {{ x }}:{{ y }}",
        "# {{ x }}",
        "{{ x }}: '{{ y }}'",
        "x:{{ y }}",
    ],
)
def test_the_test_of_templates_sees(line: str) -> None:
    assert not ALONE.fullmatch(line)


# Texts of the form

# Where each text that a person is free to write ends up: a release, a path in its values, and what stands around.
PLACES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "municipality.name": (
        ("frontend", "config.language.title", "Meldingen {}"),
        ("frontend", "config.language.siteTitle", "Meldingen {}"),
    ),
    "municipality.organization": (
        ("backend", "settings.organizationName", "{}"),
        ("frontend", "config.language.logoDescription", "Logo {} - Home"),
    ),
    "contact.openingHours": (("frontend", "config.language.helpText", "{}"),),
    "contact.urgentText": (("frontend", "config.language.urgentContactInfo", "{}"),),
    "branding.logoDescription": (("frontend", "config.language.logoDescription", "{}"),),
    "branding.title": (("frontend", "config.language.title", "{}"), ("frontend", "config.language.siteTitle", "{}")),
    "branding.shortTitle": (("frontend", "config.language.shortTitle", "{}"),),
    "branding.headerTitle": (("frontend", "config.language.headerTitle", "{}"),),
    "branding.smallHeaderTitle": (("frontend", "config.language.smallHeaderTitle", "{}"),),
    "branding.alert": (("frontend", "config.frontPageAlert.text", "{}"),),
    "branding.css": (("frontend", "config.additionalCode.css", "{}"),),
    "texts.consentToContactSharing": (("frontend", "config.language.consentToContactSharing", "{}"),),
    "texts.district": (("frontend", "config.language.district", "{}"),),
    "texts.mapDescription": (("frontend", "config.language.mapDescription", "{}"),),
    "texts.help": (("frontend", "config.language.helpTextHeader", "{}"),),
    "identity.realm": (("frontend", "config.oidc.realm", "{}"),),
    "email.smtp.user": (("backend", "settings.email.username", "{}"),),
    "map.background.attribution": (("frontend", "config.map.tiles.options.attribution", "{}"),),
    "analytics.azureConnectionString": (("frontend", "config.azure.connectionString", "{}"),),
    # Names of hosts: rules check them, the templates must not count on that.
    "environments.*.domain": (("frontend", "config.language.siteAddress", "{}"),),
    "environments.*.hosts.backend": (("backend", "ingress.hosts.0.host", "{}"),),
    "environments.*.hosts.classification": (("classification", "ingress.hosts.0.host", "{}"),),
    "environments.*.hosts.dex": (("dex", "ingress.tls.0.hosts.0", "{}"), ("dex", "config.issuer", "https://{}")),
    "environments.*.hosts.grafana": (
        ("grafana", "ingress.tls.0.hosts.0", "{}"),
        ("grafana", "ingress.hosts.0", "{}"),
    ),
    "environments.*.hosts.frontend": (("frontend", "ingress.tls.0.hosts.0", "{}"),),
    "environments.*.hosts.mapserver": (("mapserver", "ingress.tls.0.hosts.0", "{}"),),
}
# These decide what the others are derived to, so that they are tried one after the other.
BESIDE = {
    "branding.title": {"municipality.name"},
    "branding.logoDescription": {"municipality.organization"},
    "environments.*.hosts.frontend": {"environments.*.domain"},
}


def free_texts() -> list[str]:
    """List the settings that take any text."""
    limits = ("pattern", "format", "enum", "const")
    return [
        ".".join(path)
        for path, node in formschema.settings()
        if node.get("type") == "string" and not any(limit in node for limit in limits)
    ]


def test_every_free_text_has_a_place() -> None:
    assert sorted(free_texts()) == sorted(PLACES)


def filled(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a form with these texts, in an environment called acceptance."""
    municipality = by_code("GM0344")
    assert municipality
    base = minimal_form(municipality)
    base["environments"].pop("production")
    base["components"] = {name: {"enabled": True} for name in ("mapserver", "dex", "grafana")}
    for setting, text in texts.items():
        *above, key = setting.replace("*", "acceptance").split(".")
        section = base
        for part in above:
            section = section.setdefault(part, {})
        section[key] = text
    return base


TEXTS = {setting: TEXT.filter(bool) for setting in PLACES}
AWAY = {setting for beside in BESIDE.values() for setting in beside}


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries(TEXTS), st.booleans())
def test_any_text_comes_back_unchanged(texts: dict[str, str], derived: bool) -> None:
    dropped = set(BESIDE) if derived else AWAY
    texts = {setting: text for setting, text in texts.items() if setting not in dropped}
    tree = tree_of(filled(texts))
    values = {
        Path(path).stem.removeprefix("signalen-"): read_both(text) for path, text in tree.items() if "/values/" in path
    }
    values["frontend"]["config"] = through_json(values["frontend"]["config"])
    for setting, text in texts.items():
        for component, place, around in PLACES[setting]:
            expected = around.replace("{}", text)
            if around == "Meldingen {}":  # a title that the form does not give, without white space around it
                expected = expected.strip()
            assert at(values[component], place) == expected, (setting, place)


@settings(max_examples=40, deadline=None)
@given(TEXT.filter(bool), TEXT.filter(bool))
def test_a_text_does_not_change_what_is_beside_it(one: str, other: str) -> None:
    """Only the values of the settings themselves differ; the structure is that of any form."""
    setting = "texts.help"
    first, second = (
        values_in(tree_of(filled({setting: text})), "acceptance")["signalen-frontend"] for text in (one, other)
    )
    for values in (first, second):
        values["config"]["language"]["helpTextHeader"] = ""
    assert first == second


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["backend", "frontend", "classification"]),
    st.dictionaries(TEXT, DATA, max_size=3),
    st.dictionaries(TEXT, TEXT, max_size=3),
)
def test_any_override_comes_back_unchanged(component: str, data: dict[str, Any], texts: dict[str, str]) -> None:
    overrides = {**data, "podAnnotations": texts, "ingress": {"annotations": texts}}
    path = f"clusters/acceptance/values/signalen-{component}.yaml"
    before = read_both(tree_of(filled({}))[path])
    after = read_both(tree_of({**filled({}), "overrides": {component: overrides}})[path])
    assert after == merge(before, overrides)


# Other machines

MACHINES: list[dict[str, str]] = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "PYTHONUTF8": "1"},
    {"PYTHONHASHSEED": "4294967295", "LC_ALL": "nl_NL.ISO-8859-1", "TZ": "America/St_Johns", "PYTHONUTF8": "0"},
]


@pytest.mark.parametrize("name", ["everything", "sudwest-fryslan"])
def test_every_machine_renders_the_same_bytes(name: str, tmp_path: Path) -> None:
    digests = set()
    for number, machine in enumerate(MACHINES):
        repository = write_assets(tmp_path / str(number))
        (repository / "municipality.yaml").write_bytes((FORMS / f"{name}.yaml").read_bytes())
        # From inside the repository, from its parent, and from somewhere else.
        folder, argument = [(repository, "."), (tmp_path, str(number)), (Path("/"), str(repository))][number]
        subprocess.run(
            [sys.executable, "-m", "signalen_toolkit", "render", argument],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **machine},
            check=True,
            capture_output=True,
        )
        digests.add(digest(repository / "clusters"))
    assert len(digests) == 1


def digest(folder: Path) -> str:
    """Return one number for all files below a folder: their paths and bytes."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        total.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode() + data)
    return total.hexdigest()
