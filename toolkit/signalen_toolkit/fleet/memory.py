"""What was done before in a municipality, so that a command does again only what changed.

An outcome is kept under a key of all that it depends on: every file of the municipality's folder and of the layers
below it (by size, inode and the times of its last change, of which ctime cannot be set back), its place in the fleet,
what the work was asked, and the toolkit. It is kept only where all is as it should be, and where the key is the same
after the work as it was before.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from signalen_toolkit.base import layout
from signalen_toolkit.base.cache import is_ours, own
from signalen_toolkit.base.files import replace
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.outcome import MemberOutcome, restored
from signalen_toolkit.form.rendered import FACTS_FILE
from signalen_toolkit.git import enclosing
from signalen_toolkit.verify.inputs import toolkit_state

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

    def key(self, member: Member, *, tree: bool = True) -> str | None:
        """Return the key of a municipality as it is now; None where that cannot be told.

        Without `tree` it is the key of all but what is rendered.
        """
        if self._folder is None or self._around is None:
            return None
        folder = self._fleet.folder(member)
        try:
            if not folder.is_dir():
                return None
            files = _states(folder, "" if not tree else FACTS_FILE if self._only_facts else None)
            parts = [self._around, repr(member), str(enclosing.place(folder)), *self._below(member), *files]
        except (OSError, ValueError):
            return None
        return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()

    def recall(self, member: Member) -> MemberOutcome | None:
        """Return what came of it before, where nothing changed since."""
        key = self.key(member)
        if key is None or self._folder is None:
            return None
        place = self._place(self._folder, member)
        try:
            if not is_ours(place):
                return None
            kept = json.loads(place.read_text(encoding="utf-8"))
            return restored(kept["outcome"]) if kept["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, member: Member, key: str, outcome: MemberOutcome) -> None:
        """Keep an outcome, in the place of what was kept of the municipality for the same command."""
        if self._folder is None:
            return
        try:
            text = json.dumps({"key": key, "outcome": outcome.as_data()})
            replace(self._place(self._folder, member), text.encode(), mode=0o600)
        except (OSError, TypeError, ValueError):
            pass  # a full or read-only disk: the next run works it out again

    def _place(self, folder: Path, member: Member) -> Path:
        place = (os.path.abspath(self._fleet.root), self._title, member.path)  # noqa: PTH100  # not through links: where a person put it
        name = hashlib.sha256("\0".join(place).encode(errors="surrogateescape")).hexdigest()
        return folder / f"{name}.json"

    def _below(self, member: Member) -> Iterator[str]:
        if member.repository:
            return
        for file in (*(f"{layout.GROUPS}/{group}.yaml" for group in member.groups), layout.DEFAULTS):
            if file not in self._layers:
                self._layers[file] = _state(self._fleet.root / file)
            yield self._layers[file]

    def look_again(self) -> None:
        """Look again at what municipalities share: somebody may have changed it meanwhile."""
        self._layers.clear()
        self._around = self._told()

    def _told(self) -> str | None:
        try:
            return "\0".join([str(self._fleet.root), _toolkit(), *self._asked()])
        except (OSError, UsageError, ValueError):
            return None


@cache
def _toolkit() -> str:
    return hashlib.sha256("\0".join(toolkit_state()).encode(errors="surrogateescape")).hexdigest()


def _states(folder: Path, of_tree: str | None) -> Iterator[str]:
    """Yield the state of every file below a folder; into links nobody goes, as nobody who reads a repository does.

    Of what is rendered it is that of files with this name alone; of all where there is no name.
    """
    waiting, count = [str(folder)], 0
    rendered = os.path.join(folder, layout.CLUSTERS)  # noqa: PTH118  # thousands of times
    while waiting:
        here = waiting.pop()
        picky = of_tree is not None and (here == rendered or here.startswith(f"{rendered}{os.sep}"))
        with os.scandir(here) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            count += 1
            if count > _MOST:
                raise ValueError("more files than it is worth to look at")
            if entry.name in _LEFT_OUT:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not picky or here == rendered:
                    waiting.append(entry.path)
                continue
            if picky and entry.name != of_tree:
                continue
            status = entry.stat(follow_symlinks=False)
            times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
            yield f"{entry.path} {status.st_ino} {status.st_size} {times} {status.st_mode}"
            if entry.is_symlink():
                yield f"{os.path.realpath(entry.path)} {_state(Path(entry.path))}"


def _state(path: Path) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116  # thousands of times
    except OSError as error:
        return f"{path} {error.strerror}"
    return f"{path} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
