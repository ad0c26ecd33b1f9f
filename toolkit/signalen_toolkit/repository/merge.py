"""Three versions of a repository's files → what has to be done to each: the template then and now, and the person's.

Pure but for `git merge-file`, which merges texts the way Git does everywhere else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from signalen_toolkit.base.beneath import named
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.git.run import git, said
from signalen_toolkit.repository.template_state import Origin, as_text

_ALIKE: Final = 0.5  # how alike two texts are of which one is the other under a new name; Git's own measure
_MOST_COMPARED: Final = 200_000  # characters; beyond, a comparison takes longer than it is worth


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happens to one file: its content from now on, None where it goes; `what` says it to a person.

    With `kept` nothing happens to it: a person is told what the template would have done.
    """

    path: str
    what: str
    data: bytes | None = None
    conflict: bool = False
    kept: bool = False


def changes(then: Origin, now: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> list[FileChange]:
    """Plan an update. `theirs` holds the files of the repository that a person may change, by path."""
    found: list[FileChange] = []
    moved = _moved(then, now, theirs)
    for path in sorted({*then.files, *now}):
        if path in moved.values() and path in now and path not in then.files:
            continue  # comes with the file that it was before
        found += _file(path, moved.get(path, path), then, now, theirs)
    return found


def _file(
    path: str, new_path: str, then: Origin, now: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> Iterator[FileChange]:
    """Plan one file of the template then; `new_path` is what it is called now, in the template or by the person."""
    by_person = new_path in theirs and new_path not in now and path not in theirs
    wanted = now.get(path) if by_person or new_path == path else now.get(new_path)
    mine = theirs.get(new_path if by_person else path)
    if wanted is None:
        yield from _gone(path, then, mine)
    elif mine is None:
        yield from _missing(path, new_path, then, wanted)
    elif new_path != path and not by_person:
        merged, conflict = _result(path, then, wanted, mine)
        if conflict and merged is None:
            yield FileChange(path, f"kept: the template calls it {new_path} now, and it was changed here", kept=True)
            yield FileChange(new_path, "new in the template", wanted)
        else:
            yield FileChange(path, f"renamed to {new_path}")
            yield FileChange(new_path, _words(mine, wanted, merged, conflict), merged, conflict)
    else:
        yield from _both(new_path, path, then, wanted, mine)


def _gone(path: str, then: Origin, mine: bytes | None) -> Iterator[FileChange]:
    if mine is None:
        return
    if then.is_as_made(path, mine):
        yield FileChange(path, "removed: the template has it no longer")
    else:
        yield FileChange(path, "kept: the template has it no longer, but it was changed here", kept=True)


def _missing(path: str, new_path: str, then: Origin, wanted: bytes) -> Iterator[FileChange]:
    if path not in then.files:
        yield FileChange(path, "new in the template", wanted)
    elif new_path != path or not then.is_as_made(path, wanted):
        yield FileChange(path, "not brought back: it was deleted here, and the template changed it", kept=True)


def _both(place: str, path: str, then: Origin, wanted: bytes, mine: bytes) -> Iterator[FileChange]:
    """Plan a file that both have; `place` is where it stands here."""
    merged, conflict = _result(path, then, wanted, mine)
    if merged is None:
        yield FileChange(place, "kept: it was changed here, and the template has another", kept=True)
    elif merged != mine:
        yield FileChange(place, _words(mine, wanted, merged, conflict), merged, conflict)


def _words(mine: bytes, wanted: bytes, merged: bytes | None, conflict: bool) -> str:
    if conflict:
        return "conflict: changed here and in the template; choose between the marks"
    return "updated" if merged == wanted and mine != wanted else "merged with what was changed here"


def _result(path: str, then: Origin, wanted: bytes, mine: bytes) -> tuple[bytes | None, bool]:
    """Return a file merged, and whether a person has to choose; nothing where it is no text that can be merged."""
    made = then.files.get(path)
    if mine == wanted or (path in then.files and then.is_as_made(path, wanted)):
        return mine, False
    if then.is_as_made(path, mine):
        return wanted, False
    if as_text(mine) is None or as_text(wanted) is None or isinstance(made, str):
        return None, True
    return merge(made or b"", mine, wanted)


def merge(base: bytes, mine: bytes, wanted: bytes) -> tuple[bytes, bool]:
    """Merge two texts as Git does; tell whether it left conflicts. Line endings stay those of mine."""
    if b"\r\n" in mine:
        base, wanted = (_crlf(text) for text in (base, wanted))
    with tempfile.TemporaryDirectory() as folder:
        names = [Path(folder) / name for name in ("here", "then", "now")]
        for name, data in zip(names, (mine, base, wanted), strict=True):
            with named(name):
                name.write_bytes(data)
        labels = [part for label in ("here", "template before", "template now") for part in ("-L", label)]
        done = git(Path(folder), "merge-file", "--stdout", "--diff3", *labels, "--", *map(str, names))
    if done.code < 0 or done.code > 127:
        raise UsageError(f"git merge-file failed, and nothing was written: {said(done)}")
    return done.output, done.code > 0


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


# --- renamed files


def _moved(then: Origin, now: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> dict[str, str]:
    """Return the new names of files, in the template or, where that has the old one still, by the person."""
    by_template = [path for path in now if path not in then.files and path not in theirs]
    by_person = [path for path in theirs if path not in then.files and path not in now]
    found: dict[str, str] = {}
    for path, made in then.files.items():
        known = {**now} if path not in now else theirs if path not in theirs else {}
        choice = [name for name in (by_template if path not in now else by_person) if name not in found.values()]
        if isinstance(made, bytes) and known:
            likeness, name = max(((_likeness(made, known[name]), name) for name in choice), default=(0.0, ""))
            if likeness >= _ALIKE:
                found[path] = name
    return found


def _likeness(one: bytes, other: bytes) -> float:
    if one == other:
        return 1.0 if one.strip() else 0.0
    first, second = as_text(one), as_text(other)
    if first is None or second is None or max(len(first), len(second)) > _MOST_COMPARED:
        return 0.0
    matcher = SequenceMatcher(None, first.splitlines(), second.splitlines(), autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE else 0.0
