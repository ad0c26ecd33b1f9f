"""Where the files that travel with the toolkit stand: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder `chart-templates` or `municipality-template`.

    Raises FileNotFoundError when the installation is incomplete.
    """
    for parent in (PACKAGE, PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"the toolkit's folder {name} is missing; reinstall signalen-toolkit")
