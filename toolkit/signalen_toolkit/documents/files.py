"""The file of a form: read as it is, to the byte, and replaced as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.documents import reader


def load(path: Path) -> str:
    """Read a file as it is, line endings and byte order mark included, or raise UsageError or ProblemsError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ProblemsError(reader.parse(raw, str(path)).problems) from error


def save(path: Path, text: str) -> None:
    """Put a text in the place of a file, as a whole or not at all; the file keeps its mode."""
    with prepared(path, text) as aside:
        aside.replace(path.resolve())


@contextmanager
def prepared(path: Path, text: str) -> Iterator[Path]:
    """Write a text to a file beside another one, on the disk, ready to take its place; it goes where it has not."""
    target = path.resolve()  # what a link points at changes, not the link
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o644)
        yield aside
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()
