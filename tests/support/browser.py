"""A real browser on the pages of a real `signalen form`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page, Request
from signalen_toolkit.base.paths import PACKAGE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RULES: dict[str, Any] = {
    "preload": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@contextmanager
def served(directory: Path, state: Path, *options: str) -> Iterator[str]:
    """Run the command on a folder, and give the address that it prints."""
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(state),
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "signalen_toolkit", "form", str(directory), "--no-browser", *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stdout.read()
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


@dataclass
class Watched:
    """A page, with what went wrong on it and whom it asked."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("request", self._asked)

    def _said(self, kind: str, text: str) -> None:
        expected = "status of 4" in text  # a page with mistakes is a 422
        if kind in ("error", "warning") and not expected:
            self.errors.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "blob:", "data:")):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> None:
        """Open a page of the site."""
        self.page.goto(f"{self.origin}{path}")


def findings(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page as it is now."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", _RULES)
    return [
        f"{one['id']}: {one['help']} {[node['html'][:160] for node in one['nodes']][:3]}"
        for one in result["violations"]
    ]


def is_wider_than_screen(page: Page) -> bool:
    """Tell whether a page has to be scrolled sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide
