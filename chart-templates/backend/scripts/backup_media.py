"""Makes a copy of the photographs, and removes the oldest where there are more than KEEP.

A copy is a folder with all files. What has not changed since the copy before it is a hard link to the file there, so
that each copy costs only what is new; what was removed is not in a new copy. It runs with every Python that an image of
the backend has had.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

KEEP = int(os.environ["KEEP"])
MEDIA = Path(os.environ.get("MEDIA", "/media-to-copy"))
FOLDER = Path(os.environ.get("FOLDER", "/backup"))


def copies() -> list[Path]:
    """Return the finished copies, oldest first: their names sort by time."""
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name.endswith("Z"))


def files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, as seen from there. What cannot be read is an error: a copy without it is none."""

    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=fail):
        if Path(place) == folder and "lost+found" in folders:
            folders.remove("lost+found")  # the file system's own
        for path in (Path(place, name) for name in sorted(names)):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder)


def same(one: Path, other: Path) -> bool:
    """Tell whether two files are the same, as far as size and time tell; not every volume knows parts of a second."""
    try:
        left, right = one.stat(), other.stat()
    except FileNotFoundError:
        return False
    return (left.st_size, int(left.st_mtime)) == (right.st_size, int(right.st_mtime))


def linked(old: Path, new: Path) -> bool:
    """Make a file the same as one in the copy before, where the volume can do that."""
    try:
        os.link(old, new)
    except OSError:
        return False
    return True


def make(target: Path, before: Path | None) -> int:
    """Fill a folder, and return how many files had to be copied."""
    copied = 0
    for place in files(MEDIA):
        source, new = MEDIA / place, target / place
        new.parent.mkdir(parents=True, exist_ok=True)
        if before is not None and same(source, before / place) and linked(before / place, new):
            continue
        try:
            shutil.copy2(source, new)
        except FileNotFoundError:
            continue  # removed while this ran
        copied += 1
    return copied


def main() -> None:
    """Make one copy. It gets its name when it is whole, so that a killed run leaves none that is not."""
    os.umask(0o077)
    for left in FOLDER.glob("*.part"):
        shutil.rmtree(left)
    known = copies()
    before = known[-1] if known else None
    if before is not None and any(files(before)) and not any(files(MEDIA)):
        # Rather another volume than all photographs gone; and in time they would be gone from the copies too.
        raise SystemExit(f"there are no photographs, and there were at {before.name}: no copy is made")
    name = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    part = FOLDER / f"{name}.part"
    part.mkdir()
    try:
        copied = make(part, before)
    except BaseException:
        shutil.rmtree(part)  # the next run needs the room
        raise
    part.rename(FOLDER / name)
    for old in copies()[:-KEEP]:
        # Not whole from the first file that goes.
        shutil.rmtree(old.rename(FOLDER / f"{old.name}.part"))
    sys.stdout.write(f"made {name}: {copied} files copied, {len(copies())} copies kept\n")


main()
