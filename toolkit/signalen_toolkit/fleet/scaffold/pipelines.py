"""The pipelines of a fleet: a check of each change in shares, and on a schedule the next step of a rollout.

Written again by the same command, they follow a newer toolkit; nothing in them is a person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.fleet.listing import MANY
from signalen_toolkit.installing import own, source
from signalen_toolkit.installing.source import PACKAGE_INDEX, SourceKind
from signalen_toolkit.rendering.engine import bracketed

SHARES: Final = 4  # jobs that check a fleet together
RENOVATE: Final = "renovate.json"
# By the kind of server: where each file goes, and the template that it is of.
HOSTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "github": {
            ".github/workflows/vloot.yml": "github-check.yml",
            ".github/workflows/uitrol.yml": "github-rollout.yml",
            RENOVATE: RENOVATE,
        },
        "gitlab": {".gitlab-ci.yml": "gitlab.yml", RENOVATE: RENOVATE},
    }
)


def texts(host: str, shape: str, toolkit: Mapping[str, Any], *, offline: bool) -> tuple[dict[str, str], list[str]]:
    """Return the files of a kind of server by path, and what is to be said of them.

    `toolkit` is what the toolkit is installed from, `shape` whether municipalities have repositories of their own.
    """
    section = {"source": SourceKind.INDEX.value, "index": PACKAGE_INDEX, **toolkit}
    origin = source.source_of({"toolkit": section})
    hashes, said = own.hashes(origin, "", offline=offline)
    templates = bracketed(PACKAGE / "fleet/scaffold/templates")
    facts = {
        "install": source.commands(origin),
        "image": origin.image,
        "apart": shape == MANY,
        "shares": SHARES,
    }
    made = {path: templates.get_template(name).render(facts) for path, name in HOSTS[host].items()}
    return {**made, **source.files(origin, hashes)}, said


def write(root: Path, files: Mapping[str, str]) -> list[str]:
    """Write files into a fleet, in the place of those that are there, and return which changed."""
    changed = []
    for path, text in files.items():
        if beneath.read(root, path) != text.encode():
            beneath.write(root, path, text.encode())
            changed.append(path)
    return changed
