"""A file is written as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.base.files import create, replace


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


def test_a_new_file_takes_the_place_of_none(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create(path, b"one", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create(path, b"two", mode=0o600)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
