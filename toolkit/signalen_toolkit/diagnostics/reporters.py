"""Problems → text for a person, or the format of a forge. Nothing here looks at a file."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from signalen_toolkit import __version__
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.output import BLUE, BOLD, RED, RESET, YELLOW, json_text
from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.diagnostics.terminal import excerpt, plain

FORMATS: Final = ("text", "json", "github", "gitlab", "sarif")


def report(
    problems: Sequence[Problem],
    format: str,  # noqa: A002  the word of the command line
    *,
    colour: bool = False,
    reasons: Mapping[str, str] | None = None,
    words: Callable[[str], str] = str,
) -> str:
    """Return a report without a line break at the end.

    `reasons` says for each rule why it is there (SARIF shows it); `colour` is for text on a terminal, and `words` puts
    that into the language of a person.
    Text and GitHub's format are empty when there are no problems.
    """
    problems = without_secrets(problems)
    writers: dict[str, Callable[[], str]] = {
        "text": lambda: _text(problems, words, colour=colour),
        "json": lambda: json_text(_plain_data(problems)),
        "github": lambda: "\n".join(map(_github, problems)),
        "gitlab": lambda: json_text(_gitlab(problems)),
        "sarif": lambda: json_text(_sarif(problems, reasons or {})),
    }
    return writers[format]()


def without_secrets(problems: Sequence[Problem]) -> list[Problem]:
    """Hide what whoever made the problems overlooked: what is a secret by itself."""
    # Those of many forms share their texts then, for what is the same is kept once.
    return [
        replace(one, message=_safe(one.message), hint=_safe(one.hint), source=_safe(one.source)) for one in problems
    ]


_safe: Final = lru_cache(maxsize=256)(without_contents)  # many may stand on one long line, or be the same of many forms


def summary(problems: Sequence[Problem], words: Callable[[str], str] = str) -> str:
    """Count: `1 error, 2 warnings`."""
    count = Counter(problem.severity for problem in problems)
    parts = [f"{count[kind]} {words(kind if count[kind] == 1 else f'{kind}s')}" for kind in Severity if count[kind]]
    return ", ".join(parts) or words("no problems")


def _text(problems: Sequence[Problem], words: Callable[[str], str], *, colour: bool) -> str:
    if not problems:
        return ""
    blocks = [_block(problem, words, colour=colour) for problem in problems]
    return "\n\n".join([*blocks, summary(problems, words)])


def _block(problem: Problem, words: Callable[[str], str], *, colour: bool) -> str:
    def paint(text: str, how: str) -> str:
        return f"{how}{text}{RESET}" if colour and text else text

    loud = RED if problem.severity is Severity.ERROR else YELLOW
    place = f"{plain(problem.file)}:{problem.line}:{problem.column}:"
    kind = paint(f"{words(problem.severity)}[{problem.rule}]", loud)
    head = f"{paint(place, BOLD)} {kind}: {plain(words(problem.message))}"
    hint = plain(words(problem.hint))
    if not problem.source:
        return f"{head}\n   = {hint}" if hint else head
    number = str(problem.line)
    gutter = paint(" " * len(number) + " |", BLUE)
    line, before, carets = excerpt(problem.source, problem.column, problem.end_column)
    marks = f"{gutter} {' ' * before}{paint('^' * carets, loud)}" + (f" {hint}" if hint else "")
    return "\n".join([head, gutter, f"{paint(f'{number} |', BLUE)} {line}", marks])


def _plain_data(problems: Sequence[Problem]) -> dict[str, object]:
    """Return everything but the source line, which may hold more than the problem is about."""
    fields = ("rule", "severity", "message", "hint", "file", "line", "column", "end_column", "path")
    count = Counter(problem.severity for problem in problems)
    return {
        "problems": [{name: getattr(problem, name) for name in fields} for problem in problems],
        "summary": {"errors": count[Severity.ERROR], "warnings": count[Severity.WARNING]},
    }


def _message(problem: Problem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def _github(problem: Problem) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    values = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.end_column,
        "title": problem.rule,
    }
    properties = ",".join(
        f"{name}={escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}" for name, value in values.items()
    )
    return plain(f"::{problem.severity} {properties}::{escaped(_message(problem))}")


def _fingerprints(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield a unique id for each problem, without its line: that moves while the problem stays the same."""
    seen: Counter[tuple[str, ...]] = Counter()
    for problem in problems:
        key = (problem.file, problem.rule, problem.path, problem.message)
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        yield hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _gitlab(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""
    return [
        {
            "description": _message(problem),
            "check_name": problem.rule,
            "fingerprint": fingerprint,
            "severity": "major" if problem.severity is Severity.ERROR else "minor",
            "location": {"path": problem.file.removeprefix("./"), "lines": {"begin": problem.line}},
        }
        for problem, fingerprint in zip(problems, _fingerprints(problems), strict=True)
    ]


def _sarif(problems: Sequence[Problem], reasons: Mapping[str, str]) -> dict[str, object]:
    """https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""
    rules = sorted({*reasons, *(problem.rule for problem in problems)})
    number = {rule: index for index, rule in enumerate(rules)}
    driver: dict[str, Any] = {
        "name": "signalen",
        "fullName": "Signalen Toolkit",
        "semanticVersion": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": reasons.get(rule) or rule}} for rule in rules],
    }
    results = [
        {
            "ruleId": problem.rule,
            "ruleIndex": number[problem.rule],
            "level": str(problem.severity),
            "message": {"text": _message(problem)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(problem.file)},
                        "region": {
                            "startLine": problem.line,
                            "startColumn": problem.column,
                            "endColumn": max(problem.end_column, problem.column),
                        },
                    },
                    **({"logicalLocations": [{"fullyQualifiedName": problem.path}]} if problem.path else {}),
                }
            ],
            "partialFingerprints": {"problem/v1": fingerprint},
        }
        for problem, fingerprint in zip(problems, _fingerprints(problems), strict=True)
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _uri(file: str) -> str:
    """Return a file as a URI reference: relative to the repository, or `file:` for an absolute path."""
    path = quote(re.sub(r"^(\./)+", "", file).encode("utf-8", "replace"))
    return f"file://{path}" if PurePosixPath(file).is_absolute() else path
