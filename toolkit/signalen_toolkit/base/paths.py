"""Where files stand: those that travel with the toolkit, and those that it may keep from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
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


def cache_home(environment: Mapping[str, str]) -> Path:
    """Return the toolkit's folder in the user's cache: signalen in XDG_CACHE_HOME, else in ~/.cache."""
    given = Path(environment.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "signalen"
