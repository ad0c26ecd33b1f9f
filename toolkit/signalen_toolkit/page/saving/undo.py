"""What saving has changed so far, to be put back where a later step fails: a commit that is refused, a full disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from signalen_toolkit.base import beneath
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git import branches


class Undo:
    """Remembers files and the branch of a repository as they were."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, bytes | None] = {}
        self._branch: tuple[str, str] | None = None

    def keep(self, paths: Iterable[str]) -> None:
        """Remember files, and which of them are not there. Raises UsageError for what is no file."""
        for path in paths:
            real = beneath.real(self._directory, path)
            self._files.setdefault(real, beneath.read(self._directory, real))

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
            if data is None:
                beneath.remove(self._directory, path)
            elif beneath.read(self._directory, path) != data:
                beneath.write(self._directory, path, data)
        if branches.is_work_tree(self._directory):
            branches.unstage(self._directory, list(self._files))
        if self._branch and self._branch[0]:
            branches.leave(self._directory, *self._branch)
