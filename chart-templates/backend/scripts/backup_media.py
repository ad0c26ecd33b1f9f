"""Makes a copy of the photographs, and removes the oldest where there are more than KEEP.

A copy is a folder with all files. What has not changed since the copy before it is a hard link to the file there, so
that each copy costs only what is new; what was removed is not in a new copy.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

KEEP = int(os.environ["KEEP"])
MEDIA = Path(os.environ.get("MEDIA", "/media-to-copy"))
FOLDER = Path(os.environ.get("FOLDER", "/backup"))


def copies() -> list[Path]:
    """Return the finished copies, oldest first: their names sort by time."""
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name.endswith("Z"))


def same(one: Path, other: Path) -> bool:
    """Tell whether two files are the same, as far as size and time tell."""
    try:
        left, right = one.lstat(), other.lstat()
    except FileNotFoundError:
        return False
    return (left.st_size, left.st_mtime_ns) == (right.st_size, right.st_mtime_ns)


def make(target: Path, before: Path | None) -> int:
    """Fill a folder, and return how many files had to be copied."""
    copied = 0
    for path in sorted(MEDIA.rglob("*")):
        place = path.relative_to(MEDIA)
        if path.is_dir():
            (target / place).mkdir(parents=True, exist_ok=True)
        elif path.is_file() and not path.is_symlink():
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            if before is not None and same(path, before / place):
                os.link(before / place, target / place)
                continue
            try:
                shutil.copy2(path, target / place)
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
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    part = FOLDER / f"{name}.part"
    part.mkdir()
    copied = make(part, known[-1] if known else None)
    part.rename(FOLDER / name)
    for old in copies()[:-KEEP]:
        shutil.rmtree(old)
    print(f"made {name}: {copied} files copied, {len(copies())} copies kept")


main()
