"""A form of four times the size takes some four times as long to check, whatever is in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.reporters import FORMATS, report
from signalen_toolkit.documents import reader
from signalen_toolkit.validation.check import check

from tests.conftest import FORMS

_HEAD = (FORMS / "minimal.yaml").read_text(encoding="utf-8")


def _flow(number: int, one: Callable[[int], str]) -> str:
    return ", ".join(map(one, range(number)))


WORST: dict[str, Callable[[int], str]] = {
    "keys that nobody knows": lambda size: "".join(f"contackt{one}: x\n" for one in range(size // 14)),
    "variables": lambda size: f"overrides: {{backend: {{env: {{{_flow(size // 10, lambda one: f'A{one}: x')}}}}}}}\n",
    "secrets on one line": lambda size: (
        f"overrides: {{backend: {{env: {{{_flow(size // 28, lambda one: f'A{one}_PASSWORD: hunter{one}')}}}}}}}\n"
    ),
    "environments": lambda size: "".join(f"  e{one}: {{domain: a{one}.nl}}\n" for one in range(size // 25)),
    "neighbours": lambda size: f"map: {{municipalities: [{_flow(size // 8, lambda one: f'a{one}')}]}}\n",
    "dots": lambda size: f"texts: {{help: '{'a.' * (size // 2)}'}}\n",
    "spaces": lambda size: f"texts: {{help: '{' ' * size}'}}\n",
    "begins of a token": lambda size: f"texts: {{help: '{'eyJ-' * (size // 4)}'}}\n",
    "begins of an address": lambda size: f"texts: {{help: '{'a://' * (size // 4)}'}}\n",
    "keys of the site": lambda size: (
        f"overrides: {{frontend: {{config: {{theme: {{{_flow(size // 20, lambda one: f'</script>$&{one}: x')}}}}}}}}}\n"
    ),
    "invisible": lambda size: "# \u00a0\n" * (size // 8) + "\u200ba: b\n" * (size // 16),
    "aliases": lambda size: "x: &a [" + "&b c, *b, " * (size // 10) + "]\n",
    "broken lines with secrets": lambda size: "- password: y\n" * (size // 14) + "a: b: c\n",
    "escapes": lambda size: 'texts: {help: "' + "\\n" * (size // 2) + '"}\n',
    "brackets": lambda size: f"x: {'[' * size}\n",
}


@pytest.mark.parametrize("name", WORST)
def test_twice_as_large_takes_no_more_than_some_times_as_long(name: str, tmp_path: Path) -> None:
    def seconds(size: int) -> float:
        text = _HEAD + WORST[name](size)
        start = time.process_time()
        document = reader.parse(text, "municipality.yaml")
        problems = check(document, catalog(), tmp_path)[1]
        for format_ in FORMATS:
            report(problems, format_)
        return time.process_time() - start

    seconds(2**10)
    small, large = min(seconds(2**13) for _ in range(3)), min(seconds(2**15) for _ in range(2))
    assert large < 0.3 or large < small * 10  # four times as much; quadratic would be sixteen times as long
