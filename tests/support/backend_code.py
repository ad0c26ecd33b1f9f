"""What the code of the backend reads from its environment, found in its syntax tree; nothing of it is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_CALLS: Final = ("os.getenv", "os.environ.get", "os.environ.setdefault", "getenv", "environ.get")
_SUBSCRIPTS: Final = ("os.environ", "environ")
# Parts that are there for the developers of the backend, and not in a pod.
_NOT_RUN: Final = ("tests", "test", "testing.py", "local.py")


def variables(app: Path) -> dict[str, str]:
    """Return every environment variable that the code in the folder `app` reads, with its default as a text.

    Where several places read one, the settings tell its default.
    """
    found: dict[str, str] = {}
    files = [path for path in sorted(app.rglob("*.py")) if not {*path.relative_to(app).parts} & {*_NOT_RUN}]
    for path in sorted(files, key=lambda one: "settings" not in one.as_posix()):
        text = path.read_text(encoding="utf-8")
        if "environ" in text or "getenv" in text:
            for name, default in _read(ast.parse(text)):
                found.setdefault(name, default)
    return found


def _read(tree: ast.Module) -> Iterator[tuple[str, str]]:
    constants = _constants(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *rest]):
                if ast.unparse(function) in _CALLS:
                    yield name, _text(rest[0], constants) if rest else ""
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
                if ast.unparse(value) in _SUBSCRIPTS:
                    yield name, ""


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Return what a module gives a name to at its top, for a default that is such a name."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _text(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    """Write a default as the variable would be written: nothing for None, a product worked out."""
    match node:
        case ast.Constant(value=value):
            return "" if value is None else str(value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return str(int(_text(left, constants)) * int(_text(right, constants)))
        case ast.Name(id=name) if name in constants:
            return _text(constants[name], constants)
        case ast.JoinedStr():
            return "".join(_part(part) for part in node.values)
        case ast.Call(args=[ast.Constant(), default]):
            return _text(default, constants)
        case _:
            return ast.unparse(node)


def _part(part: ast.expr) -> str:
    match part:
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
        case ast.Constant(value=value):
            return str(value)
        case _:
            return ast.unparse(part)
