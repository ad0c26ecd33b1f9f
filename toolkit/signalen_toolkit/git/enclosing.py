"""The Git repository around a folder, found as Git finds it but without the program: every check of a form asks."""

from __future__ import annotations

from pathlib import Path


def root(folder: Path) -> Path | None:
    """Return the top of the work tree that a folder is in, or would be once it is made; None where there is none.

    The top has a `.git`: a repository, or a file that says where that is (a submodule, another work tree).
    """
    here = folder.resolve()
    return next((one for one in (here, *here.parents) if _is_top(one)), None)


def place(folder: Path) -> str | None:
    """Return the path of a folder from the top of its work tree, empty for the top itself; None where there is none."""
    top = root(folder)
    if top is None:
        return None
    return "" if top == folder.resolve() else folder.resolve().relative_to(top).as_posix()


def _is_top(folder: Path) -> bool:
    try:
        return (folder / ".git").is_file() or (folder / ".git/HEAD").exists()
    except OSError:  # whoever may not look has nothing to say of it
        return False
