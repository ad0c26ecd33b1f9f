"""The code of the backend and the frontend, as upstream has it under a tag: read from clones that stay as they are.

`SIGNALEN_SOURCES` names a folder with a clone of each, with all tags, in `backend/` and `frontend/`.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest

ADDRESSES: Final = {
    "backend": "https://github.com/Amsterdam/signals",
    "frontend": "https://github.com/Amsterdam/signals-frontend",
}


def sources(part: str) -> Path:
    """Return the clone of a part; a test that needs it is skipped without, and told how to get it."""
    named = os.environ.get("SIGNALEN_SOURCES")
    if not named:
        pytest.skip(f"SIGNALEN_SOURCES names no folder; it has to have a clone of {ADDRESSES[part]} in {part}/")
    clone = Path(named).absolute() / part
    if not (clone / ".git").exists():
        pytest.skip(f"SIGNALEN_SOURCES has no clone: git clone {ADDRESSES[part]} {clone}")
    return clone


def npm_packages(*names: str) -> Path:
    """Return the folder with packages of npm, beside the clones."""
    folder = sources("frontend").parent
    missing = [name for name in names if not (folder / "node_modules" / name).is_dir()]
    if missing:
        pytest.skip(f"packages are missing: npm install --prefix {folder} {' '.join(missing)}")
    return folder / "node_modules"


@cache
def code(part: str, version: str, *paths: str) -> Path:
    """Return a folder with some of the files of a version; it is shared, and goes when the tests end."""
    clone = sources(part)
    known = _git(clone, "tag", "--list", version, f"v{version}").decode().split()
    if not known:
        pytest.fail(f"{clone} has no tag {version} or v{version}: git -C {clone} fetch --tags")
    folder = Path(_room().name) / part / version
    with tarfile.open(fileobj=BytesIO(_git(clone, "archive", known[0], *paths))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@cache
def _room() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="signalen-sources-")


def _git(clone: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(clone), *arguments], check=True, capture_output=True).stdout
