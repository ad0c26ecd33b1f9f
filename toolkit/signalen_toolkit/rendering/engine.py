"""The template engine: how a template is found, compiled and kept, and what it writes of a value."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket

from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.paths import cache_home
from signalen_toolkit.documents import scalars
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.rendering.go_templates import as_json, go_json, go_text, go_value


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
    folder = cache_home(variables()) / "templates" / f"{jinja2.__version__}-{writer}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return _Kept(str(folder))


@cache
def engine(folder: Path) -> jinja2.Environment:
    """Return the engine for the templates in a folder. It escapes by itself, and an undefined name is an error."""
    found = jinja2.Environment(  # noqa: S701  # what is escaped for is YAML, by `finalize`
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=template_cache(),
        cache_size=-1,
    )
    found.filters |= {"json": as_json, "go_text": go_text, "go_value": go_value, "go_json": go_json}
    return found


def _finalize(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises, and says which name it was
    return scalars.below(value) if isinstance(value, scalars.Below) else inline(value)
