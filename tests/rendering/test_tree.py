"""The rendered tree on disk: replaced as a whole, and nothing else touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import HEADER
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.rendering import tree

OLD = {"clusters/a/one.yaml": f"{HEADER}old: 1\n", "clusters/a/sub/two.yaml": f"{HEADER}old: 2\n"}
NEW = {"clusters/a/one.yaml": f"{HEADER}new: 1\n", "clusters/b/three.yaml": f"{HEADER}new: 3\n"}


def on_disk(repository: Path) -> dict[str, str]:
    files = (path for path in repository.rglob("*") if path.is_file())
    return {path.relative_to(repository).as_posix(): path.read_text() for path in files}


def test_a_tree_is_written_and_what_is_no_longer_rendered_goes(tmp_path: Path) -> None:
    (tmp_path / "municipality.yaml").write_text("mine\n")
    assert tree.write(tmp_path, OLD).written == OLD
    changes = tree.write(tmp_path, NEW)
    assert (dict(changes.written), changes.removed) == (NEW, ("clusters/a/sub/two.yaml",))
    assert on_disk(tmp_path) == {**NEW, "municipality.yaml": "mine\n"}
    assert not (tmp_path / "clusters/a/sub").exists()


def test_nothing_is_rewritten_where_nothing_changed(tmp_path: Path) -> None:
    tree.write(tmp_path, OLD)
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    assert not tree.write(tmp_path, OLD)
    assert {path: path.stat() for path in tmp_path.rglob("*")} == before
    tree.write(tmp_path, {**OLD, "clusters/a/one.yaml": NEW["clusters/a/one.yaml"]})
    same = tmp_path / "clusters/a/sub/two.yaml"
    assert same.stat().st_mtime_ns == before[same].st_mtime_ns


def test_a_file_of_a_person_stays(tmp_path: Path) -> None:
    tree.write(tmp_path, OLD)
    own = tmp_path / "clusters/a/notes.md"
    own.write_text("mine\n")
    tree.write(tmp_path, NEW)
    assert own.read_text() == "mine\n"


@pytest.mark.parametrize("change", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: b"\xef\xbb\xbf" + data])
def test_a_file_that_came_back_with_other_line_breaks_is_ours(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    tree.write(tmp_path, OLD)
    target = tmp_path / "clusters/a/one.yaml"
    right = target.read_bytes()
    target.write_bytes(change(right))
    assert list(tree.write(tmp_path, OLD).written) == ["clusters/a/one.yaml"]
    assert target.read_bytes() == right
    target.write_bytes(change(right))
    tree.write(tmp_path, {path: text for path, text in OLD.items() if path != "clusters/a/one.yaml"})
    assert not target.exists()


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_something_in_the_way_is_a_message_and_nothing_changes(tmp_path: Path, what: str) -> None:
    tree.write(tmp_path, OLD)
    target = tmp_path / "clusters/b/three.yaml"
    target.parent.mkdir()
    if what == "file":
        target.write_text("mine: 1\n")
    elif what == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "clusters/a/one.yaml")
    before = on_disk(tmp_path)
    with pytest.raises(UsageError, match=r"clusters/b/three\.yaml was not made by `signalen render`"):
        tree.write(tmp_path, NEW)
    assert on_disk(tmp_path) == before


def test_a_diff_shows_what_is_stale(tmp_path: Path) -> None:
    tree.write(tmp_path, OLD)
    shown = tree.diff(tmp_path, tree.compare(tmp_path, NEW))
    assert "--- a/clusters/a/one.yaml\n+++ b/clusters/a/one.yaml\n" in shown
    assert "-old: 1\n+new: 1\n" in shown
    assert "--- a/clusters/a/sub/two.yaml\n+++ /dev/null\n" in shown
    assert "--- /dev/null\n+++ b/clusters/b/three.yaml\n" in shown
    assert on_disk(tmp_path) == OLD


@pytest.mark.parametrize("call", ["_link", "contents", "create_all", "prune", "exchange", "look"])
def test_a_failure_at_any_step_leaves_the_old_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    stays = {"clusters/a/zero.yaml": f"{HEADER}same: 0\n"}
    old, new = OLD | stays, NEW | stays
    tree.write(tmp_path, old)

    def fail(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree if hasattr(tree, call) else beneath, call, fail)
    with pytest.raises(OSError, match="No space left"):
        tree.write(tmp_path, new)
    monkeypatch.undo()
    assert {path: text for path, text in on_disk(tmp_path).items() if path.startswith("clusters/")} == old
    tree.write(tmp_path, new)
    assert on_disk(tmp_path) == new


def test_without_an_exchange_in_one_step_a_kill_between_two_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beneath, "exchange", lambda *_: False)
    tree.write(tmp_path, OLD)
    tree.write(tmp_path, NEW)
    assert on_disk(tmp_path) == NEW
    (tmp_path / "clusters").rename(tmp_path / ".clusters.old")  # as a kill after the first rename leaves it
    (tmp_path / ".clusters.new").mkdir()
    assert not tree.write(tmp_path, NEW)
    assert on_disk(tmp_path) == NEW
    assert not list(tmp_path.glob(".clusters*"))


WRITER = """
import sys
from collections.abc import Callable
from pathlib import Path
from signalen_toolkit.rendering import tree
from signalen_toolkit.base import beneath
from signalen_toolkit.base.layout import HEADER
old, new = ({f"clusters/e/{i}.yaml": f"{HEADER}{word}: {i}\\n" for i in range(60)} for word in ("old", "new"))
print("ready", flush=True)
while True:
    for files in (new, old):
        tree.write(Path(sys.argv[1]), files)
"""


def test_killed_at_any_moment_the_tree_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    for attempt in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.02 + attempt * 0.007)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        words = {path.read_text().splitlines()[2].split(":")[0] for path in (tmp_path / "clusters").rglob("*.yaml")}
        assert len(words) <= 1
        assert len(list((tmp_path / "clusters").rglob("*.yaml"))) in (0, 60)


def test_two_processes_take_turns(tmp_path: Path) -> None:
    def work(files: dict[str, str]) -> None:
        for _ in range(20):
            tree.write(tmp_path, files)

    threads = [threading.Thread(target=work, args=(files,)) for files in (OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on_disk(tmp_path) in (OLD, NEW)
