"""A repository of which the keys and temporary files are in folders of the test alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.conftest import FORMS
from tests.support.rendered import write_assets
from tests.support.secret_repository import PLAIN

pytest.importorskip("pyrage", reason="the extra `secrets` is missing")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository with a form, in a home and with a folder for temporary files of its own."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("GIVEN", PLAIN)
    for name in ("SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY", "SOPS_AGE_RECIPIENTS", "SIGNALEN_SOPS", "EDITOR", "SOPS_EDITOR"):
        monkeypatch.delenv(name, raising=False)
    made = write_assets(tmp_path / "repository")
    (made / "municipality.yaml").write_bytes((FORMS / "minimal.yaml").read_bytes())
    return made
