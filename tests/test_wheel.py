"""The wheel, installed into a clean environment outside the checkout, works by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import TESTS

ROOT = TESTS.parent
ANSWERS = (
    "municipality.code=GM1900",
    "contact.phone=14 0515",
    "contact.email=info@sudwestfryslan.nl",
    "identity.issuer=https://id.sudwestfryslan.nl/realms/signalen",
    "identity.clientId=3f0c6a7e",
    "repository.url=https://git.example.nl/sudwest-fryslan/signalen.git",
    "environments.acceptance.domain=sudwest-fryslan.signalen.dev",
)


def run(*command: str | Path, cwd: Path) -> str:
    # No PYTHONPATH and nothing of the surrounding environment: what a user has.
    environment = {key: os.environ[key] for key in os.environ if key.startswith("PIP_") or key in ("PATH", "HOME")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_templates_and_nothing_that_was_left_lying_about(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    present = run(
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "toolkit",
        "chart-templates",
        "municipality-template",
        cwd=ROOT,
    ).split("\n")
    expected = {
        name.removeprefix("toolkit/") if name.startswith("toolkit/") else f"signalen_toolkit/{name}"
        for name in present
        if name
    }
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_an_installed_signalen_onboards_a_municipality(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python)  # that of this environment: to install one takes longer
    run(*pip, "install", "--quiet", "--no-compile", "--constraint", ROOT / ".ci/constraints.txt", wheel, cwd=tmp_path)
    signalen = tmp_path / "venv/bin/signalen"
    settings = [part for answer in ANSWERS for part in ("--set", answer)]
    printed = run(signalen, "new", "repository", "--no-input", *settings, cwd=tmp_path)
    assert "Made the configuration repository of Súdwest-Fryslân" in printed
    repository = tmp_path / "repository"
    assert run(signalen, "check", repository, cwd=tmp_path) == ""
    assert run(signalen, "render", "--check", repository, cwd=tmp_path) == ""
    assert (repository / "clusters/acceptance/values/signalen-frontend.yaml").is_file()
    located = run(python, "-c", "import signalen_toolkit; print(signalen_toolkit.__file__)", cwd=tmp_path).strip()
    assert Path(located).is_relative_to(tmp_path)
