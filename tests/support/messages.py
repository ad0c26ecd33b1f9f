"""The messages that stand in the code: texts with a hole for each thing that is filled in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# What is for documentation alone.
_REASONS: Final = ("REASONS", "REASON")
# Words that no Dutch sentence has, outside of what is quoted.
_ENGLISH: Final = re.compile(
    r"\b(the|and|or|not|with|it|this|that|be|has|have|must|than|from|by|leave|write|remove|give|which|its|are|there|an"
    r"|as|on|to|only|one|other|no)\b",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"'[^']*'|`[^`]*`|\"[^\"]*\"|https?://\S+|--[\w-]+")


def english_in(text: str) -> list[str]:
    """Return the English words of a text."""
    return _ENGLISH.findall(_QUOTED.sub("", text))


def messages(path: Path, error: str = "") -> Iterator[str]:
    """Yield each text of two words or more in a module, `{}` for what is filled in; no docstrings or reasons.

    `error` leaves only what such an error says where it is raised.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(node) for one in ast.walk(tree) for node in _left_out(one)}
    for node in _raised(tree, error) if error else ast.walk(tree):
        text = _text(node) if id(node) not in left_out else None
        if text and any(map(str.isalpha, text)) and len(text.replace("{}", " ").split()) >= 2:
            yield text


def _raised(tree: ast.AST, error: str) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name == error:
                yield from ast.walk(node)


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        yield body[0].value
    match node:
        case ast.JoinedStr(values=values):
            yield from values
        case ast.FunctionDef(decorator_list=decorators):
            yield from (inner for one in decorators for inner in ast.walk(one))
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name in _REASONS:
            yield from ast.walk(node)
        case ast.Call(func=ast.Attribute(attr="compile")) | ast.keyword(arg="help"):
            yield from ast.walk(node)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return None
