"""`fleet.yaml`, large and small: read once with the place of everything in it, and remembered while it is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.base.layout import FLEET_FILE
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.documents import reader
from signalen_toolkit.documents.nodes import MOST_VALUES
from signalen_toolkit.fleet import listing

from tests.support.fleets import FLEET, fleet


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fleet(tmp_path / "fleet")


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("read again")


def test_what_was_right_is_remembered_and_what_changed_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = listing.read(root)
    with monkeypatch.context() as patched:
        patched.setattr(reader, "parse", refuse)
        assert listing.read(root) == first
    (root / FLEET_FILE).write_text(FLEET.replace("ring: canary", "ring: all"))
    assert [one.ring for one in listing.read(root).members] == ["all", "all"]
    for wrong in ("ring: early", "ring: 5"):
        (root / FLEET_FILE).write_text(FLEET.replace("ring: canary", wrong))
        for _ in range(2):
            with pytest.raises(ProblemsError) as caught:
                listing.read(root)
            assert caught.value.problems[0].line == 8


def test_a_folder_that_is_not_listed_is_told_also_from_memory(root: Path) -> None:
    assert listing.checked(root)[1] == []
    (root / "municipalities/utrecht").mkdir()
    (problem,) = listing.checked(root)[1]
    assert (problem.rule, problem.line) == ("fleet-folder", 7)


def test_a_fleet_may_have_more_values_than_a_form(tmp_path: Path, root: Path) -> None:
    count = MOST_VALUES // 7 + 1  # of a name: itself, a map, `groups`, a list, a group, `ring`, a ring
    names = [f"m{number}" for number in range(count)]
    text = "".join(f"  {name}: {{groups: [brabant], ring: all}}\n" for name in names)
    (root / FLEET_FILE).write_text(FLEET + text)
    assert len(listing.read(root).members) == count + 2
    assert len(listing.read(root).members) == count + 2
    (problem,) = reader.parse(FLEET + text, "municipality.yaml").problems
    assert problem.rule == "too-many-values"
