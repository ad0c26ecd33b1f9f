"""A file is written as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.base import files
from signalen_toolkit.base.files import create, prepared, replace
from signalen_toolkit.diagnostics.problems import UsageError


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    form = tmp_path / "municipality.yaml"
    form.write_bytes(b"a: 1\r\n")
    form.chmod(0o640)
    replace(form, "a: é\r\n".encode())
    assert form.read_bytes() == "a: é\r\n".encode()
    assert form.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [form]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("a: 1\n")
    (tmp_path / "municipality.yaml").symlink_to("real.yaml")
    replace(tmp_path / "municipality.yaml", b"a: 2\n")
    assert (tmp_path / "municipality.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "a: 2\n"


def test_what_is_prepared_and_not_used_goes(tmp_path: Path) -> None:
    form = tmp_path / "municipality.yaml"
    form.write_text("a: 1\n")
    with prepared(form, b"a: 2\n"):
        pass
    assert form.read_text() == "a: 1\n"
    assert list(tmp_path.iterdir()) == [form]


def test_a_new_file_takes_the_place_of_none(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create(path, b"one", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create(path, b"two", mode=0o600)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_file_takes_the_place_of_what_was_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(files, "exchange", lambda *_: False)
    form = tmp_path / "municipality.yaml"
    form.write_text("a: 1\n")
    replace(form, b"a: 2\n", expected=b"a: 1\n")
    assert form.read_text() == "a: 2\n"
    with pytest.raises(UsageError, match="changed in the meantime"):
        replace(form, b"a: 3\n", expected=b"a: 1\n")
    assert form.read_text() == "a: 2\n"
    assert list(tmp_path.iterdir()) == [form]


def test_an_edit_at_the_last_moment_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = tmp_path / "municipality.yaml"
    form.write_text("a: 1\n")
    swap = files.exchange

    def edited_first(one: Path, other: Path) -> bool:
        monkeypatch.setattr(files, "exchange", swap)
        form.write_text("mine: 1\n")
        return swap(one, other)

    monkeypatch.setattr(files, "exchange", edited_first)
    with pytest.raises(UsageError, match="changed in the meantime"):
        replace(form, b"a: 2\n", expected=b"a: 1\n")
    assert form.read_text() == "mine: 1\n"
    assert list(tmp_path.iterdir()) == [form]
