"""Below a folder, no link is followed: what is outside is neither read, nor written, nor removed."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base import beneath, whole_folders
from signalen_toolkit.base.beneath import DEEPEST
from signalen_toolkit.diagnostics.problems import UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a repository with links on every level, beside a folder that is not its own."""
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "file.txt").write_text("theirs")
    (outside / "sub/file.txt").write_text("theirs")
    root = tmp_path / "repository"
    (root / "real/sub").mkdir(parents=True)
    (root / "real/file.txt").write_text("ours")
    (root / "link").symlink_to("../outside")
    (root / "absolute").symlink_to(outside)
    (root / "inside").symlink_to("real")
    (root / "real/link").symlink_to("../../outside")
    (root / "file.txt").symlink_to("../outside/file.txt")
    (root / "nowhere").symlink_to("../outside/new.txt")
    (root / "circle").symlink_to("circle")
    return root


def outside(root: Path) -> dict[str, str]:
    there = root.parent / "outside"
    return {
        path.relative_to(there).as_posix(): (path.is_file() and path.read_text()) or "" for path in there.rglob("*")
    }


WORK: dict[str, Callable[[Path, str], Any]] = {
    "contents": lambda root, path: [*whole_folders.contents(root, path, lambda _: None)],
    "create_all": lambda root, path: whole_folders.create_all(root, {path: b"x"}),
    "create": lambda root, path: beneath.create(root, path, b"x"),
    "look": beneath.look,
    "move from": lambda root, path: beneath.move(root, path, "real/moved"),
    "move to": lambda root, path: beneath.move(root, "real/file.txt", path),
    "prune": beneath.prune,
    "read": beneath.read,
    "remove": beneath.remove,
    "remove_all": beneath.remove_all,
    "walk": lambda root, path: [*beneath.walk(root, path)],
    "write": lambda root, path: beneath.write(root, path, b"x"),
}


@pytest.mark.parametrize("path", ["link/sub/file.txt", "absolute/sub/file.txt", "inside/sub/x", "real/link/sub/x"])
@pytest.mark.parametrize("work", WORK)
def test_a_link_on_the_way_stops_everything(root: Path, work: str, path: str) -> None:
    before, link = outside(root), path[: path.index("/sub")]
    with pytest.raises(UsageError, match=re.escape(f"{link} is a link, and a folder has to stand there: move")):
        WORK[work](root, path)
    assert outside(root) == before
    assert sorted(path.name for path in (root / "real").iterdir()) == ["file.txt", "link", "sub"]


@pytest.mark.parametrize("path", ["../outside/file.txt", "/etc/hostname", "real/../../outside/file.txt", "real/..", ""])
@pytest.mark.parametrize("work", [name for name in WORK if name not in ("contents", "prune", "walk")])
def test_no_path_leads_out(root: Path, work: str, path: str) -> None:
    before = outside(root)
    with pytest.raises(UsageError):
        WORK[work](root, path)
    assert outside(root) == before


@pytest.mark.parametrize("path", ["file.txt", "link", "inside", "nowhere", "circle", "real"])
def test_what_is_no_file_is_neither_read_nor_written_over(root: Path, path: str) -> None:
    before = outside(root)
    with pytest.raises(UsageError, match="is not a plain file"):
        beneath.read(root, path)
    with pytest.raises(UsageError, match=r"is a (link|folder), and a file has to stand there"):
        beneath.write(root, path, b"x")
    with pytest.raises(FileExistsError):
        beneath.create(root, path, b"x")
    assert outside(root) == before
    assert not [path for path in root.rglob("*") if ".new" in path.name]


@pytest.mark.parametrize("path", ["file.txt", "link", "inside", "nowhere", "circle"])
def test_of_a_link_the_link_goes(root: Path, path: str) -> None:
    before = outside(root)
    beneath.remove_all(root, path)
    assert not (root / path).is_symlink()
    (root / path).symlink_to("../outside")
    beneath.remove(root, path)
    assert not (root / path).is_symlink()
    assert outside(root) == before
    assert (root / "real/file.txt").read_text() == "ours"


def test_a_folder_goes_with_all_in_it_and_nothing_behind_its_links(root: Path) -> None:
    before = outside(root)
    (root / "real").chmod(0o555)
    beneath.remove_all(root, "real")
    assert not (root / "real").exists()
    assert outside(root) == before
    beneath.remove_all(root, "real")


