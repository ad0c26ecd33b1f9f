"""The template engine: how templates are found, compiled and kept, and what they write of a value."""

from __future__ import annotations

import hashlib
import marshal
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
from jinja2.bccache import Bucket, bc_magic
from jinja2.runtime import Context
from jinja2.utils import missing

from signalen_toolkit.base.cache import is_ours, own
from signalen_toolkit.base.environment import variables
from signalen_toolkit.base.files import replace
from signalen_toolkit.base.layout import HEADER
from signalen_toolkit.documents import scalars
from signalen_toolkit.documents.scalars import Below, below, in_blocks, marked
from signalen_toolkit.rendering.go_templates import as_json, go_json, go_text, go_value


class _Kept(jinja2.BytecodeCache):
    """Compiled templates in a folder of the user's own, each with the digest of what it is; it may fail to keep one.

    What is kept is code, and is run. So it counts only from a folder and a file that nobody else can write, and whole;
    what else is found there is made anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template from the cache, if it is there."""
        place = self._folder / f"{bucket.key}.cache"
        with suppress(OSError, ValueError, EOFError, TypeError):
            if is_ours(place):
                data = place.read_bytes()
                if data[:_DIGEST] == _digest(bucket, data[_DIGEST:]):
                    bucket.code = marshal.loads(data[_DIGEST:])  # noqa: S302  # what we wrote, where only we can write

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, if there is a place for it."""
        data = marshal.dumps(bucket.code)
        with suppress(OSError):
            replace(self._folder / f"{bucket.key}.cache", _digest(bucket, data) + data, mode=0o600, durable=False)


_DIGEST = hashlib.sha256().digest_size


def _digest(bucket: Bucket, data: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((bc_magic, bucket.checksum.encode(), data))).digest()


def template_cache() -> jinja2.BytecodeCache | None:
    """Return the cache in the user's own folder, or None where there can be none."""
    # Jinja writes what is constant in a template while it compiles it.
    writer = hashlib.sha256(Path(scalars.__file__).read_bytes()).hexdigest()[:16]
    folder = own(variables(), f"templates/{jinja2.__version__}-{writer}")
    return _Kept(folder) if folder else None


class Later(NamedTuple):
    """What is worked out where a template names it: most do not."""

    work: Callable[[], Any]


class _Context(Context):
    """Works out what a template names. What all templates know stays with the engine, and is not copied for each."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        if found is missing:
            return self.environment.globals.get(key, missing)
        return found.work() if found.__class__ is Later else found


_OF_MAPS: Final = frozenset(dir(dict))


class _Engine(jinja2.Environment):
    """Finds a key of a map without asking first for an attribute of that name, which maps have not."""

    context_class = _Context

    def getattr(self, obj: Any, attribute: str) -> Any:
        if obj.__class__ is dict and attribute in obj and attribute not in _OF_MAPS:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def engine(folder: Path) -> jinja2.Environment:
    """Return the engine for the templates in a folder. It escapes by itself, and an undefined name is an error."""
    found = _Engine(  # what is escaped for is YAML, by `finalize`
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


def bracketed(folder: Path) -> jinja2.Environment:
    """Return the engine for pipelines, which have `{{` themselves: in them `[[ ]]` writes a fact of ours as it is."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # nothing in a pipeline is a person's
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        trim_blocks=True,
        keep_trailing_newline=True,
    )


@cache  # as templates themselves are kept, once they are read
def templates(folder: Path) -> Sequence[str]:
    """List the templates below a folder, by the path of what they render to."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.j2"))
    return tuple(sorted(path.removesuffix(".j2") for path in found))


def written(folder: Path, name: str, context: Mapping[str, Any], header: str = HEADER) -> str:
    """Return what a template in a folder writes, below the lines by which a rendered file is known."""
    template = engine(folder).get_template(name)
    known = template.new_context(dict(context), shared=True)
    return header + in_blocks("".join(template.root_render_func(known)))


def is_empty(text: str) -> bool:
    """Tell whether there is nothing in a YAML text but comments and the marks between documents."""
    return re.search(r"^(?!#|---[ \t]*+$)[ \t]*+[^\s#]", text, re.MULTILINE) is None


def _finalize(value: Any) -> str:
    if value.__class__ is str:
        return marked(value)  # most of them
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises, and says which name it was
    return below(value, marked) if isinstance(value, Below) else marked(value)
