"""Every regular expression, of the package and of the schemas, takes time that grows with the text's length alone."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import signalen_toolkit
from signalen_toolkit.base import paths
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.diagnostics import hiding
from signalen_toolkit.diagnostics.secret_shapes import contents

from tests.support.pumping import slowest

# How a method looks: at one place, or anywhere.
_METHODS: Final = {"match": "match", "fullmatch": "fullmatch"} | dict.fromkeys(
    ("search", "sub", "subn", "split", "findall", "finditer"), "search"
)


class Used(NamedTuple):
    """An expression, and a method by which it is used."""

    pattern: str
    flags: int
    method: str


@cache
def expressions() -> dict[Used, str]:
    """Return every expression in the package and its schemas, with a place where it stands."""
    found: dict[Used, str] = {}
    for used, place in (*_named(), *_inline(), *_of_schemas(), *_of_secrets()):
        found.setdefault(used, place)
    return found


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _named() -> Iterator[tuple[Used, str]]:
    """Yield what modules compile, with the methods that the package calls on that name."""
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in _METHODS:
                name = ast.unparse(node.value).rpartition(".")[2]
                methods[f"{path}.{name}" if name.startswith("_") else name].add(_METHODS[node.attr])
    for module in pkgutil.walk_packages(signalen_toolkit.__path__, "signalen_toolkit."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                for method in methods[f"{loaded.__file__}.{name}" if name.startswith("_") else name] or {"search"}:
                    yield Used(value.pattern, value.flags, method), f"{module.name}.{name}"


def _inline() -> Iterator[tuple[Used, str]]:
    """Yield what is used where it is written."""
    for path, tree in _trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            pattern, called = node.args[0], node.func
            if not isinstance(pattern, ast.Constant) or not isinstance(pattern.value, str):
                continue
            if ast.unparse(called.value) == "re" and called.attr in _METHODS:
                words = " ".join(ast.unparse(one) for one in (*node.args[1:], *(word.value for word in node.keywords)))
                flags = [flag for flag in re.RegexFlag if f"re.{flag.name}" in words]
                compiled = re.compile(pattern.value, sum(flags))
                yield Used(compiled.pattern, compiled.flags, _METHODS[called.attr]), f"{path.name}:{node.lineno}"


def _of_schemas() -> Iterator[tuple[Used, str]]:
    for folder in (PACKAGE / "schemas", paths.folder("chart-templates")):
        for path in sorted(folder.rglob("*.json")):
            for pattern in _patterns(json.loads(path.read_text(encoding="utf-8"))):
                yield Used(pattern, re.UNICODE, "search"), f"{path.parent.name}/{path.name}"


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), dict):
            yield from schema["patternProperties"]
        for value in schema.values():
            yield from _patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _patterns(value)


def _of_secrets() -> Iterator[tuple[Used, str]]:
    for name in hiding._EXPRESSIONS:
        compiled = hiding._expression(name)
        method = "match" if name in ("key_below", "quoted", "plain") else "search"
        yield Used(compiled.pattern, compiled.flags, method), f"hiding: {name}"
    for shape in contents():
        yield Used(shape.pattern.pattern, shape.pattern.flags, "search"), f"secret: {shape.what}"


def test_they_are_found() -> None:
    places = set(expressions().values())
    assert len(places) > 150
    assert {"hiding: key", "schemas/municipality.schema.json"} <= places


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_none_takes_more_than_linear_time(part: int) -> None:
    used = sorted(expressions())[part::8]
    slow = {
        f"{expressions()[one]} {one.method} {one.pattern}": found
        for one in used
        if (found := slowest(re.compile(one.pattern, one.flags), [one.method]))[0]
    }
    assert slow == {}


@pytest.mark.parametrize("pattern", [r"a*a*!", r"[a-z]+://", r"\s+$", r"(a|a)*b", r"(a+)+b", r"x.*y.*z"])
def test_an_expression_that_does_is_found(pattern: str) -> None:
    assert slowest(re.compile(pattern), ["search"])[0]
