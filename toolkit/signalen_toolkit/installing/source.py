"""What a repository installs the toolkit from (`toolkit` in the form), as the two files that pip reads.

`requirements.txt` has what the toolkit needs, from its own lock, and `toolkit.txt` the toolkit itself: alone, so that
Renovate finds it, and so that a job that only writes a comment needs nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from signalen_toolkit import __version__
from signalen_toolkit.base.layout import REQUIREMENTS, TOOLKIT
from signalen_toolkit.installing import lock

PACKAGE_INDEX: Final = "https://pypi.org/simple"
# What pipelines and administrators run: `verify` and `diff`, and `secrets`.
EXTRAS: Final = ("secrets", "verify")
_ABOUT: Final = "# Gemaakt door de Signalen Toolkit, uit `toolkit` in municipality.yaml. Niet met de hand wijzigen."
_PIP: Final = "python -m pip install --quiet --disable-pip-version-check"
_OWN: Final = re.compile(r"^signalen-toolkit==(\S+)((?:\s*\\\n\s*--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)


class SourceKind(StrEnum):
    """The ways in which a repository can get the toolkit."""

    INDEX = "index"
    GIT = "git"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class ToolkitSource:
    """Where the toolkit comes from: a package index, a Git repository at a commit, or a container image by digest."""

    kind: SourceKind
    index: str = PACKAGE_INDEX
    url: str = ""
    commit: str = ""
    image: str = ""

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of the toolkit that are installed with it; from Git, also what makes a wheel of it."""
        return (*EXTRAS, *(["build"] if self.kind is SourceKind.GIT else []))

    @property
    def is_own_index(self) -> bool:
        """Tell whether it is another index than everybody's."""
        return self.kind is SourceKind.INDEX and self.index != PACKAGE_INDEX

    @property
    def hook_repository(self) -> str:
        """The address from which pre-commit gets the hooks; empty where they are installed with the toolkit."""
        return self.url if self.kind is SourceKind.GIT else ""


def source_of(settings: Mapping[str, Any]) -> ToolkitSource:
    """Read `toolkit` of a completed form; what is missing there is an empty text."""
    section = settings["toolkit"]
    git = section.get("git", {})
    return ToolkitSource(
        SourceKind(section["source"]),
        str(section["index"]).rstrip("/"),
        str(git.get("url", "")),
        str(git.get("commit", "")),
        str(section.get("image", "")),
    )


def files(source: ToolkitSource, hashes: Sequence[str], version: str = __version__) -> dict[str, str]:
    """Return the files that pip reads, by path; none for an image, which has all of it.

    `hashes` are those of the toolkit's own files in the index; without any, pip refuses to install it.
    """
    if source.kind is SourceKind.IMAGE:
        return {}
    head, needed = _head(source), lock.requirements(source.extras)
    return {REQUIREMENTS: requirements_text(source, needed), TOOLKIT: _text(_own(source, head, hashes, version))}


def requirements_text(source: ToolkitSource, needed: Sequence[str]) -> str:
    """Return a requirements file of the lines of a lock."""
    return _text([*_head(source), "--only-binary :all:", *needed])


def _head(source: ToolkitSource) -> list[str]:
    return [_ABOUT, *([f"--index-url {source.index}"] if source.is_own_index else [])]


def _own(source: ToolkitSource, head: Sequence[str], hashes: Sequence[str], version: str) -> list[str]:
    if source.kind is SourceKind.GIT:
        # Renovate compares the tag behind it with those of the repository.
        return [_ABOUT, f"signalen-toolkit @ git+{source.url}@{source.commit}  # v{version}"]
    if not hashes:
        missing = (
            "# De hash ontbreekt nog, en zonder weigert pip: draai `signalen update` waar de index te bereiken is."
        )
        return [*head, missing, f"signalen-toolkit=={version}"]
    return [*head, "--only-binary :all:", f"signalen-toolkit=={version} \\", *lock.continued(sorted(hashes))]


def locked(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the version and hashes that a toolkit.txt has, in whatever order a program wrote them; nothing without."""
    found = _OWN.search(text)
    return (found[1], tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", found[2])))) if found else ("", ())


def commands(source: ToolkitSource) -> list[str]:
    """Return the commands that install the toolkit with all that it needs, in the folder of the repository.

    Nothing is taken that has no hash: the lock is complete (`--no-deps`), and what is built from Git is built with what
    the lock has (`--no-build-isolation`).
    """
    match source.kind:
        case SourceKind.INDEX:
            return [f"{_PIP} --require-hashes --no-deps -r {REQUIREMENTS} -r {TOOLKIT}"]
        case SourceKind.GIT:
            return [
                f"{_PIP} --require-hashes --no-deps -r {REQUIREMENTS}",
                f"{_PIP} --no-deps --no-build-isolation -r {TOOLKIT}",
            ]
    return []


def own_commands(source: ToolkitSource) -> list[str]:
    """Return the commands that install the toolkit alone: enough for the program that writes a comment.

    From Git that is all of it, since a wheel is made first.
    """
    return [f"{_PIP} --require-hashes --no-deps -r {TOOLKIT}"] if source.kind is SourceKind.INDEX else commands(source)


def _text(lines: Sequence[str]) -> str:
    return "\n".join([*lines, ""])