def test_what_waits_for_ever_is_not_read(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(UsageError, match="pipe is not a plain file"):
        beneath.read(root, "pipe")


def test_walking_goes_into_no_link_and_misses_nothing(root: Path) -> None:
    (root / "real/sub/x").write_text("")
    kinds = {one.path: "folder" if one.is_folder else "file" if one.is_file else "other" for one in beneath.walk(root)}
    assert kinds == {
        **dict.fromkeys(("absolute", "circle", "file.txt", "inside", "link", "nowhere", "real/link"), "other"),
        **dict.fromkeys(("real", "real/sub"), "folder"),
        **dict.fromkeys(("real/file.txt", "real/sub/x"), "file"),
    }
    assert list(kinds)[-5:] == ["real", "real/file.txt", "real/link", "real/sub", "real/sub/x"]
    assert [*beneath.walk(root, "absent/deeper")] == []


def test_contents_are_what_walking_and_reading_give(root: Path) -> None:
    (root / "real/sub/x").write_text("abc")
    (root / "real/empty").mkdir()
    found = {
        entry.path: data
        for entry, data in whole_folders.contents(root, "", lambda path: 2 if path.endswith("/x") else 9)
    }
    assert list(found) == [entry.path for entry in beneath.walk(root)]
    assert {path: data for path, data in found.items() if data} == {"real/file.txt": b"ours", "real/sub/x": b"ab"}
    assert [*whole_folders.contents(root, "absent/deeper", lambda _: None)] == []
    whole_folders.create_all(root, {"real/sub/new/a": b"1", "b": b"2", "real/sub/new/c": b"3"})
    assert [beneath.read(root, path) for path in ("real/sub/new/a", "b", "real/sub/new/c")] == [b"1", b"2", b"3"]
    with pytest.raises(FileExistsError, match="real/sub/x"):
        whole_folders.create_all(root, {"real/sub/x": b""})


def test_what_is_too_deep_is_a_message(root: Path) -> None:
    beneath.create(root, "/".join(["d"] * 60) + "/x", b"")
    assert len([*beneath.walk(root, "d")]) == 60
    (root / "/".join(["d"] * 200)).mkdir(parents=True)
    with pytest.raises(UsageError, match=f"is more than {DEEPEST} folders deep"):
        beneath.remove_all(root, "d")
    with pytest.raises(UsageError, match=f"is more than {DEEPEST} folders deep"):
        list(whole_folders.contents(root, "d", lambda _: None))
    assert (root / "/".join(["d"] * 60) / "x").exists()


def test_a_file_that_is_there_keeps_its_mode_and_a_new_one_is_as_the_umask_says(root: Path) -> None:
    (root / "real/file.txt").chmod(0o640)
    before = os.umask(0o027)
    try:
        beneath.write(root, "real/file.txt", b"a")
        beneath.write(root, "new/deep/file", b"b")
        beneath.write(root, "new/script", b"c", mode=beneath.SCRIPT)
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE((root / name).stat().st_mode) for name in ("real/file.txt", "new/deep/file", "new/script")
    }
    assert modes == {"real/file.txt": 0o640, "new/deep/file": 0o640, "new/script": 0o750}


def test_empty_folders_go_with_the_last_file_in_them(root: Path) -> None:
    beneath.create(root, "real/a/b/x", b"")
    beneath.create(root, "real/a/y", b"")
    beneath.remove(root, "real/a/b/x", upto="real")
    assert [path.name for path in (root / "real/a").iterdir()] == ["y"]
    beneath.remove(root, "real/a/y", upto="real")
    assert not (root / "real/a").exists()
    assert (root / "real").exists()
    beneath.remove(root, "real/a/y")


def test_a_part_of_a_file_can_be_read(root: Path) -> None:
    assert beneath.read(root, "real/file.txt", 2) == b"ou"
    assert beneath.read(root, "real/file.txt") == b"ours"
    assert beneath.read(root, "real/absent") is None
    assert beneath.read(root, "absent/absent") is None


def test_where_the_form_really_stands(root: Path) -> None:
    (root / "form").symlink_to("inside/file.txt")
    assert beneath.real(root, "form") == "real/file.txt"
    assert beneath.real(root, "absent") == "absent"
    for name in ("file.txt", "nowhere"):
        with pytest.raises(UsageError, match=f"{name} is a link that leads out of"):
            beneath.real(root, name)
    with pytest.raises(UsageError, match="circle is a link that leads nowhere"):
        beneath.real(root, "circle")


# Each time at the last moment, between looking and writing, the folder becomes a link to elsewhere.
RACER = """
import os, sys
from pathlib import Path
root = Path(sys.argv[1])
print("ready", flush=True)
while True:
    os.rename(root / "turn", root / "away")
    os.symlink("../outside", root / "turn")
    os.unlink(root / "turn")
    os.rename(root / "away", root / "turn")
"""


def test_a_link_that_comes_in_between_leads_nowhere(root: Path) -> None:
    (root / "turn").mkdir()
    before = outside(root)
    with subprocess.Popen([sys.executable, "-c", RACER, str(root)], stdout=subprocess.PIPE) as racer:
        assert racer.stdout is not None
        racer.stdout.readline()
        try:
            for _ in range(400):
                try:
                    beneath.write(root, "turn/file.txt", b"ours")
                    beneath.remove(root, "turn/file.txt")
                except (UsageError, FileNotFoundError):
                    pass
        finally:
            racer.kill()
    assert outside(root) == before


def test_folders_that_are_empty_go_with_those_above_them(tmp_path: Path) -> None:
    for path in ("a/b/c", "a/b/d"):
        (tmp_path / "kept" / path).mkdir(parents=True)
    for path in ("a/b/c", "a/b/c", "a/b/d", "a/b/d", "a/b"):
        beneath.prune(tmp_path, f"kept/{path}", upto="kept")
    assert [*tmp_path.rglob("*")] == [tmp_path / "kept"]
