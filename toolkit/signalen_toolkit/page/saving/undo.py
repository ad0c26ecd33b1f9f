"""What saving has changed so far, to be put back where a later step fails: a hook that refuses, a disk that is full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from signalen_toolkit.base import files
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git import branches


class Undo:
    """Remembers files and the branch of a repository as they were."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, bytes | None] = {}
        self._branch: tuple[str, str] | None = None

    def keep(self, paths: Iterable[str]) -> None:
        """Remember files, and which of them are not there."""
        for path in paths:
            file = self._directory / path
            self._files.setdefault(path, file.read_bytes() if file.is_file() else None)

    def write_images(self, images: Mapping[str, bytes]) -> None:
        """Put images in their place. Raises UsageError for one that would not be in the repository."""
        inside = self._directory.resolve()
        if outside := [path for path in images if not (self._directory / path).resolve().is_relative_to(inside)]:
            raise UsageError(f"{outside[0]} is not in the repository")
        self.keep(images)
        for path, data in images.items():
            (self._directory / path).parent.mkdir(parents=True, exist_ok=True)
            files.replace(self._directory / path, data)

    def begin(self, branch: str) -> None:
        """Go to a new branch, unless none is named or it is there already. Raises UsageError where that cannot be."""
        if not branch or not branches.is_work_tree(self._directory):
            return
        before = branches.current(self._directory)
        if branch == before:
            return
        if not branches.is_name(branch):
            raise UsageError(f"'{branch}' cannot be the name of a branch")
        if branches.exists(self._directory, branch):
            raise UsageError(f"there is a branch '{branch}' already; give another name")
        branches.begin(self._directory, branch)
        self._branch = (before, branch)

    def all(self) -> None:
        """Put everything back. What Git was told of the files is taken back too."""
        for path, data in self._files.items():
            file = self._directory / path
            if data is None:
                file.unlink(missing_ok=True)
            elif not file.is_file() or file.read_bytes() != data:
                file.parent.mkdir(parents=True, exist_ok=True)
                files.replace(file, data)
        if branches.is_work_tree(self._directory):
            branches.unstage(self._directory, list(self._files))
        if self._branch and self._branch[0]:
            branches.leave(self._directory, *self._branch)
