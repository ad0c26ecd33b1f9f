"""A repository on which a change in steps is tried."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.lived_in import repository


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a rendered repository that was committed; the configuration of whoever runs the tests is kept out."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = repository(tmp_path / "repository")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=made, check=True)
    commit(made)
    return made


def commit(folder: Path) -> None:
    """Commit all that is there."""
    who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
    for arguments in (("add", "--all"), ("commit", "--quiet", "--allow-empty", "--message=x")):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
