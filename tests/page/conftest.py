"""A repository that was made by the pages, for tests to change a copy of."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.pages import Visitor


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a new repository. It is shared: change a copy."""
    folder = tmp_path_factory.mktemp("made")
    Visitor(folder / "repository", folder / "state").make()
    return folder / "repository"


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Path:
    """Give a copy of a new repository."""
    return Path(shutil.copytree(made, tmp_path / "repository"))


@pytest.fixture
def visitor(repository: Path, tmp_path: Path) -> Visitor:
    """Give somebody who looks at it."""
    return Visitor(repository, tmp_path / "state")


@pytest.fixture
def newcomer(tmp_path: Path) -> Visitor:
    """Give somebody who begins."""
    return Visitor(tmp_path / "repository", tmp_path / "state")
