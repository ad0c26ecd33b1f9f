"""Files that change together: all of them or none, and never over what somebody saved meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from signalen_toolkit.base import beneath
from signalen_toolkit.base.together import ASIDE, Together, together
from signalen_toolkit.diagnostics.problems import UsageError

BEFORE = {"form": b"a: 1\r\n", "docs/old.md": b"old", "docs/deep/gone.md": b"gone", "stays": b"x"}
AFTER = {"form": b"a: 2\r\n", "docs/old.md": b"newer", "new/deep/file.md": b"new", "stays": b"x"}


@pytest.fixture(params=["in one step", "in two"])
def repository(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "in two":
        monkeypatch.setattr(beneath, "exchange", lambda *_: False)
    for path, data in BEFORE.items():
        beneath.create(tmp_path, path, data)
    return tmp_path


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def prepare(files: Together) -> None:
    files.write("form", AFTER["form"], BEFORE["form"])
    files.write("docs/old.md", AFTER["docs/old.md"], BEFORE["docs/old.md"])
    files.remove("docs/deep/gone.md", BEFORE["docs/deep/gone.md"])
    files.write("new/deep/file.md", AFTER["new/deep/file.md"], None)


def work(root: Path) -> None:
    with together(root) as files:
        prepare(files)
        files.take_place()


def test_all_change_and_nothing_is_left_aside(repository: Path) -> None:
    work(repository)
    assert content(repository) == AFTER
    assert not (repository / "docs/deep").exists()
    assert not (repository / ASIDE).exists()


def test_what_is_prepared_and_not_used_goes(repository: Path) -> None:
    with together(repository) as files:
        prepare(files)
    assert content(repository) == BEFORE
    assert sorted(path.name for path in repository.iterdir()) == ["docs", "form", "stays"]


def test_an_error_after_it_takes_all_of_it_back(repository: Path) -> None:
    with pytest.raises(KeyboardInterrupt), together(repository) as files:
        prepare(files)
        files.take_place()
        assert content(repository) != BEFORE
        raise KeyboardInterrupt
    assert content(repository) == BEFORE
    assert sorted(path.name for path in repository.iterdir()) == ["docs", "form", "stays"]


@pytest.mark.parametrize(
    ("path", "mine"),
    [("form", b"mine"), ("docs/old.md", b"mine"), ("docs/deep/gone.md", b"mine"), ("new/deep/file.md", b"mine")],
)
def test_what_somebody_saves_meanwhile_stays(repository: Path, path: str, mine: bytes) -> None:
    with pytest.raises(UsageError, match=f"{path} was changed in the meantime"), together(repository) as files:
        prepare(files)
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_bytes(mine)
        files.take_place()
    assert content(repository) == BEFORE | {path: mine}
    assert not (repository / ASIDE).exists()


@pytest.mark.parametrize("path", ["form", "docs/old.md", "docs/deep/gone.md"])
def test_what_somebody_removes_meanwhile_stays_away(repository: Path, path: str) -> None:
    with pytest.raises((UsageError, FileNotFoundError)), together(repository) as files:
        prepare(files)
        (repository / path).unlink()
        files.take_place()
    assert content(repository) == {name: data for name, data in BEFORE.items() if name != path}


@pytest.mark.parametrize("at", range(12))
def test_whatever_step_fails_all_is_as_it_was(repository: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """As a disk does that is full at that moment."""
    count = 0

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == at + 1:
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("link", "rename", "write", "fsync"):
            patch.setattr(os, name, failing(getattr(os, name)))
        try:
            work(repository)
        except OSError as error:
            assert error.filename
    assert content(repository) in (BEFORE, AFTER)
    assert content(repository) == (BEFORE if count > at else AFTER)
    assert not (repository / ASIDE).exists()


def test_an_edit_at_the_last_moment_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beneath.create(tmp_path, "form", b"a: 1")
    swap = beneath.exchange

    def edited_first(*arguments: Any) -> bool:
        monkeypatch.setattr(beneath, "exchange", swap)
        (tmp_path / "form").write_bytes(b"mine")
        return swap(*arguments)

    monkeypatch.setattr(beneath, "exchange", edited_first)
    with pytest.raises(UsageError, match="changed in the meantime"), together(tmp_path) as files:
        files.write("form", b"a: 2", b"a: 1")
        files.take_place()
    assert content(tmp_path) == {"form": b"mine"}


def test_what_a_killed_process_left_goes(repository: Path) -> None:
    beneath.create(repository, f"{ASIDE}/1", b"left")
    work(repository)
    assert content(repository) == AFTER


def test_a_link_in_its_place_goes_and_what_it_leads_to_stays(repository: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "1").write_text("theirs")
    (repository / ASIDE).symlink_to(outside)
    work(repository)
    assert content(repository) == AFTER
    assert content(outside) == {"1": b"theirs"}


@pytest.mark.parametrize("path", ["link/old.md", "link"])
def test_a_link_in_the_way_is_a_message_before_anything_changes(repository: Path, path: str) -> None:
    (repository / "link").symlink_to("docs")
    with pytest.raises(UsageError, match="link is a link, and a f"), together(repository) as files:
        prepare(files)
        files.write(path, b"x", b"old")
        files.take_place()
    assert content(repository) == BEFORE
