"""What is kept for the next run: nothing that somebody else may have put there is run or believed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic
from signalen_toolkit.base import cache
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.verify import cache as outcomes

from tests.support.lived_in import repository
from tests.support.outside import run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository")


def rendered(place: Path, caches: Path) -> list[Path]:
    """Check the tree, and return the compiled templates that are kept."""
    assert run("render", "--check", cwd=place, variables={"XDG_CACHE_HOME": str(caches)}).returncode == 0
    return sorted(caches.rglob("*.cache"))


def evil(mark: Path) -> str:
    return f"__import__('pathlib').Path({str(mark)!r}).touch()"


class Evil:
    """Something whose unpickling runs a program."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (evil(self.mark),)


def test_nothing_is_unpickled(place: Path, tmp_path: Path) -> None:
    caches, mark = tmp_path / "caches", tmp_path / "mark"
    kept = rendered(place, caches)
    assert len(kept) > 20
    for path in kept:
        path.write_bytes(bc_magic + pickle.dumps(Evil(mark), 2))  # as Jinja keeps them
    assert rendered(place, caches) == kept
    assert not mark.exists()
    for path in kept:
        path.write_bytes(pickle.dumps(Evil(mark)))
    rendered(place, caches)
    assert not mark.exists()


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 100, -1])
def test_what_was_broken_off_is_made_anew(place: Path, tmp_path: Path, size: int) -> None:
    kept = rendered(place, tmp_path / "caches")
    before = {path: path.read_bytes() for path in kept}
    for path, data in before.items():
        path.write_bytes(data[:size])
    assert {path: path.read_bytes() for path in rendered(place, tmp_path / "caches")} == before


def test_a_template_that_others_may_write_is_not_run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = rendered(place, tmp_path / "caches")
    for path in kept:
        path.chmod(0o666)
        assert not cache.is_ours(path)
        path.chmod(0o600)
        assert cache.is_ours(path)
        target = path.with_suffix(".moved")
        path.rename(target)
        path.symlink_to(target)
        assert not cache.is_ours(path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not any(map(cache.is_ours, tmp_path.rglob("*.moved")))


def test_a_folder_of_another_user_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    assert cache.own(environment, "templates/1") == tmp_path / "signalen/templates/1"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.own(environment, "templates/1") is None
    passing = cache.own_or_passing(environment, "charts")
    assert passing.name == "charts" and not passing.is_relative_to(tmp_path)


@pytest.mark.parametrize("folder", ["signalen", "signalen/templates", "signalen/templates/1"])
def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path, folder: str) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    assert cache.own(environment, "templates/1")
    (tmp_path / folder).chmod(0o777)
    assert cache.own(environment, "templates/1")
    assert (tmp_path / folder).stat().st_mode & 0o777 == 0o755
    (tmp_path / folder).rename(tmp_path / "away")
    (tmp_path / folder).symlink_to(tmp_path / "away")
    assert cache.own(environment, "templates/1") is None


@pytest.mark.parametrize("sign", [".git", "municipality.yaml"])
def test_a_folder_that_came_with_a_repository_keeps_nothing(tmp_path: Path, sign: str) -> None:
    (tmp_path / sign).write_text("")
    (tmp_path / ".cache/signalen/templates/1").mkdir(parents=True)
    environment = {"XDG_CACHE_HOME": str(tmp_path / ".cache")}
    assert cache.own(environment, "templates/1") is None
    assert cache.own(environment, "verify") is None


def test_a_home_that_is_a_repository_of_settings_is_the_persons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.own({}, "charts") == tmp_path / ".cache/signalen/charts"


def test_an_outcome_that_somebody_else_kept_is_not_believed(tmp_path: Path) -> None:
    problem = Problem("x", "something is wrong", "municipality.yaml")

    def work() -> list[Problem]:
        return [problem]

    (tmp_path / "key.json").write_text('{"problems": []}')
    (tmp_path / "key.json").chmod(0o606)
    assert outcomes.remembered(tmp_path, lambda: "key", work) == [problem]
    (tmp_path / "key.json").chmod(0o600)
    assert outcomes.remembered(tmp_path, lambda: "key", work) == []
    assert outcomes.remembered(None, lambda: "key", work) == [problem]
