"""Templates as Jinja compiled them, kept from one run to the next: that takes longer than all else of a rendering.

What is kept counts only for the same text of a template, the same Python and the same way of writing values. Where
nothing can be kept, each run compiles anew.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from signalen_toolkit.base.paths import cache_home
from signalen_toolkit.documents import scalars


class _Kept(jinja2.FileSystemBytecodeCache):
    """A cache that may fail to keep something."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, if there is a place for it."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def template_cache() -> jinja2.BytecodeCache | None:
    """Return the cache in the user's own folder, or None where there can be none."""
    # Jinja writes what is constant in a template while it compiles it.
    writer = hashlib.sha256(Path(scalars.__file__).read_bytes()).hexdigest()[:16]
    folder = cache_home() / "templates" / f"{jinja2.__version__}-{writer}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return _Kept(str(folder))
