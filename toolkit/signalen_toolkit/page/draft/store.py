"""Drafts on disk, so that they survive the closing of a browser, and of the server: one for each person and repository.

They are in the state folder of whoever runs the server, for nobody else to read; secrets are in none of them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import files
from signalen_toolkit.page.draft.draft import FormDraft

_FILE: Final = "draft.json"
_IMAGES: Final = "images"
_OWN: Final = 0o700


class DraftStore:
    """The drafts of one repository."""

    def __init__(self, state: Path, directory: Path) -> None:
        self._folder = state / _digest(str(directory.resolve()))

    @contextmanager
    def turn(self, person: str) -> Iterator[None]:
        """Let the windows of one person take turns: each from reading the draft to writing it."""
        folder = self._of(person)
        folder.mkdir(mode=_OWN, parents=True, exist_ok=True)
        with files.alone(folder):
            yield

    def read(self, person: str) -> FormDraft | None:
        """Return the draft of a person; None where there is none, or what there is cannot be read."""
        folder = self._of(person)
        try:
            kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            images = {path: (folder / _IMAGES / name).read_bytes() for path, name in kept["images"].items()}
            return FormDraft(kept["base"], kept["form"], images, frozenset(kept["seen"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, person: str, draft: FormDraft) -> None:
        """Keep the draft of a person. Raises OSError where the disk cannot be written."""
        folder = self._of(person)
        (folder / _IMAGES).mkdir(mode=_OWN, parents=True, exist_ok=True)
        names = {
            path: f"{_digest(path)}-{hashlib.sha256(data).hexdigest()[:16]}" for path, data in draft.images.items()
        }
        for path, data in draft.images.items():
            if not (folder / _IMAGES / names[path]).exists():
                files.replace(folder / _IMAGES / names[path], data, mode=0o600)
        kept = {"base": draft.base, "form": draft.data, "images": names, "seen": sorted(draft.seen)}
        files.replace(folder / _FILE, json.dumps(kept, ensure_ascii=False).encode(), mode=0o600)
        for file in (folder / _IMAGES).iterdir():
            if file.name not in names.values():
                file.unlink(missing_ok=True)

    def forget(self, person: str) -> None:
        """Throw the draft of a person away."""
        shutil.rmtree(self._of(person) / _IMAGES, ignore_errors=True)
        (self._of(person) / _FILE).unlink(missing_ok=True)

    def _of(self, person: str) -> Path:
        return self._folder / _digest(person)


def state_home(environment: Mapping[str, Any]) -> Path:
    """Return the folder for drafts: signalen/form in XDG_STATE_HOME, else in ~/.local/state."""
    given = Path(environment.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / "signalen" / "form"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:24]
