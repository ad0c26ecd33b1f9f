"""The environment of this process: the one place where it is read.

What is about Helm and Kubernetes gets it from the command line, as a value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from signalen_toolkit.diagnostics.problems import UsageError


def variables() -> Mapping[str, str]:
    """Return the variables of the person who runs this, as they are now."""
    return os.environ


def expanded(given: str) -> Path:
    """Return a path as a person wrote it, with their home in the place of `~`. UsageError where they have none."""
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise UsageError(f"nobody knows where {given} is, for there is no home folder: set HOME") from error
