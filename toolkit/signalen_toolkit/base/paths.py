"""Where the files stand that travel with the toolkit, and where a person put others."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
# The checkout, where the package is not installed from a wheel: two folders up, since `toolkit/` is its source root.
CHECKOUT = PACKAGE.parent.parent


def folder(name: str) -> Path:
    """Return the folder `chart-templates` or `municipality-template`: beside the package, or inside it in a wheel.

    Raises FileNotFoundError when the installation is incomplete.
    """
    for parent in (PACKAGE, CHECKOUT):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"the toolkit's folder {name} is missing; reinstall signalen-toolkit")


def placed(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path where somebody put something: `..` is taken out, and no link is followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100  # which `resolve` would do
