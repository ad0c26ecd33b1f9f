"""What was done before in a municipality, so that a command does again only what changed.

An outcome is kept under a key of all that it depends on: every file of the municipality's folder and of the layers
below it (by size, inode and the times of its last change, of which ctime cannot be set back), its place in the fleet,
what the work was asked, and the toolkit. It is kept only where all is as it should be, and where the key is the same
after the work as it was before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signalen_toolkit.base import layout
from signalen_toolkit.base.cache import keep, own, recalled
from signalen_toolkit.base.paths import placed
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome, restored
from signalen_toolkit.form.rendered import FACTS_FILE
from signalen_toolkit.git import enclosing
from signalen_toolkit.verify.inputs import toolkit_key

# The commands of which others use what came of them.
RENDER: Final = "render"
RENDER_CHECK: Final = "render --check"
_MOST: Final = 20_000  # files in one municipality's folder
_LEFT_OUT: Final = frozenset({".git", "__pycache__"})


class Memory:
    """The outcomes of one command, asked in one way, in one fleet. Without a folder nothing is kept."""

    def __init__(
        self,
        fleet: Fleet,
        title: str,
        environment: Mapping[str, str],
        *,
        asked: Callable[[], Iterable[str]] = tuple,
        only_facts: bool = False,
    ) -> None:
        """Remember the command of this title.

        `asked` gives what the work depends on beside the fleet, now; where it cannot tell (OSError, UsageError,
        ValueError), nothing is remembered. With `only_facts` the work reads of what is rendered the facts alone.
        """
        self._only_facts = only_facts
        self._title = title
        self._asked = asked
        self._fleet = fleet
        self._around = self._told()
        self._folder = own(environment, "fleet")
        self._layers: dict[str, str] = {}
        self._places: dict[Path, str | None] = {}

    def key(self, member: Member) -> str | None:
        """Return the key of a municipality as it is now; None where that cannot be told."""
        return self.keys(member)[0]

    def keys(self, member: Member) -> tuple[str | None, str | None]:
        """Return the key of a municipality as it is now, and that of all but what is rendered; None as in `key`."""
        if self._folder is None or self._around is None:
            return None, None
        folder = self._fleet.folder(member)
        try:
            if not folder.is_dir():
                return None, None
            parts = [self._around, repr(member), self._lies(folder), *self._below(member)]
            own, rendered = _states(folder, only_facts=self._only_facts)
        except (OSError, ValueError):
            return None, None
        parts += own
        return _digest([*parts, *rendered]), _digest(parts)

    def recall(self, member: Member) -> MemberOutcome | None:
        """Return what came of it before, where nothing changed since."""
        place = self._place(self._folder, member) if self._folder else None
        if place is None or not place.exists() or (key := self.key(member)) is None:
            return None
        try:
            kept = recalled(place, key)
            return restored(kept) if kept else None
        except (ValueError, KeyError, TypeError):
            return None

    def keep(self, member: Member, key: str, outcome: MemberOutcome) -> None:
        """Keep an outcome, in the place of what was kept of the municipality for the same command."""
        if self._folder is not None:
            keep(self._place(self._folder, member), key, outcome.as_data())

    def _place(self, folder: Path, member: Member) -> Path:
        place = (str(placed(self._fleet.root)), self._title, member.path)
        name = hashlib.sha256("\0".join(place).encode(errors="surrogateescape")).hexdigest()
        return folder / f"{name}.json"

    def _below(self, member: Member) -> Iterator[str]:
        if member.repository:
            return
        for file in (*(f"{layout.GROUPS}/{group}.yaml" for group in member.groups), layout.DEFAULTS):
            if file not in self._layers:
                self._layers[file] = _state(self._fleet.root / file)
            yield self._layers[file]

    def _lies(self, folder: Path) -> str:
        """Return where a folder lies in its repository, as `enclosing.place` says it."""
        above = folder.parent
        if (folder / ".git").exists() or folder.is_symlink():
            return str(enclosing.place(folder))
        if above not in self._places:
            self._places[above] = enclosing.place(above)
        place = self._places[above]
        return str(place if place is None else f"{place}/{folder.name}".lstrip("/"))

    def look_again(self) -> None:
        """Look again at what municipalities share: somebody may have changed it meanwhile."""
        self._layers.clear()
        self._places.clear()
        self._around = self._told()

    def _told(self) -> str | None:
        try:
            return "\0".join([str(self._fleet.root), toolkit_key(), *self._asked()])
        except (OSError, UsageError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class KnownTrees:
    """Of which municipalities it is remembered that their tree is what their form says."""

    members: Mapping[str, Member]
    memories: tuple[Memory, ...]

    def __call__(self, name: str) -> bool:
        """Tell whether that is known of a municipality, as it is now."""
        found = (memory.recall(self.members[name]) for memory in self.memories)
        return any(one is not None and one.end is Ending.FINE for one in found)


def rendered(fleet: Fleet, environment: Mapping[str, str]) -> KnownTrees:
    """Return what `render` and its `--check` left to remember in a fleet."""
    members = {one.name: one for one in fleet.members}
    return KnownTrees(members, tuple(Memory(fleet, title, environment) for title in (RENDER, RENDER_CHECK)))


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def _states(folder: Path, *, only_facts: bool) -> tuple[list[str], list[str]]:
    """Return the state of every file below a folder, and of every one that is rendered, or only of the facts there.

    Into links nobody goes, as nobody who reads a repository does.
    """
    own, of_tree = list[str](), list[str]()
    waiting = [str(folder)]
    rendered = os.path.join(folder, layout.CLUSTERS)  # noqa: PTH118  # thousands of times
    while waiting:
        here = waiting.pop()
        is_rendered = here == rendered or here.startswith(f"{rendered}{os.sep}")
        found = of_tree if is_rendered else own
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name in _LEFT_OUT:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not (is_rendered and only_facts) or here == rendered:
                        waiting.append(entry.path)
                elif not (is_rendered and only_facts) or entry.name == FACTS_FILE:
                    found.append(_of_entry(entry))
        if len(own) + len(of_tree) + len(waiting) > _MOST:
            raise ValueError("more files than it is worth to look at")
    return sorted(own), sorted(of_tree)


def _of_entry(entry: os.DirEntry[str]) -> str:
    now = entry.stat(follow_symlinks=False)
    state = f"{entry.path} {now.st_ino} {now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_mode}"
    return f"{state} {os.path.realpath(entry.path)} {_state(Path(entry.path))}" if entry.is_symlink() else state


def _state(path: Path) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116  # thousands of times
    except OSError as error:
        return f"{path} {error.strerror}"
    return f"{path} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
