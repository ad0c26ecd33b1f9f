"""What once broke a reader does so no more; and what looks for more finds what it should."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import fuzz
from tests.fuzz.targets import TARGETS, Target

KEPT = sorted(path for path in fuzz.CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_broke_a_reader_does_not_any_more(path: Path, tmp_path: Path) -> None:
    assert fuzz.fault(TARGETS[path.parent.name], path.read_bytes(), tmp_path) == ""


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_reads_what_it_starts_from_and_some_changes_of_it(name: str, tmp_path: Path) -> None:
    target, chance = TARGETS[name], random.Random(7)  # the same each time
    seeds = list(target.seeds())
    for data in (seeds[0], *(fuzz.changed(chance.choice(seeds), seeds, chance) for _ in range(20))):
        assert fuzz.fault(target, data, tmp_path) == ""


def test_what_breaks_a_reader_is_found_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(data: bytes, folder: Path) -> None:
        if b"{" in data:
            raise KeyError("a brace")

    monkeypatch.setattr(fuzz, "FOUND", tmp_path / "found")
    monkeypatch.setitem(TARGETS, "form", Target(lambda: iter([b"a: b\n"]), read))
    assert fuzz.run("form", 1, 1) == 1
    (kept,) = (tmp_path / "found/form").iterdir()
    assert b"{" in kept.read_bytes()
    assert "KeyError: 'a brace'" in capsys.readouterr().out
