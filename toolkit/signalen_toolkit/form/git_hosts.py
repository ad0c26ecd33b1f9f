"""The Git server that a repository is on, and the file in which it looks for the pipeline.

The template has a pipeline for every kind of server; a repository keeps the one of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PIPELINES: Final = {
    "github": ".github/workflows/signalen.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
    "forgejo": ".forgejo/workflows/signalen.yml",
    "gitea": ".gitea/workflows/signalen.yml",
}
DEFAULT: Final = "github"
# What the name of a server tells; municipal servers are called gitlab.<municipality>.nl and the like.
# The template's hook has the same table, for where the toolkit is not installed.
_NAMES: Final = (
    (re.compile(r"(^|\.)(dev\.azure\.com|visualstudio\.com)$"), "azure"),
    (re.compile(r"(^|\.)codeberg\.org$|(^|[.-])forgejo[.-]"), "forgejo"),
    (re.compile(r"(^|[.-])gitea[.-]"), "gitea"),
    (re.compile(r"(^|[.-])gitlab[.-]"), "gitlab"),
)
_SERVER: Final = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?([^/:]+)")


def forge_of(url: str) -> str:
    """Tell the kind of Git server from the address of a repository (https://, ssh:// or git@host:path)."""
    return _told(url) or DEFAULT


def is_told(url: str) -> bool:
    """Tell whether the kind of Git server follows from the address, and is not just the most common one."""
    return bool(_told(url)) or DEFAULT in _server(url)


def _told(url: str) -> str:
    server = _server(url)
    return next((forge for pattern, forge in _NAMES if pattern.search(server)), "")


def _server(url: str) -> str:
    found = _SERVER.match(url)
    return found[1].lower() if found else ""


def keep_pipeline(directory: Path, forge: str) -> None:
    """Remove the pipelines of all other kinds of servers from a new repository."""
    for other, name in PIPELINES.items():
        path = directory / name
        if other == forge or not path.exists():
            continue
        path.unlink()
        for parent in path.parents:
            if parent == directory or any(parent.iterdir()):
                break
            parent.rmdir()
