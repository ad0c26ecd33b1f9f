"""What several tests share: the example forms, and the option that rewrites the golden trees."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from toolkit.resources import folder

TESTS = Path(__file__).parent
FORMS = TESTS / "forms"
GOLDEN = TESTS / "golden"
# The neutral logo and icons that every new repository starts with stand for those of the example forms.
REPOSITORY = folder("municipality-template") / "{{cookiecutter.repository_name}}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what is rendered now")


def example_forms() -> list[Path]:
    """Return the forms that have a golden tree."""
    return sorted(FORMS.glob("*.yaml"))


def program(name: str, package: str) -> str:
    """Return the path of a program; a test that needs it is skipped without it, but fails in CI."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"the program {name} is missing; install {package}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
