"""One word, one thing: a name in a trace says where to look."""

from __future__ import annotations

import ast
from collections import defaultdict

from signalen_toolkit.base.paths import PACKAGE


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path.relative_to(PACKAGE).as_posix())
    assert homes
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
