"""The languages of rules and dashboards: PromQL and LogQL, read by parsers of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import promql_parser

from tests.support import npm

LOGQL = Path(__file__).parents[1] / "logql"


def durations(text: str) -> str:
    """Put a duration where Grafana puts one: `[$__rate_interval]`."""
    return re.sub(r"\[\$__\w+\]", "[5m]", text)


def measurements(promql: str) -> set[str]:
    """Return the names of all measurements in an expression; ValueError where it is none."""
    found: set[str] = set()

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name, f"a measurement without a name in {promql}"
            found.add(node.name)

    promql_parser.walk(promql_parser.parse(durations(promql)), visit)
    return found


def logql_parser(cache: Path) -> Path:
    """Return a folder with the parser of LogQL, installed from the npm registry if it is not there yet."""
    return npm.installed(LOGQL, cache)


def logql_errors(parser: Path, expressions: Sequence[str]) -> list[list[str]]:
    """Return for each expression what the parser could not make sense of, as `place: text`."""
    found: list[list[str]] = npm.run(parser, "check.mjs", [durations(expression) for expression in expressions])
    return found
