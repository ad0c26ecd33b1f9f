"""`signalen fleet new`: the files of a fleet, before there is a municipality in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import DEFAULTS, FLEET_FILE, GROUPS, MEMBERS
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.fleet.listing import CLONES, MANY, ONE
from signalen_toolkit.git import enclosing, first_commit

_FLEET: Final = """\
# A fleet of municipalities: docs/fleet.md of the Signalen Toolkit says what can stand here.
apiVersion: signalen.org/v1
shape: {shape}
environments: [acceptance, production]
{changes}
# In this order a release reaches the municipalities. Before the next ring begins: how long it has to run (soak), that
# pipelines are green (pipelines) and what runs is healthy (health), and a person's yes (approval).
rings:
  canary: {{soak: 1d}}
  early: {{soak: 2d, approval: true}}
  all: {{approval: true}}

municipalities:
"""
_DEFAULTS: Final = """\
# What all municipalities have. It is laid under the forms in municipalities/: what a form or a group says counts more.
apiVersion: signalen.org/v1
"""
_README: Final = {
    ONE: """\
# Signalen voor veel gemeenten

- `municipalities/<naam>/municipality.yaml`: het formulier van een gemeente, met alleen wat van haar zelf is.
- `defaults.yaml`: wat alle gemeenten hebben; `groups/<groep>.yaml`: wat een groep heeft.
- `fleet.yaml`: welke gemeenten er zijn, in welke groepen, en in welke volgorde zij een nieuwe versie krijgen.

Een gemeente erbij: `signalen fleet add --set municipality=Tilburg …`. Daarna: `signalen fleet check` en
`signalen fleet render`. Waar een waarde vandaan komt: `signalen explain contact.phone` in de map van de gemeente.
""",
    MANY: """\
# Signalen voor veel gemeenten

Elke gemeente heeft een eigen repository. `fleet.yaml` zegt welke dat zijn, en in welke volgorde zij een nieuwe versie
krijgen. In `repositories/` staan klonen, die hier niet in Git komen.

Een gemeente erbij: `signalen fleet add --set municipality=Tilburg …`. Daarna: `signalen fleet check`.
""",
}
_CHANGES: Final = """
# A step of a rollout is a pull request; commits and pushed-commits are the other ways.
changes: pull-requests
"""
_IGNORED: Final = f"/{CLONES}/\n"


def new(
    directory: Path, shape: str, toolkit: Mapping[str, Any], *, git: bool, pipelines: Mapping[str, str] | None = None
) -> list[str]:
    """Make a fleet in a folder that is empty or not there, and return its files.

    `toolkit` is what the toolkit is installed from, for all; `pipelines` are files of a Git server, with which a
    rollout makes pull requests. Raises UsageError where the folder is not free.
    """
    if directory.exists() and (not directory.is_dir() or any(one.name != ".git" for one in directory.iterdir())):
        raise UsageError(f"{directory} is not empty; name another folder")
    if git:
        first_commit.require()
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        FLEET_FILE: _FLEET.format(shape=shape, changes=_CHANGES if pipelines else ""),
        "README.md": _README[shape],
        ".gitignore": _IGNORED,
        **(pipelines or {}),
    }
    if shape == ONE:
        section = f"toolkit: {inline(dict(toolkit))}\n" if toolkit else ""
        files |= {DEFAULTS: _DEFAULTS + section, f"{GROUPS}/.gitkeep": "", f"{MEMBERS}/.gitkeep": ""}
    for name, content in files.items():
        beneath.create(directory, name, content.encode())
    if git and enclosing.root(directory) is None:
        first_commit.commit(directory, "main", "Richt een vloot van gemeenten in")
    return [*files]
