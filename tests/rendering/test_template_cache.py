"""Compiled templates are kept in the user's cache, and nothing depends on that."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.rendering import engine

from tests.support.rendered import minimal_form, tree_of


def tree() -> dict[str, str]:
    municipality = by_code("GM0344")
    assert municipality
    engine.engine.cache_clear()  # as a new process
    return tree_of(minimal_form(municipality))


@pytest.fixture(autouse=True)
def fresh() -> object:
    yield
    engine.engine.cache_clear()


def test_a_second_run_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = tree()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cache")}
    assert len(kept) > 20
    assert oct(next(iter(kept)).parent.stat().st_mode & 0o777) == "0o700"
    monkeypatch.setattr("jinja2.Environment.compile", None)
    assert tree() == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cache")} == kept


def test_what_was_kept_badly_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = tree()
    for path in tmp_path.rglob("*.cache"):
        path.write_bytes(b"")
    assert tree() == first


def test_without_a_place_for_it_all_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert tree()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.mkstemp", no_room)
    assert tree()
    assert list(tmp_path.rglob("*.cache")) == []


def no_room(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
