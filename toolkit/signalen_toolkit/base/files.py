"""One file, written so that whoever looks finds the old one or the new one, whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def create(path: Path, data: bytes, *, mode: int) -> None:
    """Write a new file. Raises FileExistsError where there is one, OSError where it cannot be written."""
    with _aside(path, data, mode) as new:
        os.link(new, path)  # unlike a rename, this refuses where something stands there


def replace(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file, over the one that is there. Raises OSError where it cannot be written."""
    with _aside(path, data, mode) as new:
        os.replace(new, path)  # noqa: PTH105  # a text and a Path


@contextmanager
def _aside(path: Path, data: bytes, mode: int) -> Iterator[str]:
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        yield new
    finally:
        Path(new).unlink(missing_ok=True)
